"""The roofline."""

from typing import Any

from tfbench.bench.extras import Ceilings
from tfbench.reports import charts_roofline
from tfbench.reports.page import DataTable

EMPTY = DataTable(caption="", headings=(), lines=())
TOPS = {"cpu": Ceilings(flop_per_s=8e9, byte_per_s=4e9), "gpu": Ceilings(flop_per_s=1e12, byte_per_s=1e11)}


def row(name: str, flops: int, bytes_accessed: int, flop_per_s: float) -> dict[str, Any]:
    fields = {"name": name, "workload": "toy", "mode": "xla", "where": "cpu"}
    return {**fields, "flops": flops, "bytes_accessed": bytes_accessed, "flop_per_s": flop_per_s}


def test_a_point_is_its_rate_over_its_intensity_and_the_roof_bends_at_the_ridge() -> None:
    figure = charts_roofline.chart([row("a", 1000, 2000, 1e9)], TOPS, name="r", table=EMPTY, tags={})
    (point,) = figure.data["r-points"]
    assert (point["intensity"], point["rate"], point["text"], point["beside"]) == (0.5, 1e9, "1.00G flop/s", 1e9)
    # 8 Gflop/s over 4 GB/s: level from 2 flop a byte on. There is no case on the GPU, so it has no roof.
    assert figure.data["r-roofs"] == [
        {"device": "cpu", "intensity": 0.25, "rate": 1e9, "end": False},
        {"device": "cpu", "intensity": 2.0, "rate": 8e9, "end": False},
        {"device": "cpu", "intensity": 8.0, "rate": 8e9, "end": True},
    ]


def test_names_of_points_close_to_each_other_stand_one_above_the_other() -> None:
    rows = [row("a", 1, 1, 1.00e9), row("b", 1, 1, 1.01e9), row("c", 1, 1, 9e9)]
    figure = charts_roofline.chart(rows, TOPS, name="r", table=EMPTY, tags={})
    beside = {point["name"]: point["beside"] for point in figure.data["r-points"]}
    assert beside["a"] == 1e9
    assert beside["b"] > 1.1e9
    assert beside["c"] == 9e9
