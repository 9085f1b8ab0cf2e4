"""Calibration and blocks, under a clock that only the step moves."""

import gc
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from tfbench.bench import timing
from tfbench.bench.ledger import Meters
from tfbench.bench.timing import Plan, Timed

MIN_ROUND_S = 2.0**-7
PLAN = Plan(min_round_s=MIN_ROUND_S, settle_s=0.0)
FAST_S = 2.0**-10  # a step an eighth as long as a round must be

Make = Callable[..., Timed]


@pytest.fixture
def make_timed(make_program: Any) -> Make:
    """Give the factory of a case to time around a step."""

    def make(step: Callable[..., Any], *, name: str = "a", iterations: int = 1, **changes: Any) -> Timed:
        return Timed(id=name, program=make_program(step, **changes), iterations=iterations)

    return make


@pytest.fixture
def collecting() -> Iterator[None]:
    """Let garbage collection be on, whatever a test does to it."""
    gc.enable()
    yield
    gc.enable()


def run_blocks(
    cases: list[Timed], meters: Meters, plan: Plan, *, seed: int = 0, first: int = 0, enough: Any = None
) -> list[timing.Round]:
    rng = random.Random(seed)
    return list(timing.blocks(cases, meters, plan, rng=rng, before=lambda _: None, first_block=first, enough=enough))


def test_a_plan_asks_for_10_ms_a_round_and_5_rounds() -> None:
    assert (Plan().min_round_s, Plan().min_rounds) == (0.01, 5)


def test_a_plan_asks_for_no_precision_in_at_most_60_blocks_or_4_s() -> None:
    assert (Plan().precision, Plan().max_rounds, Plan().budget_s) == (0.0, 60, 4.0)


def test_a_fast_step_gets_enough_calls_for_a_round(clock: Any, meters: Meters, make_timed: Make) -> None:
    timed = make_timed(lambda: clock.advance(FAST_S))
    timing.calibrate(timed, meters, PLAN)
    assert timed.iterations == 10  # 8 would do, and a fifth more


def test_a_calibrated_round_of_the_default_plan_lasts_10_ms(clock: Any, meters: Meters, make_timed: Make) -> None:
    timed = make_timed(lambda: clock.advance(0.0003))
    timing.calibrate(timed, meters, Plan())
    assert timing.time_round(timed, meters, 0.0) >= 0.01
    assert timed.iterations <= 80  # not wastefully more than the 34 that it takes


@pytest.mark.parametrize("length", [1, 4, 1000])
def test_a_slow_step_is_called_once_a_round(length: int, clock: Any, meters: Meters, make_timed: Make) -> None:
    timed = make_timed(lambda: clock.advance(length * MIN_ROUND_S))
    timing.calibrate(timed, meters, PLAN)
    assert timed.iterations == 1


@pytest.mark.parametrize("length", [2, 9, 20, 1000])
def test_a_slow_first_call_does_not_fool_calibration(length: int, clock: Any, meters: Meters, make_timed: Make) -> None:
    lengths = iter([length * MIN_ROUND_S])
    timed = make_timed(lambda: clock.advance(next(lengths, FAST_S)))
    timing.calibrate(timed, meters, PLAN)
    assert timed.iterations >= 8


def test_one_disturbed_round_does_not_fool_calibration(clock: Any, meters: Meters, make_timed: Make) -> None:
    calls = iter(range(10**6))
    timed = make_timed(lambda: clock.advance(3 * MIN_ROUND_S if next(calls) == 1 else FAST_S / 2))
    timing.calibrate(timed, meters, PLAN)
    assert timed.iterations >= 16


def test_two_disturbed_rounds_apart_do_not_fool_calibration(clock: Any, meters: Meters, make_timed: Make) -> None:
    # Long by accident, nearly long enough, long by accident again: only two in a row would count.
    lengths = iter([3 * MIN_ROUND_S, 0.9 * MIN_ROUND_S, MIN_ROUND_S, MIN_ROUND_S])
    timed = make_timed(lambda: clock.advance(next(lengths, FAST_S)))
    timing.calibrate(timed, meters, PLAN)
    assert timed.iterations >= 8


