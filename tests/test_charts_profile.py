"""Charts of profiles."""

from typing import Any

from tfbench.reports import charts_profile
from tfbench.reports.page import DataTable

EMPTY = DataTable(caption="", headings=(), lines=())


def test_a_bar_is_made_of_the_parts_that_there_are() -> None:
    shares = dict.fromkeys(charts_profile.PARTS, 0.0)
    row: dict[str, Any] = {**shares, "name": "toy xla", "mode": "xla", "where": "cpu"}
    row |= {"work_share": 0.5, "python_share": 0.3, "idle_share": 0.2}
    figure = charts_profile.parts([row], name="p", table=EMPTY, tags={})
    assert [(d["part"], d["share"], d["text"]) for d in figure.data["p"]] == [
        ("operations", 0.5, "50 %"),
        ("Python", 0.3, "30 %"),
        ("idle", 0.2, "20 %"),
    ]
    assert figure.spec["layer"][0]["encoding"]["color"]["scale"] == {
        "domain": ["operations", "Python", "idle"],
        "range": ["var(--operations)", "var(--python)", "var(--idle)"],
    }


def test_an_operation_has_its_time_and_share_and_two_of_one_name_are_two() -> None:
    row = {"case": "toy-xla", "mode": "xla", "op": "a/" * 40 + "MatMul", "share": 0.25, "wall_s": 0.002}
    figure = charts_profile.operations([row, row], name="o", title="t", caption="c", table=EMPTY, tags={})
    first, second = figure.data["o"]
    assert (first["op"], first["text"]) == ("…" + ("a/" * 40 + "MatMul")[-33:], "2.00 ms, 25 %")
    assert first["key"] != second["key"]
