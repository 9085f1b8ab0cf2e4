"""A user's file is read, not run: what it defines, what its functions need, what a name stands on."""

import sys
from pathlib import Path

import pytest
from tfbench.workloads import source

FILE = '''
"""A file."""
import numpy as np
from data import load as read

try:
    import torch
except ImportError:
    torch = None

SIZE = 32
SCALE: float = 2.0
OPTIONS = {}
OPTIONS["size"] = SIZE
A, *B = 1, 2
if (found := SIZE) > 3:
    def inside(): pass

class Model: pass

def noise():
    # a comment
    return SCALE

def make_batch(size=SIZE):
    local = 1
    return noise() * size * OPTIONS["size"]

def train_step(x, y, *, rate, decay=0.0): return make_batch

@tf.function(jit_compile=True)
def compiled(x): pass

@wraps
def wrapped(x): pass
'''


def written(folder: Path, text: str, name: str = "mine.py") -> source.Code:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return source.read(path)


@pytest.fixture
def code(tmp_path: Path) -> source.Code:
    """Give the file above, read."""
    return written(tmp_path, FILE)


def test_what_a_file_binds_is_read_off_its_text(code: source.Code) -> None:
    imported, made = {"np", "read", "torch"}, {"SIZE", "SCALE", "OPTIONS", "A", "B", "found"}
    defined = {"inside", "Model", "noise", "make_batch", "train_step", "compiled", "wrapped"}
    assert set(code.names) == imported | made | defined
    assert code.complete


def test_reading_a_file_does_not_run_it(tmp_path: Path) -> None:
    written(tmp_path, "import sys\nsys.tfbench_was_run = True\nraise SystemExit")
    assert not hasattr(sys, "tfbench_was_run")


def test_a_name_that_functions_make_global_is_bound(tmp_path: Path) -> None:
    assert written(tmp_path, "def start():\n    global model\n    model = 1\n").names == ("start", "model")


@pytest.mark.parametrize(
    "text",
    ["from data import *", "globals()['x'] = 1", "exec('x = 1')", "def __getattr__(name): return 1"],
)
def test_a_file_that_may_bind_more_than_it_shows_is_not_complete(text: str, tmp_path: Path) -> None:
    code = written(tmp_path, text)
    assert not code.complete
    source.require(code, "anything")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("trian_step", "^mine.py has no 'trian_step': did you mean 'train_step'\\?$"),
        ("zzz", "^mine.py has no 'zzz': it has noise, make_batch, train_step, compiled, wrapped$"),
        ("modle.step", "^mine.py has no 'modle': did you mean "),
    ],
)
def test_a_name_that_is_not_there_is_refused_with_the_nearest(name: str, message: str, code: source.Code) -> None:
    with pytest.raises(ValueError, match=message):
        source.require(code, name)


@pytest.mark.parametrize("name", ["train_step", "SIZE", "Model.call", "np"])
def test_a_name_that_is_there_is_taken(name: str, code: source.Code) -> None:
    source.require(code, name)


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("train_step", ["x", "y", "rate"]),
        ("make_batch", []),
        ("compiled", ["x"]),
        ("wrapped", []),  # what the decorator makes of it is not known
        ("SIZE", []),
    ],
)
def test_the_arguments_that_a_function_cannot_do_without(name: str, needed: list[str], code: source.Code) -> None:
    assert source.needed(code, name) == needed


def test_the_last_definition_of_a_function_counts(tmp_path: Path) -> None:
    assert source.needed(written(tmp_path, "def f(a): pass\ndef f(a, b): pass\n"), "f") == ["a", "b"]


def test_a_name_stands_on_what_it_uses_and_on_nothing_else(code: source.Code) -> None:
    assert source.standing_on(code, "make_batch").splitlines() == [
        "SIZE = 32",
        "SCALE: float = 2.0",
        "OPTIONS = {}",
        "OPTIONS['size'] = SIZE",
        "def noise():",
        "    return SCALE",
        "def make_batch(size=SIZE):",
        "    local = 1",
        "    return noise() * size * OPTIONS['size']",
    ]


def test_a_name_without_a_statement_stands_on_nothing(code: source.Code) -> None:
    assert source.standing_on(code, "nothing") == ""


def test_an_import_and_a_branch_are_taken_whole(code: source.Code) -> None:
    assert source.standing_on(code, "read") == "from data import load as read"
    assert source.standing_on(code, "torch").startswith("try:\n    import torch")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"def f(:", r"mine.py:1: invalid syntax$"),
        (b"x = 1\n\x00", r"mine.py.*: source code .*null bytes$"),
        (b"\xff\xfe", r"mine.py.*: "),
        (b"(" * 300, r"mine.py.*: "),
        (b"-" * 200_000 + b"1", r"mine.py.*: "),
    ],
)
def test_what_is_no_python_is_refused_in_one_line(text: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(text)
    with pytest.raises(ValueError, match=message) as refused:
        source.read(path)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"^{tmp_path}/none.py: No such file or directory$"):
        source.read(tmp_path / "none.py")


def test_a_file_that_is_not_named_like_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"mine\.txt is not a Python file$"):
        written(tmp_path, "x = 1", "mine.txt")
