"""The chart of speed-ups."""

from typing import Any

from tfbench.reports import charts_speedups
from tfbench.reports.page import DataTable

EMPTY = DataTable(caption="", headings=(), lines=())


def row(name: str, speedup: float | None, low: float | None, high: float | None, **changes: Any) -> dict[str, Any]:
    fields = {
        "name": name,
        "mode": "xla",
        "where": "cpu",
        "case": name,
        "baseline": "base",
        "verdict": "faster",
        "speedup": speedup,
        "speedup_low": low,
        "speedup_high": high,
        "speedup_within": False,
    }
    return {**fields, **changes}


def test_each_case_has_its_interval_and_its_figures_on_the_side_that_has_room() -> None:
    rows = [
        row("base", 1.0, 1.0, 1.0),
        row("slow", 0.5, None, None),
        row("fast", 8.12345, 7.5, 8.8),
        row("none", None, None, None),
    ]
    figure = charts_speedups.chart(rows, name="s", baseline="base", table=EMPTY, tags={})
    found = [(d["name"], d["low"], d["speedup"], d["high"], d["text"], d["side"]) for d in figure.data["s"]]
    assert found == [
        ("base", 1.0, 1.0, 1.0, "baseline", "right"),
        ("slow", 0.5, 0.5, 0.5, "0.500x", "right"),
        ("fast", 7.5, 8.123, 8.8, "8.1x [7.5, 8.8]", "left"),
    ]
    assert "Over base, which is the line at 1x" in figure.caption


def test_figures_stand_where_there_is_room() -> None:
    ends = (1.0, 100.0)
    assert charts_speedups.side(2.0, 3.0, ends) == "right"
    assert charts_speedups.side(40.0, 60.0, ends) == "left"
    assert charts_speedups.side(2.0, 60.0, ends) == "above"
    assert charts_speedups.side(1.0, 1.0, (1.0, 1.0)) == "right"


def test_cases_with_baselines_of_their_own_are_told() -> None:
    rows = [row("a", 1.0, 1.0, 1.0, baseline="a"), row("b", 1.0, 1.0, 1.0, baseline="b")]
    figure = charts_speedups.chart(rows, name="s", baseline="a", table=EMPTY, tags={})
    assert figure.caption.startswith("Over its own baseline, which is the line at 1x;")
