"""How precise the cases of a set are, by hand."""

from typing import Any

import pytest
from tfbench.bench import precision
from tfbench.bench.case import Placement
from tfbench.bench.record import Precision

OLD, NEW = Placement(interpreter="old"), Placement(interpreter="new")
T_1, T_2 = 12.706205, 4.302653  # 97.5 % of Student's t for 1 and 2 degrees of freedom


@pytest.fixture
def steady(measured: Any) -> Any:
    """Give the factory of a measurement from one time a call for each invocation."""

    def make(*seconds: float, **changes: Any) -> Any:
        return measured(*((index, {0: lasts}) for index, lasts in enumerate(seconds, start=1)), **changes)

    return make


def test_the_reached_precision_is_half_the_interval_of_the_ratio(steady: Any) -> None:
    # Log-ratios of 0, 1 and 0 times ln 2: the deviation is 1 / sqrt 3, the half-width t / 3.
    base, case = steady(4.0, 8.0, 2.0), steady(4.0, 4.0, 2.0, mode="xla")
    assert precision.reached(case, [base, case], 5.0) == Precision(
        wanted=5.0, reached=pytest.approx(2 ** (T_2 / 3) - 1, rel=1e-6), met=True
    )


def test_a_precision_that_is_wider_than_wanted_is_not_met(steady: Any) -> None:
    base, case = steady(4.0, 8.0), steady(4.0, 4.0, mode="xla")
    # Log-ratios of 0 and ln 2: the deviation is ln 2 / sqrt 2, the half-width t / 2.
    wide = pytest.approx(2 ** (T_1 / 2) - 1, rel=1e-6)
    assert precision.reached(case, [base, case], 0.02) == Precision(wanted=0.02, reached=wide, met=False)


def test_a_precision_on_the_edge_of_what_was_wanted_is_met(steady: Any) -> None:
    base, case = steady(4.0, 8.0), steady(4.0, 4.0, mode="xla")
    reached = precision.reached(case, [base, case], 0.02).reached
    assert reached is not None
    assert precision.reached(case, [base, case], reached).met


def test_ratios_that_are_always_the_same_are_precise_however_the_times_move(steady: Any) -> None:
    base, case = steady(4.0, 80.0), steady(1.0, 20.0, mode="xla")
    assert precision.reached(case, [base, case], 0.02) == Precision(wanted=0.02, reached=0.0, met=True)


def test_a_case_without_a_partner_is_judged_by_its_own_time(steady: Any) -> None:
    wide = pytest.approx(2 ** (T_1 / 2) - 1, rel=1e-6)
    base, alone = steady(4.0, 8.0), steady(4.0, 8.0, mode="xla")
    assert precision.reached(base, [base], 0.5) == Precision(wanted=0.5, reached=wide, met=False)
    assert precision.reached(alone, [alone], 0.5) == Precision(wanted=0.5, reached=wide, met=False)


def test_a_partner_that_was_never_measured_beside_it_leaves_its_own_time(measured: Any) -> None:
    base = measured((1, {0: 4.0}), (2, {0: 4.0}))
    case = measured((1, {1: 4.0}), (2, {1: 8.0}), mode="xla")
    wide = pytest.approx(2 ** (T_1 / 2) - 1, rel=1e-6)
    assert precision.reached(case, [base, case], 0.5) == Precision(wanted=0.5, reached=wide, met=False)


def test_one_process_gives_no_precision_however_many_rounds_it_has(measured: Any) -> None:
    rounds = dict.fromkeys(range(50), 2.0)
    base, case = measured((1, rounds)), measured((1, rounds), mode="xla")
    nothing = Precision(wanted=0.5, reached=None, met=False)
    assert precision.reached(case, [base, case], 0.5) == nothing


def test_what_others_are_compared_with_is_not_judged_by_its_own_time(steady: Any) -> None:
    base, case = steady(4.0, 80.0), steady(1.0, 20.0, mode="xla")
    assert precision.reached(base, [base, case], 0.02) is None


