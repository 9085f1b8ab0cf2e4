"""What a worker tells of the software that it runs on."""

from collections.abc import Callable, Sequence

import pytest
from tfbench.bench.software import timer_step_s


def readings(times: Sequence[float]) -> Callable[[], float]:
    """Give a clock that shows these times, one a reading."""
    left = iter(times)
    return lambda: next(left)


@pytest.mark.parametrize(
    ("times", "step"),
    [
        ([0.0, 0.0, 0.0, 2.0, 3.0, 3.5, 5.0, 5.0], 0.5),
        ([0.0, 1.0, 9.0, 17.0, 18.0, 18.25, 20.0, 19.0], 0.25),
        ([0.0, 0.0, 7.0, 7.0, 9.0, 9.0, 9.5, 9.5], 0.0),
        ([5.0, 4.0, 3.0, 3.0, 2.0, 1.0, 1.0, 1.0], 0.0),
    ],
    ids=["readings that are equal", "a clock set back", "a clock too coarse", "a clock that only goes back"],
)
def test_the_step_of_a_clock_is_the_smallest_above_0_between_two_readings(times: list[float], step: float) -> None:
    assert timer_step_s(readings(times), tries=4) == step


def test_the_clock_of_the_rounds_has_a_step_far_below_a_round() -> None:
    assert 0.0 < timer_step_s() < 0.0001
