"""Charts over the number of calls: which mode has cost least, and where the totals of the modes meet."""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

import altair as alt
from tfbench.bench.record import Measurement
from tfbench.reports import breakeven, charts, units
from tfbench.reports.headlines import Headline, stage_text
from tfbench.reports.page import Cell, DataTable, Figure, Heading, Line, Rows, Tags

MOST = breakeven.HORIZONS[-1]
FILTERS = ("workload", "device")
PER_DECADE = 4  # points of a curve
CALLS_LABEL = "datum.value >= 1e6 ? format(datum.value / 1e6, ',') + ' million' : format(datum.value, ',')"
LABELS = (11, -11)  # pixels below its ring that a number stands
LETTER = 8  # pixels that a letter of the name of a mode takes


def cheapest(named: Mapping[str, Headline], *, name: str) -> Figure:
    """Draw which mode has cost least after so many calls: a bar for each implementation, by its name."""
    bars = [row for label, headline in named.items() for row in _bars(label, headline)]
    ends = [row for label, headline in named.items() for row in _ends(label, headline)]
    return charts.figure(
        *_stage_layers(f"{name}-bars", [str(row["mode"]) for row in bars]),
        *([_whisker(f"{name}-ends")] if ends else []),
        name=name,
        title="Which mode has cost least after so many calls",
        caption="First call included: its trace and XLA's compile. The line below two bars is the 95 % interval of the "
        "call from which the right one has cost less. An empty bar: its modes cannot be told apart.",
        data={f"{name}-bars": bars, f"{name}-ends": ends},
        height=charts.rows_of(40),
        filters=FILTERS,
        table=_stages_table(named),
        wide=True,
    )


def _stage_layers(name: str, modes: Sequence[str]) -> list[alt.Chart]:
    """Give the bars, the mode in each that has room for it, and the names above them."""
    calls = alt.X(
        "from:Q",
        title="number of calls",
        scale=alt.Scale(type="log", domain=[1, MOST], nice=False),
        axis=alt.Axis(values=[10**power for power in range(7)], labelExpr=CALLS_LABEL, labelFlush=True),
    )
    over = charts.layer(name, FILTERS).encode(y=charts.unnamed_axis(), x=calls)
    bar = over.mark_bar(height=15, yOffset=6, cornerRadius=2, stroke=charts.GROUND, strokeWidth=1).encode(
        x2=alt.X2("to:Q"),
        color=charts.mode_colour(modes),
        fillOpacity=alt.condition("datum.sure", alt.value(1), alt.value(0)),
        stroke=alt.condition("datum.sure", alt.value(charts.GROUND), charts.mode_colour(modes)),
        tooltip=charts.tips("name", "names", "text"),
    )
    fits = alt.condition(
        f"scale('x', datum.to) - scale('x', datum.from) > {LETTER} * length(datum.names)", alt.value(1), alt.value(0)
    )
    words = over.mark_text(fontWeight=600, yOffset=6).encode(
        x=alt.X("middle:Q"),
        text=alt.Text("names:N"),
        opacity=fits,
        color=alt.condition("datum.sure", alt.value(charts.GROUND), alt.value(charts.INK)),
    )
    return [bar, words, charts.above(charts.layer(name, FILTERS).transform_filter("datum.from == 1"), dy=-11)]


def _whisker(name: str) -> alt.Chart:
    """Give the intervals, below the bars."""
    return (
        charts.layer(name, FILTERS)
        .mark_rule(color=charts.INK, strokeWidth=2, yOffset=17)
        .encode(y=charts.unnamed_axis(), x=alt.X("low:Q"), x2=alt.X2("high:Q"))
    )


def _bars(label: str, headline: Headline) -> Iterator[dict[str, object]]:
    case = headline.members[0].case
    ends = [*(stage.calls for stage in headline.stages[1:]), float(MOST)]
    for stage, end in zip(headline.stages, ends, strict=True):
        if stage.calls < MOST:
            low, high = stage.calls, min(end, MOST)
            yield {
                "name": label,
                "workload": case.workload,
                "device": case.placement.label,
                "mode": stage.mode,
                "names": stage.names,
                "sure": not stage.ties,
                "from": charts.rounded(low),
                "to": charts.rounded(high),
                "middle": charts.rounded(math.sqrt(low * high)),
                "text": f"from call {stage_text(stage)}",
            }


def _ends(label: str, headline: Headline) -> Iterator[dict[str, object]]:
    case = headline.members[0].case
    for stage in headline.stages[1:]:
        if stage.low is not None and stage.high is not None and stage.calls < MOST:
            yield {
                "name": label,
                "workload": case.workload,
                "device": case.placement.label,
                "low": charts.rounded(max(1.0, stage.low)),
                "high": charts.rounded(min(MOST, stage.high)),
            }


