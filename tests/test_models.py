"""A Keras model's input, targets, loss and step, made from what the model tells. Keras is real."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tfbench.bench import mode
from tfbench.workloads import loading, models
from tfbench.workloads.spec import Job, Program
from tfbench.workloads.twin import Twins

pytestmark = pytest.mark.usefixtures("tf")

MODEL = """
import keras
from keras import layers

def build():
    return keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.Dropout(0.5), layers.Dense(3)])

def build_for(input_shape=(2, 2, 1)):
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), layers.Dense(1)])

def compiled():
    model = build()
    model.compile("sgd", "mse")
    return model

def two():
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b", dtype="int32")
    words = layers.Flatten()(layers.Embedding(5, 4)(b))
    return keras.Model({"a": a, "b": b}, [layers.Dense(2)(a), layers.Dense(1)(words)])

class Open(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)
    def call(self, x):
        return self.dense(x)

model = build()
wrong = list
"""


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Program]:
    """Give the function that builds the program of a model of the file above."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "tfbench_toy.py"
    path.write_text(MODEL, encoding="utf-8")

    def give(name: str, implementation: str = "inference", shapes: Any = (), which: str = "eager") -> Program:
        job = Job(
            implementation=implementation,
            params={"batch_size": 4},
            mode=which,
            wrap=lambda function: mode.wrap(which, function),
        )
        loader = loading.Loader((path,))
        twins = Twins(tolerance=None, compared=True)
        return models.build(job, where=(path, name), loader=loader, twins=twins, input_shapes=shapes)

    return give


def described(structure: Any) -> Any:
    import keras

    return keras.tree.map_structure(lambda one: (one.dtype.name, *one.shape), structure)


def test_inference_gets_batches_of_the_models_input_and_gives_its_output(build: Callable[..., Program]) -> None:
    program = build("build")
    assert len(program.inputs) == models.BATCHES
    assert described(program.inputs[0]) == (("float32", 4, 6),)
    assert tuple(program.step(*program.inputs[0]).shape) == (4, 3)
    assert program.data == "synthetic"


@pytest.mark.parametrize(
    ("name", "shapes", "found"),
    [
        ("model", (), ("float32", 4, 6)),
        ("build_for", (), ("float32", 4, 2, 2, 1)),
        ("build_for", ((5,),), ("float32", 4, 5)),
        ("Open", ((7,),), ("float32", 4, 7)),
        ("two", (), {"a": ("float32", 4, 2), "b": ("int32", 4, 3)}),
    ],
)
def test_the_input_is_what_the_model_or_the_user_tells(name: str, shapes: Any, found: Any, build: Any) -> None:
    assert described(build(name, shapes=shapes).inputs[0]) == (found,)


def test_words_are_below_the_size_of_the_vocabulary(build: Callable[..., Program]) -> None:
    words = np.concatenate([x["b"].numpy().ravel() for (x,) in build("two").inputs])
    assert set(words) <= set(range(5))
    assert len(set(words)) > 2


def test_training_gets_a_target_and_a_loss_for_each_output(build: Callable[..., Program]) -> None:
    program = build("two", "training")
    assert described(program.inputs[0][1]) == [("int32", 4), ("float32", 4, 1)]
    program.step(*program.inputs[0])
    assert program.complete is not None
    told = program.complete().caution.split("; ")[0]
    assert told == "trained on random targets: SparseCategoricalCrossentropy, MeanSquaredError, Adam"


def test_the_optimizer_of_a_compiled_model_is_used(build: Callable[..., Program]) -> None:
    program = build("compiled", "training")
    program.step(*program.inputs[0])
    assert program.complete is not None
    assert program.complete().caution.startswith("trained on random targets: SparseCategoricalCrossentropy, SGD; ")


@pytest.mark.parametrize("which", ["eager", "graph"])
def test_training_with_dropout_answers_like_its_twin_and_starts_anew(which: str, build: Callable[..., Program]) -> None:
    program = build("build", "training", which=which)
    with program.opening():
        first = float(program.step(*program.inputs[0]))
    assert float(program.expected()[0][0]) == pytest.approx(first, rel=1e-5)
    assert program.complete is not None
    timed = program.complete()
    assert timed.reset is not None
    later = float(timed.step(*timed.inputs[0]))
    timed.reset()
    assert (float(timed.step(*timed.inputs[0])), later) == (pytest.approx(first), pytest.approx(later))
    assert later != pytest.approx(first)


@pytest.mark.parametrize(
    ("name", "shapes", "message"),
    [
        ("Open", (), "^the model does not tell the shape of its input: say --input-shape, such as 224,224,3$"),
        ("build", ((5,),), "^--input-shape 5: the model's input is 6$"),
        ("build", ((6,), (6,)), "^the model has 1 inputs, and --input-shape is given 2 times$"),
        ("wrong", (), "^tfbench_toy.py:wrong gave list, and no keras.Model$"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, shapes: Any, message: str, build: Callable[..., Program]) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        build(name, shapes=shapes)


@pytest.mark.parametrize(
    ("known", "given", "found"),
    [((3,), None, (3,)), ((None, 3), (5, 3), (5, 3)), ((3,), (3,), (3,)), ((), None, ())],
)
def test_a_shape_is_agreed_on(known: Any, given: Any, found: Any) -> None:
    assert models.agree(known, given) == found


@pytest.mark.parametrize(
    ("known", "given", "message"),
    [
        ((None, None, 3), None, r"^the model leaves sizes of its input open \(\?,\?,3\): say --input-shape"),
        ((None, 3), (5, 4), r"^--input-shape 5,4: the model's input is \?,3$"),
        ((3,), (3, 3), "^--input-shape 3,3: the model's input is 3$"),
    ],
)
def test_a_shape_that_cannot_be_agreed_on_is_refused(known: Any, given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.agree(known, given)


@pytest.mark.parametrize(
    ("shape", "loss", "target"),
    [
        ((4, 3), "SparseCategoricalCrossentropy", (4,)),
        ((4, 9, 3), "SparseCategoricalCrossentropy", (4, 9)),
        ((4, 1), "MeanSquaredError", (4, 1)),
        ((4,), "MeanSquaredError", (4,)),
    ],
)
def test_the_loss_is_chosen_by_the_outputs_shape(shape: Any, loss: str, target: Any, tf: Any) -> None:
    assert type(models.loss_for(tf.ones(shape))).__name__ == loss
    assert tuple(models.random_target(shape, np.random.default_rng(0)).shape) == target


def test_probabilities_of_keras_are_not_taken_for_logits(tf: Any) -> None:
    import keras

    logits, softmax = tf.ones([4, 3]), keras.ops.softmax(tf.ones([4, 3]))
    assert [models.loss_for(one).get_config()["from_logits"] for one in (logits, softmax)] == [True, False]


def test_the_tolerance_grows_with_depth_and_with_the_rounding_unit(tf: Any) -> None:
    import keras

    def deep(layers: int, dtype: str = "float32") -> Any:
        return keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(2, dtype=dtype) for _ in range(layers))])

    unit = 2.0**-23
    assert models.tolerance(deep(1)) == pytest.approx(100 * unit)
    assert models.tolerance(deep(16)) == pytest.approx(400 * unit)
    assert models.tolerance(deep(4, "float16")) == models.MOST_TOLERANCE == 0.1
