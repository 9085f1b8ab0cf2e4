"""The page of cases over many runs, whole."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from page_runs import HARMFUL, series
from tfbench.bench.intervals import Interval
from tfbench.reports import history, history_page, page_html
from tfbench.reports.history import Change, Point, Series
from tfbench.reports.page import DataTable, Notes, Page

LIMIT = 3_000_000
FIRST = pd.Timestamp("2025-01-01", tz="UTC")


def make(found: list[Series], **changes: Any) -> Page:
    return history_page.make(found, **{"threshold": 0.02, "last": 20, "command": "tfbench history", **changes})


@pytest.fixture
def read(records: Any, tmp_path: Path) -> list[Series]:
    return history.series(history.read([str(series(records, tmp_path))]))


def made_up(number: int = 0, *, runs: int = 4, ratio: float = 1.0) -> Series:
    """Make a series with a step in the middle, if the ratio is not 1."""
    points = tuple(
        Point(
            run=f"{FIRST + pd.Timedelta(hours=i):%Y%m%dT%H%M%SZ}-box",
            started=FIRST + pd.Timedelta(hours=i),
            commit=f"{i * 7919:012x}",
            tensorflow="2.21.0",
            seconds=0.01 * (1 + 0.013 * math.sin(i)),
            log_s=math.log(0.01 * (1 + 0.013 * math.sin(i))),
        )
        for i in range(runs)
    )
    logs = Interval(middle=math.log(ratio), low=None, high=None, within=True, p_value=0.001)
    change = Change(before=points[runs // 2 - 1], after=points[runs // 2], logs=logs, pace=None)
    changes = (change,) if ratio != 1.0 else ()
    return Series(case=f"toy-{number}", machine="box", work=0, points=points, levels=(0.0,) * runs, changes=changes)


def test_steps_come_first_then_a_chart_of_each_case(read: list[Series]) -> None:
    page = make(read)
    assert [section.heading for section in page.sections] == ["Steps", "Times"]
    assert (page.title, page.subtitle) == ("History of 2 series", ("14 runs, 2026-11-01 to 2026-11-14",))
    notes, table = page.sections[0].items
    assert isinstance(notes, Notes)
    assert notes.texts == ("1 step of 2 % or more in 2 series of 14 runs",)
    assert isinstance(table, DataTable)
    (line,) = table.lines
    assert [cell.text for cell in line.cells][:3] == [
        "toy-by_hand-n=8,kind=small-eager-cpu",
        "box/2-cores",
        "2026-11-08 00:00",
    ]
    assert line.cells[3].text.startswith("25 % slower [")
    assert line.cells[3].value == pytest.approx(math.log(1.25), abs=0.01)
    assert line.tags == {"machine": ("box/2-cores",)}
    assert [figure.name for figure in page.figures] == [
        "history-toy-by-hand-n-8-kind-small-eager-cpu-box",
        "history-toy-by-hand-n-8-kind-small-xla-cpu-box-2",
    ]
    assert all(figure.wide for figure in page.figures)


def test_a_chart_has_the_last_runs_as_a_table(read: list[Series]) -> None:
    table = make(read, last=3).figures[0].table
    assert table is not None
    assert table.caption == "The last 3 of 14 runs"
    assert [line.cells[1].text for line in table.lines] == ["run-11", "run-12", "run-13"]
    assert [line.cells[4].value for line in table.lines] == pytest.approx([0.12512500, 0.125, 0.1250625], abs=1e-9)
    whole = make(read).figures[1].table
    assert whole is not None
    assert (whole.caption, len(whole.lines), whole.headings[-1].text) == ("All runs", 14, "remark")
    assert whole.lines[3].cells[-1].text == "failed: build: OSError: no disk"


def test_a_single_case_is_the_title(read: list[Series]) -> None:
    assert make(read[:1]).title == "History of toy-by_hand-n=8,kind=small-eager-cpu"


def test_of_many_series_those_with_the_largest_steps_are_drawn() -> None:
    page = make([made_up(i, ratio=1.0 + i / 100) for i in range(40)])
    assert [figure.name for figure in page.figures][:2] == ["history-toy-39-box", "history-toy-38-box"]
    assert len(page.figures) == history_page.MOST_DRAWN == 24
    assert not page.figures[0].wide
    (notes,) = (item for item in page.sections[1].items if isinstance(item, Notes))
    assert notes.texts[0] == "drawn: 24 of 40 series, the largest steps first; --case chooses others"
    assert notes.texts[1].startswith("not drawn: toy-0 on box, toy-1 on box, ")
    assert notes.texts[1].endswith("toy-7 on box, and 8 more")


def test_machines_can_be_chosen_by() -> None:
    page = make([made_up(0), replace(made_up(0), machine="other")])
    assert page.choices == {"machine": ["box", "other"]}


def test_a_series_without_times_has_no_chart() -> None:
    nothing = replace(
        made_up(), points=tuple(replace(p, seconds=None, log_s=None) for p in made_up().points), levels=()
    )
    assert make([nothing]).figures == []
    assert "not drawn: toy-0 on box" in page_html.render(make([nothing]))


def test_a_page_of_ten_thousand_runs_is_small_and_one_of_many_series_too() -> None:
    assert len(page_html.render(make([made_up(runs=10_000, ratio=1.1)]))) < LIMIT / 2
    many = make([made_up(i, runs=2000, ratio=1.1) for i in range(30)])
    assert sum(len(figure.data[figure.name]) for figure in many.figures) <= history_page.ALL_POINTS
    assert len(page_html.render(many)) < LIMIT


def test_names_that_mean_harm_are_texts_and_name_no_file(records: Any, tmp_path: Path) -> None:
    found: list[Series] = []
    for i, text in enumerate(HARMFUL):
        folder = series(records, tmp_path / str(i), count=4, names=(text, text, text))
        found += history.series(history.read([str(folder)]))
    page = make(found)
    assert all(re.fullmatch("[a-z0-9-]+", figure.name) for figure in page.figures)
    assert len({figure.name for figure in page.figures}) == 2 * len(HARMFUL)
    html = page_html.render(page)
    assert "<script>window.harmed" not in html
    assert "<img src=x" not in html
