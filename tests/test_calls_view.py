"""The retrace ledger call by call, from records made by hand."""

from dataclasses import replace
from typing import Any

from tfbench.bench import calls
from tfbench.bench.calls import SHAPE, Call, Cause, Sequence, Trace
from tfbench.reports import calls_view, views

CAUSE = Cause(kind=SHAPE, argument="x", before="[32]", after="[24]", fix="pad")
FIRST = Trace(function="step", file="toy.py", line=3, seconds=0.5, first=True, causes=())
AGAIN = Trace(function="step", file="toy.py", line=3, seconds=0.25, first=False, causes=(CAUSE,))


def call(label: str, *traces: Trace, note: str = "") -> Call:
    compiled = ("step",) * len(traces)
    return Call(
        label=label,
        seconds=1.0,
        traces=traces,
        compiles=len(compiled),
        compile_s=0.125 * len(compiled),
        rss_bytes=2**20 if traces else None,
        compiled=compiled,
        note=note,
    )


def test_each_call_says_what_it_did_and_why(records: Any) -> None:
    done = (call("32", FIRST), call("24", AGAIN), call("32"), call("8", note="stale: 3"))
    sequence = Sequence(workload="toy", mode="xla", name="lengths", fix="pad it", fixed=False, calls=done)
    run = records.run(sequences=(sequence,), ledger_notes=("a note",))
    printed = [column for column in calls_view.VIEW.columns if column.header]
    assert [[column.text(row) for column in printed][4:] for row in calls_view.rows(run)] == [
        ["32", "1.00 s", "1", "1", "1.0 MiB", "first trace"],
        ["24", "1.00 s", "1", "1", "1.0 MiB", "argument x: shape [32] became [24]"],
        ["32", "1.00 s", "0", "0", "-", "-"],
        ["8", "1.00 s", "0", "0", "-", "stale: 3"],
    ]
    assert calls_view.VIEW.notes(run) == ("a note",)
    frame = views.to_frame(calls_view.VIEW, [run, run])
    assert list(frame["number"]) == [1, 2, 3, 4] * 2
    assert frame["trace_s"].sum() == 2 * 0.75
    assert set(frame["fix"]) == {"pad it"}


def test_traces_after_the_first_call_are_said_in_a_line() -> None:
    variables = replace(AGAIN, causes=(replace(CAUSE, kind=calls.VARIABLES),))
    assert calls.again([FIRST, variables]) == ""
    assert calls.again([FIRST, AGAIN]) == f"traced once more after the first call: {CAUSE.text}"
    other = replace(AGAIN, causes=(replace(CAUSE, after="other"),))
    assert calls.again([AGAIN, AGAIN, other]) == f"traced 3 times more after the first call: {CAUSE.text} (and 1 other)"
