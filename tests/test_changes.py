"""Steps are found where they were made, outliers are none, and noise alone seldom makes one."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from tfbench.reports import changes

Noise = Callable[[np.random.Generator, int], np.ndarray]
QUIET = (0.0, 0.01, -0.01)  # a mean of 0


def levels(*parts: tuple[float, int]) -> list[float]:
    """Give so many values on each level, with the same little noise on each."""
    return [level + QUIET[i % 3] for level, count in parts for i in range(count)]


def places(values: list[float], **more: float) -> list[int]:
    return [step.at for step in changes.find(values, **more)]


def test_a_step_is_found_with_its_size_and_interval_by_hand() -> None:
    # 9 values on each side; the median of the absolute residuals is 0.01, and so is the step of the noise on a level.
    (step,) = changes.find(levels((0.0, 9), (0.5, 9)))
    error = 1.4826 * 0.01 * math.sqrt(1 / 9 + 1 / 9)
    half = stats.t.ppf(0.975, 16) * error
    assert step.at == 9
    assert step.change.middle == pytest.approx(0.5)
    assert (step.change.low, step.change.high) == (pytest.approx(0.5 - half), pytest.approx(0.5 + half))
    assert step.change.p_value == pytest.approx(18 * 2 * stats.t.sf(0.5 / error, 16), rel=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ((20,), []),
        ((10, 10), [10]),
        ((3, 17), [3]),
        ((17, 3), [17]),
        ((10, 5, 10), [10, 15]),
        ((30, 3, 30), [30, 33]),
        ((8, 8, 8, 8), [8, 16, 24]),
        ((3, 3), [3]),
    ],
)
def test_steps_are_found_where_they_are(counts: tuple[int, ...], wanted: list[int], sign: int) -> None:
    values = levels(*((sign * 0.3 * (i % 2), count) for i, count in enumerate(counts)))
    assert places(values) == wanted


def test_a_staircase_has_a_step_at_each_stair() -> None:
    found = changes.find(levels((0.0, 12), (0.1, 12), (0.3, 12), (0.2, 12)))
    assert [step.at for step in found] == [12, 24, 36]
    assert [step.change.middle for step in found] == pytest.approx([0.1, 0.2, -0.1])


@pytest.mark.parametrize("size", [0.1, 1.0, 7.0, -7.0])
@pytest.mark.parametrize("at", [0, 1, 10, 18, 19])
def test_a_single_outlier_anywhere_is_no_step(at: int, size: float) -> None:
    values = levels((0.0, 20))
    values[at] += size
    assert places(values) == []


@pytest.mark.parametrize("at", [0, 9, 18])
def test_two_outliers_in_a_row_are_no_step(at: int) -> None:
    values = levels((0.0, 20))
    values[at] += 1.0
    values[at + 1] += 1.0
    assert places(values) == []


def test_outliers_beside_a_step_move_neither_its_place_nor_its_size() -> None:
    values = levels((0.0, 15), (0.2, 15))
    for at, size in ((4, 3.0), (13, -2.0), (20, 5.0), (29, 1.0)):
        values[at] += size
    (step,) = changes.find(values)
    assert step.at == 15
    assert step.change.middle == pytest.approx(0.2, abs=0.01)


def test_a_step_smaller_than_what_matters_is_none() -> None:
    values = levels((0.0, 20), (0.05, 20), (0.35, 20))
    assert places(values) == [20, 40]
    assert places(values, smallest=0.1) == [40]
    assert places(values, smallest=0.4) == []


@pytest.mark.parametrize("values", [[], [1.0], levels((0.0, 2), (5.0, 3)), [1.0] * 100, [0.0, 1.0] * 50])
def test_few_equal_or_alternating_values_have_no_step(values: list[float]) -> None:
    assert places(values) == []


def test_equal_values_on_two_levels_have_one() -> None:
    assert places([1.0] * 5 + [1.1] * 5) == [5]


def test_the_middle_of_each_level_is_its_median() -> None:
    values = [*levels((0.0, 9), (0.5, 8)), 9.0]
    assert changes.middles(values, changes.find(values)) == pytest.approx([0.0, 0.5])
    assert changes.middles([3.0, 1.0, 2.0], []) == [2.0]


def test_a_long_series_is_found_in_time_that_grows_with_it() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(0.0, 0.03, 10_000)
    values[4_000:] += 0.1
    values[9_990:] -= 0.3
    assert places(values.tolist()) == [4_000, 9_990]


def alike(rng: np.random.Generator, count: int) -> np.ndarray:
    """Make noise in which neighbours are alike, with a correlation of 0.3."""
    found = rng.normal(size=count)
    for i in range(1, count):
        found[i] = 0.3 * found[i - 1] + math.sqrt(1 - 0.3**2) * found[i]
    return found


def spiky(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.normal(size=count) + (rng.random(count) < 0.05) * rng.exponential(20.0, count)


@pytest.mark.parametrize(
    ("noise", "most"),
    [
        (lambda rng, count: rng.normal(size=count), 0.03),
        (lambda rng, count: rng.standard_t(3, count), 0.05),
        (lambda rng, count: rng.exponential(size=count), 0.08),
        (spiky, 0.05),
        (alike, 0.15),
    ],
    ids=["normal", "heavy tails", "skewed", "spikes", "neighbours alike"],
)
@pytest.mark.parametrize("count", [12, 30, 100])
def test_a_flat_noisy_series_seldom_has_a_step(noise: Noise, most: float, count: int) -> None:
    rng = np.random.default_rng(count)
    found = [changes.find((0.03 * noise(rng, count)).tolist()) for _ in range(200)]
    assert sum(map(bool, found)) / 200 <= most


@pytest.mark.parametrize(("sigmas", "first", "count"), [(3.0, 15, 30), (5.0, 27, 30), (2.0, 50, 100)])
def test_a_step_in_noise_is_found_near_its_place_in_nine_of_ten(sigmas: float, first: int, count: int) -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(100):
        values = rng.normal(0.0, 0.03, count)
        values[first:] += sigmas * 0.03
        hits += any(abs(at - first) <= 2 for at in places(values.tolist()))
    assert hits >= 90


def test_the_interval_of_a_step_covers_its_true_size_in_nine_of_ten() -> None:
    rng = np.random.default_rng(6)
    inside, found = 0, 0
    for _ in range(200):
        values = rng.standard_t(4, 60) * 0.02
        values[30:] += 0.15
        for step in changes.find(values.tolist()):
            found += 1
            assert step.change.low is not None
            assert step.change.high is not None
            inside += step.change.low <= 0.15 <= step.change.high
    assert found >= 195
    assert inside / found >= 0.9
