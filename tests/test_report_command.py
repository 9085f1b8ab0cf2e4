"""`tfbench report --format html, svg, png`, and what reports print of somebody else's file."""

from pathlib import Path
from typing import Any

import pytest
from page_runs import SCRIPT, TEMPLATE, everything, harmful, write
from tfbench.bench import store
from tfbench.reports import cli, contents, report_command, run_page


@pytest.fixture
def small(records: Any, tmp_path: Path) -> Path:
    """Write a run of two modes; give its folder."""
    made = tuple(records.timed(s, s, mode=mode) for mode, s in (("eager", 2.0), ("xla", 1.0)))
    folder: Path = records.write(records.run(measurements=made), tmp_path)
    return folder


def test_the_page_goes_into_the_runs_folder_and_its_path_is_printed(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", str(small), "--format", "html"]) == 0
    path = small / run_page.FILE
    assert capsys.readouterr().out == f"{path}\n"
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_page_goes_where_it_is_told_to(small: Path, tmp_path: Path) -> None:
    assert cli.main(["report", str(small), "--format", "html", "-o", str(tmp_path / "x.html")]) == 0
    assert (tmp_path / "x.html").exists()
    assert not (small / run_page.FILE).exists()


def test_a_page_of_several_runs_needs_a_place(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["report", str(small), str(small), "--format", "html"]
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err == (
        "tfbench: several runs have no folder of their own: say where it goes with --output PATH\n"
    )
    assert cli.main([*arguments, "--output", str(tmp_path / "both.html")]) == 0
    assert "<h1>2 runs</h1>" in (tmp_path / "both.html").read_text(encoding="utf-8")


def test_another_baseline_is_that_of_the_page_too(small: Path) -> None:
    assert cli.main(["report", str(small), "--format", "html", "--baseline", "xla"]) == 0
    assert "Over by_hand xla, which is the line at 1x" in (small / run_page.FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize(("form", "start"), [("svg", b"<svg "), ("png", b"\x89PNG")])
def test_charts_become_pictures_without_a_browser(
    small: Path, form: str, start: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", str(small), "--format", form]) == 0
    folder = small / "charts"
    names = ("drift", "ledger", "rounds", "speedups", "totals")
    ends = ("-toy-n-8-kind-small",) * 4 + ("-toy-n-8-kind-small-1",)
    assert {path.name for path in folder.iterdir()} == {
        f"verdicts.{form}",
        *(f"{name}{end}.{form}" for name, end in zip(names, ends, strict=True)),
    }
    assert all(path.read_bytes().startswith(start) for path in folder.iterdir())
    assert capsys.readouterr().out == f"6 charts in {folder}\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "html", "--table", "costs"], "--format html shows all tables: leave out --table costs"),
        (["-o", "x"], "--output is for --format html, svg and png: redirect the others with >"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    small: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", str(small), *options]) == 2
    assert capsys.readouterr().err == f"tfbench: {message}\n"


@pytest.mark.parametrize("form", ["html", "svg"])
def test_a_place_that_cannot_be_written_is_one_line(
    small: Path, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    path = tmp_path / "file" / "x"
    assert cli.main(["report", str(small), "--format", form, "-o", str(path)]) == 2
    assert capsys.readouterr().err == f"tfbench: {path} cannot be written: Not a directory; say where with --output\n"


def test_no_name_of_a_run_becomes_a_place_of_a_file(records: Any, tmp_path: Path) -> None:
    folder = write(records, harmful(records), tmp_path, names=(SCRIPT, TEMPLATE))
    before = set(tmp_path.rglob("*"))
    assert cli.main(["report", str(folder), "--format", "svg"]) == 0
    made = set(tmp_path.rglob("*")) - before
    charts = folder / "charts"
    assert made == {charts, *charts.iterdir()}
    texts = [path.read_text(encoding="utf-8") for path in charts.iterdir()]
    assert len(texts) > 20
    assert not [text for text in texts if "<script" in text or "<img" in text or "\x1b" in text or "var(--" in text]


@pytest.mark.parametrize("form", ["text", "markdown", "csv"])
@pytest.mark.parametrize(
    "table", [report_command.SUMMARY, *(name for name in report_command.VIEWS if name not in {"ops-diff", "claims"})]
)
def test_no_name_of_a_run_steers_the_terminal(
    records: Any, tmp_path: Path, table: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(records, harmful(records), tmp_path, names=(SCRIPT, "\x1b[31m"))
    assert cli.main(["report", str(folder), "--table", table, "--format", form]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert {c for c in shown.out if not c.isprintable()} <= {"\n"}
    if table in {report_command.SUMMARY, "costs", "retracing", "ops"}:
        assert "\\x1b[31m" in shown.out


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_refused_in_a_run_and_told_of_an_op_table(
    records: Any, tmp_path: Path, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(records, everything(records), tmp_path)
    for path in folder.rglob("ops.json"):
        path.write_text(path.read_text(encoding="utf-8").replace("0.003", number), encoding="utf-8")
    run = store.load(folder)
    told = [note for note in contents.gather(run).notes["ops"] if "its op table is damaged" in note]
    assert len(told) == len(run.profiles)
    file = folder / store.FILE
    file.write_text(
        file.read_text(encoding="utf-8").replace('"load_1m": 0.5', f'"load_1m": {number}'), encoding="utf-8"
    )
    assert cli.main(["report", str(folder), "--format", "html"]) == 2
    assert "load_1m: expected a finite number, found" in capsys.readouterr().err
    assert not (folder / run_page.FILE).exists()
