"""Charts of scaling."""

from typing import Any

import pytest
from tfbench.reports import charts_scaling
from tfbench.reports.page import DataTable

EMPTY = DataTable(caption="", headings=(), lines=())


def row(mode: str, width: int, speedup: float | None, **changes: Any) -> dict[str, Any]:
    fields = {
        "mode": mode,
        "width": width,
        "axis": "threads",
        "speedup": speedup,
        "speedup_low": None,
        "speedup_high": None,
    }
    return {**fields, **changes}


def test_points_stand_over_their_width_against_the_ideal() -> None:
    rows = [row("xla", 2, 1.0), row("xla", 4, 1.5, speedup_low=1.4, speedup_high=1.6), row("xla", 8, None)]
    figure = charts_scaling.gained(rows, name="s", title="t", table=EMPTY, tags={})
    assert [(p["at"], p["speedup"], p["low"], p["high"], p["text"]) for p in figure.data["s-points"]] == [
        (2.0, 1.0, 1.0, 1.0, "1.00 [1.00, 1.00]"),
        (4.0, 1.5, 1.4, 1.6, "1.50 [1.40, 1.60]"),
    ]
    assert figure.data["s-ideal"] == [{"at": 2, "ideal": 1.0}, {"at": 4, "ideal": 2.0}]


def test_modes_stand_beside_each_other() -> None:
    rows = [row(mode, 4, 1.0) for mode in ("eager", "graph", "xla")]
    figure = charts_scaling.gained(rows, name="s", title="t", table=EMPTY, tags={})
    assert [p["at"] for p in figure.data["s-points"]] == pytest.approx([4 / 1.03, 4.0, 4 * 1.03], rel=1e-3)


def test_each_core_has_its_throughput() -> None:
    each = [
        {"mode": "xla", "count": n, "each": "core", "throughput_each": rate, "unit": "examples"}
        for n, rate in ((1, 12_345.6), (2, 9000.0))
    ]
    figure = charts_scaling.per_core(each, name="c", title="t", table=EMPTY, tags={})
    assert [(p["at"], p["rate"], p["text"]) for p in figure.data["c"]] == [
        (1.0, 12_350.0, "12.3k examples/s"),
        (2.0, 9000.0, "9.00k examples/s"),
    ]
    assert figure.caption.startswith("Examples a second of each core. ")
