"""Read many runs at once into Arrow tables: only what summaries need, thousands of files in seconds.

`bench.store` reads a run whole and names whatever is wrong with it. Here a batch of files goes through Arrow's JSON
reader with a fixed schema: a field that must be there and is not, or has another type, is refused by it. A batch that
is refused for any reason is read again file by file, in the end by `bench.store`, which then says why.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from tfbench.bench import codec, environment, store
from tfbench.bench.errors import BadRunError
from tfbench.bench.record import SCHEMA, Failure, Run, Skip
from tfbench.reports import places
from tfbench.reports.places import File, Remote
from tfbench.reports.run_schema import READ, RUNS

KEY = store.KEY
BATCH_BYTES = 2**23
AT_ONCE = 16  # batches that are given on together: arrays are the faster the longer they are
REMOTE_BYTES = 2**19  # a guess; to ask takes as long as to read
STEERING = re.compile(
    rb'\\(?!["\\]|u00b[15])'
)  # escapes of anything but quotes, backslashes, and the signs for micro and about
PARSE = pj.ParseOptions(explicit_schema=RUNS, unexpected_field_behavior="ignore")

End = Failure | Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Hold some runs.

    Attributes:
        table: a row a run, with the columns of RUNS.
        ends: the failures and skips of each run.
    """

    table: pa.Table
    ends: tuple[tuple[End, ...], ...]


class _UnlikelyError(Exception):
    """Say that text is not, or may not be, a run as tfbench writes them: to be read by `bench.store`."""


def of_runs(runs: Sequence[Run]) -> Batch:
    """Put runs that were read into a batch.

    Raises:
        BadRunError: a number or a text is none that a table can hold.
    """
    try:
        table = pa.Table.from_pylist([_plain(run) for run in runs], schema=RUNS)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
        names = ", ".join(run.name for run in runs)
        raise BadRunError(f"{names!r} is damaged: {error}") from error
    return Batch(table=table, ends=tuple((*run.failures, *run.skips) for run in runs))


def _plain(run: Run) -> dict[str, Any]:
    rows = [
        {
            "group": measurement.case.comparison_set,
            "param": measurement.case.id,
            "extra_info": {KEY: codec.encode(measurement)},
        }
        for measurement in run.measurements
    ]
    names = ("name", "started", "status", "host", "software")
    header = {name: codec.encode(getattr(run, name)) for name in names}
    return {"benchmarks": rows, KEY: {**header, "schema": SCHEMA, "failures": [], "skips": []}}


def read(files: Sequence[File]) -> Iterator[Batch]:
    """Read run.json files, in their order, some at a time; several batches are read at once.

    Raises:
        BadRunError: a file is not a run; what is wrong with it.
    """
    with ThreadPoolExecutor(len(environment.affinity())) as pool:
        found = pool.map(_read_batch, _batches(files))
        while few := list(islice(found, AT_ONCE)):
            yield _together(few)


def _batches(files: Iterable[File]) -> Iterator[list[File]]:
    """Divide files into batches of about so many bytes, each of one file system."""
    batch: list[File] = []
    total = 0
    for file in files:
        size = _size(file)
        if batch and (total + size > BATCH_BYTES or _system(file) != _system(batch[0])):
            yield batch
            batch, total = [], 0
        batch.append(file)
        total += size
    if batch:
        yield batch


def _system(file: File) -> Any:
    return None if isinstance(file, Path) else file.system


def _size(file: File) -> int:
    if isinstance(file, Path):
        return file.stat().st_size if file.is_file() else 0  # `bench.store` will say that it is missing
    return REMOTE_BYTES


def _read_batch(files: Sequence[File]) -> Batch:
    try:
        return parse(*_texts(files))
    except (_UnlikelyError, OSError):
        if len(files) == 1:
            return of_runs([_load(files[0])])
    return _together([_read_batch([file]) for file in files])


def _together(batches: Sequence[Batch]) -> Batch:
    return Batch(
        table=pa.concat_tables([batch.table.cast(READ) for batch in batches]).combine_chunks(),
        ends=tuple(ends for batch in batches for ends in batch.ends),
    )


def _load(file: File) -> Run:
    """Read a run whole; BadRunError says what is wrong with it."""
    if isinstance(file, Path):
        return store.load(file)
    try:
        return store.from_json(json.loads(places.contents([file])[0]), str(file))
    except FileNotFoundError as error:
        raise BadRunError(f"cannot read run {file}: it is not there") from error
    except (ValueError, RecursionError) as error:
        raise BadRunError(f"{file} is not JSON, or cut off: {error}") from error


def _texts(files: Sequence[File]) -> tuple[bytearray, list[int]]:
    """Read files of one file system into one text, a line each, and say where each ends."""
    remote = [file for file in files if isinstance(file, Remote)]
    contents = places.contents(remote) if remote else []
    sizes = [len(content) for content in contents] or [path.stat().st_size for path in files if isinstance(path, Path)]
    ends = [total + i for i, total in enumerate(accumulate(sizes))]
    text = bytearray(ends[-1] + 1)
    for i, (size, end) in enumerate(zip(sizes, ends, strict=True)):
        if contents:
            text[end - size : end] = contents[i]
        else:
            _read_into(memoryview(text)[end - size : end], files[i])
        _prepare(text, end - size, end)
    return text, ends


