"""When the rounds of a worker are precise enough."""

import random
from collections.abc import Mapping, Sequence

import pytest
from tfbench.bench import enough, intervals
from tfbench.bench.enough import Enough
from tfbench.bench.timing import COMPILED, KEPT, RETRACED, Round

TWO = [1.0, 1.0, 1.0, 1.0, 1.0, 2.0]  # the interval of their median is from 1 to 2


def heard(
    baselines: Mapping[str, str | None], precision: float, fate: str = KEPT, **seconds: Sequence[float]
) -> Enough:
    """Make one that has heard these rounds of the cases, in blocks from 0."""
    found = Enough(baselines, precision)
    for case_id, times in seconds.items():
        for block, lasts in enumerate(times):
            found.take(Round(id=case_id, block=block, seconds=lasts, fate=fate))
    return found


@pytest.mark.parametrize(
    ("values", "width"),
    [
        ([], None),
        ([1.0], None),
        ([1.0, 2.0, 3.0, 4.0, 5.0], None),
        ([6.0, 1.0, 5.0, 2.0, 4.0, 3.0], 2.5),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 100.0], 49.5),
        ([-50.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 100.0], 3.0),
    ],
)
def test_half_the_width_of_a_medians_interval_by_hand(values: list[float], width: float | None) -> None:
    # The outermost values enclose the median but for 2 / 2^n: 2 / 2^5 = 6 %, 2 / 2^6 = 3 %. The second ones but
    # for 2 (1 + n) / 2^n: 18 / 2^8 = 7 %, 20 / 2^9 = 4 %.
    assert enough.half_width(values) == width


@pytest.mark.parametrize("n", [*range(1, 130), 200, 201, 400, 999, 1000])
def test_the_interval_is_that_of_the_reports(n: int) -> None:
    rng = random.Random(n)
    values = [rng.gauss(0.0, 1.0) for _ in range(n)]
    assert enough.half_width(values) == intervals.of_median(values).half_width


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert enough.half_width([3.0] * 6) == 0.0


@pytest.mark.parametrize(("precision", "reached"), [(0.5, True), (0.415, True), (0.414, False), (0.02, False)])
def test_a_case_without_a_baseline_is_judged_by_its_own_time(precision: float, reached: bool) -> None:
    # The logarithms of 1 and 2 are ln 2 apart: half of it is a factor of sqrt 2.
    assert heard({"a": None}, precision, a=TWO)() is reached


def test_a_precision_that_is_just_reached_is_enough() -> None:
    assert heard({"a": None}, 0.0, a=[3.0] * 6)()


def test_a_case_is_judged_by_its_ratio_to_its_baseline() -> None:
    noisy = [1.0, 50.0, 3.0, 700.0, 2.0, 11.0]
    both = {"case": "base", "base": "case"}
    assert heard(both, 0.01, case=[2 * seconds for seconds in noisy], base=noisy)()


def test_a_ratio_that_moves_is_not_enough_however_steady_one_side_is() -> None:
    # Ratios of 1 and 2 again, but the case itself never moves.
    both = {"case": "base", "base": None}
    assert heard(both, 0.415, case=[1.0] * 6, base=TWO)()
    assert not heard(both, 0.414, case=[1.0] * 6, base=TWO)()


def test_all_cases_must_be_precise() -> None:
    assert heard({"a": None, "b": None}, 0.02, a=[1.0] * 6, b=[1.0] * 6)()
    assert not heard({"a": None, "b": None}, 0.02, a=[1.0] * 6, b=TWO)()


def test_before_there_are_six_rounds_nothing_is_enough() -> None:
    found = heard({"a": None}, 0.5, a=[1.0] * 5)
    assert not found()
    found.take(Round(id="a", block=5, seconds=1.0, fate=KEPT))
    assert found()


@pytest.mark.parametrize("fate", [RETRACED, COMPILED])
def test_a_round_that_is_not_kept_does_not_count(fate: str) -> None:
    assert not heard({"a": None}, 0.5, fate, a=[1.0] * 9)()


def test_a_round_without_any_time_does_not_count() -> None:
    assert not heard({"a": None}, 0.5, a=[1.0] * 5 + [0.0] * 5)()
    assert heard({"a": None}, 0.5, a=[1.0] * 6 + [0.0] * 5)()


def test_only_blocks_in_which_both_were_kept_are_paired() -> None:
    both = {"case": "base", "base": None}
    times = [1.0] * 6
    assert heard(both, 0.02, case=times, base=times)()
    assert not heard(both, 0.02, case=[*times[:5], 0.0, 1.0], base=times)()


def test_the_number_of_calls_in_a_round_changes_nothing() -> None:
    cases = {"case": "base", "base": None}
    assert heard(cases, 0.415, case=[1000 * seconds for seconds in TWO], base=[7.0] * 6)()
    assert not heard(cases, 0.414, case=[1000 * seconds for seconds in TWO], base=[7.0] * 6)()
