"""Speed-ups by hand: pairs by block, medians in an invocation, means over invocations."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
from tfbench.bench.case import Placement
from tfbench.bench.record import Invocation, Measurement
from tfbench.reports import speedup
from tfbench.reports.speedup import Speedup


@pytest.fixture
def measured(records: Any) -> Any:
    """Give the factory of a measurement from (index, {block: seconds a call})."""

    def make(*invocations: tuple[int, dict[int, float]], mode: str, **changes: Any) -> Measurement:
        done = tuple(
            records.invocation(times.values(), index=index, blocks=tuple(times), iterations=1)
            for index, times in invocations
        )
        found: Measurement = records.measurement(case=records.case(mode=mode, **changes), invocations=done)
        return found

    return make


def ratios(case: Invocation, baseline: Invocation) -> Sequence[float]:
    return [round(math.exp(log), 12) for log in speedup.log_ratios(case, baseline)]


def test_rounds_are_paired_by_block(records: Any) -> None:
    case = records.invocation((1.0, 2.0, 4.0), blocks=(3, 1, 2), iterations=1)
    baseline = records.invocation((8.0, 8.0, 8.0), blocks=(1, 2, 3), iterations=1)
    assert ratios(case, baseline) == [8.0, 4.0, 2.0]


def test_blocks_that_only_one_of_them_has_are_left_out(records: Any) -> None:
    case = records.invocation((1.0, 2.0, 4.0), blocks=(0, 1, 5), iterations=1)
    baseline = records.invocation((8.0, 8.0, 8.0), blocks=(1, 2, 5), iterations=1)
    assert ratios(case, baseline) == [4.0, 2.0]


def test_times_are_those_of_one_call(records: Any) -> None:
    case = records.invocation((10.0,), iterations=10)
    baseline = records.invocation((6.0,), iterations=2)
    assert ratios(case, baseline) == [3.0]


def test_a_round_without_any_time_is_left_out(records: Any) -> None:
    case = records.invocation((0.0, 1.0, 1.0), iterations=1)
    baseline = records.invocation((1.0, 0.0, 2.0), iterations=1)
    assert ratios(case, baseline) == [2.0]


def test_the_estimate_is_the_geometric_mean_of_the_invocations_medians(measured: Any) -> None:
    baseline = measured((1, {0: 8.0, 1: 64.0, 2: 8.0}), (2, {0: 3.0}), (3, {0: 5.0}), mode="eager")
    case = measured((1, {0: 1.0, 1: 1.0, 2: 2.0}), (2, {0: 3.0}), (3, {0: 5.0}), mode="xla")
    found = speedup.against_baseline(case, [case, baseline])
    # Ratios 8, 64, 4 have the median 8; the third root of 8 * 1 * 1 is 2. On the logarithms, the mean of
    # (ln 8, 0, 0) is ln 2, their deviation ln 8 / sqrt 3, so the interval is ln 2 +- 4.30265 * ln 8 / 3.
    assert found == Speedup(
        ratio=pytest.approx(2.0),
        baseline="toy-by_hand-n=8,kind=small-eager-cpu",
        invocations=3,
        low=pytest.approx(2 * 8 ** (-4.30265 / 3), rel=1e-5),
        high=pytest.approx(2 * 8 ** (4.30265 / 3), rel=1e-5),
        within=False,
    )


def test_one_invocation_gives_an_interval_that_says_so(measured: Any) -> None:
    baseline = measured((1, dict.fromkeys(range(6), 8.0)), mode="eager")
    case = measured((1, dict(enumerate([1.0, 2.0, 4.0, 4.0, 8.0, 16.0]))), mode="xla")
    found = speedup.against_baseline(case, [case, baseline])
    assert found is not None
    assert (found.ratio, found.low, found.high) == pytest.approx((2.0, 0.5, 8.0))
    assert found.within


def test_a_slower_case_has_a_speed_up_below_1(measured: Any) -> None:
    baseline, case = measured((1, {0: 1.0}), mode="eager"), measured((1, {0: 4.0}), mode="graph")
    assert speedup.against_baseline(case, [baseline, case]).ratio == pytest.approx(0.25)


def test_the_baseline_itself_is_exactly_1(measured: Any) -> None:
    baseline = measured((1, {0: 0.3, 1: 0.7}), mode="eager")
    assert speedup.against_baseline(baseline, [baseline]).ratio == 1.0


def test_invocations_are_paired_by_their_index(measured: Any) -> None:
    baseline = measured((2, {0: 8.0}), (3, {0: 2.0}), mode="eager")
    case = measured((1, {0: 1.0}), (2, {0: 1.0}), mode="xla")
    found = speedup.against_baseline(case, [baseline, case])
    assert (found.ratio, found.invocations) == (pytest.approx(8.0), 1)


def test_an_invocation_without_a_common_block_is_left_out(measured: Any) -> None:
    baseline = measured((1, {0: 8.0}), (2, {0: 2.0}), mode="eager")
    case = measured((1, {1: 1.0}), (2, {0: 1.0}), mode="xla")
    found = speedup.against_baseline(case, [baseline, case])
    assert (found.ratio, found.invocations) == (pytest.approx(2.0), 1)


def test_without_the_baseline_there_is_no_speed_up(measured: Any) -> None:
    case = measured((1, {0: 1.0}), mode="xla")
    assert speedup.against_baseline(case, [case]) is None


def test_a_baseline_that_was_never_timed_next_to_it_gives_no_speed_up(measured: Any) -> None:
    baseline, case = measured((1, {0: 1.0}), mode="eager"), measured((1, {1: 1.0}), mode="xla")
    assert speedup.against_baseline(case, [baseline, case]) is None


@pytest.mark.parametrize(
    "other",
    [
        {"workload": "other"},
        {"params": (("n", 9),)},
        {"placement": Placement(strategy="mirrored", replicas=2)},
        {"implementation": "library"},
    ],
)
def test_a_case_of_other_work_place_or_implementation_is_no_baseline(other: dict[str, Any], measured: Any) -> None:
    wrong, case = measured((1, {0: 1.0}), mode="eager", **other), measured((1, {0: 1.0}), mode="xla")
    assert speedup.find_baseline(case, [wrong, case]) is None


def test_each_placement_has_its_own_baseline(measured: Any) -> None:
    wide = Placement(strategy="mirrored", replicas=2)
    narrow_baseline = measured((1, {0: 1.0}), mode="eager")
    wide_baseline = measured((1, {0: 1.0}), mode="eager", placement=wide)
    case = measured((1, {0: 1.0}), mode="xla", placement=wide)
    assert speedup.find_baseline(case, [narrow_baseline, wide_baseline, case]) is wide_baseline
