"""What several steps a call give and what feeding costs, worked out by hand; and its table."""

import io
import math
from typing import Any

import pytest
from rich.console import Console
from tfbench.reports import steps, steps_view, views


@pytest.fixture
def way(records: Any) -> Any:
    """Make a case of so many steps a call and some feed: seconds a call in each invocation; a step is 8 elements."""

    def make(count: int | None, feed: str | None, *call_s: float, mode: str = "xla") -> Any:
        given = [("steps_per_execution", count), ("feed", feed)]
        params = (("n", 8), *((name, value) for name, value in given if value is not None))
        return records.timed(*call_s, params=params, mode=mode, work_per_call=8 * (count or 1))

    return make


def found(measurements: list[Any]) -> dict[tuple[int, str], steps.Way]:
    return {(one.steps, one.feed): one for one in steps.ways(measurements)}


def test_steps_and_feed_are_one_and_device_where_a_case_does_not_say(way: Any) -> None:
    case = way(None, None, 1.0).case
    assert (steps.steps_of(case), steps.feed_of(case), steps.plain(case)) == (1, "device", case)


def test_a_step_of_many_is_compared_with_one_a_call(way: Any) -> None:
    ways = found([way(1, None, 1.0, 1.0), way(50, None, 10.0, 12.5)])
    assert ways[1, "device"].over_one is None
    faster = ways[50, "device"].over_one
    assert faster is not None
    # 50 steps for 10 and 12.5 of one: log 5 and log 4, t(1) = 12.706, standard error half their distance.
    half = 12.7062 * math.log(5 / 4) / 2
    assert faster.ratio == pytest.approx(math.sqrt(20))
    assert (faster.low, faster.high) == pytest.approx((math.sqrt(20) * math.exp(-half), math.sqrt(20) * math.exp(half)))


def test_a_feed_is_compared_with_the_device_at_as_many_steps_a_call(way: Any) -> None:
    sides = [(1, "device", 1.0), (1, "numpy", 1.25), (4, "device", 2.0), (4, "numpy", 2.5)]
    ways = found([way(count, feed, call_s, call_s) for count, feed, call_s in sides])
    assert {key: one.over_device and one.over_device.ratio for key, one in ways.items()} == {
        (1, "device"): None,
        (1, "numpy"): pytest.approx(0.8),
        (4, "device"): None,
        (4, "numpy"): pytest.approx(0.8),
    }
    assert ways[4, "numpy"].over_one is not None
    assert ways[4, "numpy"].over_one.ratio == pytest.approx(2.0)  # 4 steps in twice the time


def test_modes_are_not_compared_and_one_way_alone_is_left_out(way: Any) -> None:
    graph = [way(1, None, 4.0, mode="graph"), way(2, None, 4.0, mode="graph")]
    assert list(steps.ways([way(1, None, 1.0), way(1, None, 1.0, mode="eager")])) == []
    (one, two) = steps.ways([way(1, None, 1.0), *graph])
    assert {one.measurement.case.mode, two.measurement.case.mode} == {"graph"}
    assert two.over_one is not None
    assert two.over_one.ratio == 2.0


def shown(run: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=300)
    views.show(steps_view.VIEW, run, console)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines() if line.strip()]


def test_the_table_sets_the_time_of_a_step_side_by_side(way: Any, records: Any) -> None:
    sides = [(1, "device", 1.0), (50, "device", 25.0), (1, "dataset", 2.0), (50, "dataset", 40.0)]
    run = records.run(measurements=tuple(way(count, feed, call_s, call_s) for count, feed, call_s in sides))
    lines = shown(run)
    same = "workload toy, implementation by_hand, params n=8, mode xla, where cpu, unit elements"
    assert lines[1] == f"in all rows: {same}"
    assert lines[4:] == [
        "1 device 1.00 s 1.00 s 8.00 base base",
        "50 device 25.0 s 500 ms 16.0 2.00x base",
        "1 dataset 2.00 s 2.00 s 4.00 base 0.500x",
        "50 dataset 40.0 s 800 ms 10.0 2.50x 0.625x",
    ]


def test_a_ratio_of_one_process_is_starred_and_what_has_no_base_is_said(way: Any, records: Any) -> None:
    run = records.run(measurements=(way(2, "device", 1.0), way(2, "numpy", 2.0), way(1, "numpy", 3.0)))
    lines = shown(run)[4:]
    assert lines[:3] == [
        "2 device 1.00 s 500 ms 16.0 - base",
        "2 numpy 2.00 s 1.00 s 8.00 3.00x* 0.500x*",
        "1 numpy 3.00 s 3.00 s 2.67 base -",
    ]
    assert lines[3:] == [
        "nothing to compare several steps a call with: add 1 to --param steps_per_execution",
        f"some have nothing to compare their feed with: {steps_view.ADD_DEVICE}",
        views.ONE_PROCESS,
    ]


def test_without_ways_the_table_says_how_to_get_them(records: Any) -> None:
    assert shown(records.run(measurements=(records.measurement(),)))[-1] == (
        f"nothing was measured in several ways: {steps_view.EXAMPLE}"
    )


def test_the_frame_has_the_interval_of_each_ratio(way: Any, records: Any) -> None:
    run = records.run(measurements=(way(1, None, 1.0, 1.0), way(2, None, 1.0, 1.0)))
    frame = views.to_frame(steps_view.VIEW, [run])
    assert frame["over_one"].tolist() == [1.0, pytest.approx(2.0)]
    assert frame["over_one_low"].tolist()[1] == pytest.approx(2.0)
    assert frame["over_one_within"].isna().tolist() == [True, False]
    assert frame["steps"].dtype == "Int64"
