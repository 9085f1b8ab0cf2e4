"""Where pages go, and one clear line where they cannot."""

from argparse import Namespace
from pathlib import Path

import pytest
from tfbench.bench.errors import BadInputError
from tfbench.reports import page_file
from tfbench.reports.page import Page

PAGE = Page(title="t", subtitle=(), command="c", filters=(), sections=())


@pytest.mark.parametrize(("form", "written"), [("text", False), ("json", False), ("html", True), ("png", True)])
def test_a_page_is_for_html_and_its_charts_for_pictures(form: str, written: bool) -> None:
    assert page_file.wanted(Namespace(format=form, output=None)) == written


def test_an_output_of_what_is_printed_is_refused() -> None:
    with pytest.raises(
        BadInputError, match=r"^--output is for --format html, svg and png: redirect the others with >$"
    ):
        page_file.wanted(Namespace(format="csv", output="x"))


def test_what_has_no_place_must_be_given_one() -> None:
    assert page_file.place(Namespace(output="a/b"), why="w") == Path("a/b")
    with pytest.raises(
        BadInputError, match=r"^a history has no folder of its own: say where it goes with --output PATH"
    ):
        page_file.place(Namespace(output=None), why="a history has no folder of its own")


def test_a_page_is_one_file_and_its_charts_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page_file.write(PAGE, tmp_path / "p.html", "html")
    page_file.write(PAGE, tmp_path / "charts", "svg")
    assert capsys.readouterr().out == f"{tmp_path / 'p.html'}\n0 charts in {tmp_path / 'charts'}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["charts", "p.html"]
    assert (tmp_path / "p.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("form", ["html", "png"])
def test_what_cannot_be_written_is_one_line(form: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match=r"file/p cannot be written: Not a directory; say where with --output$"):
        page_file.write(PAGE, tmp_path / "file" / "p", form)
