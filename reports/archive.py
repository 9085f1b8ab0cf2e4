"""Keep the cases of many runs in a folder of Parquet files: the store of `tfbench import` and `tfbench history`.

Each file holds whole runs, is named by them, and never changes: it appears as a whole, so several processes may add to
a store, and read it, at once. The same run may then stand in two files; readers take it once. Many small files are put
together into larger ones, the small ones removed after that: a reader that misses one looks again.
"""

import hashlib
import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from tfbench.bench import files
from tfbench.bench.errors import BadInputError
from tfbench.reports import archive_rows, places
from tfbench.reports.archive_rows import COLUMNS, SCHEMA
from tfbench.reports.places import OBJECT_STORES, Folder, Remote
from tfbench.reports.skim import Batch

NAME = re.compile(r"runs-v(\d+)-[0-9a-f]{32}\.parquet")
PATTERN = "runs-v*.parquet"
FULL_ROWS = 100_000  # a file with more is left alone
ROW_GROUP_ROWS = 10_000  # sorted by case: a reader of one case skips the other groups
MANY_FILES = 16
TRIES = 10


def holds_runs(place: Folder) -> bool:
    """Tell whether a folder is a store."""
    return bool(place.matches(PATTERN))


def add(place: Folder, batches: Iterator[Batch], *, rows: int = 25_000) -> tuple[int, int]:
    """Add runs to a store, those that it does not have yet, in files of about so many cases.

    Returns:
        How many runs were added, and how many were there already.

    Raises:
        BadInputError: the store is a newer tfbench's, or cannot be written.
    """
    known, added, there = _versions(place), 0, 0
    waiting: list[pa.Table] = []
    for batch in batches:
        table, new, old = _new(archive_rows.of_batch(batch), known)
        added, there = added + new, there + old
        waiting.append(table)
        if sum(map(len, waiting)) >= rows:
            _write(place, pa.concat_tables(waiting))
            waiting = []
    if sum(map(len, waiting)):
        _write(place, pa.concat_tables(waiting))
    _tidy(place)
    return added, there


def _new(table: pa.Table, known: dict[str, int]) -> tuple[pa.Table, int, int]:
    """Leave out the runs that are known in this version or a later one, and take the others for known."""
    of_run = dict(zip(table["run_id"].to_pylist(), table["version"].to_pylist(), strict=True))
    new = {name: version for name, version in of_run.items() if known.get(name, -1) < version}
    known |= new
    found = table.filter(pc.is_in(table["run_id"], pa.array(list(new), pa.string())))
    return found, len(new), len(of_run) - len(new)


def _names(place: Folder) -> list[str]:
    """Give the names of a store's files.

    Raises:
        BadInputError: one of them is of a newer tfbench, or the store cannot be read.
    """
    names = place.matches(PATTERN)
    for name in names:
        found = NAME.fullmatch(name)
        if found and int(found[1]) > SCHEMA:
            raise BadInputError(f"store {place.address} holds {name}, of a newer tfbench: update tfbench")
    return [name for name in names if NAME.fullmatch(name)]


def _dataset(place: Folder, names: Sequence[str]) -> ds.Dataset:
    paths = [file.path if isinstance(file := place / name, Remote) else str(file) for name in names]
    return ds.dataset(paths, COLUMNS, format="parquet", filesystem=place.system)


def read(place: Folder, columns: Sequence[str], where: ds.Expression | None = None) -> pa.Table:
    """Read the rows of a store that fulfil a condition, each case of a run once, in its latest version.

    Raises:
        BadInputError: the store cannot be read, or is a newer tfbench's.
    """
    wanted = list(dict.fromkeys((*columns, "run_id", "version", "case")))
    return once(_scan(place, wanted, where)).select(list(columns))


def cases(place: Folder) -> list[str]:
    """Give the names of all cases in a store; errors as those of `read`."""
    names: list[str] = pc.unique(_scan(place, ["case"])["case"]).to_pylist()
    return sorted(names)


