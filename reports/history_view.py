"""Show the history of cases: as text, as Markdown, as a frame for CSV and as JSON values."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from tfbench.bench import intervals
from tfbench.bench.intervals import Interval
from tfbench.reports import units
from tfbench.reports.changes import SHORTEST
from tfbench.reports.compare import PACE_MATTERS
from tfbench.reports.history import Change, Point, Series

DTYPES = {
    "case": "string",
    "machine": "string",
    "work": "int64",
    "started": "datetime64[us, UTC]",
    "run": "string",
    "commit": "string",
    "tensorflow": "string",
    "keras": "string",
    "python": "string",
    "median_s": "float64",
    "log_s": "float64",
    "level_log_s": "float64",
    "pace_s": "float64",
    "step": "boolean",
    "time_ratio": "float64",
    "time_ratio_low": "float64",
    "time_ratio_high": "float64",
    "p_value": "float64",
    "reason": "string",
}
CHANGES = ("case", "machine", "from", "what", "p", "commits", "also changed")
POINTS = ("started", "run", "commit", "TensorFlow", "median", "against its level", "")
SHOWN = 20
MOST_LISTED = 4  # series whose points are listed


def to_frame(found: Sequence[Series]) -> pd.DataFrame:
    """Give every point of every series, a row each; the ratios stand at the first point of a new level."""
    rows = [row for series in found for row in _rows(series)]
    return pd.DataFrame(rows, columns=list(DTYPES)).astype(DTYPES)


def _rows(series: Series) -> Iterator[dict[str, Any]]:
    changes = {id(change.after): change for change in series.changes}
    levels = iter(series.levels)
    for point in series.points:
        change = changes.get(id(point))
        yield {
            "case": series.case,
            "machine": series.machine,
            "work": series.work,
            "started": point.started,
            **{name: getattr(point, name) for name in ("run", "commit", "tensorflow", "keras", "python")},
            "median_s": point.seconds,
            "log_s": point.log_s,
            "level_log_s": None if point.log_s is None else next(levels),
            "pace_s": point.pace_s,
            "step": change is not None,
            **(_ratios(change.logs) if change else {}),
            "reason": point.reason,
        }


def _ratios(logs: Interval) -> dict[str, float | None]:
    low, high = (None if end is None else intervals.factor(end) for end in (logs.low, logs.high))
    ratio = intervals.factor(logs.middle)
    return {"time_ratio": ratio, "time_ratio_low": low, "time_ratio_high": high, "p_value": logs.p_value}


def to_json(found: Sequence[Series]) -> dict[str, Any]:
    """Give all series as JSON values."""
    return {"series": [_series(series) for series in found]}


def _series(series: Series) -> dict[str, Any]:
    frame = to_frame([series]).drop(columns=["case", "machine", "work"])
    frame["started"] = [point.started.isoformat() if point.started else None for point in series.points]
    changes = [
        {
            "before": {"run": change.before.run, "commit": change.before.commit},
            "after": {"run": change.after.run, "commit": change.after.commit},
            **_ratios(change.logs),
            "pace_ratio": change.pace,
            "also_changed": list(change.others),
        }
        for change in series.changes
    ]
    points = frame.astype(object).where(frame.notna(), None).to_dict(orient="records")
    return {
        "case": series.case,
        "machine": series.machine,
        "work": series.work,
        "changes": changes,
        "points": points,
    }


def change_text(logs: Interval) -> str:
    """Say how much slower or faster it became: `8.1 % slower [5.2, 11.0]`, `12 % faster [10, 14]`."""
    sign, word = (1, "slower") if logs.middle > 0 else (-1, "faster")
    share, *ends = (sign * 100 * math.expm1(value) for value in (logs.middle, logs.low, logs.high) if value is not None)
    digits = 1 if min((abs(end) for end in ends), default=abs(share)) < 10 else 0
    span = f" [{min(ends):.{digits}f}, {max(ends):.{digits}f}]" if ends else ""
    return f"{share:.{digits}f} % {word}{span}"


def commits(change: Change) -> str:
    """Name the commits between which a step happened: `abc to def`, or the only one."""
    old, new = (point.commit or units.NOTHING for point in (change.before, change.after))
    return old if old == new else f"{old} to {new}"


def _when(point: Point) -> str:
    return point.started.strftime("%Y-%m-%d %H:%M") if point.started else units.NOTHING


def change_cells(series: Series, change: Change) -> list[str]:
    """Give the cells of a step, under the headers CHANGES."""
    also = list(change.others)
    if change.pace is not None and abs(math.log(change.pace)) > PACE_MATTERS:
        also.append(f"the machine's own pace: {change.pace - 1:+.0%} of time")
    return [
        series.name,
        series.machine,
        _when(change.after),
        change_text(change.logs),
        f"{change.logs.p_value:.1g}",
        commits(change),
        ", ".join(also) or units.NOTHING,
    ]


def _point_cells(point: Point, level: float | None) -> list[str]:
    off = units.NOTHING if point.log_s is None or level is None else f"{100 * math.expm1(point.log_s - level):+.1f} %"
    commit, version = point.commit or units.NOTHING, point.tensorflow or units.NOTHING
    return [_when(point), point.run, commit, version, units.seconds(point.seconds), off, point.reason]


def point_rows(series: Series, last: int) -> list[list[str]]:
    """Give the cells of the last points, under the headers POINTS, with a line where the level changes."""
    changes = {id(change.after): change for change in series.changes}
    levels = iter(series.levels)
    rows: list[list[str]] = []
    for point in series.points:
        level = None if point.log_s is None else next(levels)
        cells = _point_cells(point, level)
        if id(point) in changes:
            cells[-1] = f"<- {change_text(changes[id(point)].logs)}"
        rows.append(cells)
    return rows[-last:]


def _tables(found: Sequence[Series], last: int) -> Iterator[tuple[str, Sequence[str], list[list[str]]]]:
    """Give title, headers and cells of each table."""
    rows = [change_cells(series, change) for series in found for change in series.changes]
    if rows:
        yield "Steps: where the time of a case changed its level", CHANGES, rows
    if len(found) <= MOST_LISTED:
        for series in found:
            shown = min(last, len(series.points))
            of = f", the last {shown} of {len(series.points):,} runs" if shown < len(series.points) else ""
            yield f"{series.name} on {series.machine}{of}", POINTS, point_rows(series, last)


def notes(found: Sequence[Series], threshold: float) -> list[str]:
    """Say what was looked at, and what the tables do not say."""
    runs = len({point.run for series in found for point in series.points})
    steps = sum(len(series.changes) for series in found)
    looked = f"{len(found):,} series of {units.count(runs, 'run')}"
    lines = [f"{units.count(steps, 'step')} of {100 * threshold:.3g} % or more in {looked}"]
    short = [series for series in found if len(series.timed) < 2 * SHORTEST]
    if short:
        lines.append(f"{len(short):,} of the series have fewer than {2 * SHORTEST} times: too few for a step")
    changed = dict.fromkeys(series.case for series in found if series.work)
    lines += [f"{name}: its code, data or parameters changed: runs of equal work are a series each" for name in changed]
    if len({(series.case, series.work) for series in found}) < len(found):
        lines.append("each machine is a series of its own (containers of one machine: --same-host)")
    return lines


def show(found: Sequence[Series], console: Console, *, threshold: float, last: int = SHOWN) -> None:
    """Print steps, and the points of few series."""
    for title, headers, rows in _tables(found, last):
        table = Table(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
        for header in headers:
            table.add_column(
                Text(header), justify="right" if header in {"median", POINTS[5], "p"} else "left", no_wrap=True
            )
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
    for line in notes(found, threshold):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def markdown(found: Sequence[Series], *, threshold: float, last: int = SHOWN) -> str:
    """Write the same as Markdown."""
    parts = [
        f"**{title}**\n\n{_lines([headers, ['---'] * len(headers), *rows])}\n"
        for title, headers, rows in _tables(found, last)
    ]
    return "\n".join([*parts, "".join(f"- {line}\n" for line in notes(found, threshold))])


def _lines(rows: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
