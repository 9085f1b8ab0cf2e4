"""Intervals against hand-worked values, SciPy, and simulated noise."""

import math
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats
from tfbench.bench import intervals
from tfbench.bench.intervals import Interval

T_2 = 4.302653  # Student's t, 97.5 % quantile for 2 degrees of freedom


def test_over_invocations_it_is_the_mean_with_students_t() -> None:
    # The deviation of 1, 2, 3 is 1, and t for 2 degrees of freedom 4.302653: 2 +- 4.302653 / sqrt 3.
    found = intervals.over_invocations([1.0, 2.0, 3.0])
    assert (found.middle, found.low, found.high) == pytest.approx((2.0, -0.484138, 4.484138), abs=1e-6)
    assert (found.error, found.freedom) == pytest.approx((1 / math.sqrt(3), 2))
    assert not found.within


def test_over_invocations_it_is_scipys() -> None:
    values = np.random.default_rng(1).normal(size=7)
    test = stats.ttest_1samp(values, 0.0)
    ends = test.confidence_interval(0.95)
    found = intervals.over_invocations(list(values))
    assert (found.low, found.high, found.p_value) == pytest.approx((ends.low, ends.high, test.pvalue))


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert intervals.over_invocations([2.0, 2.0]) == Interval(
        middle=2.0, low=2.0, high=2.0, within=False, p_value=0.0, error=0.0, freedom=1
    )


def test_equal_values_of_0_do_not_differ_from_it() -> None:
    assert intervals.over_invocations([0.0, 0.0]) == Interval(
        middle=0.0, low=0.0, high=0.0, within=False, p_value=1.0, error=0.0, freedom=1
    )


@pytest.mark.parametrize("middle", [-1.0, 1.0])
def test_from_an_error_the_p_value_has_two_sides(middle: float) -> None:
    # One degree of freedom is Cauchy's distribution: beyond 1 lies a quarter on each side, beyond 12.7062 2.5 %.
    assert intervals.from_error(middle, 1.0, 1) == Interval(
        middle=middle,
        low=pytest.approx(middle - 12.7062, abs=1e-4),
        high=pytest.approx(middle + 12.7062, abs=1e-4),
        within=False,
        p_value=pytest.approx(0.5),
        error=1.0,
        freedom=1,
    )


def test_the_half_width_is_half_of_the_interval() -> None:
    assert Interval(middle=3.0, low=1.0, high=4.0, within=False).half_width == 1.5
    assert Interval(middle=3.0, low=None, high=None, within=True).half_width is None


def test_the_half_width_of_a_logarithm_is_that_of_the_ratio() -> None:
    assert intervals.relative(math.log(1.02)) == pytest.approx(0.02)


def test_between_runs_by_hand() -> None:
    # Means 2 and 6, variances 1 and 4 of 3 values each: error sqrt(1/3 + 4/3), and Welch's degrees of freedom are
    # (5/3)^2 / ((1/3)^2 / 2 + (4/3)^2 / 2) = 50/17.
    found = intervals.between_runs([1.0, 2.0, 3.0], [4.0, 6.0, 8.0])
    assert (found.middle, found.error, found.freedom) == pytest.approx((-4.0, math.sqrt(5 / 3), 50 / 17))
    assert not found.within


@pytest.mark.parametrize(("new", "base", "spread"), [(5, 5, 1.0), (2, 2, 1.0), (3, 9, 0.1), (9, 3, 10.0)])
def test_between_runs_it_is_welchs_as_in_scipy(new: int, base: int, spread: float) -> None:
    rng = np.random.default_rng(2)
    sides = rng.normal(0.5, 1.0, new), rng.normal(0.0, spread, base)
    test = stats.ttest_ind(*sides, equal_var=False)
    ends = test.confidence_interval(0.95)
    found = intervals.between_runs(*(list(side) for side in sides))
    assert (found.low, found.high, found.p_value) == pytest.approx((ends.low, ends.high, test.pvalue))
    assert (found.middle, found.freedom) == pytest.approx((sides[0].mean() - sides[1].mean(), test.df))


def test_between_runs_that_swap_the_difference_swaps_its_sign() -> None:
    there, back = (intervals.between_runs(*sides) for sides in (([1.0, 2.0], [4.0, 6.0]), ([4.0, 6.0], [1.0, 2.0])))
    assert (there.middle, there.low, there.high) == (-back.middle, -back.high, -back.low)
    assert (there.p_value, there.error, there.freedom) == (back.p_value, back.error, back.freedom)


