"""Intervals against hand-worked values, SciPy, and simulated noise."""

import numpy as np
import pytest
from scipy import stats
from tfbench.bench import intervals
from tfbench.bench.intervals import Interval


def test_over_invocations_it_is_the_mean_with_students_t() -> None:
    # The deviation of 1, 2, 3 is 1, and t for 2 degrees of freedom 4.302653: 2 +- 4.302653 / sqrt 3.
    found = intervals.over_invocations([1.0, 2.0, 3.0])
    assert (found.middle, found.low, found.high) == pytest.approx((2.0, -0.484138, 4.484138), abs=1e-6)
    assert not found.within


def test_over_invocations_it_is_scipys() -> None:
    values = np.random.default_rng(1).normal(size=7)
    ends = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    found = intervals.over_invocations(list(values))
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert intervals.over_invocations([2.0, 2.0]) == Interval(middle=2.0, low=2.0, high=2.0, within=False)


def test_six_values_enclose_their_median_by_the_outermost() -> None:
    # All six on one side of the median: 2 / 2^6 = 3 %, under 5 %.
    assert intervals.of_median([6, 1, 5, 2, 4, 3]) == Interval(middle=3.5, low=1.0, high=6.0, within=True)


def test_five_values_are_too_few_for_an_interval() -> None:
    # 2 / 2^5 = 6 %, over 5 %.
    assert intervals.of_median([1, 2, 3, 4, 5]) == Interval(middle=3, low=None, high=None, within=True)


def test_the_estimate_of_several_invocations_is_over_their_medians() -> None:
    assert intervals.estimate([[1, 1, 9], [2, 2, 9], [3, 3, 9]]) == intervals.over_invocations([1, 2, 3])


def test_the_estimate_of_one_invocation_is_its_median() -> None:
    assert intervals.estimate([list(range(9))]) == intervals.of_median(list(range(9)))


@pytest.mark.parametrize("invocations", [2, 3, 5])
@pytest.mark.parametrize("between", [0.0, 0.02, 0.1])
def test_the_interval_covers_the_truth_in_95_of_100_under_noise_within_and_between_processes(
    invocations: int, between: float
) -> None:
    rng = np.random.default_rng(7)
    tries = 2000
    shifts = rng.normal(0.0, between, (tries, invocations, 1))
    samples = 0.3 + shifts + 0.05 * rng.standard_t(3, (tries, invocations, 21))
    found = [intervals.estimate(sample) for sample in samples]
    covered = sum(i.low <= 0.3 <= i.high for i in found if i.low is not None and i.high is not None)
    assert 0.935 <= covered / tries <= 0.965


def test_within_one_process_the_interval_covers_its_median_but_not_the_noise_between_processes() -> None:
    rng = np.random.default_rng(8)
    samples = 0.05 * rng.standard_t(3, (1000, 21))
    inside = [intervals.estimate([sample]) for sample in samples]
    assert sum(i.low <= 0.0 <= i.high for i in inside) >= 940
    shifted = [intervals.estimate([sample]) for sample in samples + rng.normal(0.0, 0.1, (1000, 1))]
    assert sum(i.low <= 0.0 <= i.high for i in shifted) < 500
