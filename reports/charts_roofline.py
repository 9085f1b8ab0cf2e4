"""The roofline: what XLA's modules reach of what the device can do."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
from tfbench.bench.extras import Ceilings
from tfbench.bench.mode import XLA
from tfbench.reports import charts, palette, units
from tfbench.reports.page import DataTable, Figure, Rows, Tags

FILTERS = ("workload", "mode", "device")
HEIGHT, NAME = 300, 13  # of the chart and of a line of text, in pixels


def chart(
    rows: Sequence[Mapping[str, Any]], tops: Mapping[str, Ceilings], *, name: str, table: DataTable, tags: Tags
) -> Figure:
    """Draw flop/s over flop per byte, below the ceilings of each place.

    Args:
        rows: of the table `roofline`, with a `name`; none of their amounts is 0.
        tops: the ceilings, by the place's label.
        name: of the figure.
        table: the same figures.
        tags: what the figure is about.
    """
    points = _spaced([_point(row) for row in rows])
    here = {str(row["where"]) for row in rows}
    roofs = _roofs([p["intensity"] for p in points], {place: top for place, top in tops.items() if place in here})
    return charts.figure(
        *_layers(name, points, roofs),
        name=name,
        title="Roofline of XLA's modules",
        caption="Flop and byte are counted from the modules' text, time is the median call, dispatch included. The "
        "line is what this device reached: of memory on its slope, of arithmetic where it is level. Above the slope "
        "the data stay in caches.",
        data={f"{name}-points": points, f"{name}-roofs": roofs},
        height=HEIGHT,
        filters=FILTERS,
        table=table,
        wide=True,
        tags=tags,
    )


def _layers(name: str, points: Rows, roofs: Rows) -> list[alt.Chart]:
    """Give the roofs with their names, and the points with theirs."""
    ticks = charts.log_ticks(row["intensity"] for row in roofs)
    intensity = alt.X(
        "intensity:Q",
        title="flop for each byte",
        scale=charts.log_scale(12),
        axis=alt.Axis(format="~g", values=ticks),
    )
    ticks = charts.log_ticks(row["rate"] for row in [*points, *roofs])
    axis = alt.Axis(format="~s", values=ticks)
    rate = alt.Y("rate:Q", title="flop/s", scale=charts.log_scale(12), axis=axis)
    roof = charts.layer(f"{name}-roofs", ["device"]).encode(x=intensity, y=rate)
    done = charts.layer(f"{name}-points", FILTERS).encode(x=intensity)
    names = roof.transform_filter("datum.end").mark_text(align="right", dy=-7, color=charts.SOFT)
    marks = done.mark_point(filled=True, size=80, opacity=1, shape=palette.shape_of(XLA))
    return [
        roof.mark_line(color=charts.SOFT, strokeWidth=2).encode(detail=alt.Detail("device:N")),
        names.encode(text=alt.Text("device:N")),
        marks.encode(
            y=rate,
            color=charts.mode_colour(str(row["mode"]) for row in points),
            tooltip=charts.tips("name", text="reaches", intensity="flop/byte"),
        ),
        done.mark_text(align="left", dx=8, dy=1, limit=200).encode(y=alt.Y("beside:Q"), text=alt.Text("name:N")),
    ]


def _point(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "workload": row["workload"],
        "device": row["where"],
        "mode": row["mode"],
        "intensity": charts.rounded(row["flops"] / row["bytes_accessed"]),
        "rate": charts.rounded(row["flop_per_s"]),
        "text": f"{units.rate(row['flop_per_s'])} flop/s",
    }


def _roofs(intensities: Sequence[float], tops: Mapping[str, Ceilings]) -> list[dict[str, Any]]:
    """Give left end, ridge and right end of each roof."""
    found = []
    for label, top in tops.items():
        ridge = top.flop_per_s / top.byte_per_s
        ends = min([*intensities, ridge]) / 2, max([*intensities, ridge]) * 4
        for at in (ends[0], ridge, ends[1]):
            rate = min(top.flop_per_s, at * top.byte_per_s)
            at_end = at == ends[1]
            found.append(
                {"device": label, "intensity": charts.rounded(at), "rate": charts.rounded(rate), "end": at_end}
            )
    return found


def _spaced(points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add where the name of each point stands, one above the other where they would overlap."""
    ordered = sorted(points, key=lambda point: point["rate"])
    decades = math.log10(ordered[-1]["rate"] / ordered[0]["rate"]) + 2  # the roof is above them
    step, below, found = 10 ** (decades * NAME / HEIGHT), 0.0, []
    for point in ordered:
        below = max(point["rate"], below * step)
        found.append({**point, "beside": charts.rounded(below)})
    return found