def test_calibration_of_a_step_that_takes_no_time_ends(
    meters: Meters, make_timed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "MAX_ITERATIONS", 500)
    timed = make_timed(lambda: None)
    timing.calibrate(timed, meters, PLAN)
    assert timed.iterations == 500


def test_a_round_is_all_its_calls_and_the_last_sync(clock: Any, meters: Meters, make_timed: Make) -> None:
    timed = make_timed(lambda: clock.advance(1.0), iterations=3)
    assert timing.time_round(timed, replace(meters, sync=lambda: clock.advance(0.25)), 0.0) == 3.25


def test_the_inputs_are_taken_in_turn(meters: Meters, make_timed: Make) -> None:
    seen: list[tuple[str, int]] = []
    timed = make_timed(lambda x, y: seen.append((x, y)), iterations=5, inputs=(("a", 1), ("b", 2)))
    timing.time_round(timed, meters, 0.0)
    assert seen == [("a", 1), ("b", 2), ("a", 1), ("b", 2), ("a", 1)]


def test_state_is_reset_and_settled_before_the_clock_is_read(make_timed: Make, meters: Meters) -> None:
    events: list[str] = []

    def note(event: str) -> float:
        events.append(event)
        return 0.0

    told = replace(meters, clock=lambda: note("clock"), sync=lambda: note("sync"))
    timed = make_timed(lambda: note("step"), iterations=2, reset=lambda: note("reset"))
    timing.time_round(timed, told, 0.0)
    assert events == ["clock", "reset", "step", "sync", "clock", "clock", "step", "step", "sync", "clock"]


def test_a_call_with_state_that_is_longer_than_the_settling_time_comes_once_before_its_round(
    clock: Any, meters: Meters, make_timed: Make
) -> None:
    timed = make_timed(lambda: clock.advance(1.0), reset=lambda: None)
    assert timing.time_round(timed, meters, 0.5) == 1.0
    assert clock() == 2.0


def test_every_round_is_reset(clock: Any, meters: Meters, make_timed: Make) -> None:
    resets: list[float] = []
    timed = make_timed(lambda: clock.advance(1.0), reset=lambda: resets.append(clock()))
    run_blocks([timed], meters, Plan(max_rounds=5))
    assert resets == [0.0, 2.0, 4.0, 6.0, 8.0]  # a settling call and a timed one between them


@pytest.mark.parametrize(
    ("iterations", "reset", "settling"),
    [(1, None, 0), (2, None, 8), (45, None, 8), (1, True, 8), (2, True, 8)],
    ids=["a long call", "two calls", "many calls", "a call with state", "calls with state"],
)
def test_a_case_is_called_untimed_for_the_settling_time_before_a_round_of_several_calls_or_with_state(
    iterations: int, reset: bool | None, settling: int, clock: Any, meters: Meters, make_timed: Make
) -> None:
    state = (lambda: None) if reset else None
    timed = make_timed(lambda: clock.advance(1.0), iterations=iterations, reset=state)
    assert timing.time_round(timed, meters, 7.5) == iterations
    assert clock() == iterations + settling


def test_a_step_without_state_is_not_called_before_its_round(meters: Meters, make_timed: Make) -> None:
    calls: list[int] = []
    timing.time_round(make_timed(lambda: calls.append(1), iterations=2), meters, 0.0)
    assert calls == [1, 1]


@pytest.mark.usefixtures("collecting")
def test_garbage_collection_is_off_in_a_round_and_on_after_it(meters: Meters, make_timed: Make) -> None:
    seen: list[bool] = []
    timing.time_round(make_timed(lambda: seen.append(gc.isenabled()), iterations=2), meters, 0.0)
    assert (seen, gc.isenabled()) == ([False, False], True)


