"""The chart of a case over many runs: its times, the levels between its steps, and the steps."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import altair as alt
from tfbench.reports import charts, history_view, palette, units
from tfbench.reports.history import Change, Point, Series
from tfbench.reports.page import DataTable, Figure, Rows, Tags

MOST_POINTS = 2000  # of a chart
WIDE_RANGE = 3.0  # the largest time over the least: beyond it the axis is logarithmic
NAMED = 6  # steps, the largest
LABEL_ROWS = 3  # of their names, one above the other
LABEL_PIXELS = 14
COMMIT = 9  # characters of a commit in such a name
DATE_LABEL = (  # 24 hours, and the larger unit where one begins
    "utchours(datum.value) + utcminutes(datum.value) > 0 ? utcFormat(datum.value, '%H:%M') : "
    "utcdate(datum.value) > 1 ? utcFormat(datum.value, '%b %-d') : "
    "utcmonth(datum.value) > 0 ? utcFormat(datum.value, '%b') : utcFormat(datum.value, '%Y')"
)


def chart(
    series: Series, *, name: str, table: DataTable, tags: Tags, wide: bool = False, most: int = MOST_POINTS
) -> Figure:
    """Draw a series.

    Args:
        series: with one point or more that has a start and a time.
        name: of the figure.
        table: the last points.
        tags: what the figure is about.
        wide: as a figure has it.
        most: so many points are drawn; of more, of each few runs the fastest and the slowest.
    """
    known = dated(series)
    points, each = thinned(known, most=most)
    failed = [point for point in series.points if point.log_s is None and point.started is not None]
    data: dict[str, Rows] = {
        name: [_point(point) for point in points],
        f"{name}-levels": list(_levels(series)),
        f"{name}-steps": list(_steps(series)),
        f"{name}-failed": [{"t": _ms(p), "run": p.run, "commit": p.commit, "why": p.reason} for p in failed[-most:]],
    }
    return charts.figure(
        *_layers(name, data),
        name=name,
        title=f"{series.name} on {series.machine}",
        caption=_caption(series, known=len(known), failed=len(failed), each=each),
        data=data,
        height=240,
        table=table,
        wide=wide,
        tags=tags,
    )


def dated(series: Series) -> list[Point]:
    """Give the points that can be drawn: they have a start and a time."""
    return [point for point in series.timed if point.started is not None and point.seconds]


def thinned(points: Sequence[Point], *, most: int) -> tuple[list[Point], int]:
    """Leave out points where there are too many: of each few in a row the fastest and the slowest stay.

    Returns:
        The points, and how many each pair of them stands for; 1 if all are there.
    """
    if len(points) <= most:
        return list(points), 1
    each = math.ceil(2 * len(points) / most)
    kept: list[Point] = []
    for first in range(0, len(points), each):
        of_these = range(first, min(first + each, len(points)))
        ends = {least(of_these, key=lambda i: points[i].seconds or 0.0) for least in (min, max)}
        kept += [points[i] for i in sorted(ends)]
    return kept, each


def _ms(point: Point) -> int:
    """Give when it started, in milliseconds since 1970."""
    assert point.started is not None
    return round(point.started.timestamp() * 1000)


def _point(point: Point) -> dict[str, Any]:
    assert point.seconds is not None
    return {
        "t": _ms(point),
        "s": charts.rounded(point.seconds),
        "run": point.run,
        "commit": point.commit,
        "tf": point.tensorflow,
    }


def _levels(series: Series) -> Iterator[dict[str, Any]]:
    """Give each level: from its first to its last run, at the median of its times."""
    timed = series.timed
    firsts = {id(change.after) for change in series.changes}
    ends = [0, *(i for i, point in enumerate(timed) if id(point) in firsts), len(timed)]
    for first, last in pairwise(ends):
        level = [point for point in timed[first:last] if point.started is not None and point.seconds]
        if level:
            seconds = median(point.seconds or 0.0 for point in level)
            yield {
                "t": _ms(level[0]),
                "end": _ms(level[-1]),
                "s": charts.rounded(seconds),
                "text": f"{units.seconds(seconds)}, {units.count(len(level), 'run')}",
            }


def _steps(series: Series) -> Iterator[dict[str, Any]]:
    """Give each step where the first run of its new level started; the largest with a name, where it has room."""
    starts = [_ms(point) for point in series.points if point.started is not None]
    drawn = [change for change in series.changes if change.after.started is not None]
    named = sorted(drawn, key=lambda change: -abs(change.logs.middle))[:NAMED]
    rows = {id(change): i % LABEL_ROWS for i, change in enumerate(one for one in drawn if one in named)}
    for change in drawn:
        at = _ms(change.after)
        yield {
            "t": at,
            "row": rows.get(id(change), -1),
            "side": "left" if at - min(starts) > (max(starts) - min(starts)) / 2 else "right",
            "text": _label(change),
            "step": history_view.change_text(change.logs),
            "run": change.after.run,
            "commits": history_view.commits(change),
            "also": ", ".join(change.others) or units.NOTHING,
        }


def _label(change: Change) -> str:
    told = history_view.change_text(change.logs).partition(" [")[0]
    return f"{told} at {change.after.commit[:COMMIT]}" if change.after.commit else told


def _caption(series: Series, *, known: int, failed: int, each: int) -> str:
    runs = units.count(known, "run")
    parts = [f"Median time of a call in {runs} by their start (UTC); the line is the median of each level."]
    if series.changes:
        few = f"; the {NAMED} largest are named" if len(series.changes) > NAMED else ""
        parts.append(f"A dashed line is a step, at the first run of the new level{few}.")
    if each > 1:
        parts.append(f"Of each {each:,} runs in a row only the fastest and the slowest are drawn.")
    if failed:
        parts.append(f"Crosses below: {units.count(failed, 'run')} without a time.")
    unknown = sum(point.started is None for point in series.points)
    if unknown:
        parts.append(f"{units.count(unknown, 'run')} without a start: not drawn.")
    return " ".join(parts)


def _layers(name: str, data: dict[str, Rows]) -> list[alt.Chart]:
    dots, levels, steps, failed = (charts.layer(f"{name}{part}") for part in ("", "-levels", "-steps", "-failed"))
    rows = min(LABEL_ROWS, len(data[f"{name}-steps"]))
    across = alt.X(
        "t:T",
        title=None,
        scale=alt.Scale(type="utc", padding=8),
        axis=alt.Axis(grid=False, labelOverlap="greedy", labelSeparation=8, labelFlush=24, labelExpr=DATE_LABEL),
    )
    up = _time([row["s"] for row in data[name]], top=10 + LABEL_PIXELS * rows)
    step_tips = charts.tips("step", "commits", "run", also="also changed")
    return [
        dots.mark_point(filled=True, size=30, opacity=0.8, color=palette.variable("side-a")).encode(
            x=across, y=up, tooltip=[*charts.tips("run", "commit", tf="TensorFlow"), _time_tip()]
        ),
        failed.mark_point(shape="cross", angle=45, filled=True, size=45, opacity=1, color=charts.SOFT).encode(
            x=across, y=alt.value("height"), tooltip=charts.tips("run", "commit", why="no time")
        ),
        steps.mark_rule(color=charts.SOFT, strokeDash=[4, 4], strokeWidth=1.5).encode(x=across, tooltip=step_tips),
        levels.mark_rule(color=charts.INK, strokeWidth=1.5, strokeCap="round").encode(
            x=across, x2=alt.X2("end:T"), y=up, tooltip=charts.tips(text="level")
        ),
        *(
            steps.transform_filter(f"datum.row == {row} && datum.side == '{side}'")
            .properties(name=f"halo_steps_{row}_{side}")
            .mark_text(align="right" if side == "left" else "left", baseline="top", dx=-4 if side == "left" else 4)
            .encode(x=across, y=alt.value(LABEL_PIXELS * row), text=alt.Text("text:N"), tooltip=step_tips)
            for row in range(rows)
            for side in ("left", "right")
        ),
    ]


def _time(seconds: Sequence[float], *, top: int) -> alt.Y:
    """Give the axis of times, with so many pixels left free above: of their own range, since steps are small."""
    low, high = min(seconds), max(seconds)
    pixels: list[Any] = [alt.ExprRef("height - 8"), top]
    if high > WIDE_RANGE * low:
        scale = alt.Scale(type="log", nice=False, range=pixels)
        axis = alt.Axis(labelExpr=charts.TIME_LABEL, values=charts.log_ticks(seconds))
    else:
        scale = alt.Scale(zero=False, nice=False, range=pixels)
        axis = alt.Axis(labelExpr=charts.TIME_LABEL, tickCount=5)
    return alt.Y("s:Q", title=None, scale=scale, axis=axis)


def _time_tip() -> alt.Tooltip:
    return alt.Tooltip("s:Q", title="seconds a call", format=".4~g")
