"""Where one machine overtakes another, by lines in logarithms, with bounds; and when that was not measured."""

import math

import pytest
from tfbench.bench.intervals import Interval
from tfbench.reports import crossover


def gained(ratio: float, half: float | None = 0.1) -> Interval:
    """Make the interval of a speed-up; without a half-width it has none."""
    middle = math.log(ratio)
    ends = (None, None) if half is None else (middle - half, middle + half)
    return Interval(middle=middle, low=ends[0], high=ends[1], within=half is None)


def found(points: dict[int, float], half: float | None = 0.1) -> crossover.Crossover:
    result = crossover.find([(size, gained(ratio, half)) for size, ratio in points.items()])
    assert result is not None
    return result


def test_between_two_sizes_the_crossing_is_by_hand() -> None:
    # The logarithm of the speed-up goes from -log 2 at 32 to log 2 at 128: half way in log size, so at 64. It rises
    # by log 4 over log 4 of size, so 0.1 more is reached exp(0.1) later.
    one = found({32: 0.5, 128: 2.0})
    assert (one.size, one.crossings, one.faster) == (pytest.approx(64.0), 1, True)
    assert (one.low, one.high) == (pytest.approx(64 * math.exp(-0.1)), pytest.approx(64 * math.exp(0.1)))


def test_times_that_are_powers_of_the_size_cross_where_they_do() -> None:
    # 0.1 n^0.9 against 2 n^0.2: equal where n^0.7 = 20.
    sizes = (8, 64, 512)
    one = found({n: 0.1 * n**0.9 / (2 * n**0.2) for n in sizes})
    assert one.size == pytest.approx(20 ** (1 / 0.7))


def test_a_speed_up_that_falls_with_the_size_pays_up_to_one() -> None:
    one = found({32: 2.0, 128: 0.5})
    assert (one.size, one.faster) == (pytest.approx(64.0), False)
    assert (one.low, one.high) == (pytest.approx(64 * math.exp(-0.1)), pytest.approx(64 * math.exp(0.1)))
    assert crossover.text(one) == "up to 64 [57.9, 70.7]"


def test_bounds_outside_of_what_was_measured_are_none() -> None:
    one = found({32: 0.95, 64: 1.06}, half=0.1)
    assert (one.low, one.high) == (None, None)
    assert crossover.text(one) == "from 44.3 [<32, >64]"


def test_a_bound_is_where_the_end_crosses_upwards_not_where_it_falls_back() -> None:
    wide = Interval(middle=math.log(2.0), low=-0.1, high=1.5, within=False)
    points = [(32, gained(0.5)), (64, gained(2.0)), (128, gained(2.0)), (256, wide)]
    one = crossover.find(points)
    assert one is not None
    assert one.low is not None
    assert one.high is None
    assert crossover.text(one).endswith(", >256]")


def test_the_last_of_several_crossings_counts_and_they_are_counted() -> None:
    one = found({8: 0.5, 16: 2.0, 32: 0.5, 64: 2.0})
    assert (one.size, one.crossings) == (pytest.approx(32 * math.sqrt(2)), 3)
    assert crossover.text(one).endswith(", 3 crossings")


@pytest.mark.parametrize(
    ("points", "half", "text"),
    [
        ({32: 2.0, 64: 3.0}, 0.1, "at every size measured (32 to 64)"),
        ({32: 0.3, 64: 0.5}, 0.1, "at no size measured (32 to 64)"),
        ({32: 1.05, 64: 3.0}, 0.1, "at every size measured (32 to 64), not for sure"),
        ({32: 0.3, 64: 0.95}, 0.1, "at no size measured (32 to 64), not for sure"),
        ({32: 2.0, 64: 3.0}, None, "at every size measured (32 to 64), not for sure"),
        ({32: 0.5, 128: 2.0}, None, "from 64"),
        ({64: 2.0, 32: 1.0}, 0.01, "from 32 [<32, 32.3]"),
    ],
)
def test_it_is_said_where_it_pays(points: dict[int, float], half: float | None, text: str) -> None:
    assert crossover.text(found(points, half)) == text


@pytest.mark.parametrize("points", [[], [(32, gained(2.0))]])
def test_fewer_than_two_sizes_tell_nothing(points: list[tuple[int, Interval]]) -> None:
    assert crossover.find(points) is None


def test_large_sizes_have_no_exponent() -> None:
    found = [crossover.size_text(size) for size in (5.0, 57.94, 64.0, 999.6, 1234.0, 2.5e6)]
    assert found == ["5", "57.9", "64", "1000", "1230", "2500000"]
