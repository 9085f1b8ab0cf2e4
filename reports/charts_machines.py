"""Charts of machines, and of other sides, beside each other: speed-ups, and times against the batch size."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import altair as alt
from tfbench.reports import charts, crossover, hardware_tables, palette, units
from tfbench.reports.charts_speedups import RATIO_LABEL
from tfbench.reports.crossover import Crossover
from tfbench.reports.page import Cell, DataTable, Figure, Heading, Line, Rows, Tags
from tfbench.reports.speedup import Speedup
from tfbench.reports.verdict import Verdict

ROOM = 150  # pixels, left free at the right for the figures beside the intervals
NARROWEST = 1.5  # how many times the last value of the axis of speed-ups is the first one, at least
FARTHEST = 10.0  # times beyond all speed-ups: where intervals are cut
SHORT = 3.0  # times the least time: a range that may hold none of 1, 2 and 5
ROW = 17  # pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Hold how many times faster a case is on a side than on the one that all are compared with.

    Attributes:
        name: of the case.
        side: the machine, or what else is compared.
        mode: of the case; empty where the sides are modes.
        found, verdict: what was found.
    """

    name: str
    side: str
    mode: str
    found: Speedup
    verdict: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """Hold the time of a call with a batch size on a side."""

    side: str
    size: int
    seconds: float
    mode: str


def speedups(
    gains: Sequence[Gain], sides: Sequence[str], *, name: str, title: str, against: str, table: DataTable, tags: Tags
) -> Figure:
    """Draw the speed-ups of cases on each side, with their intervals, under the names of the cases.

    Args:
        gains: those of a case one after the other.
        sides: all that are compared, in order: each has a colour and a mark.
        name: of the figure.
        title: above it.
        against: the side that all are compared with.
        table: the same figures.
        tags: what the figure is about.
    """
    heads, drawn = _rows(gains)
    return charts.figure(
        *_speedup_layers(name, drawn, _styles(sides, [row["side"] for row in drawn])),
        name=name,
        title=title,
        caption=f"Times as fast as {against}, which is the line at 1x; with the 95 % interval over invocations. "
        "Further right is faster; each step to the right multiplies."
        + (" Very wide intervals are cut; their figures are whole." if _cut(gains, drawn) else ""),
        data={f"{name}-names": heads, name: drawn, f"{name}-one": [{"one": 1}]},
        height=charts.rows_of(ROW),
        filters=_filters(drawn),
        table=table,
        tags=tags,
    )


def _filters(drawn: Rows) -> list[str]:
    """Give the filters of the chart: none by mode where the sides are modes."""
    return ["mode"] if any(row["mode"] for row in drawn) else []


def _rows(gains: Sequence[Gain]) -> tuple[Rows, Rows]:
    """Give a row for the name of each case, and below it one for each side."""
    ratios = [gain.found.ratio for gain in gains]
    ends = min(1.0, *ratios) / FARTHEST, max(1.0, *ratios) * FARTHEST
    heads: list[dict[str, Any]] = []
    drawn: list[dict[str, Any]] = []
    for name, group in groupby(gains, key=lambda gain: gain.name):
        of_case = list(group)
        heads.append({"row": len(heads) + len(drawn), "name": name, "mode": of_case[0].mode})
        for gain in of_case:
            drawn.append({"row": len(heads) + len(drawn), **_row(gain, ends)})
    return heads, drawn


def _row(gain: Gain, ends: tuple[float, float]) -> dict[str, Any]:
    found = gain.found
    low, high = (found.ratio if end is None else end for end in (found.low, found.high))
    return {
        "name": gain.name,
        "mode": gain.mode,
        "side": gain.side,
        "speedup": charts.rounded(found.ratio),
        "low": charts.rounded(max(low, ends[0])),
        "high": charts.rounded(min(high, ends[1])),
        "text": units.ratio(found.ratio, found.low, found.high) + "*" * found.within,
        "verdict": hardware_tables.speedup_text(found, gain.verdict),
    }


def _cut(gains: Sequence[Gain], drawn: Rows) -> bool:
    told = [(gain.found.low, gain.found.high) for gain in gains]
    return any(
        (low or row["low"]) < 0.99 * row["low"] or (high or 0.0) > 1.01 * row["high"]
        for (low, high), row in zip(told, drawn, strict=True)
    )


def _ends(drawn: Rows) -> list[Any]:
    """Give the ends of the axis: all intervals and 1x are in it, and there is room for the figures at the right."""
    low, high = min(1.0, *(row["low"] for row in drawn)), max(1.0, *(row["high"] for row in drawn))
    whole = charts.rounded(max(high / low, NARROWEST))
    return [low, alt.ExprRef(f"{low} * pow({whole}, width / max(50, width - {ROOM}))")]


def _speedup_layers(name: str, drawn: Rows, styles: Mapping[str, tuple[str, str]]) -> list[alt.Chart]:
    rows = alt.Y("row:O", axis=None)
    heads, sides = (charts.layer(f"{name}{part}", _filters(drawn)).encode(y=rows) for part in ("-names", ""))
    ticks = charts.log_ticks(row[end] for row in drawn for end in ("low", "high"))
    axis = alt.Axis(labelExpr=RATIO_LABEL, values=ticks)
    scale = alt.Scale(type="log", nice=False, domain=_ends(drawn))
    ratio = alt.X("speedup:Q", title=None, scale=scale, axis=axis)
    colour, shape = _encoded(styles)
    one = charts.layer(f"{name}-one").mark_rule(color=charts.SOFT)
    return [
        one.encode(x=alt.X("one:Q")),
        # The style sheet gives them a halo, since lines may run through them.
        heads.properties(name="halo_names")
        .mark_text(align="left", baseline="middle", dy=3, limit=alt.ExprRef("width"))
        .encode(x=alt.value(0), text=alt.Text("name:N")),
        sides.mark_rule(strokeWidth=2.5).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), color=colour),
        sides.mark_point(filled=True, size=75, opacity=1).encode(
            x=ratio, color=colour, shape=shape, tooltip=charts.tips("name", side="on", verdict="speed-up")
        ),
        sides.properties(name="halo_figures")
        .mark_text(align="left", baseline="middle", dx=9)
        .encode(x=alt.X("high:Q"), text=alt.Text("text:N")),
    ]


