"""The page of a comparison of sides, whole."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from page_runs import HARMFUL
from tfbench.bench.record import Run
from tfbench.reports import compare, compare_page, compare_tables, page_html
from tfbench.reports.page import DataTable, Page

STEADY, SLOWER = (1.0, 1.01, 0.99), (1.2, 1.21, 1.19)


@pytest.fixture
def run(records: Any) -> Any:
    """Give the function that makes a run of two workloads with these times."""

    def make(name: str, times: Sequence[float], workloads: Sequence[str] = ("toy", "wide")) -> Run:
        done = [records.timed(*times, workload=one, mode=mode) for one in workloads for mode in ("eager", "xla")]
        found: Run = records.run(name=name, measurements=tuple(done))
        return found

    return make


def make(*runs: Run, **options: Any) -> Page:
    return compare_page.make(compare.make(runs, **options), command="tfbench compare a b")


def test_the_gate_comes_first_then_each_side_with_a_chart_for_each_workload(run: Any) -> None:
    page = make(run("a", STEADY), run("b", SLOWER), run("c", STEADY), gate=0.1)
    assert [section.heading for section in page.sections] == [
        *("Gate", "b against a (by run)", "c against a (by run)", "Notes"),
    ]
    assert (page.title, page.subtitle) == ("b, c against a", ("8 cases, by run",))
    assert [figure.name for figure in page.figures] == [
        *("speedups-b-of-toy", "speedups-b-of-wide", "speedups-c-of-toy", "speedups-c-of-wide"),
    ]
    assert page.choices == {"workload": ["toy", "wide"]}


def test_the_table_is_that_of_the_terminal(run: Any) -> None:
    report = compare.make([run("a", STEADY), run("b", SLOWER)])
    page = compare_page.make(report, command="c")
    (table,) = (item for item in page.sections[0].items if isinstance(item, DataTable))
    assert [[cell.text for cell in line.cells] for line in table.lines] == [
        compare_tables.cells(one, report) for one in report.comparisons
    ]
    first = table.lines[0]
    assert [cell.value for cell in first.cells[1:3]] == [1.0, 1.2]
    assert first.cells[3].value == pytest.approx(1 / 1.2, rel=1e-3)
    assert first.tags == {"workload": ("toy",)}


def test_without_a_gate_there_is_nothing_of_it_and_what_is_not_compared_is_told(records: Any) -> None:
    base, new = (records.run(name=n, measurements=(records.timed(1.0, content=n),)) for n in "ab")
    page = make(base, new)
    assert [section.heading for section in page.sections] == ["b against a (by run)", "Notes"]
    assert page.figures == []
    assert "not compared: the workload&#39;s code changed" in page_html.render(page)


def test_modes_are_sides_with_their_own_colours(run: Any) -> None:
    (first, _) = make(run("a", STEADY), by="mode").figures
    assert (first.name, first.filters) == ("speedups-xla-of-toy", ())
    assert first.spec["layer"][3]["encoding"]["color"]["scale"] == {"domain": ["xla"], "range": ["var(--xla)"]}


def test_names_that_mean_harm_are_texts_and_name_no_file(run: Any) -> None:
    runs = [run(text, STEADY, HARMFUL) for text in HARMFUL[:3]]
    page = make(*runs)
    assert all(re.fullmatch("[a-z0-9-]+", figure.name) for figure in page.figures)
    assert len({figure.name for figure in page.figures}) == 2 * len(HARMFUL)
    html = page_html.render(page)
    assert "<script>window.harmed" not in html
    assert "<img src=x" not in html
