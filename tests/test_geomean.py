"""Geometric means over workloads by hand, in powers of 2."""

import math
from typing import Any

import pytest
from tfbench.bench import intervals
from tfbench.bench.case import Placement
from tfbench.bench.intervals import Interval
from tfbench.reports import geomean

LOG_2 = math.log(2.0)


@pytest.fixture
def pair(records: Any) -> Any:
    """Give the factory of a case and its base from the powers of 2 of their invocations' times."""

    def make(case: list[Any], base: list[Any], **changes: Any) -> Any:
        return tuple(records.timed(*(2.0**x for x in side), **changes) for side in (case, base))

    return make


def powers(found: tuple[Interval, int] | None) -> tuple[float, float, float, int]:
    """Give estimate, error and degrees of freedom in powers of 2, and the number of workloads."""
    assert found is not None
    interval, count = found
    assert interval == intervals.from_error(interval.middle, interval.error, interval.freedom)
    return interval.middle / LOG_2, interval.error / LOG_2, interval.freedom, count


def test_in_turns_each_workload_counts_once_and_its_cases_share_their_invocations(pair: Any) -> None:
    # The two cases of the first workload gain 4 and 2, and 0 and 6, powers of 2: by invocation 2 and 4, so 3 +- 1 of
    # one degree of freedom. Four values that have nothing to do with each other would seem to vary more.
    first = [pair([0, 0], [4, 2], workload="a"), pair([0, 0], [0, 6], workload="a", implementation="library")]
    # The other gains 0 and 2: 1 +- 1 of one degree.
    other = pair([1, 1], [1, 3], workload="b")
    # The mean of both is 2 with the error sqrt(1 + 1) / 2, of two degrees; over cases it would be 7/3.
    found = powers(geomean.over_workloads([*first, other], paired=True))
    assert found == pytest.approx((2.0, math.sqrt(0.5), 2.0, 2))


def test_in_turns_the_gain_of_an_invocation_is_the_median_over_its_blocks(pair: Any, records: Any) -> None:
    # Ratios 2, 4 and 1024 by block, so 2 powers, not the 4 of the median times 1 and 16; then 4 powers.
    case = records.timed((1.0, 4.0, 1.0), 1.0, workload="a")
    base = records.timed((2.0, 16.0, 1024.0), 16.0, workload="a")
    found = powers(geomean.over_workloads([(case, base), pair([0, 0], [1, 1], workload="b")], paired=True))
    # 3 +- 1 of one degree, and 1 without any error.
    assert found == pytest.approx((2.0, 0.5, 1.0, 2))


def test_in_turns_only_invocations_that_all_cases_of_the_workload_have_count(pair: Any) -> None:
    whole = pair([0, 0, 0], [2, 4, 99], workload="a")
    torn = pair([0, 0], [2, 4, 99], workload="a", implementation="library")
    found = powers(geomean.over_workloads([whole, torn, pair([0, 0], [1, 1], workload="b")], paired=True))
    assert found == pytest.approx((2.0, 0.5, 1.0, 2))


def test_in_turns_other_workers_are_paired_by_their_medians(records: Any, pair: Any) -> None:
    # Of another interpreter: blocks have nothing to do with each other. Medians 1 and 4, then 1 and 16.
    case = records.timed((1.0, 1.0, 9.0), (1.0,), workload="a", placement=Placement(interpreter="old"))
    base = records.timed((4.0, 2.0, 8.0), (9.0, 16.0, 99.0), workload="a")
    found = powers(geomean.over_workloads([(case, base), pair([0, 0], [1, 1], workload="b")], paired=True))
    assert found == pytest.approx((2.0, 0.5, 1.0, 2))


def test_of_different_runs_each_side_has_its_means_by_invocation(pair: Any) -> None:
    # First workload, base: 3 and 1, then 1 and 1, so by invocation 2 and 1; new: 1 and -1, then 1 and 1, so 1 and 0.
    # The gain is 1.5 - 0.5 = 1, each variance 1/2 of 2: Welch's error is sqrt(1/4 + 1/4), of two degrees.
    first = [pair([1, -1], [3, 1], workload="a"), pair([1, 1], [1, 1], workload="a", implementation="library")]
    # The other: 0 and 2 on both sides, so no gain, the error sqrt(2/2 + 2/2) of two degrees.
    other = pair([0, 2], [2, 0], workload="b")
    # Together 1/2, the error sqrt(1/2 + 2) / 2, of (1/8 + 4/8)^2 / ((1/8)^2 / 2 + (4/8)^2 / 2) = 50/17 degrees.
    found = powers(geomean.over_workloads([*first, other], paired=False))
    assert found == pytest.approx((0.5, math.sqrt(2.5) / 2, 50 / 17, 2))


def test_of_different_runs_the_sides_may_have_other_numbers_of_invocations(pair: Any) -> None:
    first, other = pair([0, 0], [1, 2, 3], workload="a"), pair([0, 0], [2, 2], workload="b")
    # The first gains 2, the error that of the base alone, sqrt(1/3) of two degrees.
    found = powers(geomean.over_workloads([first, other], paired=False))
    assert found == pytest.approx((2.0, math.sqrt(1 / 3) / 2, 2.0, 2))


def test_the_order_of_the_pairs_does_not_matter(pair: Any) -> None:
    a, b, c = (pair([0, 0], base, workload=w) for base, w in (([1, 2], "a"), ([3, 5], "b"), ([4, 8], "a")))
    assert geomean.over_workloads([a, b, c], paired=True) == geomean.over_workloads([a, c, b], paired=True)


@pytest.mark.parametrize("paired", [True, False])
def test_fewer_than_two_workloads_have_no_mean(paired: bool, pair: Any) -> None:
    assert geomean.over_workloads([], paired=paired) is None
    several = [pair([0, 0], [1, 2], implementation=name) for name in ("by_hand", "library")]
    assert geomean.over_workloads(several, paired=paired) is None


@pytest.mark.parametrize("paired", [True, False])
def test_a_workload_of_one_invocation_has_no_interval_so_there_is_no_mean(paired: bool, pair: Any) -> None:
    pairs = [pair([0, 0], [1, 2], workload="a"), pair([0], [1], workload="b")]
    assert geomean.over_workloads(pairs, paired=paired) is None


@pytest.mark.parametrize("paired", [True, False])
def test_a_workload_without_any_round_has_no_mean(paired: bool, pair: Any, records: Any) -> None:
    nothing = (records.timed((), (), workload="b"), records.timed(1.0, 1.0, workload="b"))
    assert geomean.over_workloads([pair([0, 0], [1, 2], workload="a"), nothing], paired=paired) is None
