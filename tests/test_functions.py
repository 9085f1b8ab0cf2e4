"""A user's function and what makes its arguments, found in their files and checked. TensorFlow is real."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tfbench.workloads import functions, loading
from tfbench.workloads.spec import Job, Program
from tfbench.workloads.twin import Twins

pytestmark = pytest.mark.usefixtures("tf")

STEP = """
import tensorflow as tf

weight = tf.Variable(2.0)

def step(x):
    weight.assign_add(1.0)
    return weight * x

@tf.function(jit_compile=True)
def decorated(x): return 2.0 * x

def batches():
    for size in (3, 3):
        yield tf.ones([size, 4])

def uneven():
    return [(tf.ones([3]),), (tf.ones([2]),)]
"""


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tf: Any) -> Callable[..., Program]:
    """Give the function that builds the program of a function of the file above, or of another text."""
    import sys

    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "tfbench_toy.py"

    def give(name: str = "step", arguments: str | None = "batches", *, text: str = STEP, **more: Any) -> Program:
        path.write_text(text, encoding="utf-8")
        make = partial(
            functions.build,
            names={name: path},
            arguments=None if arguments is None else (path, arguments),
            loader=loading.Loader((path,)),
            twins=Twins(tolerance=None, compared=True),
            work=(0, "examples"),
        )
        job = Job(implementation=name, params={}, mode="graph", wrap=tf.function)
        return make(job, **more)

    return give


def test_a_generator_gives_batches_and_the_first_ones_rows_are_the_work(build: Callable[..., Program]) -> None:
    program = build()
    assert [tuple(x.shape) for (x,) in program.inputs] == [(3, 4), (3, 4)]
    assert (program.work, program.unit) == (3, "examples")


def test_the_work_that_the_user_tells_counts(build: Callable[..., Program]) -> None:
    program = build(work=(12, "elements"))
    assert (program.work, program.unit) == (12, "elements")


def test_a_function_without_arguments_does_one_call(build: Callable[..., Program]) -> None:
    program = build("alone", None, text="import tensorflow as tf\ndef alone(): return tf.constant(1.0)")
    assert (program.inputs, program.work, program.unit) == (((),), 1, "calls")
    assert float(program.step()) == 1.0


def test_a_decorator_of_tensorflow_is_taken_off_and_told(build: Callable[..., Program]) -> None:
    program = build("decorated")
    assert not hasattr(program.step.python_function, "python_function")
    program.step(*program.inputs[0])
    assert program.complete is not None
    assert program.complete().caution.split("; ")[0] == functions.DECORATED.format("decorated")


def test_batches_of_different_shapes_are_told(build: Callable[..., Program]) -> None:
    program = build("step", "uneven")
    program.step(*program.inputs[0])
    assert program.complete is not None
    assert functions.UNEQUAL in program.complete().caution.split("; ")


@pytest.mark.parametrize(
    ("name", "arguments", "text", "message"),
    [
        ("stop", "batches", STEP, r"^tfbench_toy.py has no 'stop': did you mean 'step'\?$"),
        ("weight", "batches", STEP, "^tfbench_toy.py:weight is ResourceVariable: name a function$"),
        ("Kind", "batches", STEP + "class Kind: pass", "^tfbench_toy.py:Kind is a class: name a function, or a method"),
        ("step", "none", STEP + "none = list", "^tfbench_toy.py:none gave no batch$"),
        (
            "step",
            "two",
            STEP + "def two(): return 1, 2",
            r"^tfbench_toy.py:step\(x\) cannot be called with the 2 argum",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(name: str, arguments: str, text: str, message: str, build: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        build(name, arguments, text=text)


@pytest.mark.parametrize(
    ("given", "inputs"),
    [
        (3, ((3,),)),
        ((1, 2), ((1, 2),)),
        ({"x": 1}, (({"x": 1},),)),
        ((), ((),)),
        ([(1, 2), 3], ((1, 2), (3,))),
        (iter(range(100)), tuple((i,) for i in range(functions.MOST_BATCHES))),
    ],
)
def test_a_tuple_is_arguments_and_a_list_or_an_iterator_is_batches(given: Any, inputs: Any) -> None:
    assert functions.batches(given, "mine.py:make") == inputs


def test_an_array_is_one_argument_and_a_data_set_is_batches(tf: Any) -> None:
    array = np.ones(3)
    assert functions.batches(array, "")[0][0] is array
    data = tf.data.Dataset.range(100).batch(3)
    found = functions.batches(data, "")
    assert (len(found), found[1][0].numpy().tolist()) == (functions.MOST_BATCHES, [3, 4, 5])


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        ((), (1, "calls")),
        ((3, "text"), (1, "calls")),
        ((np.float32(3),), (1, "calls")),
        ((3, np.ones((5, 2))), (5, "examples")),
        (({"x": [np.ones(4)]}, np.ones(9)), (4, "examples")),
        ((np.ones((0, 2)),), (1, "calls")),
    ],
)
def test_the_work_of_a_call_is_the_rows_of_the_first_array(arguments: Any, rows: Any) -> None:
    assert functions.rows(arguments) == rows


def test_a_variable_or_a_model_among_the_arguments_has_no_rows(tf: Any) -> None:
    assert functions.rows((tf.Variable([1.0, 2.0]), tf.ones([7]))) == (7, "examples")


def test_a_method_under_a_decorator_keeps_its_object(tf: Any) -> None:
    class Trainer(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            self.weight = tf.Variable(3.0)

        @tf.function
        def step(self, x: Any) -> Any:
            return self.weight * x

    trainer = Trainer()
    bare, decorated = functions.bare(trainer.step, "trainer.step")
    functions.fits(bare, (tf.constant(2.0),), "trainer.step", source="--args")
    assert (float(bare(tf.constant(2.0))), decorated) == (6.0, True)


def test_functions_that_do_not_tell_their_arguments_are_taken_as_they_are() -> None:
    functions.fits(max, (1, 2), "max", source="--args")
    assert isinstance(iter([]), Iterator)


def test_batches_of_different_sizes_are_counted_as_calls(tf: Any) -> None:
    assert functions.work_of([(tf.ones([32, 2]),), (tf.ones([32, 2]),)]) == (32, "examples")
    assert functions.work_of([(tf.ones([32, 2]),), (tf.ones([24, 2]),)]) == (1, "calls")
