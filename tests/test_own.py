"""The workloads that a user's functions and Keras models make, from the text of their files alone."""

from pathlib import Path

import pytest
from tfbench.workloads import content, own
from tfbench.workloads.own import Own, Place

MODEL = """
import numpy, tensorflow_that_is_not_there
SIZE = 32
def train_step(x, y): return x
def fast_step(x, y): return x
def alone(): return 1
def make_batch(): return SIZE, 2
def make_sized(size): return size
def build(): return None
def build_for(input_shape): return None
def build_with(width): return None
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file of functions that nothing could run here."""
    path = tmp_path / "my-model.py"
    path.write_text(MODEL, encoding="utf-8")
    return path


def places(file: Path, *names: str) -> tuple[Place, ...]:
    return tuple(own.place(f"{file}:{name}") for name in names)


def of_functions(file: Path, *names: str, args: str | None = "make_batch", **more) -> Own:
    arguments = None if args is None else own.place(f"{file}:{args}")
    return Own(functions=places(file, *names), arguments=arguments, **more)


def test_a_place_is_a_file_and_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = own.place("sub/mine.py:trainer.step")
    assert (found.path, found.name, str(found)) == (f"{tmp_path}/sub/mine.py", "trainer.step", "mine.py:trainer.step")


@pytest.mark.parametrize("text", ["mine.py:", "mine.py:a-b", "mine.py:a..b", "mine:step", "step", "mine.py:a:b"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}: write it as file and name, such as my_model.py:train_step$"):
        own.place(text)


def test_the_functions_of_a_file_are_one_workload_over_the_first_ones_eager_run(file: Path) -> None:
    (workload,) = own.workloads_of(of_functions(file, "train_step", "fast_step"))
    assert (workload.name, workload.implementations) == ("my_model", ("train_step", "fast_step"))
    assert [workload.baseline_of(name) for name in workload.implementations] == [("train_step", "eager")] * 2
    assert workload.summary == "my-model.py:train_step, my-model.py:fast_step"


def test_functions_of_two_files_are_two_workloads(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text("def step(): pass", encoding="utf-8")
    found = own.workloads_of(Own(functions=(*places(file, "alone"), *places(other, "step"))))
    assert [workload.name for workload in found] == ["my_model", "other"]


def test_the_unit_of_work_is_examples_or_what_the_user_says(file: Path) -> None:
    units = [next(own.workloads_of(of_functions(file, "alone", **more))).unit for more in ({}, {"unit": "tokens"})]
    assert units == ["examples", "tokens"]


def test_a_model_is_inference_and_training_each_over_its_own_eager_run(file: Path) -> None:
    (workload,) = own.workloads_of(Own(models=places(file, "build")))
    assert workload.implementations == ("inference", "training")
    assert [workload.baseline_of(name) for name in workload.implementations] == [
        ("inference", "eager"),
        ("training", "eager"),
    ]
    assert workload.work({"batch_size": 8}, 1) == 8
    assert [parameter.name for parameter in workload.parameters] == ["batch_size"]


@pytest.mark.parametrize(
    ("names", "args", "message"),
    [
        (["trian_step"], "make_batch", "^my-model.py has no 'trian_step': did you mean 'train_step'\\?$"),
        (["train_step"], "make_btch", "^my-model.py has no 'make_btch': did you mean 'make_batch'\\?$"),
        (["train_step"], None, "^my-model.py:train_step takes x, y: name what makes its arguments, as in --args "),
        (["train_step"], "make_sized", "^my-model.py:make_sized takes size: it is called without; give them defaults$"),
    ],
)
def test_what_the_file_lacks_is_refused_before_anything_runs(
    names: list[str], args: str | None, message: str, file: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        list(own.workloads_of(of_functions(file, *names, args=args)))


def test_a_function_without_arguments_needs_nothing(file: Path) -> None:
    (workload,) = own.workloads_of(of_functions(file, "alone", args=None))
    assert workload.implementations == ("alone",)


def test_a_builder_may_take_the_input_shape_and_nothing_else(file: Path) -> None:
    shaped = Own(models=places(file, "build_for"), input_shapes=((8, 8, 3),))
    assert [workload.name for workload in own.workloads_of(shaped)] == ["my_model"]
    for name, needed in (("build_for", "input_shape"), ("build_with", "width")):
        with pytest.raises(ValueError, match=f"^my-model.py:{name} takes {needed}: it is called without"):
            list(own.workloads_of(Own(models=places(file, name))))


def test_one_file_is_named_for_one_thing(file: Path) -> None:
    message = "^my-model.py is named twice: measure one thing of it at a time, or copy the file$"
    for one in (
        Own(models=places(file, "build", "build_for")),
        Own(functions=places(file, "alone"), models=places(file, "build")),
    ):
        with pytest.raises(ValueError, match=message):
            list(own.workloads_of(one))


def digest(file: Path, text: str, name: str = "train_step") -> str:
    file.write_text(text, encoding="utf-8")
    (workload,) = own.workloads_of(of_functions(file, name))
    return content.digest(workload)


def test_another_step_is_the_same_work_and_other_arguments_are_not(file: Path) -> None:
    first = digest(file, MODEL)
    assert len(first) == 16
    assert digest(file, MODEL.replace("(x, y): return x", "(x, y): return 2 * x")) == first
    assert digest(file, MODEL.replace("def make_batch(): ", "def make_batch():  # more\n    ")) == first
    assert digest(file, MODEL.replace("return SIZE, 2", "return SIZE, 3")) != first
    assert digest(file, MODEL.replace("SIZE = 32", "SIZE = 64")) != first


def test_another_model_is_the_same_work_and_another_input_is_not(file: Path) -> None:
    shapes = ((), ((8,),), ((9,),))
    found = [
        content.digest(next(own.workloads_of(Own(models=places(file, "build"), input_shapes=one)))) for one in shapes
    ]
    file.write_text(MODEL.replace("def build(): return None", "def build(): return 1"), encoding="utf-8")
    assert content.digest(next(own.workloads_of(Own(models=places(file, "build"))))) == found[0]
    assert len(set(found)) == 3
