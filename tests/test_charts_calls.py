"""Charts over the number of calls, on figures worked out by hand."""

from typing import Any

import pytest
from page_runs import measurement
from tfbench.bench.record import Measurement
from tfbench.reports import breakeven, charts_calls, headlines
from tfbench.reports.page import DataTable

EMPTY = DataTable(caption="", headings=(), lines=())


@pytest.fixture
def members(records: Any) -> tuple[Measurement, ...]:
    """Give eager at 1 s a call from the first on, and XLA at 0.5 s after a first call of 10 s: even at call 19."""

    def one(mode: str, first_s: float, call_s: float) -> Measurement:
        ledger = records.ledger(trace_s=0.0, compile_s=0.0, first_run_s=first_s)
        done = tuple(records.invocation((call_s,) * 3, index=i, iterations=1, ledger=ledger) for i in (1, 2))
        found: Measurement = records.measurement(case=records.case(mode=mode), invocations=done)
        return found

    return one("eager", 1.0, 1.0), one("xla", 10.0, 0.5)


def test_bars_follow_each_other_from_the_first_call_to_a_million(records: Any, members: Any) -> None:
    (headline,) = headlines.of_run(records.run(measurements=members))
    figure = charts_calls.cheapest({"toy by hand": headline}, name="verdicts")
    bars = figure.data["verdicts-bars"]
    assert [(row["name"], row["mode"], row["from"], row["to"]) for row in bars] == [
        ("toy by hand", "eager", 1.0, 19.0),
        ("toy by hand", "xla", 19.0, 1e6),
    ]
    assert bars[0]["middle"] == pytest.approx(19**0.5, rel=1e-3)  # the axis is logarithmic
    assert figure.data["verdicts-ends"] == [
        {"name": "toy by hand", "workload": "toy", "device": "cpu", "low": 19.0, "high": 19.0}
    ]
    assert figure.table is not None
    assert [[cell.text for cell in line.cells] for line in figure.table.lines] == [
        ["toy by hand", "eager", "1"],
        ["toy by hand", "xla", "19 [19, 19]"],
    ]


def test_what_pays_back_beyond_a_million_calls_is_not_drawn(records: Any, members: Any, with_fields: Any) -> None:
    late = headlines.Stage(mode="xla", calls=2e6, low=1e6, high=3e6)
    (headline,) = headlines.of_run(records.run(measurements=members))
    headline = with_fields(headline, stages=(headline.stages[0], late))
    figure = charts_calls.cheapest({"toy": headline}, name="v")
    assert [(row["mode"], row["to"]) for row in figure.data["v-bars"]] == [("eager", 1e6)]
    assert figure.data["v-ends"] == []


def test_curves_are_the_first_call_and_steady_ones(members: Any) -> None:
    figure = charts_calls.totals(members, name="t", title="", caption="", table=EMPTY, tags={})
    eager, xla = figure.data["t-curves"]
    assert (eager["mode"], xla["mode"]) == ("eager", "xla")
    at = {n: (e, x) for n, e, x in zip(eager["n"], eager["s"], xla["s"], strict=True)}
    assert at[1] == (1.0, 10.0)
    assert at[100] == (100.0, 59.5)  # 10 s, and 99 times 0.5
    assert at[10_000] == (10_000.0, 5010.0)  # of 5009.5, in four digits
    assert xla["text"][eager["n"].index(100)] == "59.5 s"
    assert (eager["n"][0], eager["n"][-1]) == (1, 10**6)
    (even,) = breakeven.of_run(members)
    assert figure.data["t-meets"] == [
        {
            "n": even.calls,
            "s": even.seconds,
            "low": even.low,
            "high": even.high,
            "call": "19",
            "label": "xla has paid back over eager from call 19 on",
            "row": 0,
        }
    ]


def test_modes_that_never_meet_have_no_rings(records: Any) -> None:
    made = [measurement(records, "eager"), measurement(records, "graph", scale_s=1.0)]
    figure = charts_calls.totals(made, name="t", title="", caption="", table=EMPTY, tags={})
    assert figure.data["t-meets"] == []
    assert len(figure.spec["layer"]) == 2
