"""The chart of the cold ledger: what a case costs before it runs steadily."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd
from tfbench.reports import charts, palette, units
from tfbench.reports.page import DataTable, Figure, Rows, Tags

PHASES = {"build_s": "build", "trace_s": "trace", "compile_s": "XLA compile", "first_run_s": "first run"}
FILTERS = ("mode", "device")
COLOURS = ("build", "trace", "compile", "first-run")


def chart(rows: Sequence[Mapping[str, Any]], *, name: str, table: DataTable, tags: Tags) -> Figure:
    """Draw build, trace, compile and first run of each case as one bar."""
    return charts.figure(
        _bars(f"{name}-parts"),
        *_words(f"{name}-ends"),
        name=name,
        title="Before it runs steadily",
        caption="The cold ledger, in the median over invocations: building the step, TensorFlow's trace, XLA's "
        "compile and the first run. The figure beside a bar is the first call, without the build. Compilers in "
        "threads of their own may add up to more than it; the bar then ends with it.",
        data={f"{name}-parts": _parts(rows), f"{name}-ends": _ends(rows)},
        height=charts.rows_of(22),
        filters=FILTERS,
        table=table,
        tags=tags,
    )


def _bars(name: str) -> alt.Chart:
    phases = charts.colour(list(PHASES.values()), [palette.variable(c) for c in COLOURS], "phase", legend=True)
    return (
        charts.layer(name, FILTERS)
        .mark_bar(height=14, stroke=charts.GROUND, strokeWidth=0.5)
        .encode(
            y=charts.names_axis(),
            x=alt.X("s:Q", title=None, axis=alt.Axis(labelExpr=charts.TIME_LABEL, tickCount=5)),
            color=phases,
            order=alt.Order("order:Q"),
            tooltip=charts.tips("name", "phase", text="took"),
        )
    )


def _words(name: str) -> list[alt.Chart]:
    """Give the figures beside the bars, and what nobody sees but makes room for them beside the longest."""
    over = charts.layer(name, FILTERS)
    words = over.mark_text(align="left", dx=5, color=charts.SOFT)
    return [
        words.encode(y=charts.names_axis(), x=alt.X("s:Q"), text=alt.Text("text:N")),
        over.mark_point(opacity=0).encode(x=alt.X("room:Q")),
    ]


def _parts(rows: Sequence[Mapping[str, Any]]) -> Rows:
    return [
        {
            **_case(row),
            "phase": phase,
            "order": order,
            "s": charts.rounded(length),
            "text": units.seconds(row[column]),
        }
        for row in rows
        for order, (column, phase) in enumerate(PHASES.items())
        if (length := _length(row, column)) > 0
    ]


def _length(row: Mapping[str, Any], column: str) -> float:
    """Give how long a part of the bar is; compilers side by side may add up to more than the first call has."""
    if column == "compile_s" and pd.isna(row["first_run_s"]):
        return max(0.0, float(row["first_call_s"] - row["trace_s"]))
    return 0.0 if pd.isna(row[column]) else float(row[column])


def _ends(rows: Sequence[Mapping[str, Any]]) -> Rows:
    sums = [sum(_length(row, column) for column in PHASES) for row in rows]
    return [
        {
            **_case(row),
            "s": charts.rounded(whole),
            "room": charts.rounded(1.25 * whole),
            "text": units.seconds(row["first_call_s"]),
        }
        for row, whole in zip(rows, sums, strict=True)
    ]


def _case(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": row["name"], "mode": row["mode"], "device": row["where"]}
