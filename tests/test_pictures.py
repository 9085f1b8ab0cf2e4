"""Charts as pictures, without a browser."""

import re
from pathlib import Path
from typing import Any

import pytest
from page_runs import everything
from tfbench.reports import palette, pictures, run_page
from tfbench.reports.page import Figure, Page


@pytest.fixture(scope="module")
def page(records: Any) -> Page:
    """Give the page of a run with everything but files beside it."""
    return run_page.make([everything(records)])


def of(page: Page, name: str) -> Figure:
    return next(figure for figure in page.figures if figure.name.startswith(name))


def test_a_picture_has_colours_instead_of_names_on_light_ground(page: Page) -> None:
    drawn = pictures.svg(of(page, "speedups-toy"), "toy")
    assert "var(--" not in drawn
    colours = set(re.findall(r"#[0-9a-f]{6}", drawn))
    assert {palette.LIGHT[name] for name in ("eager", "graph", "xla", "ground", "ink")} <= colours


def test_a_picture_has_a_mark_for_each_row_and_says_what_it_is_about(page: Page) -> None:
    figure = of(page, "ledger-toy")
    drawn = pictures.svg(figure, "toy n=8")
    bars = re.search(r'<g class="mark-rect role-mark layer_0_marks".*?</g>', drawn, re.DOTALL)
    assert bars is not None
    assert bars[0].count("<path") == len(figure.data[f"{figure.name}-parts"]) == 2 * (2 + 3 + 4)
    assert ">Before it runs steadily</text>" in drawn
    assert ">toy n=8</text>" in drawn


def test_the_line_of_the_baseline_is_in_the_picture(page: Page) -> None:
    drawn = pictures.svg(of(page, "speedups-toy"))
    assert re.search(r'<g class="mark-rule role-mark layer_0_marks".*?<line', drawn, re.DOTALL)


def test_each_figure_is_a_file_by_its_name(page: Page, tmp_path: Path) -> None:
    few = Page(title="t", subtitle=(), command="", filters=(), sections=(page.sections[0], page.sections[3]))
    paths = pictures.write(few, tmp_path / "new" / "folder", pictures.SVG)
    assert [path.name for path in paths] == ["verdicts.svg", "roofline.svg"]
    assert ">t</text>" in paths[0].read_text(encoding="utf-8")