def test_a_side_that_does_not_vary_adds_nothing_to_the_error() -> None:
    # The other side's 1, 2, 3 alone: error 1 / sqrt 3 of 2 degrees of freedom.
    found = intervals.between_runs([1.0, 2.0, 3.0], [0.0] * 9)
    assert (found.middle, found.error, found.freedom) == pytest.approx((2.0, 1 / math.sqrt(3), 2.0))


def test_two_sides_that_do_not_vary_have_an_interval_of_no_width() -> None:
    found = intervals.between_runs([3.0, 3.0, 3.0], [1.0, 1.0])
    assert found == Interval(middle=2.0, low=2.0, high=2.0, within=False, p_value=0.0, error=0.0, freedom=3)


@pytest.mark.parametrize(("new", "base"), [([3.0], [1.0, 2.0]), ([3.0, 3.0], [1.5]), ([3.0], [1.5])])
def test_one_value_on_a_side_gives_no_interval(new: list[float], base: list[float]) -> None:
    assert intervals.between_runs(new, base) == Interval(middle=1.5, low=None, high=None, within=True, p_value=1.0)


def test_the_mean_of_estimates_by_hand() -> None:
    # Errors 3 and 4: that of the mean is sqrt(9 + 16) / 2 = 2.5. Satterthwaite's degrees of freedom are
    # (9/4 + 16/4)^2 / ((9/4)^2 / 1 + (16/4)^2 / 4) = 4.3103.
    found = intervals.mean_of([intervals.from_error(1.0, 3.0, 1), intervals.from_error(2.0, 4.0, 4)])
    assert (found.middle, found.error, found.freedom) == pytest.approx((1.5, 2.5, 4.310345))
    half = stats.t.ppf(0.975, 4.310345) * 2.5
    assert (found.low, found.high, found.within) == (pytest.approx(1.5 - half), pytest.approx(1.5 + half), False)
    assert found.p_value == pytest.approx(2 * stats.t.cdf(-1.5 / 2.5, 4.310345))


def test_the_mean_of_equal_errors_adds_their_degrees_of_freedom() -> None:
    found = intervals.mean_of([intervals.over_invocations([0.0, 2.0]), intervals.over_invocations([1.0, 3.0])])
    # Both 1 +- 1 of one degree: the error is sqrt 2 / 2 of two degrees.
    assert (found.middle, found.error, found.freedom) == pytest.approx((1.5, math.sqrt(0.5), 2.0))
    assert (found.low, found.high) == pytest.approx((1.5 - T_2 * math.sqrt(0.5), 1.5 + T_2 * math.sqrt(0.5)))


def test_the_mean_of_estimates_without_error_has_none() -> None:
    found = intervals.mean_of([intervals.over_invocations([2.0, 2.0]), intervals.over_invocations([4.0, 4.0])])
    assert (found.middle, found.low, found.high, found.error) == (3.0, 3.0, 3.0, 0.0)


def test_an_estimate_without_error_makes_none_of_the_mean() -> None:
    known = intervals.over_invocations([1.0, 2.0])
    assert intervals.mean_of([known, intervals.of_median([1.0] * 9)]) is None
    assert intervals.mean_of([known, intervals.between_runs([1.0], [2.0])]) is None
    assert intervals.mean_of([]) is None


def test_six_values_enclose_their_median_by_the_outermost() -> None:
    # All six on one side of the median: 2 / 2^6 = 3 %, under 5 %; so 0 is not the median either.
    assert intervals.of_median([6, 1, 5, 2, 4, 3]) == Interval(
        middle=3.5, low=1.0, high=6.0, within=True, p_value=pytest.approx(2 / 2**6)
    )


def test_five_values_are_too_few_for_an_interval() -> None:
    # 2 / 2^5 = 6 %, over 5 %.
    assert intervals.of_median([1, 2, 3, 4, 5]) == Interval(
        middle=3, low=None, high=None, within=True, p_value=pytest.approx(2 / 2**5)
    )


def test_the_median_of_values_around_0_may_be_0() -> None:
    # Three of six on each side: nothing is likelier.
    assert intervals.of_median([-3, -2, -1, 1, 2, 3]).p_value == pytest.approx(1.0)


