"""Quartiles, by hand and against SciPy."""

import pytest
from scipy.stats import mstats
from tfbench.reports import quantiles


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([7.0], (7.0, 7.0, 7.0)),
        ([1.0, 2.0], (1.25, 1.5, 1.75)),
        ([4.0, 1.0, 3.0, 2.0], (1.75, 2.5, 3.25)),
        ([1.0, 2.0, 3.0, 4.0, 100.0], (2.0, 3.0, 4.0)),
    ],
)
def test_quartiles_are_interpolated_linearly(values: list[float], wanted: tuple[float, float, float]) -> None:
    assert quantiles.quartiles(values) == wanted


def test_quartiles_equal_scipys_of_type_7() -> None:
    values = [0.3, 0.1, 0.9, 0.4, 0.5, 0.45, 7.0]
    wanted = [float(value) for value in mstats.mquantiles(values, alphap=1, betap=1)]
    assert list(quantiles.quartiles(values)) == pytest.approx(wanted, rel=1e-15)


def test_quartiles_are_plain_floats() -> None:
    assert [type(value) for value in quantiles.quartiles((1, 2, 3))] == [float, float, float]
