"""The chart of speed-ups with their intervals."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd
from tfbench.reports import charts, tables
from tfbench.reports.page import DataTable, Figure, Rows, Tags

SIDES = LEFT, RIGHT, ABOVE = "left", "right", "above"
ROOM = 0.3  # share of the axis that the figures take
RATIO_LABEL = "datum.value >= 1000 ? format(datum.value, ',') + 'x' : format(datum.value, '~g') + 'x'"


def chart(rows: Sequence[Mapping[str, Any]], *, name: str, baseline: str, table: DataTable, tags: Tags) -> Figure:
    """Draw the speed-up of each case over the baseline, with its 95 % interval.

    Args:
        rows: the measured cases of a comparison set, with their columns of the summary and a `name`.
        name: of the figure.
        baseline: how it is called.
        table: the same figures.
        tags: what the figure is about.
    """
    drawn = _drawn([row for row in rows if pd.notna(row["speedup"])])
    several = sum(row["text"] == "baseline" for row in drawn) > 1
    over = "its own baseline" if several else baseline
    return charts.figure(
        *_layers(name, drawn),
        name=name,
        title="Speed-up",
        caption=f"Over {over}, which is the line at 1x; with the 95 % interval over invocations. Further right is "
        "faster; each step to the right multiplies.",
        data={name: drawn, f"{name}-one": [{"one": 1}]},
        height=charts.rows_of(24),
        filters=["mode", "device"],
        table=table,
        tags=tags,
    )


def _layers(name: str, drawn: Rows) -> list[alt.Chart]:
    """Give the baseline's line, the intervals, the speed-ups, and their figures at the side that has room."""
    modes = [str(row["mode"]) for row in drawn]
    named = charts.layer(name, ["mode", "device"]).encode(y=charts.names_axis())
    axis = alt.Axis(labelExpr=RATIO_LABEL, values=charts.log_ticks(row["speedup"] for row in drawn))
    ratio = alt.X("speedup:Q", title="times as fast as the baseline", scale=charts.log_scale(18), axis=axis)
    point = named.mark_point(filled=True, size=75, opacity=1).encode(
        x=ratio,
        color=charts.mode_colour(modes),
        shape=charts.mode_shape(modes),
        tooltip=charts.tips("name", "verdict", text="speed-up"),
    )
    span = named.mark_rule(strokeWidth=2.5).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"))
    # The style sheet gives them a halo, since the baseline's line may run through them.
    words = {side: named.properties(name=f"halo_{side}").transform_filter(f"datum.side == '{side}'") for side in SIDES}
    one = charts.layer(f"{name}-one").mark_rule(color=charts.SOFT)
    return [
        one.encode(x=alt.X("one:Q")),
        span.encode(color=charts.mode_colour(modes)),
        point,
        words[RIGHT].mark_text(align="left", dx=9).encode(x=alt.X("high:Q"), text=alt.Text("text:N")),
        words[LEFT].mark_text(align="right", dx=-9).encode(x=alt.X("low:Q"), text=alt.Text("text:N")),
        words[ABOVE].mark_text(dy=-10).encode(x=alt.X("speedup:Q"), text=alt.Text("text:N")),
    ]


def _drawn(rows: Sequence[Mapping[str, Any]]) -> Rows:
    drawn: list[dict[str, Any]] = [
        {
            "name": row["name"],
            "mode": row["mode"],
            "device": row["where"],
            "speedup": charts.rounded(row["speedup"]),
            "low": charts.rounded(row["speedup_low"] if pd.notna(row["speedup_low"]) else row["speedup"]),
            "high": charts.rounded(row["speedup_high"] if pd.notna(row["speedup_high"]) else row["speedup"]),
            "text": "baseline" if row["case"] == row["baseline"] else tables.speedup_text(dict(row)),
            "verdict": "" if pd.isna(row["verdict"]) else row["verdict"],
        }
        for row in rows
    ]
    ends = min((row["low"] for row in drawn), default=1.0), max((row["high"] for row in drawn), default=1.0)
    return [{**row, "side": side(row["low"], row["high"], ends)} for row in drawn]


def side(low: float, high: float, ends: tuple[float, float]) -> str:
    """Tell on which side of an interval there is room for its figures, on a logarithmic axis between these ends."""
    whole = math.log(ends[1] / ends[0])
    rooms = {RIGHT: math.log(ends[1] / high), LEFT: math.log(low / ends[0])}
    roomier = max(rooms, key=lambda name: rooms[name])
    return roomier if rooms[roomier] >= ROOM * whole else ABOVE
