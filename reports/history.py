"""Follow cases over many runs: their points in order of time, and the steps between levels."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from tfbench.bench import intervals
from tfbench.bench.errors import BadInputError
from tfbench.bench.intervals import Interval
from tfbench.bench.shapes import ARROW
from tfbench.reports import archive, archive_rows, machines, places, skim
from tfbench.reports import changes as finding
from tfbench.reports.machines import GIB, Machine

THRESHOLD = 0.02
MEASURED = "measured"
COLUMNS = (
    *("run_id", "run", "started", "run_status", "case", "host", "cpu", "cores", "usable_cores", "memory_bytes"),
    *("commit", "tensorflow", "keras", "python", "status", "reason", "median_s", "pace_s", "log_medians"),
    *("work_per_call", "unit", "content", "data", "shapes"),
)
PLACE = ("host", "cpu", "cores", "usable_cores", "memory_gib")
WORK = ("content", "data", "inputs", "work_per_call")  # what makes it other work, as `sides.unequal` has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Hold a case in one run.

    Attributes:
        run: the run's name.
        started: when, with its time zone; None if the run does not say.
        commit: as it is written in tables: shortened, and whether files were changed since.
        tensorflow, keras, python: versions of what ran it; empty if unknown.
        seconds: median time of a call; None where it failed or was skipped.
        log_s: mean over the invocations of the logarithm of their median time of a unit of work; None as above.
        pace_s: the machine's time for a fixed work of its own; None if unknown.
        reason: why there is no time; empty where there is one.
    """

    run: str
    started: pd.Timestamp | None
    commit: str
    tensorflow: str = ""
    keras: str = ""
    python: str = ""
    seconds: float | None = None
    log_s: float | None = None
    pace_s: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Hold a step of a series.

    Attributes:
        before, after: the last point of the old level, and the first of the new one: it happened between them.
        logs: the new level less the old one, in logarithms, with its interval and corrected p-value.
        pace: time of the machine's own fixed work on the new level over that on the old one; None if unknown.
    """

    before: Point
    after: Point
    logs: Interval
    pace: float | None

    @property
    def ratio(self) -> float:
        """Give the new time over the old one: above 1 it became slower."""
        return intervals.factor(self.logs.middle)

    @property
    def others(self) -> tuple[str, ...]:
        """Say what else was changed between the two points."""
        named = (("TensorFlow", "tensorflow"), ("Keras", "keras"), ("Python", "python"))
        pairs = ((label, getattr(self.before, name), getattr(self.after, name)) for label, name in named)
        return tuple(f"{label} {old or '?'} to {new or '?'}" for label, old, new in pairs if old != new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Hold a case on one machine over many runs.

    Attributes:
        case: its id.
        machine: the machine's name.
        work: which of several it is, from 1, where the workload's code, data or parameters changed; else 0.
        points: in order of time.
        levels: of each point that has a time the median log time of its level, in order.
        changes: the steps between levels, in order.
    """

    case: str
    machine: str
    work: int
    points: tuple[Point, ...]
    levels: tuple[float, ...]
    changes: tuple[Change, ...]

    @property
    def name(self) -> str:
        """Name it in texts."""
        return self.case + (f" (work {self.work})" if self.work else "")

    @property
    def timed(self) -> list[Point]:
        """Give the points that have a time."""
        return [point for point in self.points if point.log_s is not None]


def read(addresses: Sequence[str], *, part: str = "") -> pa.Table:
    """Read the cases whose names hold a text, from stores, folders of runs and runs, with the columns of COLUMNS.

    Raises:
        BadInputError: one of them cannot be read, or there is no such case.
    """
    tables = [_read(address, part) for address in addresses]
    found = archive.once(pa.concat_tables(tables)) if len(tables) > 1 else tables[0]
    if not len(found):
        raise BadInputError(f"no case with {part!r} in its name in {', '.join(addresses)}: tfbench list names them")
    return found


def _read(address: str, part: str) -> pa.Table:
    wanted = list(dict.fromkeys((*COLUMNS, "version")))
    place = places.folder(address)
    if archive.holds_runs(place):
        names = [name for name in archive.cases(place) if part in name]
        return archive.read(place, wanted, ds.field("case").isin(names))
    batches = (archive_rows.of_batch(batch) for batch in skim.read(places.runs(address)))
    kept = [rows.select(wanted).filter(pc.match_substring(rows["case"], part)) for rows in batches]
    return archive.once(pa.concat_tables(kept))


