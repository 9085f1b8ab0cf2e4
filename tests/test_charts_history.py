"""The chart of a case over many runs."""

import math
from typing import Any

import altair as alt
import pandas as pd
import pytest
from tfbench.bench.intervals import Interval
from tfbench.reports import charts_history
from tfbench.reports.history import Change, Point, Series
from tfbench.reports.page import DataTable, Figure

EMPTY = DataTable(caption="", headings=(), lines=())
DAY_MS = 86_400_000
FIRST = pd.Timestamp("2026-11-01", tz="UTC")


def point(day: int, seconds: float | None = 1.0, **changes: Any) -> Point:
    fields: dict[str, Any] = {
        "run": f"run-{day}",
        "started": FIRST + pd.Timedelta(days=day),
        "commit": f"{day:012d}",
        "tensorflow": "2.21.0",
        "seconds": seconds,
        "log_s": None if seconds is None else math.log(seconds),
        "reason": "" if seconds else "failed: build: OSError: no disk",
    }
    return Point(**{**fields, **changes})


def series(*points: Point, steps: tuple[tuple[int, int, float], ...] = ()) -> Series:
    """Make a series with steps: from a point to another one, by a ratio."""
    logs = [Interval(middle=math.log(ratio), low=None, high=None, within=True) for *_, ratio in steps]
    changes = [
        Change(before=points[old], after=points[new], logs=one, pace=None)
        for (old, new, _), one in zip(steps, logs, strict=True)
    ]
    return Series(case="toy", machine="box", work=0, points=points, levels=(), changes=tuple(changes))


def stepped() -> Series:
    return series(*(point(i, s) for i, s in enumerate((1.0, 1.2, 1.1, None, 1.5, 1.52345))), steps=((2, 4, 1.37),))


def chart(found: Series, **more: Any) -> Figure:
    figure = charts_history.chart(found, name="h", table=EMPTY, tags={}, **more)
    alt.LayerChart.from_dict(dict(figure.spec))  # raises what its schema does not allow
    return figure


def at(day: int) -> int:
    """Give a day in milliseconds: 1 November 2026 is 20,758 days after 1 January 1970."""
    return (20_758 + day) * DAY_MS


def test_points_have_time_run_commit_and_version() -> None:
    found = chart(stepped()).data["h"]
    assert [(row["t"], row["s"]) for row in found] == [
        *((at(0), 1.0), (at(1), 1.2), (at(2), 1.1), (at(4), 1.5), (at(5), 1.523)),
    ]
    assert found[1] == {"t": at(1), "s": 1.2, "run": "run-1", "commit": "000000000001", "tf": "2.21.0"}


def test_levels_run_from_step_to_step_at_the_median_of_their_times() -> None:
    assert chart(stepped()).data["h-levels"] == [
        {"t": at(0), "end": at(2), "s": 1.1, "text": "1.10 s, 3 runs"},
        {"t": at(4), "end": at(5), "s": 1.512, "text": "1.51 s, 2 runs"},
    ]


def test_a_step_is_named_with_its_size_and_commit() -> None:
    figure = chart(stepped())
    (step,) = figure.data["h-steps"]
    assert (step["t"], step["side"], step["row"]) == (at(4), "left", 0)
    assert (step["text"], step["step"]) == ("37 % slower at 000000000", "37 % slower")
    assert (step["commits"], step["run"], step["also"]) == ("000000000002 to 000000000004", "run-4", "-")
    assert "A dashed line is a step, at the first run of the new level." in figure.caption


def test_runs_without_a_time_or_a_start_are_told() -> None:
    figure = chart(series(point(0), point(1, None), point(2), point(3, started=None)))
    assert figure.data["h-failed"] == [
        {"t": at(1), "run": "run-1", "commit": "000000000001", "why": "failed: build: OSError: no disk"}
    ]
    assert figure.caption == (
        "Median time of a call in 2 runs by their start (UTC); the line is the median of each level. "
        "Crosses below: 1 run without a time. 1 run without a start: not drawn."
    )


def test_of_many_steps_the_largest_are_named() -> None:
    points = [point(i, 1.0 + i % 2) for i in range(9)]
    steps = tuple((i, i + 1, 2.0 + i) for i in range(8))
    figure = chart(series(*points, steps=steps))
    assert [row["row"] for row in figure.data["h-steps"]] == [-1, -1, 0, 1, 2, 0, 1, 2]
    assert "; the 6 largest are named." in figure.caption


def test_of_too_many_runs_the_fastest_and_the_slowest_of_each_few_stay() -> None:
    points = [point(i, s) for i, s in enumerate((3.0, 1.0, 2.0, 5.0, 4.0, 4.5, 7.0))]
    kept, each = charts_history.thinned(points, most=4)
    # Twice 7 over 4 is 3.5: of each 4 runs two.
    assert each == 4
    assert [one.run for one in kept] == ["run-1", "run-3", "run-4", "run-6"]
    assert charts_history.thinned(points, most=7) == (points, 1)
    caption = chart(series(*points), most=4).caption
    assert caption.endswith("Of each 4 runs in a row only the fastest and the slowest are drawn.")


@pytest.mark.parametrize(("seconds", "type_"), [((1.0, 1.5), None), ((1.0, 3.5), "log"), ((1.0, 1.0), None)])
def test_the_axis_of_times_is_of_their_own_range(seconds: tuple[float, ...], type_: str | None) -> None:
    found = chart(series(*(point(i, s) for i, s in enumerate(seconds))))
    scale = found.spec["layer"][0]["encoding"]["y"]["scale"]
    assert scale.get("type") == type_
    assert scale.get("zero", False) is False


def test_a_single_run_has_its_chart() -> None:
    assert chart(series(point(0))).data["h-levels"] == [{"t": at(0), "end": at(0), "s": 1.0, "text": "1.00 s, 1 run"}]