@pytest.mark.usefixtures("collecting")
def test_garbage_collection_is_on_again_after_a_step_that_raises(meters: Meters, make_timed: Make) -> None:
    def broken() -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        timing.time_round(make_timed(broken), meters, 0.0)
    assert gc.isenabled()


@pytest.mark.usefixtures("collecting")
def test_garbage_collection_that_was_off_stays_off(meters: Meters, make_timed: Make) -> None:
    gc.disable()
    timing.time_round(make_timed(lambda: None), meters, 0.0)
    assert not gc.isenabled()


@pytest.mark.parametrize(
    ("max_rounds", "budget_s", "rounds"),
    [(7, 1000.0, 7), (60, 6.0, 6), (60, 6.5, 7), (60, 0.5, 5), (60, 0.0, 5)],
    ids=["max rounds", "budget", "budget between blocks", "never under 5", "no budget"],
)
def test_blocks_stop_at_max_rounds_or_budget_but_never_under_5(
    max_rounds: int, budget_s: float, rounds: int, clock: Any, meters: Meters, make_timed: Make
) -> None:
    timed = make_timed(lambda: clock.advance(1.0))
    plan = Plan(max_rounds=max_rounds, budget_s=budget_s)
    assert [r.block for r in run_blocks([timed], meters, plan)] == list(range(rounds))


@pytest.mark.parametrize(
    ("answers", "budget_s", "rounds"),
    [([True], 1000.0, 5), ([False, False, True], 1000.0, 7), ([False] * 99, 80.0, 80), ([False] * 99, 0.5, 5)],
    ids=["at once, but not under 5", "after two more", "past max rounds to the budget", "no budget"],
)
def test_blocks_that_are_to_be_precise_stop_once_they_are_or_at_the_budget(
    answers: list[bool], budget_s: float, rounds: int, clock: Any, meters: Meters, make_timed: Make
) -> None:
    timed = make_timed(lambda: clock.advance(1.0))
    plan, given = Plan(max_rounds=6, budget_s=budget_s, precision=0.02), iter(answers)
    found = run_blocks([timed], meters, plan, first=10, enough=lambda: next(given))
    assert [r.block for r in found] == list(range(10, 10 + rounds))


def test_precision_is_judged_between_blocks_with_all_their_rounds_in(meters: Meters, make_timed: Make) -> None:
    named: list[str] = []
    told: list[int] = []

    def enough() -> bool:
        told.append(len(named))
        return len(told) == 2

    cases = [make_timed(lambda: None, name=name) for name in "ab"]
    found = list(timing.blocks(cases, meters, PLAN, rng=random.Random(0), before=named.append, enough=enough))
    assert (told, len(found)) == ([10, 12], 12)


def test_the_budget_is_shared_by_all_cases(clock: Any, meters: Meters, make_timed: Make) -> None:
    cases = [make_timed(lambda: clock.advance(1.0), name=name) for name in "ab"]
    assert len(run_blocks(cases, meters, Plan(budget_s=14.0))) == 14


def test_each_block_times_each_case_once(meters: Meters, make_timed: Make) -> None:
    cases = [make_timed(lambda: None, name=name) for name in "abc"]
    found = run_blocks(cases, meters, Plan(max_rounds=20, settle_s=0.0))
    blocks = [[r.id for r in found if r.block == block] for block in range(20)]
    assert [sorted(block) for block in blocks] == [["a", "b", "c"]] * 20


def test_the_order_in_a_block_is_random(meters: Meters, make_timed: Make) -> None:
    cases = [make_timed(lambda: None, name=name) for name in "abc"]
    found = [r.id for r in run_blocks(cases, meters, Plan(max_rounds=100, settle_s=0.0))]
    orders = {"".join(found[i : i + 3]) for i in range(0, 300, 3)}
    assert orders == {"abc", "acb", "bac", "bca", "cab", "cba"}


