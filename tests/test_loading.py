"""A user's files are run as their script would be, each time anew. Keras is real."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tfbench.workloads import loading
from tfbench.workloads.loading import Loader

pytestmark = pytest.mark.usefixtures("tf")


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Give the function that writes files into a folder and gives the path of the first; all is forgotten later."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def give(**texts: str) -> Path:
        for name, text in texts.items():
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return tmp_path / f"{next(iter(texts))}.py"

    yield give
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def load(path: Path, seed: int = 0) -> ModuleType:
    return Loader((path,)).fresh(seed)[path]


def test_each_copy_has_a_state_of_its_own(write: Callable[..., Path]) -> None:
    loader = Loader((path := write(toy="values = []"),))
    first, second = (loader.fresh(0)[path] for _ in range(2))
    first.values.append(1)
    assert (first.values, second.values) == ([1], [])


def test_so_have_the_modules_beside_it_and_no_others(write: Callable[..., Path]) -> None:
    loader = Loader((path := write(toy="import beside, json", beside="values = []"),))
    first, second = (loader.fresh(0)[path] for _ in range(2))
    assert first.beside is not second.beside
    assert first.json is second.json


def test_what_was_there_before_is_never_loaded_anew(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(toy="import earlier_toy", earlier_toy="")
    sys.path.insert(0, str(tmp_path))
    import earlier_toy  # type: ignore[import-not-found]

    loader = Loader((path,))
    assert [loader.fresh(0)[path].earlier_toy is earlier_toy for _ in range(2)] == [True, True]


def test_a_file_that_imports_another_of_them_gets_the_same_copy(write: Callable[..., Path], tmp_path: Path) -> None:
    step, data = write(step="values = []"), write(data="import step")
    found = Loader((step, data)).fresh(0)
    assert found[data].step is found[step]


def test_a_copy_apart_leaves_the_first_to_later_imports(write: Callable[..., Path]) -> None:
    loader = Loader(
        (path := write(toy="import beside\ndef again():\n    import beside\n    return beside", beside=""),)
    )
    first = loader.fresh(0)[path]
    with loader.apart():
        second = loader.fresh(0)[path]
        assert second.again() is second.beside
    assert first.again() is first.beside


def test_it_runs_as_a_module_of_its_folder_with_no_arguments(write: Callable[..., Path], tmp_path: Path) -> None:
    module = load(write(toy="import sys\nname, arguments, first = __name__, sys.argv, sys.path[0]"))
    assert (module.name, module.arguments, module.first) == ("toy", [str(tmp_path / "toy.py")], str(tmp_path))
    assert sys.argv != module.arguments


def test_a_file_with_the_name_of_a_module_hides_it_from_nobody(write: Callable[..., Path]) -> None:
    import json

    module = load(write(json="value = 1"))
    assert (module.__name__, sys.modules["json"] is json) == ("tfbench_own_json", True)


def test_random_numbers_are_those_of_the_seed(write: Callable[..., Path]) -> None:
    path = write(
        toy="import random, numpy, keras\nvalues = random.random(), numpy.random.rand(), float(keras.random.normal(()))"
    )
    one, other, third = (load(path, seed).values for seed in (1, 1, 2))
    assert one == other
    assert not set(one) & set(third)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "^toy.py raised ZeroDivisionError: division by zero$"),
        ("raise SystemExit('no')", "^toy.py raised SystemExit: no$"),
        ("raise GeneratorExit('no')", "^toy.py raised GeneratorExit: no$"),
        ("import none_such_toy", "^toy.py raised ModuleNotFoundError: No module named 'none_such_toy'$"),
    ],
)
def test_a_file_that_raises_is_named(text: str, message: str, write: Callable[..., Path]) -> None:
    with pytest.raises(ValueError, match=message):
        load(write(toy=text))


def test_names_are_found_through_objects(write: Callable[..., Path]) -> None:
    path = write(toy="class Trainer:\n    def step(self): return 3\ntrainer = Trainer()")
    assert loading.find(load(path), path, "trainer.step")() == 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("trian", r"^toy.py has no 'trian': did you mean 'train'\?$"),
        ("trainer.stop", r"^toy.py:trainer has no 'stop': did you mean 'step'\?$"),
    ],
)
def test_a_name_that_is_not_there_is_named_with_the_nearest(name: str, message: str, write: Any) -> None:
    path = write(toy="def train(): pass\ndef trainer(): pass\ntrainer.step = 1")
    with pytest.raises(ValueError, match=message):
        loading.find(load(path), path, name)
