"""Numbers for people."""

import math

import pytest
from tfbench.reports import units

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234.0, "1230"),
        (1235.0, "1240"),
        (999.4, "999"),
        (999.6, "1000"),
        (123.4, "123"),
        (12.34, "12.3"),
        (1.234, "1.23"),
        (1.0, "1.00"),
        (9.999, "10.0"),
        (0.01234, "0.0123"),
        (0.00099996, "0.00100"),
        (-12.34, "-12.3"),
        (float("inf"), "inf"),
    ],
)
def test_three_significant_digits_without_an_exponent(value: float, text: str) -> None:
    assert units.digits(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (83.25, "83.2 s"),
        (1.42, "1.42 s"),
        (1.0, "1.00 s"),
        (0.9996, "1.00 s"),
        (0.9994, "999 ms"),
        (0.0261, "26.1 ms"),
        (0.0009999, "1.00 ms"),
        (412e-6, "412 \u00b5s"),
        (1e-6, "1.00 \u00b5s"),
        (9.5e-9, "9.50 ns"),
        (5e-11, "0.0500 ns"),
        (0.0, "0"),
        (None, "-"),
        (NAN, "-"),
    ],
)
def test_a_time_has_the_unit_that_fits(value: float | None, text: str) -> None:
    assert units.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (31200.0, "31.2k"),
        (1.2e6, "1.20M"),
        (3.456e9, "3.46G"),
        (999.0, "999"),
        (999.6, "1.00k"),
        (999_600.0, "1.00M"),
        (12.5, "12.5"),
        (0.5, "0.500"),
        (0.0, "0"),
        (None, "-"),
        (NAN, "-"),
    ],
)
def test_a_rate_has_the_prefix_that_fits(value: float | None, text: str) -> None:
    assert units.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(12.34, "12.3x"), (1.0, "1.00x"), (0.5, "0.500x"), (None, "-"), (NAN, "-")]
)
def test_a_speed_up_is_a_factor(value: float | None, text: str) -> None:
    assert units.ratio(value) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (12.34, 11.8, 12.9, "12.3x [11.8, 12.9]"),
        (0.8834, 0.851, 0.917, "0.88x [0.85, 0.92]"),
        (2049.0, 2021.0, 2079.0, "2050x [2020, 2080]"),
        (2.5, 1.651, 3.79, "2.5x [1.7, 3.8]"),  # a half-width of 1.07 has a digit more than one of 2.5
        (25.0, 22.51, 27.51, "25x [23, 28]"),
        (25.0, 22.53, 27.49, "25.0x [22.5, 27.5]"),
        (1100.0, 700.0, 1600.0, "1100x [700, 1600]"),
        (12.34, None, None, "12.3x"),
        (12.34, 12.34, 12.34, "12.3x"),
        (12.34, 11.0, math.inf, "12.3x"),
        (None, None, None, "-"),
    ],
)
def test_a_speed_up_has_the_digits_that_its_interval_supports(
    value: float | None, low: float | None, high: float | None, text: str
) -> None:
    assert units.ratio(value, low, high) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (12.0, "12.0 J"), (0.5, "0.500 J"), (37_708.0, "37.7 kJ"), (1.5e6, "1.50 MJ")]
)
def test_an_energy_has_the_prefix_that_fits(value: float | None, text: str) -> None:
    assert units.joules(value) == text
