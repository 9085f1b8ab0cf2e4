"""`tfbench new` writes files that run as they are, and overwrites nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from tfbench.reports import cli, new_command

ROOT = Path(__file__).parents[1]
STARTS = sorted((ROOT / "reports" / "starts").glob("*.txt"))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_is_a_start_for_each_kind() -> None:
    assert [path.stem for path in STARTS] == [new_command.FUNCTION, new_command.WORKLOAD]


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("--function", "tfbench run mine.py:train_step --args mine.py:make_batch --quick"),
        ("--workload", "tfbench run mine.py --quick"),
    ],
)
def test_a_file_is_written_and_the_command_that_runs_it_is_said(kind: str, command: str, folder: Path, capsys) -> None:
    assert cli.main(["new", "mine.py", kind]) == 0
    assert capsys.readouterr().out == f"mine.py is written; measure it with\n  {command}\n"
    text = (folder / "mine.py").read_text(encoding="utf-8")
    assert command.removesuffix(" --quick") in text
    assert "$" not in text


def test_without_a_kind_it_is_a_workload(folder: Path) -> None:
    assert cli.main(["new", "mine.py"]) == 0
    assert 'name="mine"' in (folder / "mine.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["--function", "--workload"])
def test_what_is_written_is_formatted_and_has_no_fault(kind: str, folder: Path) -> None:
    assert cli.main(["new", "mine.py", kind]) == 0
    for check in (["format", "--check"], ["check", "--select", "E,F,I,B,UP,D1"]):
        command = [sys.executable, "-m", "ruff", *check, "--isolated", "--line-length=120", "mine.py"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_cases_of_a_new_workload_are_listed_without_tensorflow(capsys) -> None:
    assert cli.main(["new", "mine.py"]) == 0
    assert cli.main(["list", "mine.py", "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert "mine-by_hand-rows=1000-eager-cpu\nmine-by_hand-rows=1000-graph-cpu\n" in out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mine.py", "mine.py exists already: name another file, nothing was written"),
        ("layer_norm.py", "layer_norm.py: there is a workload 'layer_norm' already: choose another name"),
        ("no/mine.py", "no/mine.py cannot be written: No such file or directory"),
        ("mine.txt", "mine.txt: name a Python file that can be imported, such as my_workload.py"),
        ("my-work.py", "my-work.py: name a Python file that can be imported, such as my_workload.py"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(name: str, message: str, folder: Path, capsys) -> None:
    (folder / "mine.py").write_text("precious", encoding="utf-8")
    assert cli.main(["new", name]) == 2
    assert capsys.readouterr().err == f"tfbench: {message}\n"
    assert [path.read_text(encoding="utf-8") for path in folder.rglob("*.py")] == ["precious"]


def test_an_unknown_option_is_refused(capsys) -> None:
    assert cli.main(["new", "mine.py", "--force"]) == 2
    assert capsys.readouterr().err == "tfbench: unknown option '--force': see --help\n"
