"""Interpreters that no worker could run in are refused beforehand."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tfbench.bench import interpreters
from tfbench.bench.errors import BadInputError


@pytest.fixture
def fake(tmp_path: Path) -> Callable[[str], str]:
    """Give the function that makes a Python of a shell script."""

    def make(script: str) -> str:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return make


def refusal(path: str) -> str:
    """Give why a Python is refused, without its name."""
    with pytest.raises(BadInputError) as caught:
        interpreters.check("new", path)
    start = f"--python new={path}: "
    assert str(caught.value).startswith(start)
    return str(caught.value).removeprefix(start)


def test_this_python_will_do() -> None:
    interpreters.check("new", sys.executable)


def test_a_python_without_packages_is_told_what_it_lacks(fake: Callable[[str], str]) -> None:
    bare = fake(f'exec {sys.executable} -I -S "$@"')
    assert refusal(bare) == "lacks tensorflow, keras, numpy: install it there with pip"


def test_what_is_lacking_is_named(fake: Callable[[str], str]) -> None:
    assert refusal(fake("echo '[[3, 12], [\"keras\"]]'")) == "lacks keras: install it there with pip"


@pytest.mark.parametrize("version", ["3, 10", "3, 9", "2, 7"])
def test_a_python_that_is_too_old_is_refused(fake: Callable[[str], str], version: str) -> None:
    text = version.replace(", ", ".")
    assert refusal(fake(f"echo '[[{version}], []]'")) == f"is Python {text}; workers need 3.11 or newer"


@pytest.mark.parametrize("version", ["3, 11", "3, 13", "4, 0"])
def test_a_python_from_3_11_on_will_do(fake: Callable[[str], str], version: str) -> None:
    interpreters.check("new", fake(f"echo '[[{version}], []]'"))


def test_only_the_last_line_of_an_answer_counts(fake: Callable[[str], str]) -> None:
    interpreters.check("new", fake("echo welcome; echo '[[3, 12], []]'"))


@pytest.mark.parametrize("name", ["none", "none/bin/python"])
def test_a_missing_path_is_refused(tmp_path: Path, name: str) -> None:
    assert refusal(str(tmp_path / name)) == "cannot be run: No such file or directory"


def test_a_folder_or_a_file_that_is_no_program_is_refused(tmp_path: Path, fake: Callable[[str], str]) -> None:
    path = Path(fake("echo '[[3, 12], []]'"))
    path.chmod(0o644)
    assert [refusal(str(wrong)) for wrong in (tmp_path, path)] == ["cannot be run: Permission denied"] * 2


@pytest.mark.parametrize(
    "script",
    [
        "echo rubbish",
        "true",
        "echo '['",
        "echo '{}'",
        "echo '[[3, 12]]'",
        "exit 3",
        "echo '[[3, 12], []]'; exit 3",
        "kill -9 $$",
        "printf '\\377'",
    ],
    ids=[
        "text",
        "nothing",
        "cut off",
        "object",
        "too little",
        "exit code",
        "exit code after an answer",
        "killed",
        "bytes",
    ],
)
def test_a_program_that_is_no_python_is_refused(fake: Callable[[str], str], script: str) -> None:
    assert refusal(fake(script)).startswith("is not a Python that answers: ")
