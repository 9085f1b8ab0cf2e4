"""The page of runs, whole."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from page_runs import everything, large, write
from tfbench.bench import store
from tfbench.reports import page_html, run_page
from tfbench.reports.page import DataTable
from tfbench.workloads import claims

LIMIT = 3_000_000


def test_the_verdicts_come_first_and_the_machine_last(records: Any, tmp_path: Path) -> None:
    page = run_page.make([store.load(write(records, everything(records), tmp_path))])
    assert [section.heading for section in page.sections] == [
        *("Verdicts", "toy n=8,kind=small", "wide n=8,kind=small", "Roofline"),
        *("Failures and skips", "Profiles", "Measured on"),
    ]
    assert page.title == "box, 1 November 2026, 00:00 UTC"
    assert page.subtitle == ("toy processor, 2 of 4 cores, Linux 6", "TensorFlow 2.21.0, Keras 3.15.1, Python 3.11.9")
    assert page.command == f"tfbench report {tmp_path / 'run'} --format html"


def test_a_start_that_is_no_date_is_shown_as_it_is(records: Any) -> None:
    assert run_page.make([records.run(started="soon")]).title == "box, soon"


def test_several_runs_have_a_section_each_and_can_be_chosen_by(records: Any) -> None:
    runs = [everything(records), records.run(name="other", measurements=(records.measurement(),))]
    page = run_page.make(runs)
    assert page.title == "2 runs"
    assert [section.heading for section in page.sections] == ["20261101T000000Z-box", "other"]
    assert page.choices["run"] == ["20261101T000000Z-box", "other"]
    names = [figure.name for figure in page.figures]
    assert len(names) == len(set(names))
    assert {"20261101t000000z-box-verdicts", "rounds-other-toy-n-8-kind-small"} <= set(names)


def test_runs_of_one_name_do_not_share_their_figures(records: Any) -> None:
    page = run_page.make([records.run(measurements=(records.measurement(),))] * 2)
    names = [figure.name for figure in page.figures]
    assert len(names) == len(set(names)) > 2


@pytest.mark.parametrize("kind", ["measurements", "failures", "skips", "nothing"])
def test_a_run_with_little_in_it_has_its_page(records: Any, kind: str) -> None:
    parts: dict[str, Any] = {
        "measurements": {"measurements": (records.measurement(),)},
        "failures": {"failures": (records.failure(),)},
        "skips": {"skips": (records.skip(),)},
        "nothing": {},
    }
    assert "<h1>" in page_html.render(run_page.make([records.run(**parts[kind])]))


def test_the_table_of_the_loop_is_shown_where_there_are_several_n(records: Any) -> None:
    def headings(*numbers: int) -> list[str]:
        made = [records.timed(1.0, 1.0, workload="sum_loop", params=(("n", n),)) for n in numbers]
        return [section.heading for section in run_page.make([records.run(measurements=tuple(made))]).sections]

    assert "Loop" in headings(10, 100)
    assert "Loop" not in headings(10)


def test_claims_and_ways_to_step_are_shown_where_they_were_measured(records: Any) -> None:
    claim = claims.CLAIMS[0]
    sides = [
        records.timed(t, t, workload=claim.workload, implementation=name, mode=mode)
        for t, (name, mode) in ((1.0, claim.faster), (2.0, claim.slower))
    ]
    ways = [records.timed(1.0, 1.0, params=(("steps_per_execution", steps), ("feed", "device"))) for steps in (1, 50)]
    found = {s.heading: s for s in run_page.make([records.run(measurements=(*sides, *ways))]).sections}
    (table, *_) = found["Claims"].items
    assert isinstance(table, DataTable)
    assert [cell.text for cell in table.lines[0].cells][:1] == [claim.text]
    (table, *_) = found["Steps"].items
    assert isinstance(table, DataTable)
    assert len(table.lines) == 2
    assert "; in all rows: workload toy, implementation by_hand, mode eager, where cpu" in table.caption
    assert "where" not in [heading.text for heading in table.headings]
    plain = run_page.make([records.run(measurements=(records.measurement(),))])
    assert not {"Claims", "Steps"} & {section.heading for section in plain.sections}


def test_the_page_of_a_default_run_is_small_and_has_every_round(records: Any, tmp_path: Path) -> None:
    run = large(records)
    path = run_page.write(run, tmp_path)
    assert path == tmp_path / "report.html"
    assert path.stat().st_size < LIMIT
    rows = [row for name, rows in run_page.make([run]).data.items() if name.startswith("rounds-") for row in rows]
    assert sum(len(row["s"]) for row in rows) == 28 * 5 * 60


def test_building_imports_no_tensorflow(records: Any, tmp_path: Path) -> None:
    folder = write(records, everything(records), tmp_path)
    program = (
        "import sys; from pathlib import Path; from tfbench.bench import store; from tfbench.reports import run_page\n"
        "folder = Path(sys.argv[1]); run_page.write(store.load(folder), folder)\n"
        "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
    assert (folder / "report.html").stat().st_size > 500_000
