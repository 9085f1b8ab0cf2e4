"""Charts of machines beside each other."""

import math
from typing import Any

import altair as alt
import pytest
from tfbench.bench.intervals import Interval
from tfbench.reports import charts_machines
from tfbench.reports.charts_machines import Gain, Sized
from tfbench.reports.crossover import Crossover
from tfbench.reports.page import DataTable, Figure
from tfbench.reports.speedup import Speedup
from tfbench.reports.verdict import Verdict

EMPTY = DataTable(caption="", headings=(), lines=())
SIDES = ["base", "two", "three"]


def gain(name: str, side: str, ratio: float, low: float | None, high: float | None, **changes: Any) -> Gain:
    ends = [None if end is None else math.log(end) for end in (low, high)]
    logs = Interval(middle=math.log(ratio), low=ends[0], high=ends[1], within=low is None)
    found = Speedup(case=name, base=name, logs=logs, invocations=3)
    return Gain(**{"name": name, "side": side, "mode": "xla", "found": found, "verdict": None, **changes})


def speedups(*gains: Gain) -> Figure:
    return charts_machines.speedups(gains, SIDES, name="s", title="t", against="base", table=EMPTY, tags={})


def scale(figure: Figure, layer: int, channel: str) -> Any:
    return figure.spec["layer"][layer]["encoding"][channel]["scale"]


def test_each_case_has_its_name_above_a_row_for_each_machine() -> None:
    figure = speedups(
        gain("a", "two", 2.0, 1.5, 2.5), gain("a", "three", 0.5, None, None), gain("b", "two", 1.0, 0.9, 1.1)
    )
    alt.LayerChart.from_dict(dict(figure.spec))  # raises what its schema does not allow
    assert figure.data["s-names"] == [{"row": 0, "name": "a", "mode": "xla"}, {"row": 3, "name": "b", "mode": "xla"}]
    found = [(d["row"], d["side"], d["low"], d["speedup"], d["high"], d["text"]) for d in figure.data["s"]]
    assert found == [
        (1, "two", 1.5, 2.0, 2.5, "2.0x [1.5, 2.5]"),
        (2, "three", 0.5, 0.5, 0.5, "0.500x*"),
        (4, "two", 0.9, 1.0, 1.1, "1.00x [0.90, 1.10]"),
    ]
    assert figure.caption.startswith("Times as fast as base, which is the line at 1x;")
    # From 0.5 to 2.5, which is 5 times that, and room for the figures.
    assert scale(figure, 3, "x")["domain"] == [0.5, {"expr": "0.5 * pow(5.0, width / max(50, width - 150))"}]


def test_a_machine_has_the_colour_and_mark_of_its_place_whichever_others_are_drawn() -> None:
    figure = speedups(gain("a", "three", 1.0, 0.9, 1.1))
    assert scale(figure, 3, "color") == {"domain": ["three"], "range": ["var(--side-c)"]}
    assert scale(figure, 3, "shape") == {"domain": ["three"], "range": ["square"]}


def test_sides_that_are_modes_have_the_colours_of_modes_and_no_filter_by_mode() -> None:
    one = gain("a", "xla", 1.0, 0.9, 1.1, mode="")
    figure = charts_machines.speedups(
        [one], ["eager", "xla"], name="s", title="t", against="eager", table=EMPTY, tags={}
    )
    assert scale(figure, 3, "color") == {"domain": ["xla"], "range": ["var(--xla)"]}
    assert figure.filters == ()


def test_very_wide_intervals_are_cut_and_that_is_told() -> None:
    figure = speedups(gain("a", "two", 2.0, 0.001, 4000.0))
    assert [(d["low"], d["high"], d["text"]) for d in figure.data["s"]] == [(0.1, 20.0, "2.0x [0.0010, 4000]")]
    assert figure.caption.endswith("Very wide intervals are cut; their figures are whole.")


def test_the_table_has_the_verdicts_and_sorts_by_the_speed_up() -> None:
    judged = Verdict(word="faster", p_value=0.01)
    table = charts_machines.table([gain("a", "two", 2.0, 1.5, 2.5, verdict=judged)], "c")
    (line,) = table.lines
    assert [cell.text for cell in line.cells] == ["a", "two", "2.0x [1.5, 2.5] faster"]
    assert line.cells[2].value == pytest.approx(2.0)
    assert line.tags == {"mode": ("xla",)}


def crossing(size: float | None) -> Crossover:
    bounds = {"bounded": False, "sure": False, "smallest": 8, "largest": 32, "faster": True}
    return Crossover(size=size, low=None, high=None, crossings=int(size is not None), **bounds)


def sizes(*crossings: tuple[str, Crossover]) -> Figure:
    points = [
        Sized(side=side, size=size, seconds=seconds, mode="xla")
        for size, pair in ((8, (0.001, 0.002)), (32, (0.0041234567, 0.003)))
        for side, seconds in zip(("base", "two"), pair, strict=True)
    ]
    return charts_machines.sizes(points, crossings, SIDES, name="z", title="t", against="base", tags={})


def test_times_stand_over_the_batch_sizes_and_the_crossing_is_marked() -> None:
    figure = sizes(("two", crossing(19.14)))
    alt.LayerChart.from_dict(dict(figure.spec))
    assert [(d["side"], d["size"], d["s"], d["text"]) for d in figure.data["z"]] == [
        ("base", 8, 0.001, "1.00 ms"),
        ("two", 8, 0.002, "2.00 ms"),
        ("base", 32, 0.004123, "4.12 ms"),
        ("two", 32, 0.003, "3.00 ms"),
    ]
    assert figure.data["z-crossings"] == [{"side": "two", "at": 19.14, "text": "19.1"}]
    assert len(figure.spec["layer"]) == 4
    assert "Against base: two is faster from 19.1. A dashed line marks" in figure.caption


def test_without_a_crossing_there_is_no_mark() -> None:
    figure = sizes(("two", crossing(None)))
    alt.LayerChart.from_dict(dict(figure.spec))
    assert len(figure.spec["layer"]) == 2
    assert figure.caption.endswith("two is faster at every size measured (8 to 32), not for sure.")


def test_a_short_axis_of_times_has_round_numbers_all_the_same() -> None:
    axis = sizes().spec["layer"][0]["encoding"]["y"]["axis"]
    assert axis["values"] == [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
    points = [Sized(side="base", size=size, seconds=s, mode="xla") for size, s in ((8, 0.032), (32, 0.048))]
    figure = charts_machines.sizes(points, [], SIDES, name="z", title="t", against="base", tags={})
    # A quarter of 16 ms is 4 ms: steps of 5 ms.
    assert figure.spec["layer"][0]["encoding"]["y"]["axis"]["values"] == [0.03, 0.035, 0.04, 0.045, 0.05]