def _read_into(view: memoryview, path: Any) -> None:
    with path.open("rb", buffering=0) as file:
        if file.readinto(view) != len(view) or file.read(1):
            raise _UnlikelyError  # it is being written


def _prepare(text: bytearray, start: int, end: int) -> None:
    """Make a line of a file's text, since Arrow reads a value a line; JSON has no line feed inside of values."""
    if text[start] != ord("{"):
        raise _UnlikelyError  # and Arrow 26 dies of a text that begins with `null`
    at = start
    while (at := text.find(b"\n", at, end)) >= 0:
        text[at] = ord(" ")
    characters = np.frombuffer(text, np.uint8)[start:end]
    if characters.min() < ord(" ") or characters.max() > ord("~"):
        raise _UnlikelyError  # `bench.store` makes it printable
    escaped = text.find(b"\\", start, end)
    if escaped >= 0 and STEERING.search(text, escaped, end):
        raise _UnlikelyError
    text[end] = ord("\n")


def parse(text: bytearray, ends: Sequence[int]) -> Batch:
    """Parse the texts of run.json files, a line each.

    Raises:
        _UnlikelyError: one of them is not as tfbench writes them.
    """
    whole = pj.ReadOptions(use_threads=False, block_size=len(text) + 1)
    try:
        table = pj.read_json(pa.BufferReader(text), read_options=whole, parse_options=PARSE)
        table.validate(full=True)  # that texts are UTF-8
    except pa.ArrowException as error:
        raise _UnlikelyError from error
    if table.num_rows != len(ends) or not _credible(table):
        raise _UnlikelyError
    starts = [0, *ends]
    spans = zip(starts, ends, _counts(table), strict=False)
    return Batch(table=table, ends=tuple(_ends(text[start:end], count) if count else () for start, end, count in spans))


def _credible(table: pa.Table) -> bool:
    """Tell whether the values are what the records would take: the rules of `bench.record` and of its codec."""
    invocations = column(table, "benchmarks", "extra_info", KEY, "invocations")
    done, times = invocations.flatten(), column(table, "benchmarks", "extra_info", KEY, "invocations", "round_s")
    seconds = times.flatten()
    schema = column(table, KEY, "schema")
    baselines = pc.list_value_length(column(table, "benchmarks", "extra_info", KEY, "baseline"))
    rules = (
        pc.and_(pc.greater_equal(schema, 1), pc.less_equal(schema, SCHEMA)),
        pc.equal(baselines, 2),
        pc.greater(pc.list_value_length(invocations), 0),
        pc.greater(done.field("iterations"), 0),
        pc.equal(pc.list_value_length(times), pc.list_value_length(done.field("blocks"))),
        pc.and_(pc.is_finite(seconds), pc.greater_equal(seconds, 0.0)),
        *(pc.is_finite(values) for values in _floats(done)),
    )
    return all(pc.all(rule, min_count=0).as_py() is not False for rule in rules)


def _floats(records: pa.StructArray) -> Iterator[pa.Array]:
    """Give the numbers of records, those of the records in them, too; not those in lists."""
    for field, values in zip(records.type, records.flatten(), strict=True):
        if pa.types.is_struct(field.type):
            yield from _floats(values)
        elif pa.types.is_floating(field.type):
            yield values


def _counts(table: pa.Table) -> list[int]:
    lengths = [pc.list_value_length(column(table, KEY, name)) for name in ("failures", "skips")]
    counts: list[int] = pc.add(*lengths).to_pylist()
    return counts


def _ends(text: bytearray, count: int) -> tuple[End, ...]:
    """Read the failures and skips, which stand one after the other, before the sequences."""
    start, end = text.rfind(b'"failures":'), text.rfind(b'"sequences":')
    found = _decoded(bytes(text[start:end]))
    if len(found) != count:
        raise _UnlikelyError
    return found


@lru_cache(maxsize=64)
def _decoded(text: bytes) -> tuple[End, ...]:
    """Decode failures and skips; the runs of one machine skip the same cases."""
    try:
        found = json.loads(b"{" + text.rstrip().removesuffix(b",") + b"}")
        failures = codec.decode(tuple[Failure, ...], found["failures"])
        skips = codec.decode(tuple[Skip, ...], found["skips"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _UnlikelyError from error
    return (*failures, *skips)


def column(table: pa.Table, *names: str) -> pa.Array:
    """Give a column of the records in a table, those in lists one after the other: by the names on the way to it."""
    chunks = table[names[0]]
    found = chunks.chunk(0) if chunks.num_chunks == 1 else chunks.combine_chunks()
    for name in names[1:]:
        records = found.flatten() if pa.types.is_list(found.type) else found
        found = pc.struct_field(records, name)
    return found