def test_the_widest_interval_counts_where_there_are_two_partners(steady: Any) -> None:
    # Against its baseline always 2; against the old interpreter 1, then 2.
    old, base = steady(4.0, 8.0, mode="xla", placement=OLD), steady(8.0, 8.0, placement=NEW)
    case = steady(4.0, 4.0, mode="xla", placement=NEW)
    wide = pytest.approx(2 ** (T_1 / 2) - 1, rel=1e-6)
    assert precision.reached(case, [old, base, case], 0.5) == Precision(wanted=0.5, reached=wide, met=False)
    assert precision.reached(case, [base, case], 0.5) == Precision(wanted=0.5, reached=0.0, met=True)


def test_one_of_two_partners_with_too_few_processes_gives_no_precision(steady: Any) -> None:
    old, base = steady(4.0, mode="xla", placement=OLD), steady(8.0, 8.0, placement=NEW)
    case = steady(4.0, 4.0, mode="xla", placement=NEW)
    assert precision.reached(case, [old, base, case], 0.5) == Precision(wanted=0.5, reached=None, met=False)


def test_partners_are_the_baseline_and_the_same_case_in_the_first_interpreter(steady: Any) -> None:
    base_old, base_new = steady(4.0, placement=OLD), steady(4.0, placement=NEW)
    xla_old, xla_new = steady(4.0, mode="xla", placement=OLD), steady(4.0, mode="xla", placement=NEW)
    every = [base_old, xla_old, base_new, xla_new]
    assert precision.partners(base_old, every) == []
    assert precision.partners(xla_old, every) == [base_old]
    assert precision.partners(base_new, every) == [base_old]
    assert precision.partners(xla_new, every) == [base_new, xla_old]


def test_a_case_has_no_partner_where_nothing_else_was_measured(steady: Any) -> None:
    case = steady(4.0, mode="xla")
    assert precision.partners(case, [case]) == []


def test_the_first_interpreter_is_the_first_that_was_measured(steady: Any) -> None:
    third = Placement(interpreter="third")
    every = [steady(4.0, mode="xla", placement=placement) for placement in (NEW, OLD, third)]
    assert [precision.first_interpreter(one, every) for one in every] == [None, every[0], every[0]]


@pytest.mark.parametrize(
    "other",
    [
        {"mode": "graph", "placement": OLD},
        {"mode": "xla", "implementation": "library", "placement": OLD},
        {"mode": "xla", "params": (("n", 9),), "placement": OLD},
        {"mode": "xla", "placement": Placement(device="gpu", interpreter="old")},
        {"mode": "xla", "placement": Placement(strategy="mirrored", replicas=2, interpreter="old")},
    ],
)
def test_another_case_in_another_interpreter_is_no_partner(steady: Any, other: dict[str, Any]) -> None:
    case = steady(4.0, mode="xla", placement=NEW)
    assert precision.first_interpreter(case, [steady(4.0, **other), case]) is None


def test_what_is_not_precise_is_named_with_its_partners(steady: Any) -> None:
    base, graph, xla = steady(4.0, 4.0), steady(2.0, 2.0, mode="graph"), steady(4.0, 2.0, mode="xla")
    assert set(precision.unmet([base, graph, xla], 0.02)) == {xla.case.id, base.case.id}


def test_what_is_precise_is_not_named(steady: Any) -> None:
    base, xla = steady(4.0, 4.0), steady(1.0, 1.0, mode="xla")
    assert list(precision.unmet([base, xla], 0.02)) == []


def test_after_one_process_everything_is_named(steady: Any) -> None:
    base, xla = steady(4.0), steady(1.0, mode="xla")
    assert set(precision.unmet([base, xla], 0.02)) == {base.case.id, xla.case.id}


def test_a_case_that_differs_between_interpreters_is_named_in_both_with_its_baseline(steady: Any) -> None:
    base_old, base_new = steady(4.0, 4.0, placement=OLD), steady(4.0, 4.0, placement=NEW)
    xla_old = steady(1.0, 1.0, mode="xla", placement=OLD)
    xla_new = steady(1.0, 2.0, mode="xla", placement=NEW)
    found = set(precision.unmet([base_old, xla_old, base_new, xla_new], 0.02))
    assert found == {xla_new.case.id, base_new.case.id, xla_old.case.id}