def _stages_table(named: Mapping[str, Headline]) -> DataTable:
    lines = []
    for label, headline in named.items():
        case = headline.members[0].case
        for stage in headline.stages:
            cells = (
                Cell(text=label, value=label),
                Cell(text=stage.names, value=stage.names),
                Cell(text=stage_text(stage), value=stage.calls),
            )
            tags = {"workload": (case.workload,), "device": (case.placement.label,)}
            lines.append(Line(cells=cells, tags=tags))
    headings = (Heading(text="case"), Heading(text="mode"), Heading(text="from call", right=True))
    return DataTable(caption="Which mode has cost least, from which call on", headings=headings, lines=tuple(lines))


def totals(
    members: Sequence[Measurement], *, name: str, title: str, caption: str, table: DataTable, tags: Tags
) -> Figure:
    """Draw the time that so many calls take in all, a line for each mode, with the points where they meet."""
    drawn, points = _curves(members), _meets(members)
    return charts.figure(
        *_curve_layers(f"{name}-curves", drawn),
        *(_ring_layers(f"{name}-meets") if points else []),
        name=name,
        title=title,
        caption=caption,
        data={f"{name}-curves": drawn, f"{name}-meets": points},
        height=230,
        filters=["mode"],
        table=table,
        tags=tags,
    )


def _curve_layers(name: str, drawn: Rows) -> list[alt.Chart]:
    """Give a line for each mode, with its mark at every second power of ten."""
    modes = [str(row["mode"]) for row in drawn]
    calls = alt.X(
        "n:Q",
        title="number of calls",
        scale=alt.Scale(type="log", domain=[1, MOST], nice=False),
        axis=alt.Axis(values=list(breakeven.HORIZONS), labelExpr=CALLS_LABEL, labelFlush=True),
    )
    ticks = charts.log_ticks(s for row in drawn for s in row["s"])
    axis = alt.Axis(labelExpr=charts.TIME_LABEL, values=ticks)
    seconds = alt.Y("s:Q", title=None, scale=charts.log_scale(), axis=axis)
    curves = charts.layer(name, ["mode"]).transform_flatten(["n", "s", "text"]).encode(x=calls, y=seconds)
    line = curves.mark_line(strokeWidth=2).encode(color=charts.mode_colour(modes, legend=True))
    mark = (
        curves.transform_filter(" || ".join(f"datum.n == {n}" for n in breakeven.HORIZONS))
        .mark_point(filled=True, size=50, opacity=1)
        .encode(
            color=charts.mode_colour(modes, legend=True),
            shape=charts.mode_shape(modes, legend=True),
            tooltip=charts.tips("mode", n="calls", text="in all"),
        )
    )
    return [line, mark]


def _ring_layers(name: str) -> list[alt.Chart]:
    """Give a ring at each break-even, its interval and its number of calls."""
    meets = charts.layer(name).encode(y=alt.Y("s:Q"))
    ring = meets.mark_point(size=70, color=charts.INK, strokeWidth=1.5, opacity=1, fill=charts.GROUND)
    return [
        meets.mark_rule(color=charts.INK, strokeWidth=1.5).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q")),
        ring.encode(x=alt.X("n:Q"), tooltip=charts.tips("label")),
        *(
            meets.transform_filter(f"datum.row === {row}")
            .mark_text(dx=7, dy=dy, align="left", fontWeight=600)
            .encode(x=alt.X("n:Q"), text=alt.Text("call:N"))
            for row, dy in enumerate(LABELS)
        ),
    ]


def _curves(members: Sequence[Measurement]) -> Rows:
    steps = round(math.log10(MOST)) * PER_DECADE
    numbers = sorted({round(10 ** (i / PER_DECADE)) for i in range(steps + 1)})
    rows = []
    for measurement in members:
        done = [one for one in measurement.invocations if one.round_s]
        seconds = [fmean(breakeven.total_s(one, n) for one in done) for n in numbers]
        rows.append(
            {
                "mode": measurement.case.mode,
                "n": numbers,
                "s": [charts.rounded(s) for s in seconds],
                "text": [units.seconds(s) for s in seconds],
            }
        )
    return rows


def _meets(members: Sequence[Measurement]) -> Rows:
    """Give the points where totals meet; the numbers of those next to each other stand below and above."""
    found = sorted(_each_meet(members), key=lambda row: float(row["n"]))
    return [{**row, "row": i % len(LABELS)} for i, row in enumerate(found)]


def _each_meet(members: Sequence[Measurement]) -> list[dict[str, Any]]:
    rows, modes = [], {m.case.id: m.case.mode for m in members}
    for found in breakeven.of_run(members):
        if found.word == breakeven.LATER and found.calls is not None and found.seconds and 1 < found.calls < MOST:
            ends = found.low or found.calls, found.high or found.calls
            since = f"has paid back over {modes[found.slow]} from call {math.ceil(found.calls):,} on"
            rows.append(
                {
                    "n": charts.rounded(found.calls),
                    "s": charts.rounded(found.seconds),
                    "low": charts.rounded(max(1.0, ends[0])),
                    "high": charts.rounded(min(MOST, ends[1])),
                    "call": f"{math.ceil(found.calls):,}",
                    "label": f"{modes[found.fast]} {since}",
                }
            )
    return rows
