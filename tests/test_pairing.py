"""What was measured next to each other, paired by hand."""

import math
from typing import Any

import pytest
from tfbench.bench import pairing
from tfbench.bench.case import Placement

OLD, NEW = Placement(interpreter="old"), Placement(interpreter="new")


def ratios(logs: list[float]) -> list[float]:
    return [round(math.exp(log), 12) for log in logs]


def test_rounds_are_paired_by_block(records: Any) -> None:
    case = records.invocation((1.0, 2.0, 4.0), blocks=(3, 1, 2), iterations=1)
    base = records.invocation((8.0, 8.0, 8.0), blocks=(1, 2, 3), iterations=1)
    assert ratios(pairing.by_block(case, base)) == [8.0, 4.0, 2.0]


def test_blocks_that_only_one_of_them_has_are_left_out(records: Any) -> None:
    case = records.invocation((1.0, 2.0, 4.0), blocks=(0, 1, 5), iterations=1)
    base = records.invocation((8.0, 8.0, 8.0), blocks=(1, 2, 5), iterations=1)
    assert ratios(pairing.by_block(case, base)) == [4.0, 2.0]


@pytest.mark.parametrize("pair", [pairing.by_block, pairing.by_invocation])
def test_times_are_those_of_one_call(records: Any, pair: pairing.Pairing) -> None:
    case = records.invocation((10.0,), iterations=10)
    base = records.invocation((6.0,), iterations=2)
    assert ratios(pair(case, base)) == [3.0]


def test_a_round_without_any_time_is_left_out(records: Any) -> None:
    case = records.invocation((0.0, 1.0, 1.0), iterations=1)
    base = records.invocation((1.0, 0.0, 2.0), iterations=1)
    assert ratios(pairing.by_block(case, base)) == [2.0]


def test_workers_of_their_own_are_paired_by_their_medians(records: Any) -> None:
    # Medians of 2 and 6, though no block has the ratio 3.
    case = records.invocation((1.0, 2.0, 9.0), blocks=(0, 1, 2), iterations=1)
    base = records.invocation((7.0, 5.0), blocks=(7, 8), iterations=1)
    assert ratios(pairing.by_invocation(case, base)) == [3.0]


@pytest.mark.parametrize(("case_s", "base_s"), [((), (1.0,)), ((1.0,), ()), ((0.0,), (1.0,)), ((1.0,), (0.0,))])
def test_without_any_time_on_one_side_medians_are_not_paired(
    records: Any, case_s: tuple[float, ...], base_s: tuple[float, ...]
) -> None:
    assert pairing.by_invocation(records.invocation(case_s), records.invocation(base_s)) == []


def test_samples_are_by_invocation_and_within_it_by_block_in_one_worker(measured: Any) -> None:
    base = measured((1, {0: 8.0, 1: 8.0}), (2, {0: 6.0}))
    case = measured((1, {0: 1.0, 1: 2.0}), (2, {0: 2.0}), mode="xla")
    assert [ratios(sample) for sample in pairing.samples(case, base)] == [[8.0, 4.0], [3.0]]


def test_samples_of_two_interpreters_have_one_value_an_invocation(measured: Any) -> None:
    base = measured((1, {0: 7.0, 1: 8.0, 2: 9.0}), (2, {0: 6.0}), placement=OLD)
    case = measured((1, {0: 1.0, 1: 2.0, 2: 3.0}), (2, {0: 2.0}), placement=NEW)
    assert [ratios(sample) for sample in pairing.samples(case, base)] == [[4.0], [3.0]]


def test_samples_are_paired_by_the_index_of_the_invocation(measured: Any) -> None:
    base = measured((2, {0: 8.0}), (3, {0: 2.0}))
    case = measured((1, {0: 1.0}), (3, {0: 1.0}), mode="xla")
    assert [ratios(sample) for sample in pairing.samples(case, base)] == [[2.0]]


def test_an_invocation_without_a_common_block_gives_no_sample(measured: Any) -> None:
    base = measured((1, {0: 8.0}), (2, {0: 2.0}))
    case = measured((1, {1: 1.0}), (2, {0: 1.0}), mode="xla")
    assert [ratios(sample) for sample in pairing.samples(case, base)] == [[2.0]]


def test_a_measurement_can_be_cut_down_to_one_invocation(measured: Any) -> None:
    both = measured((1, {0: 8.0}), (2, {0: 2.0, 1: 3.0}))
    assert pairing.only(both, 2) == measured((2, {0: 2.0, 1: 3.0}))


def test_there_is_one_log_median_of_a_unit_of_work_an_invocation_that_has_any_time(measured: Any) -> None:
    found = pairing.log_medians(measured((1, {0: 1.0, 1: 4.0, 2: 5.0}), (2, {}), (3, {0: 0.0}), (4, {0: 2.0, 1: 4.0})))
    assert ratios(found) == [4.0 / 8, 3.0 / 8]


def test_ratios_are_for_equal_work(measured: Any, with_fields: Any) -> None:
    # Twice the work in the same time is twice as fast.
    base, case = measured((1, {0: 4.0})), with_fields(measured((1, {0: 4.0}), mode="xla"), work_per_call=16)
    assert [ratios(sample) for sample in pairing.samples(case, base)] == [[2.0]]


@pytest.mark.parametrize(
    "other",
    [
        {"workload": "other"},
        {"params": (("n", 9),)},
        {"placement": Placement(strategy="mirrored", replicas=2)},
        {"placement": OLD},
        {"implementation": "library"},
        {"mode": "graph"},
    ],
)
def test_a_case_of_other_work_place_or_implementation_is_no_baseline(other: dict[str, Any], measured: Any) -> None:
    wrong, case = measured((1, {0: 1.0}), **other), measured((1, {0: 1.0}), mode="xla")
    assert pairing.find_baseline(case, [wrong, case]) is None


def test_each_placement_has_its_own_baseline(measured: Any) -> None:
    wide = Placement(strategy="mirrored", replicas=2)
    bases = [measured((1, {0: 1.0}), placement=placement) for placement in (Placement(), wide, OLD, NEW)]
    for base in bases:
        case = measured((1, {0: 1.0}), mode="xla", placement=base.case.placement)
        assert pairing.find_baseline(case, [*bases, case]) is base


def test_the_baseline_is_its_own_baseline(measured: Any) -> None:
    base = measured((1, {0: 1.0}))
    assert pairing.find_baseline(base, [base]) is base
