"""Speed-ups by hand: medians in an invocation, means over invocations, in turns or from different runs."""

import math
from typing import Any

import pytest
from tfbench.bench.case import Placement
from tfbench.bench.intervals import Interval
from tfbench.bench.record import Measurement
from tfbench.reports import speedup
from tfbench.reports.speedup import Speedup

EAGER, XLA = "toy-by_hand-n=8,kind=small-eager-cpu", "toy-by_hand-n=8,kind=small-xla-cpu"
OLD = Placement(interpreter="old")


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


def test_a_speed_up_is_written_as_ratios() -> None:
    logs = Interval(middle=math.log(2.0), low=math.log(1.5), high=math.log(3.0), within=True)
    found = Speedup(case="a", base="b", logs=logs, invocations=1)
    assert (found.ratio, found.low, found.high) == pytest.approx((2.0, 1.5, 3.0))
    assert found.within


def test_without_an_interval_a_speed_up_has_no_ends() -> None:
    found = Speedup(case="a", base="b", logs=Interval(middle=0.0, low=None, high=None, within=False), invocations=2)
    assert (found.ratio, found.low, found.high, found.within) == (1.0, None, None, False)


def test_the_estimate_is_the_geometric_mean_of_the_invocations_medians(measured: Any) -> None:
    baseline = measured((1, {0: 8.0, 1: 64.0, 2: 8.0}), (2, {0: 3.0}), (3, {0: 5.0}), mode="eager")
    case = measured((1, {0: 1.0, 1: 1.0, 2: 2.0}), (2, {0: 3.0}), (3, {0: 5.0}), mode="xla")
    found = speedup.against_baseline(case, [case, baseline])
    # Ratios 8, 64, 4 have the median 8; the third root of 8 * 1 * 1 is 2. On the logarithms, the mean of
    # (ln 8, 0, 0) is ln 2, their deviation ln 8 / sqrt 3, so the interval is ln 2 +- 4.30265 * ln 8 / 3.
    # ln 2 is ln 8 / 3, the error itself: t = 1, of which P(|t| > 1) = 1 - 1 / sqrt 3 for 2 degrees of freedom.
    assert found == Speedup(
        case=XLA,
        base=EAGER,
        logs=Interval(
            middle=pytest.approx(math.log(2.0)),
            low=pytest.approx(math.log(2.0) - 4.30265 * math.log(2.0), rel=1e-5),
            high=pytest.approx(math.log(2.0) + 4.30265 * math.log(2.0), rel=1e-5),
            within=False,
            p_value=pytest.approx(1 - 1 / math.sqrt(3)),
            error=pytest.approx(math.log(2.0)),
            freedom=2,
        ),
        invocations=3,
    )
    assert (found.ratio, found.low) == pytest.approx((2.0, 2 * 8 ** (-4.30265 / 3)), rel=1e-5)


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
    found = speedup.against_baseline(baseline, [baseline])
    assert (found.ratio, found.case, found.base) == (1.0, EAGER, EAGER)


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


def test_in_turns_another_interpreter_has_one_ratio_an_invocation(measured: Any) -> None:
    # Of different workers, so their blocks have nothing to do with each other: medians 2 / 1 and 8 / 1.
    base = measured((1, {0: 1.0, 1: 2.0, 2: 9.0}), (2, {0: 8.0}), mode="xla")
    case = measured((1, {5: 1.0}), (2, {5: 1.0, 6: 0.5, 7: 7.0}), mode="xla", placement=OLD)
    found = speedup.paired(case, base)
    assert (found.case, found.base, found.invocations) == (f"{XLA}-old", XLA, 2)
    assert (found.ratio, found.logs.error) == pytest.approx((4.0, math.log(2.0)))


def test_unpaired_by_hand(records: Any) -> None:
    base, case = records.timed(8.0, 2.0), records.timed((1.0, 2.0, 64.0), 0.5)
    found = speedup.unpaired(case, base)
    # In powers of 2: base 3 and 1, case 1 (of its median) and -1. The difference of the means is 2, each variance
    # 2 of 2 values: Welch's error is sqrt(2/2 + 2/2), of 2 degrees of freedom.
    logs = found.logs
    assert (found.ratio, found.invocations, found.within) == (pytest.approx(4.0), 2, False)
    assert (logs.error, logs.freedom) == pytest.approx((math.sqrt(2.0) * math.log(2.0), 2.0))
    assert (found.low, found.high) == pytest.approx(
        (2 ** (2 - 4.302653 * math.sqrt(2.0)), 2 ** (2 + 4.302653 * math.sqrt(2.0))), rel=1e-5
    )


def test_unpaired_the_numbers_of_invocations_may_differ_and_the_smaller_counts(records: Any) -> None:
    found = speedup.unpaired(records.timed(1.0, 1.0), records.timed(2.0, 4.0, 8.0))
    assert (found.ratio, found.invocations) == (pytest.approx(4.0), 2)


def test_unpaired_the_order_of_the_invocations_does_not_matter(records: Any) -> None:
    there, back = (speedup.unpaired(records.timed(*times), records.timed(3.0, 5.0)) for times in ((1, 2), (2, 1)))
    assert there == back


def test_unpaired_one_invocation_on_a_side_gives_no_interval(records: Any) -> None:
    found = speedup.unpaired(records.timed(1.0), records.timed(2.0, 2.0))
    assert (found.ratio, found.low, found.high, found.within) == (pytest.approx(2.0), None, None, True)


@pytest.mark.parametrize("sides", [((), (1.0,)), ((1.0,), ()), ((0.0,), (1.0,))])
def test_unpaired_a_side_without_any_time_gives_no_speed_up(sides: Any, records: Any) -> None:
    case, base = (records.timed(rounds) for rounds in sides)
    assert speedup.unpaired(case, base) is None