def test_the_order_is_that_of_the_seed(meters: Meters, make_timed: Make) -> None:
    cases = [make_timed(lambda: None, name=name) for name in "abc"]
    orders = [
        [r.id for r in run_blocks(cases, meters, Plan(max_rounds=20, settle_s=0.0), seed=seed)] for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_blocks_are_numbered_from_the_first_one_given(meters: Meters, make_timed: Make) -> None:
    found = run_blocks([make_timed(lambda: None)], meters, Plan(max_rounds=5), first=10)
    assert [r.block for r in found] == [10, 11, 12, 13, 14]


def test_a_case_is_named_before_each_of_its_rounds(meters: Meters, make_timed: Make) -> None:
    events: list[str] = []
    cases = [make_timed(lambda: events.append("step"), name=name) for name in "ab"]
    rounds = timing.blocks(cases, meters, Plan(max_rounds=5), rng=random.Random(0), before=events.append)
    ids = [r.id for r in rounds]
    assert events == [event for case_id in ids for event in (case_id, "step")]


def test_a_round_in_which_a_function_was_traced_is_marked(meters: Meters, make_timed: Make) -> None:
    calls = iter(range(10**6))

    def step() -> None:
        meters.traces.count += next(calls) == 2

    found = run_blocks([make_timed(step)], meters, Plan(max_rounds=5))
    assert [r.fate for r in found] == ["kept", "kept", "retraced", "kept", "kept"]


def test_a_round_in_which_xla_compiled_is_marked(meters: Meters, make_timed: Make) -> None:
    calls = iter(range(10**6))
    compiles: Any = meters.compiles

    def step() -> None:
        if next(calls) == 3:
            compiles.log(0.5)

    found = run_blocks([make_timed(step)], meters, Plan(max_rounds=5))
    assert [r.fate for r in found] == ["kept", "kept", "kept", "compiled", "kept"]


def test_a_round_with_a_trace_and_its_compile_counts_as_traced(meters: Meters, make_timed: Make) -> None:
    compiles: Any = meters.compiles

    def step() -> None:
        meters.traces.count += 1
        compiles.log(0.5)

    assert timing.keep_or_why_not(make_timed(step), meters, block=0, settle_s=0.0).fate == "retraced"


def test_what_was_compiled_before_a_round_is_not_blamed_on_it(meters: Meters, make_timed: Make) -> None:
    compiles: Any = meters.compiles
    compiles.log(0.5)
    assert timing.keep_or_why_not(make_timed(lambda: None), meters, block=0, settle_s=0.0).fate == "kept"


def test_a_round_knows_its_case_block_and_seconds(clock: Any, meters: Meters, make_timed: Make) -> None:
    timed = make_timed(lambda: clock.advance(0.5), name="b", iterations=4)
    wanted = timing.Round(id="b", block=3, seconds=2.0, fate="kept")
    assert timing.keep_or_why_not(timed, meters, block=3, settle_s=0.0) == wanted


def test_a_case_that_raises_ends_the_blocks_with_its_error(meters: Meters, make_timed: Make) -> None:
    calls = iter(range(10**6))

    def step() -> None:
        if next(calls) == 2:
            raise RuntimeError("third call")

    found: list[timing.Round] = []
    rounds = timing.blocks([make_timed(step)], meters, Plan(), rng=random.Random(0), before=lambda _: None)
    with pytest.raises(RuntimeError, match="third call"):
        found.extend(rounds)
    assert [r.block for r in found] == [0, 1]


def test_new_iterations_make_new_calls(meters: Meters, make_timed: Make) -> None:
    timed = make_timed(lambda _: None, iterations=1, inputs=((1,), (2,)))
    assert timed.calls() == [(1,)]
    timed.iterations = 3
    assert timed.calls() == [(1,), (2,), (1,)]


def test_no_time_is_lost_or_made_up(clock: Any, meters: Meters, make_timed: Make) -> None:
    lengths = [0.5, 0.25, 2.0, 1.0, 4.0]
    given = iter(lengths)
    found = run_blocks([make_timed(lambda: clock.advance(next(given)))], meters, Plan(max_rounds=5, budget_s=math.inf))
    assert [r.seconds for r in found] == lengths