def _styles(sides: Sequence[str], drawn: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give the colour and mark of each side that is drawn: the same in all charts of a page; modes have their own."""
    there = set(drawn)
    return {
        side: (palette.of_mode(side), palette.shape_of(side)) if side in palette.MODES else palette.of_side(number)
        for number, side in enumerate(sides)
        if side in there
    }


def _encoded(styles: Mapping[str, tuple[str, str]]) -> tuple[alt.Color, alt.Shape]:
    domain, colours, shapes = list(styles), [style[0] for style in styles.values()], [s[1] for s in styles.values()]
    # Names of machines are long: on a phone they stand below each other.
    legend = alt.Legend(columns=alt.ExprRef("width < 460 ? 1 : width < 760 ? 2 : 3"), symbolOpacity=1)
    return (
        alt.Color("side:N", scale=alt.Scale(domain=domain, range=colours), legend=legend),
        alt.Shape("side:N", scale=alt.Scale(domain=domain, range=shapes), legend=legend),
    )


def table(gains: Sequence[Gain], caption: str) -> DataTable:
    """Make the table of speed-ups."""

    def line(gain: Gain) -> Line:
        cells = (
            Cell(text=gain.name, value=gain.name),
            Cell(text=gain.side, value=gain.side),
            Cell(text=hardware_tables.speedup_text(gain.found, gain.verdict), value=gain.found.ratio),
        )
        return Line(cells=cells, tags={"mode": (gain.mode,)} if gain.mode else {})

    headings = (Heading(text="case"), Heading(text="on"), Heading(text="speed-up", right=True))
    return DataTable(caption=caption, headings=headings, lines=tuple(line(gain) for gain in gains))


def sizes(
    points: Sequence[Sized],
    crossings: Sequence[tuple[str, Crossover]],
    sides: Sequence[str],
    *,
    name: str,
    title: str,
    against: str,
    tags: Tags,
) -> Figure:
    """Draw the time of a call against the batch size, a line for each side, and where one starts to pay.

    Args:
        points: of each side in order of size.
        crossings: from which size on a side is faster than the one that all are compared with.
        sides: all that are compared, in order.
        name: of the figure.
        title: above it.
        against: the side that all are compared with.
        tags: what the figure is about.
    """
    drawn, marked = [_point(point) for point in points], list(_marked(crossings))
    told = "; ".join(f"{side} is faster {crossover.text(found)}" for side, found in crossings)
    return charts.figure(
        *_size_layers(name, drawn, marked, _styles(sides, [row["side"] for row in drawn])),
        name=name,
        title=title,
        caption="Median time of a call; both axes are logarithmic. "
        + (f"Against {against}: {told}." if told else "")
        + (" A dashed line marks where both take the same time." if marked else ""),
        data={name: drawn, f"{name}-crossings": marked},
        height=240,
        tags=tags,
    )


def _point(point: Sized) -> dict[str, Any]:
    return {
        "side": point.side,
        "size": point.size,
        "s": charts.rounded(point.seconds),
        "text": units.seconds(point.seconds),
        "mode": point.mode,
    }


def _marked(crossings: Sequence[tuple[str, Crossover]]) -> Iterator[dict[str, Any]]:
    for side, found in crossings:
        if found.size is not None:
            yield {"side": side, "at": charts.rounded(found.size), "text": crossover.size_text(found.size)}


def _size_layers(name: str, drawn: Rows, marked: Rows, styles: Mapping[str, tuple[str, str]]) -> list[alt.Chart]:
    colour, shape = _encoded(styles)
    batches = sorted({row["size"] for row in drawn})
    across = alt.X(
        "size:Q",
        title="batch size",
        scale=charts.log_scale(16),
        axis=alt.Axis(values=batches, format="d", grid=False, labelOverlap=True),
    )
    ticks = _ticks([row["s"] for row in drawn])
    up = alt.Y("s:Q", title=None, scale=charts.log_scale(18), axis=alt.Axis(labelExpr=charts.TIME_LABEL, values=ticks))
    over = charts.layer(name).encode(x=across, y=up, color=colour)
    crossing = charts.layer(f"{name}-crossings").encode(x=alt.X("at:Q"))
    tips = charts.tips("mode", side="on", size="batch size", text="time of a call")
    return [
        *([crossing.mark_rule(strokeDash=[4, 4], strokeWidth=1.5).encode(color=colour)] if marked else []),
        over.mark_line(strokeWidth=2),
        over.mark_point(filled=True, size=70, opacity=1).encode(shape=shape, tooltip=tips),
        *(
            [
                crossing.properties(name="halo_crossings")
                .mark_text(align="left", baseline="top", dx=4)
                .encode(y=alt.value(2), text=alt.Text("text:N"))
            ]
            if marked
            else []
        ),
    ]


def _ticks(values: Sequence[float]) -> list[float]:
    """Give round numbers for a logarithmic axis; where it is short, about four that are equally far apart."""
    low, high = min(values), max(values)
    if high >= SHORT * low or high == low:
        return charts.log_ticks(values)
    power = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= (high - low) / 4)
    return [charts.rounded(i * step) for i in range(math.floor(low / step), math.ceil(high / step) + 1)]