def test_the_estimate_of_several_invocations_is_over_their_medians() -> None:
    assert intervals.estimate([[1, 1, 9], [2, 2, 9], [3, 3, 9]]) == intervals.over_invocations([1, 2, 3])


def test_the_estimate_of_one_invocation_is_its_median() -> None:
    assert intervals.estimate([list(range(9))]) == intervals.of_median(list(range(9)))


def covered(found: Sequence[Interval | None], truth: float) -> float:
    """Give the share of the intervals that hold the truth."""
    ends = [(i.low, i.high) for i in found if i is not None]
    return sum(low is not None and high is not None and low <= truth <= high for low, high in ends) / len(found)


def medians(rng: np.random.Generator, invocations: int, between: float, tries: int, middle: float) -> list[list[float]]:
    """Simulate the medians of 21 rounds an invocation, with noise between processes and heavy tails within."""
    shifts = rng.normal(middle, between, (tries, invocations, 1))
    samples = shifts + 0.05 * rng.standard_t(3, (tries, invocations, 21))
    return np.median(samples, axis=2).tolist()


@pytest.mark.parametrize("invocations", [2, 3, 5])
@pytest.mark.parametrize("between", [0.0, 0.02, 0.1])
def test_the_interval_covers_the_truth_in_95_of_100_under_noise_within_and_between_processes(
    invocations: int, between: float
) -> None:
    rng = np.random.default_rng(7)
    tries = 2000
    shifts = rng.normal(0.0, between, (tries, invocations, 1))
    samples = 0.3 + shifts + 0.05 * rng.standard_t(3, (tries, invocations, 21))
    assert 0.935 <= covered([intervals.estimate(sample) for sample in samples], 0.3) <= 0.965


@pytest.mark.parametrize(
    ("new", "base"),
    [
        ((5, 0.05), (5, 0.05)),
        ((5, 0.02), (5, 0.1)),
        ((3, 0.1), (3, 0.1)),
        ((10, 0.1), (3, 0.02)),
        ((4, 0.1), (10, 0.02)),
        ((2, 0.05), (2, 0.05)),
    ],
)
def test_between_runs_the_interval_covers_the_true_difference_in_95_of_100(
    new: tuple[int, float], base: tuple[int, float]
) -> None:
    rng = np.random.default_rng(9)
    sides = [medians(rng, *side, tries=1500, middle=middle) for side, middle in ((new, 0.3), (base, 0.1))]
    found = [intervals.between_runs(*pair) for pair in zip(*sides, strict=True)]
    # Welch's approximation errs to the wide side for equal and few values.
    assert 0.935 <= covered(found, 0.2) <= 0.98


def test_two_noisy_values_against_many_quiet_ones_are_told_too_surely_but_cover_the_truth_in_87_of_100() -> None:
    rng = np.random.default_rng(10)
    sides = medians(rng, 2, 0.1, 1500, 0.0), medians(rng, 10, 0.02, 1500, 0.0)
    assert covered([intervals.between_runs(*pair) for pair in zip(*sides, strict=True)], 0.0) >= 0.87


@pytest.mark.parametrize("numbers", [(2, 2), (5, 5, 5), (2, 3, 5, 10)])
def test_the_interval_of_a_mean_covers_the_mean_of_the_truths_in_95_of_100(numbers: tuple[int, ...]) -> None:
    rng = np.random.default_rng(11)
    workloads = [medians(rng, n, 0.02 * i, 1000, float(i)) for i, n in enumerate(numbers, start=1)]
    found = [
        intervals.mean_of([intervals.over_invocations(one) for one in run]) for run in zip(*workloads, strict=True)
    ]
    assert 0.93 <= covered(found, (len(numbers) + 1) / 2) <= 0.98


def test_within_one_process_the_interval_covers_its_median_but_not_the_noise_between_processes() -> None:
    rng = np.random.default_rng(8)
    samples = 0.05 * rng.standard_t(3, (1000, 21))
    inside = [intervals.estimate([sample]) for sample in samples]
    assert covered(inside, 0.0) >= 0.94
    shifted = [intervals.estimate([sample]) for sample in samples + rng.normal(0.0, 0.1, (1000, 1))]
    assert covered(shifted, 0.0) < 0.5


def test_a_factor_beyond_all_numbers_is_the_largest_one() -> None:
    assert (intervals.factor(0.0), intervals.factor(-800.0)) == (1.0, 0.0)
    assert intervals.factor(800.0) == pytest.approx(sys.float_info.max)
