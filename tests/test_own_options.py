"""The options about the user's own code: what was named, and what goes with it."""

from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import options, own_options, selection
from tfbench.bench.errors import BadInputError
from tfbench.workloads.catalog import catalog
from tfbench.workloads.own import NOTHING, Place

FILE = """
from tfbench.workloads import spec
def build(job): raise NotImplementedError
def train_step(x): return x
def make_batch(): return 1
def model(): return None
WORKLOADS = tuple(spec.Workload(name=name, implementations=("plain",), build=build) for name in ("one", "two"))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(FILE, encoding="utf-8")
    return tmp_path


def test_names_files_and_functions_are_told_apart(folder: Path) -> None:
    named = own_options.parse(
        {"workload": ["sum_loop,mine.py", "mine.py:train_step", "sum_loop"], "args": "mine.py:make_batch"}
    )
    assert (named.workloads, named.files) == (("sum_loop",), (folder / "mine.py",))
    assert named.own.functions == (Place(path=f"{folder}/mine.py", name="train_step"),)
    assert named.own.arguments == Place(path=f"{folder}/mine.py", name="make_batch")


def test_without_own_code_there_is_none() -> None:
    assert own_options.parse({"workload": ["sum_loop"]}).own == NOTHING


def test_the_name_of_what_makes_the_arguments_is_of_the_functions_file(folder: Path) -> None:
    named = own_options.parse({"workload": ["mine.py:train_step"], "args": "make_batch"})
    assert named.own.arguments == Place(path=f"{folder}/mine.py", name="make_batch")


def test_everything_that_goes_with_own_code_is_read() -> None:
    raw = {
        "workload": ["mine.py:train_step"],
        "work-per-call": "32:tokens",
        "keras": ["mine.py:model"],
        "input-shape": ["224,224,3", "10x4"],
        "tolerance": "1e-2",
    }
    found = own_options.parse(raw).own
    assert (found.work, found.unit, found.tolerance, found.compared) == (32, "tokens", 0.01, True)
    assert (found.input_shapes, [place.name for place in found.models]) == (((224, 224, 3), (10, 4)), ["model"])


def test_tolerance_off_compares_nothing() -> None:
    found = own_options.parse({"workload": ["mine.py:train_step"], "tolerance": "off"}).own
    assert (found.tolerance, found.compared) == (None, False)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"workload": ["mine.py:a-b"]}, "^mine.py:a-b: write it as file and name, such as my_model.py:train_step$"),
        ({"keras": ["model"]}, "^--keras model: write it as file and name"),
        ({"args": "make_batch"}, "^--args: goes with a function, such as my_model.py:train_step$"),
        ({"work-per-call": "3", "keras": ["mine.py:model"]}, "^--work-per-call: goes with a function"),
        ({"workload": ["sum_loop"], "tolerance": "off"}, "^--tolerance: goes with a function"),
        (
            {"workload": ["mine.py:train_step"], "input-shape": ["3"]},
            "^--input-shape: goes with a model: name one with",
        ),
        ({"keras": ["mine.py:model"], "input-shape": ["3,"]}, "^--input-shape 3,: write the sizes without the batch"),
        ({"keras": ["mine.py:model"], "input-shape": ["0,3"]}, "^--input-shape 0,3: write the sizes without the batch"),
        ({"workload": ["mine.py:train_step"], "work-per-call": "x"}, "^--work-per-call x: give a whole number of at"),
        ({"workload": ["mine.py:train_step"], "work-per-call": "3:a b"}, "^--work-per-call 3:a b: write it as number"),
        ({"workload": ["mine.py:train_step"], "tolerance": "0"}, "^--tolerance 0: give a share above 0, such as 0.001"),
        ({"workload": ["mine.py:train_step"], "tolerance": "inf"}, "^--tolerance inf: give a share above 0"),
        ({"workload": ["mine.py:train_step"], "tolerance": "much"}, "^--tolerance much: give a share above 0"),
        ({"workload": ["none.py"]}, "none.py: No such file or directory$"),
    ],
)
def test_a_wrong_value_is_refused(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        own_options.parse(raw)


def test_a_file_without_workloads_is_refused_and_not_run(folder: Path) -> None:
    (folder / "plain.py").write_text("raise SystemExit('it was run')", encoding="utf-8")
    message = r"^plain.py defines no WORKLOADS: name a function of it, as in plain.py:train_step$"
    with pytest.raises(BadInputError, match=message):
        own_options.parse({"workload": ["plain.py"]})


def cases(raw: dict[str, Any]) -> list[str]:
    choice = options.parse({"device": ["cpu"], "mode": ["graph"], **raw})
    return [case.id for case in selection.select(catalog(choice.files, choice.own), choice)]


def test_a_workload_file_that_is_named_is_measured_and_nothing_else() -> None:
    assert cases({"workload": ["mine.py"]}) == ["one-plain-graph-cpu", "two-plain-graph-cpu"]


def test_a_workload_file_beside_a_name_adds_to_it() -> None:
    raw = {"workload": ["mine.py", "sum_loop"], "implementation": ["plain", "vectorized"]}
    assert cases(raw) == ["sum_loop-vectorized-n=10000-graph-cpu", "one-plain-graph-cpu", "two-plain-graph-cpu"]


def test_a_function_is_measured_and_nothing_else() -> None:
    assert cases({"workload": ["mine.py:train_step"], "args": "make_batch"}) == ["mine-train_step-graph-cpu"]


def test_a_model_is_measured_with_each_batch_size_that_was_given() -> None:
    found = cases({"keras": ["mine.py:model"], "batch-size": ["8,32"]})
    assert found == [
        "mine-inference-batch_size=8-graph-cpu",
        "mine-training-batch_size=8-graph-cpu",
        "mine-inference-batch_size=32-graph-cpu",
        "mine-training-batch_size=32-graph-cpu",
    ]


def test_a_batch_size_is_a_parameter_of_whatever_has_one() -> None:
    assert cases({"workload": ["fashion_mnist"], "implementation": ["keras"], "batch-size": ["7"]}) == [
        "fashion_mnist-keras-batch_size=7-graph-cpu"
    ]
