"""The chart of the cold ledger."""

from typing import Any

from tfbench.reports import charts_ledger
from tfbench.reports.page import DataTable

EMPTY = DataTable(caption="", headings=(), lines=())


def row(**changes: Any) -> dict[str, Any]:
    fields = {"name": "toy xla", "mode": "xla", "where": "cpu", "build_s": 0.5, "trace_s": 0.25}
    return {**fields, "compile_s": 0.125, "first_run_s": 0.0625, "first_call_s": 0.4375, **changes}


def test_a_bar_is_made_of_its_phases_in_order_and_says_the_first_call() -> None:
    figure = charts_ledger.chart([row()], name="l", table=EMPTY, tags={})
    assert [(part["phase"], part["order"], part["s"], part["text"]) for part in figure.data["l-parts"]] == [
        ("build", 0, 0.5, "500 ms"),
        ("trace", 1, 0.25, "250 ms"),
        ("XLA compile", 2, 0.125, "125 ms"),
        ("first run", 3, 0.0625, "62.5 ms"),
    ]
    (end,) = figure.data["l-ends"]
    assert (end["s"], end["text"]) == (0.9375, "438 ms")
    assert end["room"] > end["s"]


def test_what_took_no_time_or_is_not_known_is_not_drawn() -> None:
    eager = row(name="toy eager", mode="eager", trace_s=0.0, compile_s=None, first_call_s=0.0625)
    figure = charts_ledger.chart([eager], name="l", table=EMPTY, tags={})
    assert [part["phase"] for part in figure.data["l-parts"]] == ["build", "first run"]
    assert figure.data["l-ends"][0]["s"] == 0.5625


def test_compilers_side_by_side_end_with_the_first_call() -> None:
    # 8 s of compiling by several threads in a first call of 1 s, of which the trace was a quarter.
    apart = row(compile_s=8.0, first_run_s=None, first_call_s=1.0)
    figure = charts_ledger.chart([apart], name="l", table=EMPTY, tags={})
    assert [(part["phase"], part["s"], part["text"]) for part in figure.data["l-parts"]] == [
        ("build", 0.5, "500 ms"),
        ("trace", 0.25, "250 ms"),
        ("XLA compile", 0.75, "8.00 s"),
    ]
    assert (figure.data["l-ends"][0]["s"], figure.data["l-ends"][0]["text"]) == (1.5, "1.00 s")
