"""What all charts share."""

from typing import Any

import altair as alt
import pytest
from tfbench.reports import charts
from tfbench.reports.page import Figure

ROWS = [{"mode": "xla", "name": "a", "s": 1.0}, {"mode": "eager", "name": "b", "s": 2.0}]


def drawn(**changes: Any) -> Figure:
    layer = charts.layer("rows", ["mode"]).mark_bar().encode(y=charts.names_axis(), x=alt.X("s:Q"))
    fields = {"name": "f", "title": "t", "caption": "c", "data": {"rows": ROWS}, "height": 10, "filters": ["mode"]}
    return charts.figure(layer, **{**fields, **changes})


@pytest.mark.parametrize(
    ("value", "few"), [(0.000123456, 0.0001235), (123456.0, 123500.0), (0.0, 0.0), (1e-300, 1e-300), (-2.00004, -2.0)]
)
def test_numbers_have_four_digits(value: float, few: float) -> None:
    assert charts.rounded(value) == few


def test_a_figure_has_its_rows_by_name_and_what_the_page_has_once_is_left_out() -> None:
    figure = drawn()
    assert figure.data == {"rows": ROWS}
    assert figure.spec["data"] == {"name": "rows"}
    assert figure.spec["width"] == "container"
    assert not {"config", "$schema", "datasets"} & set(figure.spec)


def test_a_filter_chooses_among_the_values_of_the_rows() -> None:
    figure = drawn()
    assert figure.spec["params"] == [{"name": "keep_mode", "value": ["xla", "eager"]}]
    assert figure.spec["layer"][0]["transform"] == [{"filter": "indexof(keep_mode, datum.mode) >= 0"}]


def test_a_mode_has_its_colour_and_mark_whichever_others_are_there() -> None:
    colour = charts.mode_colour(["xla", "eager", "xla", "new"]).to_dict()
    assert colour["scale"] == {
        "domain": ["xla", "eager", "new"],
        "range": ["var(--xla)", "var(--eager)", "var(--other)"],
    }
    shape = charts.mode_shape(["xla", "eager"], legend=True).to_dict()
    assert shape["scale"] == {"domain": ["xla", "eager"], "range": ["triangle-up", "circle"]}


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([2.0, 30.0], [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]),
        ([0.5, 4000.0], [0.01, 0.1, 1, 10, 100, 1000, 10_000, 100_000]),
        ([0.0, -1.0], [1.0]),
        ([], [1.0]),
    ],
)
def test_logarithmic_axes_have_round_numbers(values: list[float], ticks: list[float]) -> None:
    assert charts.log_ticks(values) == ticks
