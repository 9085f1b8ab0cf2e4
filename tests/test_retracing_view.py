"""The retrace ledger as a table, from records made by hand."""

from dataclasses import replace
from typing import Any

import pytest
from tfbench.bench import store
from tfbench.bench.calls import SHAPE, VALUE, Call, Cause, Sequence, Trace
from tfbench.reports import retracing_view, views

CAUSE = Cause(kind=SHAPE, argument="x", before="[32,8]", after="[24,8]", fix="a None dimension")
FIRST = Trace(function="step", file="toy.py", line=3, seconds=0.5, first=True, causes=())
AGAIN = replace(FIRST, seconds=0.25, first=False, causes=(CAUSE,))


def call(label: str, *traces: Trace, compiles: int = 0, rss_bytes: int | None = 2**20, note: str = "") -> Call:
    return Call(
        label=label,
        seconds=1.0,
        traces=traces,
        compiles=compiles,
        compile_s=0.125 * compiles,
        compiled=("step",) * compiles,
        rss_bytes=rss_bytes,
        note=note,
    )


def sequence(*done: Call, **changes: Any) -> Sequence:
    fields: dict[str, Any] = {"workload": "toy", "mode": "graph", "name": "lengths", "fix": "pad it", "fixed": False}
    return Sequence(**{**fields, **changes}, calls=done)


RETRACED = sequence(call("32", FIRST), call("24", AGAIN), call("32", rss_bytes=-(2**19)))
HIDDEN = sequence(
    call("3", FIRST, compiles=1), call("4", compiles=1), call("5", compiles=2), mode="xla", name="open lengths"
)
STALE = sequence(call("1", FIRST), call("2", note="stale: answers with 1"), name="closure")
FINE = replace(RETRACED, fixed=True, calls=(call("32", FIRST), call("24"), call("32")))


def texts(run: Any) -> list[list[str]]:
    printed = [column for column in retracing_view.VIEW.columns if column.header]
    return [[column.text(row) for column in printed] for row in retracing_view.rows(run)]


def test_a_row_adds_the_calls_up(records: Any) -> None:
    assert texts(records.run(sequences=(RETRACED, FINE))) == [
        ["toy", "lengths", "graph", "as written", "3", "2", "0", "750 ms", "0", "3.00 s", "1.5 MiB", "shape"],
        ["toy", "lengths", "graph", "fixed", "3", "1", "0", "500 ms", "0", "3.00 s", "3.0 MiB", "-"],
    ]


def test_memory_that_is_not_told_is_none(records: Any) -> None:
    (row,) = retracing_view.rows(records.run(sequences=(sequence(call("1", rss_bytes=None)),)))
    assert row["rss_bytes"] is None
    assert retracing_view.mib(row["rss_bytes"]) == "-"


@pytest.mark.parametrize(("size", "text"), [(-4096, "0.0 MiB"), (-(2**20), "-1.0 MiB"), (3 * 2**19, "1.5 MiB")])
def test_memory_is_written_to_a_tenth(size: int, text: str) -> None:
    assert retracing_view.mib(size) == text


def test_the_note_of_a_retrace_names_cause_and_fix(records: Any) -> None:
    (note,) = retracing_view.notes(records.run(sequences=(RETRACED, FINE)))
    assert note == "toy lengths (graph): argument x: shape [32,8] became [24,8]. Fix: pad it"


def test_hidden_compiles_are_told_beside_the_traces(records: Any) -> None:
    run = records.run(sequences=(HIDDEN,))
    (note,) = retracing_view.notes(run)
    assert texts(run)[0][5:] == ["1", "4", "500 ms", "500 ms", "3.00 s", "3.0 MiB", "hidden compiles"]
    assert (
        note
        == "toy open lengths (xla): one trace, 4 compiles of step: experimental_get_tracing_count says 1. Fix: pad it"
    )


def test_a_stale_answer_is_told_though_nothing_was_traced(records: Any) -> None:
    run = records.run(sequences=(STALE,))
    (note,) = retracing_view.notes(run)
    assert texts(run)[0][-1] == "stale answers"
    assert note == "toy closure (graph): no new trace, 2: stale: answers with 1. Fix: pad it"


def test_what_is_the_same_in_two_modes_is_told_once(records: Any) -> None:
    (note,) = retracing_view.notes(records.run(sequences=(RETRACED, replace(RETRACED, mode="xla"), FINE)))
    assert note == "toy lengths (graph, xla): argument x: shape [32,8] became [24,8]. Fix: pad it"


def test_a_cause_is_told_once(records: Any) -> None:
    other = replace(AGAIN, causes=(replace(CAUSE, kind=VALUE, before="1", after="2"),))
    many = sequence(call("1", FIRST), call("2", AGAIN), call("3", AGAIN, other))
    (row,) = retracing_view.rows(records.run(sequences=(many,)))
    assert row["kinds"] == "shape, python value"
    assert row["causes"] == "argument x: shape [32,8] became [24,8]; argument x: python value 1 became 2"


def test_what_is_missing_stands_last(records: Any) -> None:
    run = records.run(sequences=(RETRACED,), ledger_notes=("retrace ledger of toy, start: died",))
    assert retracing_view.notes(run)[1:] == ["retrace ledger of toy, start: died"]


def test_the_ledger_survives_the_file_and_old_files_have_none(records: Any, tmp_path: Any) -> None:
    run = records.run(sequences=(RETRACED, HIDDEN), ledger_notes=("a note",))
    assert store.load(records.write(run, tmp_path)) == run
    content = store.to_json(run, {}, {})
    del content["tfbench"]["sequences"], content["tfbench"]["ledger_notes"]
    assert store.from_json(content, "old").sequences == ()


@pytest.mark.parametrize("sequences", [(), (RETRACED, HIDDEN, STALE, FINE)])
def test_the_frame_has_its_types(records: Any, sequences: tuple[Sequence, ...]) -> None:
    frame = views.to_frame(retracing_view.VIEW, [records.run(sequences=sequences)])
    assert len(frame) == len(sequences)
    assert {str(frame[name].dtype) for name in ("calls", "traces", "compiles")} == {"int64"}
    assert (str(frame["rss_bytes"].dtype), str(frame["fix"].dtype)) == ("Int64", "string")
