"""Break-even by hand: totals, Fieller's interval, words, and the advice for so many calls."""

from typing import Any

import numpy as np
import pytest
from tfbench.reports import breakeven, breakeven_view, views
from tfbench.reports.breakeven import BreakEven


@pytest.fixture
def costs(records: Any) -> Any:
    """Give the factory of a measurement from (first call, steady call) in seconds, one pair an invocation."""

    def make(mode: str, *pairs: tuple[float, float]) -> Any:
        done = tuple(
            records.invocation((steady,) * 3, index=i, iterations=1, ledger=records.ledger(first_call_s=first))
            for i, (first, steady) in enumerate(pairs, start=1)
        )
        return records.measurement(case=records.case(mode=mode), invocations=done)

    return make


def test_a_total_is_the_first_call_and_the_steady_ones(costs: Any) -> None:
    (done,) = costs("eager", (5.0, 2.0)).invocations
    assert [breakeven.total_s(done, calls) for calls in (1, 2, 11)] == [5.0, 7.0, 25.0]


def test_compiling_pays_back_when_the_extra_cost_is_saved(costs: Any) -> None:
    # 8 s more at first, 2 s less a call: after the first call, 4 more. Then both have taken 2 + 4 * 3 = 10 + 4 * 1.
    slow, fast = costs("eager", *[(2.0, 3.0)] * 3), costs("graph", *[(10.0, 1.0)] * 3)
    found = breakeven.between(slow, fast)
    assert found == BreakEven(
        slow=slow.case.id, fast=fast.case.id, word="later", calls=5.0, low=5.0, high=5.0, seconds=14.0
    )


def test_one_invocation_has_no_interval(costs: Any) -> None:
    found = breakeven.between(costs("eager", (2.0, 3.0)), costs("graph", (10.0, 1.0)))
    assert (found.word, found.calls, found.low, found.high) == ("later", 5.0, None, None)


def test_a_mode_whose_calls_take_longer_never_pays_back(costs: Any) -> None:
    found = breakeven.between(costs("eager", *[(1.0, 1.0)] * 2), costs("graph", *[(1.5, 2.0)] * 2))
    assert (found.word, found.calls, found.seconds) == ("never", None, None)


def test_a_mode_that_costs_less_at_first_only_says_until_when(costs: Any, records: Any) -> None:
    # 4 s less at first, 1 s more a call: as much at call 5, which is the last that has not cost more.
    modes = costs("graph", *[(5.0, 1.0)] * 2), costs("xla", *[(1.0, 2.0)] * 2)
    found = breakeven.between(*modes)
    assert (found.word, found.calls, found.low, found.high, found.seconds) == ("until", 5.0, 5.0, 5.0, 9.0)
    run = records.run(measurements=modes)
    (row,) = breakeven_view.rows(run)
    assert breakeven_view.calls_text(row) == "until 5 [5, 5]"
    assert breakeven_view.notes(run)[-1] == "until: its first call costs less, each further one more"


def test_never_is_said_only_where_the_first_calls_are_sure(costs: Any) -> None:
    eager, graph = costs("eager", *[(2.0, 1.0)] * 3), costs("graph", (1.0, 2.0), (1.0, 2.0), (4.1, 2.0))
    found = breakeven.between(eager, graph)
    assert (found.word, found.calls, found.low) == ("until", 1.0, 1.0)
    assert found.high > 1


def test_an_end_within_a_call_is_the_call_before(costs: Any, records: Any) -> None:
    run = records.run(measurements=(costs("graph", *[(5.0, 1.0)] * 2), costs("xla", *[(1.0, 2.25)] * 2)))
    (row,) = breakeven_view.rows(run)  # 4 / 1.25 = 3.2 calls more
    assert breakeven_view.calls_text(row) == "until 4 [4, 4]"


def test_one_process_may_say_at_once_with_a_star(costs: Any, records: Any) -> None:
    run = records.run(measurements=(costs("eager", (2.0, 2.0)), costs("graph", (1.0, 1.0))))
    (row,) = breakeven_view.rows(run)
    assert breakeven_view.calls_text(row) == "at once*"


def test_a_first_call_that_may_cost_more_is_not_at_once(costs: Any, records: Any) -> None:
    # In the mean 1/3 s less at first, but 1 s more in one process; 1 s is gained each call.
    modes = costs("eager", *[(2.0, 2.0)] * 3), costs("graph", (1.0, 1.0), (1.0, 1.0), (3.0, 1.0))
    found = breakeven.between(*modes)
    assert (found.word, found.calls, found.low) == ("later", 1.0, 1.0)
    half = 4.302653 * 2 / 3  # Student's t for two degrees of freedom, times the standard error of -1, -1, 1
    assert found.high == pytest.approx(1 - 1 / 3 + half, rel=1e-5)
    (row,) = breakeven_view.rows(records.run(measurements=modes))
    assert breakeven_view.calls_text(row) == "1 [1, 4]"


def test_a_mode_that_costs_less_from_the_start_pays_back_at_once(costs: Any) -> None:
    found = breakeven.between(costs("eager", *[(2.0, 2.0)] * 2), costs("graph", *[(1.0, 1.0)] * 2))
    assert (found.word, found.calls, found.seconds) == ("at once", 1.0, 1.0)