def series(table: pa.Table, *, same_host: bool = False, threshold: float = THRESHOLD) -> list[Series]:
    """Make series of rows with the columns of COLUMNS: one for each case, machine and equal work.

    Args:
        table: the rows, in any order.
        same_host: take hosts of the same hardware for one, whatever they are called.
        threshold: steps of less than this share are none.
    """
    rows = table.to_pandas().sort_values("started", kind="stable")
    rows["memory_gib"] = (rows["memory_bytes"].fillna(0) / GIB).round().astype(int)
    rows["inputs"] = rows["shapes"].fillna("").str.partition(ARROW)[0]
    named = machines.names(_machine(*place) for place in rows[list(PLACE)].drop_duplicates().itertuples(index=False))
    place = [*PLACE[same_host:]]
    found: list[Series] = []
    for _, of_case in rows.groupby(["case", *place], sort=False, dropna=False):
        label = named[_machine(*of_case.iloc[0][list(PLACE)])]
        found += _of_machine(of_case, machine=label, threshold=threshold)
    return found


def _machine(host: str, cpu: str, cores: int, usable: int, memory_gib: int) -> Machine:
    return Machine(host=host, cpu=cpu, cores=int(cores), usable=int(usable), memory_gib=int(memory_gib))


def _of_machine(rows: pd.DataFrame, *, machine: str, threshold: float) -> Iterator[Series]:
    """Divide the rows of a case on a machine by the work that was done."""
    works = _works(rows)
    for number, work in enumerate(dict.fromkeys(works), start=1):
        group = rows[[other == work for other in works]]
        yield _series(
            [_point(row) for row in group.itertuples(index=False)],
            case=rows.iloc[0]["case"],
            machine=machine,
            work=number if len(set(works)) > 1 else 0,
            threshold=threshold,
        )


def _works(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Give what work each row did; a failure, which does not say, tried the work before it."""
    found: list[tuple[Any, ...]] = []
    told = list(rows[list(WORK)].itertuples(index=False, name=None))
    known = [work if status == MEASURED else None for work, status in zip(told, rows["status"], strict=True)]
    last = next((work for work in known if work is not None), ())
    for work in known:
        last = work or last
        found.append(last)
    return found


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _point(row: Any) -> Point:
    commit, plus, dirty = _text(row.commit).partition("+")
    logs = [] if row.log_medians is None or row.status != MEASURED else list(row.log_medians)
    timed = bool(logs)
    reason = _text(row.reason) or ("" if timed else "no rounds")
    return Point(
        run=row.run,
        started=None if pd.isna(row.started) else row.started,
        commit=f"{commit[:12]}{plus}{dirty}",
        tensorflow=_text(row.tensorflow),
        keras=_text(row.keras),
        python=_text(row.python),
        seconds=_number(row.median_s) if timed else None,
        log_s=fmean(logs) if timed else None,
        pace_s=_number(row.pace_s),
        reason="" if timed else f"{row.status}: {reason}",
    )


def _series(points: Sequence[Point], *, case: str, machine: str, work: int, threshold: float) -> Series:
    timed = [point for point in points if point.log_s is not None]
    logs = [point.log_s for point in timed if point.log_s is not None]
    if not logs:
        return Series(case=case, machine=machine, work=work, points=tuple(points), levels=(), changes=())
    found = finding.find(logs, smallest=math.log1p(threshold))
    ends = [0, *(step.at for step in found), len(timed)]
    parts = [timed[first:last] for first, last in pairwise(ends)]
    middles = finding.middles(logs, found)
    changes = (
        Change(before=old[-1], after=new[0], logs=step.change, pace=_pace(old, new))
        for step, old, new in zip(found, parts, parts[1:], strict=False)
    )
    return Series(
        case=case,
        machine=machine,
        work=work,
        points=tuple(points),
        levels=tuple(middle for middle, part in zip(middles, parts, strict=True) for _ in part),
        changes=tuple(changes),
    )


def _pace(old: Iterable[Point], new: Iterable[Point]) -> float | None:
    sides = [[point.pace_s for point in side if point.pace_s] for side in (old, new)]
    return median(sides[1]) / median(sides[0]) if all(sides) else None
