"""Charts of the rounds: how they are spread, and whether they drift."""

from collections.abc import Mapping, Sequence
from statistics import median

import altair as alt
from tfbench.bench.record import Invocation, Measurement
from tfbench.reports import charts, quantiles, units
from tfbench.reports.page import Cell, DataTable, Figure, Heading, Line, Rows, Tags

MOST_ROUNDS = 30_000  # drawn in a page; of more, some of each invocation are left out
TIME_TEXT = (
    "datum.s >= 1 ? format(datum.s, '.3') + ' s' : datum.s >= 0.001 ? format(datum.s * 1e3, '.3') + ' ms' : "
    "format(datum.s * 1e6, '.3') + ' µs'"
)
RELATIVE_LABEL = "datum.value == 1 ? 'median' : format(datum.value, '~g') + 'x'"
TICKS = [0.1, 0.2, 0.5, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10, 20, 50, 100]
SWING = 0.5  # a line of the drift chart leaves its row where a round takes 1.41 times the median: 2 to the power of it


def thinned(done: Invocation, most: int) -> list[tuple[int, float]]:
    """Give block and time of a call of at most so many rounds: evenly spaced, and the shortest and the longest."""
    rounds = [(block, s) for block, s in zip(done.blocks, done.call_s, strict=True) if s > 0]
    if len(rounds) <= most:
        return rounds
    every = -(-len(rounds) // max(1, most - 2))
    times = [s for _, s in rounds]
    kept = {*range(0, len(rounds), every), times.index(min(times)), times.index(max(times))}
    return [rounds[i] for i in sorted(kept)]


def rows(measurements: Sequence[Measurement], names: Mapping[str, str], *, most: int) -> Rows:
    """Give a row for each invocation, with lists of its blocks and times.

    Args:
        measurements: of a comparison set.
        names: of the cases by id.
        most: rounds of an invocation that are drawn.
    """
    found = []
    for measurement in measurements:
        if not measurement.call_s:
            continue
        middle = median(measurement.call_s)
        for done in measurement.invocations:
            drawn = thinned(done, most)
            if drawn and middle > 0:
                found.append(
                    {
                        "name": names[measurement.case.id],
                        "mode": measurement.case.mode,
                        "device": measurement.case.placement.label,
                        "invocation": done.index,
                        "median": charts.rounded(middle, 6),
                        "block": [block for block, _ in drawn],
                        "s": [charts.rounded(s) for _, s in drawn],
                    }
                )
    return found


def table(measurements: Sequence[Measurement], names: Mapping[str, str]) -> DataTable:
    """Give the rounds of each invocation in numbers."""
    headings = ("rounds", "shortest", "first quartile", "median", "third quartile", "longest")
    lines = []
    for measurement in measurements:
        for done in measurement.invocations:
            if done.round_s:
                low, middle, high = quantiles.quartiles(done.call_s)
                times = (min(done.call_s), low, middle, high, max(done.call_s))
                case = measurement.case
                name = names[case.id]
                cells = (
                    Cell(text=name, value=name),
                    Cell(text=str(done.index), value=done.index),
                    Cell(text=f"{len(done.round_s):,}", value=len(done.round_s)),
                    *(Cell(text=units.seconds(s), value=s) for s in times),
                )
                lines.append(Line(cells=cells, tags={"mode": (case.mode,), "device": (case.placement.label,)}))
    return DataTable(
        caption="Time of a call in the rounds of each invocation",
        headings=(
            Heading(text="case"),
            Heading(text="invocation", right=True),
            *(Heading(text=text, right=True) for text in headings),
        ),
        lines=tuple(lines),
    )


def _flat(name: str) -> alt.Chart:
    """Give a row a round."""
    return charts.layer(name, ["mode", "device"]).transform_flatten(["block", "s"])


def spread(drawn: Rows, *, name: str, data_name: str, table: DataTable, left_out: str, tags: Tags) -> Figure:
    """Draw every round as a line on its invocation's row, relative to the median of the case."""
    modes = [str(row["mode"]) for row in drawn]
    tall = max(int(row["invocation"]) for row in drawn)
    relative = alt.X(
        "relative:Q",
        title="over the median of the case",
        scale=alt.Scale(type="log", nice=False, padding=6),
        axis=alt.Axis(
            labelExpr=RELATIVE_LABEL, values=TICKS, labelOverlap="greedy", labelSeparation=8, gridOpacity=0.7
        ),
    )
    ticks = (
        _flat(data_name)
        .transform_calculate(relative="datum.s / datum.median", text=TIME_TEXT)
        .mark_tick(thickness=1.5, opacity=0.6, height=alt.RelativeBandSize(band=0.8))
        .encode(
            x=relative,
            y=charts.names_axis(),
            yOffset=alt.YOffset("invocation:O"),
            color=charts.mode_colour(modes),
            tooltip=charts.tips("name", "invocation", "block", text="a call"),
        )
    )
    return charts.figure(
        ticks,
        name=name,
        title="Every round",
        caption=f"A line is a round, a row an invocation (a fresh process). Far to the right are outliers, which are "
        f"kept; rows that lie apart are processes that differ.{left_out}",
        data={data_name: drawn},
        height=charts.rows_of(max(20, 7 * tall + 6)),
        filters=["mode", "device"],
        table=table,
        tags=tags,
    )


def drift(drawn: Rows, *, name: str, data_name: str, table: DataTable, left_out: str, tags: Tags) -> Figure:
    """Draw the rounds over their blocks, a line for each invocation, in a row for each case."""
    modes = [str(row["mode"]) for row in drawn]
    lines = (
        _flat(data_name)
        .transform_calculate(swing=f"clamp(-log(datum.s / datum.median) / LN2, -{SWING}, {SWING})")
        .mark_line(strokeWidth=1, opacity=0.8, interpolate="linear")
        .encode(
            x=alt.X("block:Q", title="block", scale=alt.Scale(nice=False), axis=alt.Axis(tickMinStep=1, grid=False)),
            y=charts.names_axis(),
            yOffset=alt.YOffset("swing:Q", scale=alt.Scale(domain=[-SWING, SWING])),
            color=charts.mode_colour(modes),
            detail=[alt.Detail("name:N"), alt.Detail("invocation:O")],
            order=alt.Order("block:Q"),
        )
    )
    return charts.figure(
        lines,
        name=name,
        title="Drift",
        caption="Time of a call, block by block, a line for each invocation. Flat lines upon each other in the middle "
        f"of a row are a steady machine. Up is slower: a row's edges are {2**SWING:.2g} times the case's median, and "
        f"the median over {2**SWING:.2g}; what is further off runs along the edge."
        f"{left_out}",
        data={data_name: drawn},
        height=charts.rows_of(34),
        filters=["mode", "device"],
        table=table,
        tags=tags,
    )


def total(measurements: Sequence[Measurement]) -> int:
    """Count the rounds."""
    return sum(len(done.round_s) for m in measurements for done in m.invocations)


def share(measurements: Sequence[Measurement], most: int = MOST_ROUNDS) -> int:
    """Give how many rounds of each invocation are drawn, so that all together are at most so many."""
    invocations = sum(len(m.invocations) for m in measurements)
    longest = max((len(done.round_s) for m in measurements for done in m.invocations), default=0)
    return longest if total(measurements) <= most else max(10, most // max(1, invocations))