def test_calls_that_cannot_be_told_apart_leave_it_undecided(costs: Any) -> None:
    slow, fast = costs("eager", (1.0, 1.0), (1.0, 2.0)), costs("graph", (2.0, 0.9), (2.0, 2.05))
    assert breakeven.between(slow, fast).word == "undecided"


def test_invocations_that_only_one_of_them_has_are_left_out(costs: Any, with_fields: Any) -> None:
    slow, fast = costs("eager", (2.0, 3.0), (9.0, 9.0)), costs("graph", (10.0, 1.0), (9.0, 1.0))
    alone = with_fields(fast, invocations=fast.invocations[:1])
    assert breakeven.between(slow, alone).calls == 5.0
    assert breakeven.between(with_fields(slow, invocations=slow.invocations[1:]), alone) is None


def test_fiellers_interval_holds_the_ratios_that_student_does_not_refuse() -> None:
    extra, gain = [8.0, 9.0, 7.5, 8.2], [2.0, 2.2, 1.9, 2.1]
    low, high = breakeven.fieller(extra, gain)
    for ratio in (low, high):  # at the ends, t is exactly the critical value
        rest = np.array(extra) - ratio * np.array(gain)
        t = rest.mean() / (rest.std(ddof=1) / 2)
        assert abs(t) == pytest.approx(3.182446, rel=1e-5)  # 97.5 % of Student's t, 3 degrees of freedom
    assert low < sum(extra) / sum(gain) < high


def test_a_gain_that_may_be_none_leaves_the_interval_open() -> None:
    assert breakeven.fieller([8.0, 9.0], [2.0, -1.0]) == (None, None)
    assert breakeven.fieller([8.0], [2.0]) == (None, None)


def test_fiellers_interval_covers_the_truth_in_95_of_100() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(2000):
        gain = rng.normal(1.0, 0.1, 5)
        low, high = breakeven.fieller(list(rng.normal(20.0, 4.0, 5)), list(gain))
        covered += low is not None and low <= 20.0 <= high
    assert 0.935 <= covered / 2000 <= 0.965


def test_every_pair_of_modes_of_an_implementation_is_told(costs: Any) -> None:
    modes = [costs("xla", (9.0, 1.0)), costs("eager", (1.0, 3.0)), costs("graph", (4.0, 2.0))]
    found = [(one.slow.split("-")[3], one.fast.split("-")[3], one.calls) for one in breakeven.of_run(modes)]
    # graph: 3 more at first, 1 less a call; xla over eager: 8 more, 2 less; xla over graph: 5 more, 1 less.
    assert found == [("eager", "graph", 4.0), ("eager", "xla", 5.0), ("graph", "xla", 6.0)]


def test_the_advice_is_the_mode_of_the_lowest_total(costs: Any) -> None:
    modes = [costs("eager", *[(1.0, 3.0)] * 3), costs("graph", *[(4.0, 2.0)] * 3), costs("xla", *[(300.0, 1.0)] * 3)]
    ((members, told),) = breakeven.advice(modes)
    assert members[0].case.mode == "eager"
    assert told == {1: ["eager"], 100: ["graph"], 10_000: ["xla"], 1_000_000: ["xla"]}


def test_modes_that_cannot_be_told_apart_are_both_advised(costs: Any) -> None:
    modes = [costs("eager", (1.0, 1.0), (1.0, 4.0)), costs("graph", (1.1, 1.1), (1.1, 3.0))]
    ((_, told),) = breakeven.advice(modes)
    assert set(told[1_000_000]) == {"eager", "graph"}


def test_the_advice_never_contradicts_the_interval_of_the_break_even(costs: Any) -> None:
    # Two invocations: that XLA gains is sure (0.9 and 1.0 s a call), though not by what factor (1.9 and 11 times).
    slow, fast = costs("eager", (1.0, 1.9), (1.0, 1.1)), costs("xla", (10.0, 1.0), (10.0, 0.1))
    found = breakeven.between(slow, fast)
    assert found.word == "later"
    assert found.high is not None
    ((_, told),) = breakeven.advice([slow, fast])
    assert told[1_000_000] == ["xla"]
    assert breakeven.best([slow, fast], int(found.high) + 1) == ["xla"]
    assert breakeven.best([slow, fast], int(found.calls)) == ["eager", "xla"]


def test_one_process_is_starred_and_its_advice_names_one_mode(costs: Any, records: Any) -> None:
    run = records.run(measurements=(costs("eager", (2.0, 3.0)), costs("graph", (10.0, 1.0))))
    (row,) = breakeven_view.rows(run)
    assert breakeven_view.calls_text(row) == "5*"
    told, star = breakeven_view.notes(run)
    assert told.endswith(
        ": eager* for 1 call, graph* for 100 calls, graph* for 10,000 calls, graph* for 1,000,000 calls"
    )
    assert star == views.ONE_PROCESS


def test_advice_from_one_process_of_any_mode_is_starred(costs: Any, records: Any) -> None:
    run = records.run(measurements=(costs("eager", *[(2.0, 3.0)] * 2), costs("graph", (10.0, 1.0))))
    assert breakeven_view.notes(run)[0].endswith("graph* for 1,000,000 calls")


def test_one_mode_alone_is_no_advice(costs: Any, records: Any) -> None:
    run = records.run(measurements=(costs("graph", (2.0, 3.0)),))
    assert list(breakeven_view.rows(run)) == []
    assert breakeven_view.notes(run) == [breakeven_view.ALONE]
    assert breakeven_view.notes(records.run()) == []
