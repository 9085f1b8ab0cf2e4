"""The history as text, Markdown, frame and JSON."""

import json
import math
from typing import Any

import pandas as pd
import pytest
from rich.console import Console
from tfbench.bench import intervals
from tfbench.bench.intervals import Interval
from tfbench.reports import history_view
from tfbench.reports.history import Change, Point, Series


def logs(ratio: float, half: float = 0.02, p_value: float = 0.001) -> Interval:
    """Make the interval of a change: its logarithm, plus and minus a half-width."""
    middle = math.log(ratio)
    return Interval(middle=middle, low=middle - half, high=middle + half, within=False, p_value=p_value)


def point(number: int, seconds: float | None = 1.0, **changes: Any) -> Point:
    fields: dict[str, Any] = {
        "run": f"run-{number}",
        "started": pd.Timestamp(f"2026-11-{number + 1:02d}T12:34:56", tz="UTC"),
        "commit": f"{number:012d}",
        "tensorflow": "2.21.0",
        "seconds": seconds,
        "log_s": None if seconds is None else math.log(seconds),
        "reason": "" if seconds else "failed: build: OSError: no disk",
    }
    return Point(**{**fields, **changes})


def series(*, stepped: bool = True, **changes: Any) -> Series:
    """Make a series of three points on a level, a failure, and three on one that is 25 % higher."""
    points = [*(point(i) for i in range(3)), point(3, None), *(point(i, 1.25, tensorflow="2.22.0") for i in (4, 5, 6))]
    change = Change(before=points[2], after=points[4], logs=logs(1.25), pace=1.1)
    fields: dict[str, Any] = {
        "case": "toy-eager-cpu",
        "machine": "box/2-cores",
        "work": 0,
        "points": tuple(points),
        "levels": (0.0,) * 3 + (math.log(1.25),) * 3,
        "changes": (change,) if stepped else (),
    }
    return Series(**{**fields, **changes})


def shown(found: list[Series], **more: Any) -> list[str]:
    console = Console(width=250, record=True)
    history_view.show(found, console, threshold=0.02, **more)
    return [line.rstrip() for line in console.export_text().splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (logs(1.25, 0.02), "25 % slower [23, 28]"),
        (logs(1.05, 0.02), "5.0 % slower [2.9, 7.1]"),
        (logs(0.5, 0.02), "50 % faster [49, 51]"),
        (logs(0.98, 0.03), "2.0 % faster [-1.0, 4.9]"),
        (intervals.Interval(middle=math.log(2), low=None, high=None, within=True), "100 % slower"),
    ],
)
def test_a_change_as_text(found: Interval, text: str) -> None:
    assert history_view.change_text(found) == text


def test_the_text_tells_steps_then_points() -> None:
    lines = shown([series()])
    assert lines[0] == "Steps: where the time of a case changed its level"
    cells = [cell.strip() for cell in lines[3].split("   ") if cell.strip()]
    assert cells == [
        "toy-eager-cpu",
        "box/2-cores",
        "2026-11-05 12:34",
        "25 % slower [23, 28]",
        "0.001",
        "000000000002 to 000000000004",
        "TensorFlow 2.21.0 to 2.22.0, the machine's own pace: +10% of time",
    ]
    assert lines[4] == "toy-eager-cpu on box/2-cores"
    points = [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in lines[7:14]]
    assert points[2] == ["2026-11-03 12:34", "run-2", "000000000002", "2.21.0", "1.00 s", "+0.0 %"]
    assert points[3][4:] == ["-", "-", "failed: build: OSError: no disk"]
    assert points[4][3:] == ["2.22.0", "1.25 s", "+0.0 %", "<- 25 % slower [23, 28]"]
    assert lines[14:] == ["1 step of 2 % or more in 1 series of 7 runs"]


def test_only_the_last_points_are_listed() -> None:
    lines = shown([series()], last=2)
    assert lines[4] == "toy-eager-cpu on box/2-cores, the last 2 of 7 runs"
    assert [line.split()[2] for line in lines[7:9]] == ["run-5", "run-6"]


def test_the_points_of_many_series_are_not_listed() -> None:
    lines = shown([series(case=f"case {i}", stepped=False) for i in range(5)])
    assert lines == ["0 steps of 2 % or more in 5 series of 7 runs"]


def test_what_the_tables_do_not_say_stands_below() -> None:
    found = [
        series(work=1, stepped=False),
        series(work=2, stepped=False),
        series(case="short", points=(point(0),), levels=(0.0,), changes=()),
        series(case="two", machine="a/1-core", stepped=False),
        series(case="two", machine="b/1-core", stepped=False),
    ]
    assert history_view.notes(found, 0.015) == [
        "0 steps of 1.5 % or more in 5 series of 7 runs",
        "1 of the series have fewer than 6 times: too few for a step",
        "toy-eager-cpu: its code, data or parameters changed: runs of equal work are a series each",
        "each machine is a series of its own (containers of one machine: --same-host)",
    ]


def test_what_is_not_known_is_a_dash() -> None:
    unknown = Point(run="a|b", started=None, commit="", seconds=1.0, log_s=0.0)
    text = history_view.markdown([series(points=(unknown,), levels=(0.0,), changes=())], threshold=0.02)
    assert "| - | a\\|b | - | - | 1.00 s | +0.0 % |  |\n" in text
    assert text.endswith(
        "- 0 steps of 2 % or more in 1 series of 1 run\n- 1 of the series have fewer than 6 times: too few for a step\n"
    )


def test_the_frame_has_a_row_for_each_point_and_its_types() -> None:
    frame = history_view.to_frame([series(), series(case="other", stepped=False)])
    assert {str(name): str(dtype) for name, dtype in frame.dtypes.items()} == history_view.DTYPES
    assert list(frame["case"]) == ["toy-eager-cpu"] * 7 + ["other"] * 7
    assert list(frame["step"][:7]) == [False, False, False, False, True, False, False]
    row = frame.iloc[4]
    assert row["time_ratio"] == pytest.approx(1.25)
    assert (row["time_ratio_low"], row["p_value"]) == (pytest.approx(1.25 * math.exp(-0.02)), 0.001)
    assert frame["time_ratio"].notna().sum() == 1
    assert (frame["level_log_s"][2], frame["level_log_s"][6]) == (0.0, math.log(1.25))
    assert pd.isna(frame["level_log_s"][3])
    assert (frame["reason"][3], frame["median_s"].isna()[3]) == ("failed: build: OSError: no disk", True)


def test_an_empty_frame_has_its_types() -> None:
    frame = history_view.to_frame([])
    assert {str(name): str(dtype) for name, dtype in frame.dtypes.items()} == history_view.DTYPES


def test_the_json_is_strict_and_holds_all() -> None:
    unknown = series(case="other", points=(point(0, started=None),), levels=(0.0,), changes=())
    found = json.loads(json.dumps(history_view.to_json([series(), unknown]), allow_nan=False))
    first, second = found["series"]
    assert (first["case"], first["machine"], first["work"], len(first["points"])) == (
        "toy-eager-cpu",
        "box/2-cores",
        0,
        7,
    )
    (change,) = first["changes"]
    assert change["before"] == {"run": "run-2", "commit": "000000000002"}
    assert change["after"] == {"run": "run-4", "commit": "000000000004"}
    assert (change["time_ratio"], change["pace_ratio"]) == (pytest.approx(1.25), 1.1)
    assert change["also_changed"] == ["TensorFlow 2.21.0 to 2.22.0"]
    assert first["points"][0]["started"] == "2026-11-01T12:34:56+00:00"
    assert first["points"][3]["median_s"] is None
    assert second["points"][0]["started"] is None
