"""The page of machines beside each other, whole."""

import re
from typing import Any

import pytest
from page_runs import HARMFUL, machines
from tfbench.bench.record import Run
from tfbench.reports import hardware, hardware_page, hardware_tables, page_html
from tfbench.reports.page import DataTable, Page, Verdict, Verdicts

NAME = "toy-by_hand-batch_size"


@pytest.fixture
def runs(records: Any) -> list[Run]:
    return machines(records)


@pytest.fixture
def page(runs: list[Run]) -> Page:
    return hardware_page.make(hardware.make(runs))


def verdicts(page: Page) -> list[Verdict]:
    return [one for item in page.sections[0].items if isinstance(item, Verdicts) for one in item.verdicts]


def test_verdicts_come_first_then_charts_and_tables(page: Page, runs: list[Run]) -> None:
    found = hardware.make(runs)
    assert [section.heading for section in page.sections] == [
        *("Verdicts", "Speed-ups", "Batch sizes", "Tables", "Notes"),
    ]
    assert page.title == "3 machines beside each other"
    assert page.subtitle == tuple(hardware_tables.header(found))
    assert page.command == "tfbench compare run-0-one run-1-two run-2-three --by machine --format html"
    assert [figure.name for figure in page.figures] == [
        *("speedups-toy", "sizes-fastest-toy-by-hand"),
        *(f"sizes-{mode}-toy-by-hand" for mode in ("eager", "graph", "xla")),
    ]


def test_the_least_time_and_the_fastest_mode_of_each_machine_are_told(page: Page) -> None:
    first, *others = verdicts(page)[:4]
    assert (first.group, first.name) == (("toy", "by_hand-batch_size=8"), "least time")
    # 0.1 ms * 8; two is 1 / (2 * 8^-0.2) = 0.7579 times as fast, three 0.7579^2 times.
    assert first.text.startswith("xla on one/2-cores, 8")
    assert [reason.partition("x [")[0] for reason in first.reasons] == [
        "xla on two/2-cores over one/2-cores: 0.7579",
        "xla on three/2-cores over one/2-cores: 0.5743",
    ]
    assert [one.name for one in others] == ["one/2-cores", "two/2-cores", "three/2-cores"]
    assert all(re.fullmatch(r"xla: 2\.\d+x .*over graph, faster", one.text) for one in others)
    assert [mode for _, mode in others[0].words if mode] == ["xla", "graph"]


def test_where_a_machine_pays_is_told_for_the_fastest_mode_and_for_each(page: Page) -> None:
    *_, two, three = verdicts(page)
    assert two.group == ("toy", "by_hand", "by batch size")
    # 2 * size^-0.2 is 1 at 2^5 = 32, which was measured; 4 * size^-0.4 as well.
    assert two.text.startswith("the fastest mode: faster than one/2-cores from 32")
    assert three.name == "three/2-cores"
    assert [reason.partition(":")[0] for reason in two.reasons] == ["eager", "graph", "xla"]


def test_all_tables_of_the_terminal_are_there_and_can_be_chosen_by(page: Page, runs: list[Run]) -> None:
    tables = [item for item in page.sections[3].items if isinstance(item, DataTable)]
    grids = list(hardware_tables.grids(hardware.make(runs)))
    assert [table.caption for table in tables] == [grid.title for grid in grids]
    for table, grid in zip(tables, grids, strict=True):
        assert tuple(tuple(cell.text for cell in line.cells) for line in table.lines) == grid.rows
    first = tables[0].lines[0]
    assert first.tags == {"workload": ("toy",), "mode": ("eager",)}
    assert first.cells[0].value == f"{NAME}=8-eager"
    assert tables[2].lines[0].tags == {"workload": ("toy",)}
    assert page.choices == {"mode": ["eager", "graph", "xla"]}


def test_the_command_has_what_was_asked_for(runs: list[Run]) -> None:
    page = hardware_page.make(hardware.make(runs, against="two", prices={"three": 0.5}))
    assert page.command.endswith("--by machine --against two/2-cores --price three/2-cores=0.5 --format html")
    speedups = page.figures[0]
    assert list(dict.fromkeys(row["side"] for row in speedups.data["speedups-toy"])) == ["one/2-cores", "three/2-cores"]


def test_other_work_is_not_compared_and_has_no_least_time(records: Any) -> None:
    runs = [
        records.run(name=n, host=records.host(name=n), measurements=(records.timed(s, content=n),))
        for n, s in (("a", 2.0), ("b", 1.0))
    ]
    page = hardware_page.make(hardware.make(runs))
    (one,) = verdicts(page)
    assert (one.name, one.text) == ("least time of those compared", "eager on a/2-cores, 2.00 s a call")
    assert page.figures == []
    assert [section.heading for section in page.sections] == ["Verdicts", "Tables", "Notes"]


@pytest.mark.parametrize("size", [0, -1, True, 10**400, "x", None])
def test_a_batch_size_that_is_none_is_not_drawn(records: Any, size: Any) -> None:
    done = [records.timed(1.0, params=(("batch_size", one),)) for one in (size, 4)]
    runs = [records.run(name=n, host=records.host(name=n), measurements=tuple(done)) for n in "ab"]
    page = hardware_page.make(hardware.make(runs))
    assert [figure.name for figure in page.figures] == ["speedups-toy"]


def test_names_that_mean_harm_are_texts_and_name_no_file(records: Any) -> None:
    runs = machines(records, HARMFUL, workload=HARMFUL[0], implementation=HARMFUL[3], unit=HARMFUL[1])
    page = hardware_page.make(hardware.make(runs))
    assert all(re.fullmatch("[a-z0-9-]+", figure.name) for figure in page.figures)
    html = page_html.render(page)
    assert "<script>window.harmed" not in html
    assert "<img src=x" not in html
