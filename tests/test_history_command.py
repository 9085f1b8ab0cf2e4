"""`tfbench import` and `tfbench history` as they are called: what they print, and one clear line for bad input."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from tfbench.reports import cli, history_view

CASE = "toy-by_hand-n=8,kind=small-eager-cpu"


@pytest.fixture
def results(records: Any, tmp_path: Path, monkeypatch: Any) -> Path:
    """Write 12 runs into results/ of the current folder; from the 7th on the case takes 2 s instead of 1 s."""
    monkeypatch.chdir(tmp_path)
    for i in range(12):
        cases = (records.timed(1.0 + i // 6, 1.0 + i // 6), records.timed(0.5, 0.5, mode="xla"))
        run = records.run(name=f"run-{i:02d}", started=f"2026-11-01T{i:02d}:00:00+00:00", measurements=cases)
        records.write(run, tmp_path / "results")
    (tmp_path / "results" / "latest").symlink_to("run-11")
    return tmp_path


def said(capsys: Any, *arguments: str) -> str:
    assert cli.main(list(arguments)) == 0
    text: str = capsys.readouterr().out
    return text


def fails(capsys: Any, *arguments: str) -> str:
    """Give the one line that bad input makes."""
    assert cli.main(list(arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


def test_without_a_place_the_results_of_the_current_folder_are_read(results: Path, capsys: Any) -> None:
    lines = said(capsys, "history", "--case", "eager").splitlines()
    assert "100 % slower [100, 100]" in " ".join(lines)
    assert lines[-1] == "1 step of 2 % or more in 1 series of 12 runs"


def test_runs_are_imported_once_and_followed_from_the_store(results: Path, capsys: Any) -> None:
    first = ["import", "results/run-00", "results/run-01/run.json", "--store", "store"]
    assert said(capsys, *first) == "2 runs added to store\n"
    assert said(capsys, "import", "results", "--store=store") == "10 runs added to store; 2 runs there already\n"
    texts = [
        said(capsys, "history", *place, "--format", "json")
        for place in (["results"], ["store"], ["--store", "store"], ["results", "--store", "store"])
    ]
    assert len(set(texts)) == 1
    assert [len(one["points"]) for one in json.loads(texts[0])["series"]] == [12, 12]


def test_the_csv_is_the_frame(results: Path, capsys: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(said(capsys, "history", "--case=eager", "--format", "csv"))))
    assert list(rows[0]) == list(history_view.DTYPES)
    assert [row["step"] for row in rows] == ["False"] * 6 + ["True"] + ["False"] * 5
    assert float(rows[6]["time_ratio"]) == pytest.approx(2.0)


def test_the_markdown_is_for_a_comment(results: Path, capsys: Any) -> None:
    text = said(capsys, "history", "--format", "markdown", "--last", "1")
    assert f"| {CASE} | box/2-cores | 2026-11-01 06:00 | 100 % slower [100, 100] |" in text
    assert f"**{CASE} on box/2-cores, the last 1 of 12 runs**" in text


def test_a_page_or_its_charts_go_where_it_is_said(results: Path, capsys: Any) -> None:
    assert said(capsys, "history", "--case", "eager", "--format", "html", "-o", "page.html") == "page.html\n"
    text = (results / "page.html").read_text(encoding="utf-8")
    assert "<code>tfbench history results --case eager --format html</code>" in text
    assert said(capsys, "history", "--format", "png", "--output", "charts") == "2 charts in charts\n"
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (results / "charts").iterdir())


def test_a_step_below_the_threshold_is_not_told(results: Path, capsys: Any) -> None:
    *_, last = said(capsys, "history", "--threshold", "99%", "--case", "xla").splitlines()
    assert last == "0 steps of 99 % or more in 1 series of 12 runs"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["history", "none"], "none holds no runs: name a run.json, its folder, or a folder of runs"),
        (["history", "--case", "nothing"], "no case with 'nothing' in its name in results: tfbench list names them"),
        (["history", "--threshold", "2"], "--threshold 2: give a share such as 5% or 0.05"),
        (
            ["history", "--format", "html"],
            "a history has no folder of its own: say where it goes with --output PATH",
        ),
        (
            ["history", "--output", "x"],
            "--output is for --format html, svg and png: redirect the others with >",
        ),
        (
            ["history", "--format", "html", "-o", "none/page.html"],
            "none/page.html cannot be written: No such file or directory; say where with --output",
        ),
        (["history", "--last", "all"], "--last all: give a whole number of at least 1"),
        (["history", "--cases", "x"], "unknown option '--cases': see --help"),
        (
            ["import", "none", "--store", "store"],
            "none holds no runs: name a run.json, its folder, or a folder of runs",
        ),
        (
            ["import", "results", "--store", "foo://x"],
            "foo://x: Protocol not known: foo; write a path, or an address such as s3://bucket/results",
        ),
        (["import", "results", "--store", "store", "--fast"], "unknown option '--fast': see --help"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], line: str, results: Path, capsys: Any) -> None:
    assert fails(capsys, *arguments) == f"tfbench: {line}"
    assert not (results / "store").exists()


def test_a_run_that_cannot_be_read_is_named_and_nothing_is_added(results: Path, capsys: Any) -> None:
    (results / "results" / "run-03" / "run.json").write_text("{")
    line = fails(capsys, "import", "results", "--store", "store")
    assert line.startswith("tfbench: results/run-03/run.json is not JSON, or cut off")
    assert not (results / "store").exists()


@pytest.mark.parametrize("arguments", [["import"], ["import", "a"], ["history", "--format", "xml"]])
def test_what_the_parser_refuses_is_exit_code_2(arguments: list[str], capsys: Any) -> None:
    assert cli.main(arguments) == 2
