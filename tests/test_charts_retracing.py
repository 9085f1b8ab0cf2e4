"""The timeline of call sequences."""

from page_runs import sequence
from tfbench.reports import charts_retracing
from tfbench.reports.page import DataTable

EMPTY = DataTable(caption="", headings=(), lines=())


def test_calls_follow_each_other_each_with_its_trace_compile_and_rest() -> None:
    # Traced calls take 0.55 s, of which 0.2 tracing and 0.25 compiling; the last 0.05 s.
    figure = charts_retracing.chart([sequence("xla", fixed=False)], name="r", table=EMPTY, tags={})
    found = [(p["call"], p["part"], p["from"], p["to"], p["why"]) for p in figure.data["r-pieces"]]
    rest = "the rest of the call"
    assert found == [
        ("1: 32", "trace", 0.0, 0.2, ""),
        ("1: 32", "XLA compile", 0.2, 0.45, ""),
        ("1: 32", rest, 0.45, 0.55, ""),
        ("2: 24", "trace", 0.55, 0.75, "shape"),
        ("2: 24", "XLA compile", 0.75, 1.0, "shape"),
        ("2: 24", rest, 1.0, 1.1, "shape"),
        ("3: 32", rest, 1.1, 1.15, ""),
    ]


def test_a_row_is_named_by_its_sequence_and_what_was_done_again() -> None:
    rows = [sequence("graph", fixed=fixed) for fixed in (False, True)]
    figure = charts_retracing.chart(rows, name="r", table=EMPTY, tags={})
    labels = ["lengths graph, as written; call 2: shape", "lengths graph, fixed"]
    assert [row["label"] for row in figure.data["r-rows"]] == labels


def test_hidden_compiles_and_stale_answers_have_their_word(with_fields) -> None:
    made = sequence("xla", fixed=False)
    hidden = [with_fields(call, traces=()) for call in made.calls]
    assert [charts_retracing.why(call) for call in hidden] == ["hidden compile", "hidden compile", ""]
    label = charts_retracing.label_of(with_fields(made, calls=tuple(hidden)))
    assert label == "lengths xla, as written; calls 1, 2: hidden compile"
    assert charts_retracing.why(with_fields(made.calls[2], note="stale: answers with 1")) == "stale answer"


def test_no_part_of_a_call_is_longer_than_the_call(with_fields) -> None:
    made = sequence("xla", fixed=False)
    call = with_fields(made.calls[0], seconds=0.3)  # compilers in parallel threads add up to more
    figure = charts_retracing.chart([with_fields(made, calls=(call,))], name="r", table=EMPTY, tags={})
    assert [(p["part"], p["from"], p["to"]) for p in figure.data["r-pieces"]] == [
        ("trace", 0.0, 0.2),
        ("XLA compile", 0.2, 0.3),
    ]
