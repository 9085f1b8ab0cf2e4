"""What is said first: which mode, from which call on, and by how much; worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tfbench.bench.record import Measurement, Run
from tfbench.reports import breakeven, frame, headlines, tables
from tfbench.reports.headlines import Headline, Stage

STEP = 1.01


@pytest.fixture
def cost(records: Any) -> Any:
    """Give the factory of a measurement: its mode, its first call, and the time of a call in each invocation."""

    def make(mode: str, first_s: float, call_s: Sequence[float], **changes: Any) -> Measurement:
        parts = {"trace_s": 0.0, "compile_s": 0.0, "first_run_s": first_s}
        done = tuple(
            records.invocation((s,) * 3, index=i, iterations=1, ledger=records.ledger(**parts))
            for i, s in enumerate(call_s, start=1)
        )
        found: Measurement = records.measurement(case=records.case(mode=mode, **changes), invocations=done)
        return found

    return make


@pytest.fixture
def only(records: Any) -> Any:
    """Give the function that makes the one headline of these measurements."""

    def make(*measurements: Measurement) -> Headline:
        (found,) = headlines.of_run(records.run(measurements=measurements))
        return found

    return make


def with_first_calls(measurement: Measurement, first_s: Sequence[float]) -> Measurement:
    done = tuple(
        replace(one, ledger=replace(one.ledger, first_call_s=s))
        for one, s in zip(measurement.invocations, first_s, strict=True)
    )
    return replace(measurement, invocations=done)


def text(headline: Headline) -> str:
    return "".join(word for word, _ in headlines.sentence(headline))


def test_a_mode_that_is_faster_is_to_be_used_from_where_it_has_paid_back(cost: Any, only: Any) -> None:
    # 9 s more at first, half a second less each call: after 18 calls more.
    found = only(cost("eager", 1.0, (1.0,) * 3), cost("xla", 10.0, (0.5,) * 3))
    assert found.kind == headlines.USE
    assert found.stages == (Stage(mode="eager", calls=1.0), Stage(mode="xla", calls=19.0, low=19.0, high=19.0))
    assert text(found) == "use xla from call 19 on; 2.00x over eager"
    assert headlines.sentence(found)[1] == ("xla", "xla")
    assert headlines.reasons(found) == ["least in all: eager at first, xla from call 19 [19, 19]"]


def test_each_stage_begins_where_the_next_mode_has_cost_less_than_the_last(cost: Any, only: Any) -> None:
    # Graph: 2 s more at first, half less each call: from call 5. XLA over graph: 8 s more, 0.25 s less: from call 33;
    # over eager it would be from call 14.33.
    members = cost("eager", 1.0, (1.0,) * 3), cost("graph", 3.0, (0.5,) * 3), cost("xla", 11.0, (0.25,) * 3)
    found = only(*members)
    assert [(stage.mode, stage.calls) for stage in found.stages] == [("eager", 1.0), ("graph", 5.0), ("xla", 33.0)]
    even = {(one.slow, one.fast): one.calls for one in breakeven.of_run(members)}
    assert even[members[0].case.id, members[2].case.id] == pytest.approx(1 + 10 / 0.75)
    assert text(found) == "use xla from call 33 on; 4.00x over eager"
    assert headlines.reasons(found)[1:] == ["graph: 2.00x over eager"]


def test_a_mode_that_is_cheaper_at_once_has_no_other_before_it(cost: Any, only: Any) -> None:
    found = only(cost("eager", 5.0, (1.0,) * 3), cost("xla", 2.0, (0.5,) * 3))
    assert text(found) == "use xla from the first call on; 2.00x over eager"
    assert headlines.ladder(found) == "xla from the first call on"
    assert headlines.reasons(found) == []


def test_eager_stays_where_the_others_are_slower(cost: Any, only: Any) -> None:
    found = only(cost("eager", 1.0, (1.0,) * 3), cost("graph", 2.0, (4.0,) * 3), cost("xla", 3.0, (2.0,) * 3))
    assert found.kind == headlines.STAY
    assert text(found) == "stay in eager; xla is 0.500x over eager"
    assert headlines.reasons(found) == ["graph: 0.250x over eager"]


def test_what_differs_by_less_than_matters_is_alike(cost: Any, only: Any) -> None:
    found = only(cost("eager", 1.0, (1.0,) * 3), cost("graph", 1.0, (STEP,) * 3), cost("xla", 1.0, (2.0,) * 3))
    assert found.kind == headlines.ALIKE
    assert text(found) == "eager and graph: no difference that matters, all within 5 %"


def test_modes_that_cannot_be_told_apart_are_both_named(cost: Any, only: Any) -> None:
    found = only(
        cost("eager", 1.0, (8.0, 8.1, 7.9)), cost("graph", 1.0, (1.0, 1.1, 1.2)), cost("xla", 1.0, (1.2, 1.0, 1.11))
    )
    assert found.best == ("graph", "xla")
    assert text(found).startswith("use graph or xla from the first call on; 7")


def test_what_is_not_decided_says_what_would_decide(records: Any, only: Any) -> None:
    eager, xla = records.timed(1.0, 1.3, mode="eager"), records.timed(1.0, 1.0, mode="xla")
    more = int(frame.summary_frame([records.run(measurements=(eager, xla))]).iloc[1]["more_invocations"])
    found = only(eager, xla)
    assert found.kind == headlines.UNDECIDED
    assert text(found) == (
        f"eager or xla, not decided: xla is 1.1x over eager [0.22, 6.0]; about {more} more invocations would decide"
    )


def test_a_mode_that_the_table_calls_faster_is_used_whatever_the_totals(cost: Any, only: Any) -> None:
    # Graph's one slow process in three hides it from XLA's totals; XLA alone is surely faster than eager.
    eager = (1.0, 1.0, 1.0)
    found = only(cost("eager", 1.0, eager), cost("graph", 1.0, (0.1, 0.1, 1.2)), cost("xla", 1.0, (0.5, 0.49, 0.51)))
    verdicts = {mode: found.compared[mode]["verdict"] for mode in found.others}
    assert (found.best[0], verdicts) == ("graph", {"graph": "undecided", "xla": "faster"})
    assert text(found) == "use xla; 2.00x over eager [1.90, 2.10]"
    assert headlines.reasons(found)[-1].startswith("graph: 4.4x over eager [")


def test_the_fastest_of_those_that_are_is_used_where_the_totals_favour_the_base(cost: Any, only: Any) -> None:
    # In a million calls of 2 us neither surely makes up for first calls of a second more or less.
    us, first = 1e-6, (0.1, 1.2, 0.1)
    graph, xla = (cost(mode, 1.0, (t * us,) * 3) for mode, t in (("graph", 1.8), ("xla", 1.0)))
    slow = [with_first_calls(m, first_s) for m, first_s in ((graph, (2.0, 9.0, 4.0)), (xla, (9.0, 20.0, 7.0)))]
    found = only(with_first_calls(cost("eager", 1.0, (2 * us,) * 3), first), *slow)
    assert found.best[0] == "eager"
    assert [word for word, mode in headlines.sentence(found) if mode] == ["xla"]
    assert "2.00x over eager" in text(found)


def test_a_first_call_that_may_cost_more_is_said(cost: Any, only: Any) -> None:
    eager = with_first_calls(cost("eager", 2.0, (2.0,) * 3), (2.0, 2.0, 2.0))
    found = only(eager, with_first_calls(cost("graph", 1.0, (1.0,) * 3), (1.0, 1.0, 3.0)))
    assert text(found) == "use graph from call 1 [1, 4] on; 2.00x over eager"


def test_further_modes_in_one_process_say_so(records: Any, only: Any) -> None:
    found = only(*(records.timed((t,) * 6, mode=mode) for mode, t in (("eager", 2.0), ("graph", 1.0), ("xla", 0.5))))
    assert headlines.reasons(found)[-1] == "graph: 2.00x over eager, in one process only"


def test_one_process_decides_nothing(records: Any, only: Any) -> None:
    found = only(records.timed((2.0,) * 6, mode="eager"), records.timed((1.0,) * 6, mode="xla"))
    assert text(found) == "perhaps xla: xla is 2.00x over eager, but in one process only"
    uneven = records.timed((1.0, 1.0, 1.0, 0.5, 0.5, 0.5), mode="xla")
    found = only(records.timed((2.0,) * 6, mode="eager"), uneven)
    assert text(found) == "perhaps xla: xla is 2.8x over eager [2.0, 4.0], but in one process only"
    found = only(records.timed((1.0,) * 6, mode="eager"), records.timed((2.0,) * 6, mode="xla"))
    assert text(found) == "perhaps eager: xla is 0.500x over eager, but in one process only"


def test_what_was_not_measured_together_is_not_compared(records: Any, only: Any) -> None:
    xla = records.measurement(case=records.case(mode="xla"), invocations=(records.invocation((0.5,) * 3, index=2),))
    assert text(only(records.timed(1.0, mode="eager"), xla)) == "xla was never measured beside eager"


def test_one_mode_alone_has_no_verdict(records: Any, only: Any) -> None:
    found = only(records.timed(1.0, 1.0, mode="graph"))
    assert found.kind == headlines.ALONE
    assert text(found) == "only graph was measured: 1.00 s a call"


def test_without_eager_the_next_mode_is_the_base(cost: Any, only: Any) -> None:
    found = only(cost("graph", 1.0, (1.0,) * 3), cost("xla", 1.0, (0.25,) * 3))
    assert text(found) == "use xla from the first call on; 4.00x over graph"


def test_the_best_mode_that_never_surely_pays_back_says_so(cost: Any, only: Any) -> None:
    # In the mean XLA gains over graph, but what a call gains may be nothing: 0.5, 0.5 and -0.4.
    found = only(
        cost("eager", 1.0, (10.0, 10.0, 10.0)), cost("graph", 2.0, (2.0, 2.0, 2.0)), cost("xla", 3.0, (1.5, 1.5, 2.4))
    )
    assert [stage.mode for stage in found.stages] == ["eager", "graph"]
    assert found.best == ("xla", "graph")
    assert [stage.names for stage in found.stages] == ["eager", "graph or xla"]
    # Both are named, and graph's stage is one of theirs.
    assert text(found).startswith("use xla or graph from call 2 on; ")


def test_where_a_slower_first_call_may_not_pay_back_no_call_is_named(cost: Any, only: Any) -> None:
    # XLA is 2.3 times faster in each invocation, but what a call gains is too uneven to tell what it adds up to.
    found = only(cost("graph", 1.0, (0.23, 1.15, 2.07)), cost("xla", 2.0, (0.1, 0.5, 0.9)))
    assert (found.best, [stage.mode for stage in found.stages]) == (("xla", "graph"), ["graph"])
    assert text(found).startswith("use xla; 2.3")
    assert headlines.reasons(found)[0] == "from which call on xla has cost less than graph: not decided"


def test_there_is_a_headline_for_each_implementation_parameters_and_place(records: Any, cost: Any) -> None:
    made = [
        cost(mode, 1.0, (1.0,) * 3, **changes)
        for changes in ({}, {"implementation": "library"}, {"params": (("n", 16),)}, {"workload": "other"})
        for mode in ("eager", "xla")
    ]
    run: Run = records.run(measurements=tuple(made))
    assert [one.members for one in headlines.of_run(run)] == [tuple(made[i : i + 2]) for i in range(0, 8, 2)]


def test_the_figures_are_those_of_the_table_over_the_same_baseline(records: Any) -> None:
    times = {"eager": (2.0, 2.1, 1.9), "graph": (1.0, 1.1, 0.9), "xla": (0.5, 0.51, 0.49)}
    run = records.run(measurements=tuple(records.timed(*t, mode=mode) for mode, t in times.items()))
    rows = {row["mode"]: tables.speedup_text(row) for row in frame.summary_frame([run]).to_dict("records")}
    (found,) = headlines.of_run(run)
    value, _, interval = rows["xla"].partition(" ")
    assert f"{value} over eager {interval}" in text(found)
    value, _, interval = rows["graph"].partition(" ")
    assert f"graph: {value} over eager {interval}" in headlines.reasons(found)
