"""Costs of a case over its invocations, by hand."""

from collections.abc import Callable
from typing import Any

import pytest
from tfbench.bench.extras import Ceilings, Cost, Extras
from tfbench.reports import case_costs
from tfbench.reports.case_costs import Attained, Spread

COST = Cost(flops=100, bytes_accessed=800, fusions=2, instructions=3)
TOP = Ceilings(flop_per_s=1000.0, byte_per_s=400.0)

Make = Callable[..., Any]


@pytest.fixture
def with_extras(records: Any) -> Make:
    """Give the factory of a measurement with an invocation of 2 s a call for each of these extras."""

    def make(*found: Extras | None, **changes: Any) -> Any:
        done = tuple(
            records.invocation((4.0, 4.0, 4.0), index=i, extras=extras) for i, extras in enumerate(found, start=1)
        )
        return records.measurement(case=records.case(mode="xla"), invocations=done, **changes)

    return make


def test_a_spread_is_the_median_and_half_the_distance_of_the_quartiles() -> None:
    assert case_costs.spread([5.0, 1.0, 2.0, 3.0, 4.0]) == Spread(middle=3.0, half=1.0)


def test_two_values_have_no_spread_and_none_have_nothing() -> None:
    assert case_costs.spread([1.0, 2.0]) == Spread(middle=1.5, half=None)
    assert case_costs.spread([]) is None


def test_what_one_invocation_does_not_know_is_not_known() -> None:
    assert case_costs.spread([1.0, None, 2.0]) is None


def test_what_was_examined_once_is_that_of_the_measurement(with_extras: Make) -> None:
    measurement = with_extras(None, Extras(), Extras(cost=COST, optimized_ops=7, ceilings=TOP))
    assert (case_costs.cost(measurement), case_costs.optimized_ops(measurement)) == (COST, 7)


def test_without_extras_nothing_is_known(with_extras: Make) -> None:
    measurement = with_extras(None, None)
    assert (case_costs.cost(measurement), case_costs.optimized_ops(measurement)) == (None, None)
    assert (case_costs.dispatch_share(measurement), case_costs.naive_error(measurement)) == (None, None)
    assert case_costs.ceilings([measurement]) == {}
    assert not case_costs.naive_is_wrong(measurement)


def test_the_ceilings_of_a_placement_are_the_best_of_all_its_workers(with_extras: Make) -> None:
    one = with_extras(Extras(ceilings=TOP), Extras())
    two = with_extras(Extras(ceilings=Ceilings(flop_per_s=900.0, byte_per_s=500.0)))
    assert case_costs.ceilings([one, two]) == {"cpu": Ceilings(flop_per_s=1000.0, byte_per_s=500.0)}


def test_the_rates_are_those_of_the_median_call_as_shares_of_the_ceilings(with_extras: Make) -> None:
    # 100 operations and 800 bytes in 2 s.
    assert case_costs.attained(with_extras(Extras(cost=COST)), TOP) == Attained(
        flop_per_s=50.0, byte_per_s=400.0, flop_share=0.05, byte_share=1.0
    )


def test_without_ceilings_there_are_rates_only(with_extras: Make) -> None:
    found = case_costs.attained(with_extras(Extras(cost=COST)), None)
    assert found == Attained(flop_per_s=50.0, byte_per_s=400.0, flop_share=None, byte_share=None)


def test_unknown_operations_have_no_rate(with_extras: Make) -> None:
    unknown = Cost(flops=None, bytes_accessed=800, fusions=0, instructions=1)
    found = case_costs.attained(with_extras(Extras(cost=unknown)), TOP)
    assert (found.flop_per_s, found.flop_share, found.byte_share) == (None, None, 1.0)


def test_a_case_without_a_module_has_no_rates(with_extras: Make) -> None:
    none = Attained(flop_per_s=None, byte_per_s=None, flop_share=None, byte_share=None)
    assert case_costs.attained(with_extras(Extras()), TOP) == none


def test_the_share_of_dispatch_is_the_median_of_the_invocations_that_know_it(with_extras: Make) -> None:
    floors = (Extras(dispatch_s=0.5), Extras(dispatch_s=1.0), Extras(), Extras(dispatch_s=0.25))
    assert case_costs.dispatch_share(with_extras(*floors)) == 0.25


def test_a_floor_above_the_call_is_all_of_it(with_extras: Make) -> None:
    assert case_costs.dispatch_share(with_extras(Extras(dispatch_s=3.0))) == 1.0


def naive(*ratios: float) -> list[Extras]:
    return [Extras(naive_s=ratio * 2.0, synced_s=2.0) for ratio in ratios]


def test_the_naive_error_is_the_median_of_the_invocations(with_extras: Make) -> None:
    assert case_costs.naive_error(with_extras(*naive(0.5, 0.25, 1.0))) == -0.5


@pytest.mark.parametrize(
    ("ratios", "wrong"),
    [
        ((0.5, 0.75, 0.9), True),
        ((0.5, 0.75, 0.96), False),  # within 5 % once
        ((0.5, 0.75, 1.5), False),
        ((1.5, 1.5, 1.5), False),  # waiting less cannot take longer
        ((0.9,), False),  # alone it may be noise
        ((0.7, 0.7), True),
    ],
)
def test_a_naive_time_is_wrong_if_it_is_too_short_every_time(
    with_extras: Make, ratios: tuple[float, ...], wrong: bool
) -> None:
    assert case_costs.naive_is_wrong(with_extras(*naive(*ratios))) is wrong


def test_the_steady_state_is_the_median_of_all_rounds_with_the_spread_of_the_invocations(measured: Any) -> None:
    measurement = measured((1, {0: 1.0, 1: 1.0, 2: 1.0}), (2, {0: 2.0}), (3, {0: 5.0}))
    assert case_costs.steady(measurement) == Spread(middle=1.0, half=1.0)


def test_a_case_that_was_only_checked_has_no_steady_state(records: Any) -> None:
    measurement = records.measurement(invocations=(records.invocation((), extras=Extras(dispatch_s=1.0)),))
    assert (case_costs.steady(measurement), case_costs.dispatch_share(measurement)) == (None, None)
