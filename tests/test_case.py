"""Names of cases, placements and comparison sets."""

from typing import Any

import pytest
from tfbench.bench.case import Placement, common_label


@pytest.mark.parametrize(
    ("placement", "label"),
    [
        (Placement(), "cpu"),
        (Placement(device="gpu"), "gpu"),
        (Placement(device="cpu", strategy="mirrored", replicas=2), "cpu-mirrored-2"),
        (Placement(device="tpu", strategy="tpu", replicas=8), "tpu-tpu-8"),
        (Placement(interpreter="old"), "cpu-old"),
        (Placement(threads=2), "cpu-threads-2"),
        (Placement(device="gpu", strategy="mirrored", replicas=2, interpreter="tf_2.20"), "gpu-mirrored-2-tf_2.20"),
    ],
)
def test_a_placement_is_labelled_by_device_strategy_and_interpreter(placement: Placement, label: str) -> None:
    assert label == placement.label


def test_the_id_names_every_part_of_a_case(records: Any) -> None:
    case = records.case(mode="xla", placement=Placement(strategy="mirrored", replicas=2))
    assert case.id == "toy-by_hand-n=8,kind=small-xla-cpu-mirrored-2"


def test_the_same_case_in_another_interpreter_has_another_id(records: Any) -> None:
    case = records.case(placement=Placement(interpreter="old"))
    assert case.id == "toy-by_hand-n=8,kind=small-eager-cpu-old"


def test_the_id_of_a_case_without_params_has_no_gap(records: Any) -> None:
    assert records.case(params=()).id == "toy-by_hand-eager-cpu"


def test_params_are_written_as_the_user_writes_them(records: Any) -> None:
    assert records.case().params_label == "n=8,kind=small"


def test_a_comparison_set_leaves_out_implementation_mode_and_placement(records: Any) -> None:
    other = records.case(implementation="library", mode="xla", placement=Placement(device="gpu", interpreter="old"))
    assert other.comparison_set == records.case().comparison_set == "toy n=8,kind=small"


def test_other_params_make_another_comparison_set(records: Any) -> None:
    assert records.case(params=(("n", 9),)).comparison_set == "toy n=9"


def test_a_comparison_set_without_params_is_the_workload(records: Any) -> None:
    assert records.case(params=()).comparison_set == "toy"


def test_cases_of_one_workload_are_named_by_the_params_that_they_share(records: Any) -> None:
    several = [records.case(params=(("n", 8), ("steps", count))) for count in (1, 7)]
    assert common_label(several) == "toy n=8"
    assert common_label([several[0], records.case(params=(("n", 8),))]) == "toy n=8"
    assert common_label([records.case()]) == "toy n=8,kind=small"
    assert common_label([records.case(params=(("n", n),)) for n in (8, 9)]) == "toy"
