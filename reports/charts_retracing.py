"""The timeline of call sequences: which calls were traced or compiled again, what that cost, and why."""

from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt
from tfbench.bench.calls import Call
from tfbench.bench.calls import Sequence as Calls
from tfbench.reports import charts, palette, units
from tfbench.reports.page import DataTable, Figure, Tags
from tfbench.reports.retracing_view import AS_WRITTEN, FIXED

PARTS = {"trace": "trace", "XLA compile": "compile", "the rest of the call": "idle"}


def chart(sequences: Sequence[Calls], *, name: str, table: DataTable, tags: Tags) -> Figure:
    """Draw the calls of each sequence one after the other, as they took time: a row as written, one as fixed."""
    pieces = [piece for sequence in sequences for piece in _pieces(sequence)]
    rows_drawn = [{**_row(sequence), "label": label_of(sequence)} for sequence in sequences]
    seconds = alt.X("from:Q", title="time in all calls", axis=alt.Axis(labelExpr=charts.TIME_LABEL, tickCount=5))
    bars = (
        charts.layer(f"{name}-pieces", ["mode"])
        .mark_bar(height=11, yOffset=6, stroke=charts.GROUND, strokeWidth=0.5)
        .encode(
            y=charts.unnamed_axis(),
            x=seconds,
            x2=alt.X2("to:Q"),
            color=charts.colour(list(PARTS), [palette.variable(c) for c in PARTS.values()], "part", legend=True),
            tooltip=charts.tips("name", "call", "part", text="took", why="because"),
        )
    )
    rows = charts.layer(f"{name}-rows", ["mode"])
    return charts.figure(
        bars,
        charts.above(rows, field="label", dy=-8),
        name=name,
        title="Calls that are traced or compiled again",
        caption="Each row is a sequence of calls as users write them, and again with the fix; a call begins where the "
        "last one ended. Its name says which calls TensorFlow traced, or XLA compiled, anew, and why.",
        data={f"{name}-pieces": pieces, f"{name}-rows": rows_drawn},
        height=charts.rows_of(33),
        filters=["mode"],
        table=table,
        wide=True,
        tags=tags,
    )


def _row(sequence: Calls) -> dict[str, Any]:
    variant = FIXED if sequence.fixed else AS_WRITTEN
    return {"name": f"{sequence.name} {sequence.mode}, {variant}", "mode": sequence.mode}


def why(call: Call) -> str:
    """Say in a word or two why a call was traced or compiled again; empty for a first trace, or none."""
    kinds = list(dict.fromkeys(cause.kind for trace in call.traces for cause in trace.causes))
    if kinds:
        return ", ".join(kinds)
    if call.compiles and not call.traces:
        return "hidden compile"
    return "stale answer" if call.note else ""


def _pieces(sequence: Calls) -> Iterator[dict[str, Any]]:
    start = 0.0
    for number, call in enumerate(sequence.calls, start=1):
        traced = min(call.seconds, sum(trace.seconds for trace in call.traces))
        compiled = min(call.seconds - traced, call.compile_s)
        for part, seconds in zip(PARTS, (traced, compiled, call.seconds - traced - compiled), strict=True):
            if seconds > 0:
                yield {
                    **_row(sequence),
                    "call": f"{number}: {call.label}",
                    "part": part,
                    "from": charts.rounded(start, 6),
                    "to": charts.rounded(start + seconds, 6),
                    "text": units.seconds(seconds),
                    "why": why(call),
                }
            start += seconds


def label_of(sequence: Calls) -> str:
    """Name a sequence, and which of its calls were traced or compiled again for what: `..., calls 2, 3: shape`."""
    found: dict[str, list[str]] = {}
    for number, call in enumerate(sequence.calls, start=1):
        if why(call):
            found.setdefault(why(call), []).append(str(number))
    told = (f"{'calls' if len(numbers) > 1 else 'call'} {', '.join(numbers)}: {it}" for it, numbers in found.items())
    return "; ".join([_row(sequence)["name"], *told])