def _scan(place: Folder, columns: Sequence[str], where: ds.Expression | None = None) -> pa.Table:
    """Read the rows of all files, so that a run may be there twice."""
    for _ in range(TRIES):
        names = _names(place)
        if not names:
            return COLUMNS.empty_table().select(list(columns))
        try:
            with places.trying(f"cannot read store {place.address}"):
                return _dataset(place, names).to_table(columns=list(columns), filter=where)
        except FileNotFoundError:
            continue  # it was just put into a larger one
    raise BadInputError(f"store {place.address}: its files are replaced faster than they can be read: try again")


def once(table: pa.Table) -> pa.Table:
    """Take each case of a run once, in its latest version."""
    keys = table.select(["run_id", "version", "case"]).to_pandas()
    latest = keys["version"] == keys.groupby("run_id")["version"].transform("max")
    keep = latest & ~keys.duplicated()
    return table if keep.all() else table.filter(pa.array(keep))


def _versions(place: Folder) -> dict[str, int]:
    """Give the version of each run that a store holds."""
    found = _scan(place, ["run_id", "version"]).group_by("run_id").aggregate([("version", "max")])
    return dict(zip(found["run_id"].to_pylist(), found["version_max"].to_pylist(), strict=True))


def _write(place: Folder, table: pa.Table) -> str:
    """Write a file of runs, named by them: the same runs, written twice, are the same file."""
    runs = sorted(set(zip(table["run_id"].to_pylist(), table["version"].to_pylist(), strict=True)))
    name = f"runs-v{SCHEMA}-{hashlib.sha256(repr(runs).encode()).hexdigest()[:32]}.parquet"
    content = io.BytesIO()
    ordered = table.sort_by([("case", "ascending"), ("started", "ascending")])
    pq.write_table(ordered, content, row_group_size=ROW_GROUP_ROWS, compression="zstd")
    with places.trying(f"store {place.address} cannot be written"):
        _put(place, name, content.getvalue())
    return name


def _put(place: Folder, name: str, content: bytes) -> None:
    """Write a file so that nobody sees a part of it."""
    target = place / name
    if isinstance(target, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomically(target, content)
    elif place.address.partition("://")[0] in OBJECT_STORES:
        target.system.pipe_file(target.path, content)
    else:
        partial = place / f".{name}.{os.getpid()}.partial"
        assert isinstance(partial, Remote)
        target.system.makedirs(place.path, exist_ok=True)
        target.system.pipe_file(partial.path, content)
        target.system.mv(partial.path, target.path)


def _tidy(place: Folder) -> None:
    """Put many small files together; another process may do the same, and what it took away is left to it."""
    try:
        small = [(name, rows) for name, rows in sizes(place).items() if rows < FULL_ROWS]
        if len(small) < MANY_FILES:
            return
        for names in _groups(small):
            merged = _write(place, once(_dataset(place, names).to_table()))
            for name in names:
                if name != merged:
                    _remove(place / name)
    except FileNotFoundError:
        return


def sizes(place: Folder) -> dict[str, int]:
    """Give the number of rows of each file of a store."""
    return {name: _dataset(place, [name]).count_rows() for name in _names(place)}


def _groups(small: Sequence[tuple[str, int]]) -> Iterator[list[str]]:
    """Divide files into groups of at most FULL_ROWS, the smallest first, each of two or more."""
    group: list[str] = []
    total = 0
    for name, rows in sorted(small, key=lambda one: one[1]):
        if group and total + rows > FULL_ROWS:
            yield from [group] if len(group) > 1 else []
            group, total = [], 0
        group.append(name)
        total += rows
    yield from [group] if len(group) > 1 else []


def _remove(file: Path | Remote) -> None:
    if isinstance(file, Path):
        file.unlink(missing_ok=True)
    else:
        file.system.rm_file(file.path)
