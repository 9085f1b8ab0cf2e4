"""Charts of profiles: what a step's time goes to, and which operations take most of it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import altair as alt
from tfbench.reports import charts, costs_view, ops_view, palette, profile_view, units
from tfbench.reports.page import DataTable, Figure, Tags

PARTS = {name: header for name, (header, _) in profile_view.SHARES.items()} | {"idle_share": "idle"}
LONGEST = 34  # letters of an operation's name
COLOURS = ("operations", "python", "runtime", "all-reduce", "input", "compile", "idle")


def parts(rows: Sequence[Mapping[str, Any]], *, name: str, table: DataTable, tags: Tags) -> Figure:
    """Draw what a step's time goes to, a bar for each case: rows of the table `profile`, with a `name`."""
    drawn = [
        {
            "name": row["name"],
            "mode": row["mode"],
            "device": row["where"],
            "part": part,
            "order": order,
            "share": charts.rounded(row[column]),
            "text": costs_view.percent(row[column]),
        }
        for row in rows
        for order, (column, part) in enumerate(PARTS.items())
        if row[column] > 0
    ]
    return charts.figure(
        _part_bars(name, {str(row["part"]) for row in drawn}),
        name=name,
        title="Where a step's time goes",
        caption="In idle time every thread waits for another.",
        data={name: drawn},
        height=charts.rows_of(22),
        filters=["mode", "device"],
        table=table,
        tags=tags,
    )


def _part_bars(name: str, there: Collection[str]) -> alt.Chart:
    colours = {part: palette.variable(c) for part, c in zip(PARTS.values(), COLOURS, strict=True) if part in there}
    return (
        charts.layer(name, ["mode", "device"])
        .mark_bar(height=14, stroke=charts.GROUND, strokeWidth=0.5)
        .encode(
            y=charts.names_axis(),
            x=alt.X("share:Q", title="of a traced step", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
            color=charts.colour(list(colours), list(colours.values()), "part", legend=True),
            order=alt.Order("order:Q"),
            tooltip=charts.tips("name", "part", text="of the step"),
        )
    )


def operations(
    rows: Sequence[Mapping[str, Any]], *, name: str, title: str, caption: str, table: DataTable, tags: Tags
) -> Figure:
    """Draw the operations that take most of a step, mode by mode: rows of the table `ops` of one implementation."""
    drawn = [
        {
            "key": f"{row['case']} {i}",
            "mode": row["mode"],
            "op": ops_view.short(row["op"], LONGEST),
            "share": charts.rounded(row["share"]),
            "text": f"{units.seconds(row['wall_s'])}, {costs_view.percent(row['share'])}",
        }
        for i, row in enumerate(rows)
    ]
    return charts.figure(
        *_operation_layers(name, [str(row["mode"]) for row in drawn]),
        name=name,
        title=title,
        caption=caption,
        data={name: drawn},
        height=charts.rows_of(26),
        filters=["mode"],
        table=table,
        tags=tags,
    )


def _operation_layers(name: str, modes: Sequence[str]) -> list[alt.Chart]:
    """Give the bars, and above each the operation and its figures."""
    over = charts.layer(name, ["mode"]).encode(y=charts.unnamed_axis("key"))
    share = alt.X("share:Q", title="of a traced step", axis=alt.Axis(format="%", tickCount=5, grid=False))
    bars = over.mark_bar(height=6, yOffset=7).encode(
        x=share,
        color=charts.mode_colour(modes, legend=True),
        tooltip=charts.tips("mode", op="operation", text="of a step"),
    )
    names = over.mark_text(align="left", baseline="middle", dy=-4, limit=260)
    figures = over.mark_text(align="right", baseline="middle", dy=-4, color=charts.SOFT)
    return [
        bars,
        names.encode(x=alt.value(0), text=alt.Text("op:N")),
        figures.encode(x=alt.value("width"), text=alt.Text("text:N")),
    ]
