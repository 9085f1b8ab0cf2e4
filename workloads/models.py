"""Measure a Keras model that a function of the user's builds: inference, and a training step. Worker only."""

import inspect
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tfbench.workloads import loading
from tfbench.workloads.loading import Loader
from tfbench.workloads.spec import Job, Program
from tfbench.workloads.twin import Made, Twins

INFERENCE, TRAINING = IMPLEMENTATIONS = ("inference", "training")
BATCHES = 4
MOST_TOLERANCE = 0.1
SHAPE = "input_shape"  # the argument that Keras' own models have
EXAMPLE = "say --input-shape, such as 224,224,3"

Shape = tuple[int, ...]


def build(job: Job, *, where: tuple[Path, str], loader: Loader, twins: Twins, input_shapes: Sequence[Shape]) -> Program:
    """Build the program of a model.

    Args:
        job: its implementation is `inference` or `training`; its parameter is `batch_size`.
        where: file and name of the function that builds the model.
        loader: gives fresh copies of the file.
        twins: give the answers to compare with.
        input_shapes: of each input without the batch; empty where the model tells.
    """
    make = partial(_make, job, where, loader, input_shapes)
    return twins.program(job, make, apart=loader.apart)


def _make(job: Job, where: tuple[Path, str], loader: Loader, input_shapes: Sequence[Shape]) -> Made:
    """Build the model anew, with seeded random input, and targets where it is trained."""
    import keras
    import tensorflow as tf

    path, name = where
    model = call(loading.find(loader.fresh(job.seed)[path], path, name), f"{path.name}:{name}", input_shapes)
    rng = np.random.default_rng(job.seed)
    specs = input_specs(model, input_shapes, int(job.params["batch_size"]))
    draw = partial(random_input, rng=rng, below=vocabulary(model))
    inputs = [tf.nest.map_structure(draw, specs) for _ in range(BATCHES)]
    arguments: list[tuple[Any, ...]] = [(x,) for x in inputs]
    answer = model(inputs[0], training=False)  # builds a model that is only built by a call
    function: Callable[..., Any] = partial(_infer, model)
    notes: list[str] = []
    if job.implementation == TRAINING:
        outputs = tf.nest.flatten(answer)
        shapes = [tuple(one.shape) for one in outputs]
        losses = [loss_for(one) for one in outputs]
        optimizer = getattr(model, "optimizer", None) or keras.optimizers.Adam()
        function = make_step(model, losses, optimizer)
        arguments = [(x, [random_target(shape, rng) for shape in shapes]) for x in inputs]
        kinds = [type(one).__name__ for one in (*losses, optimizer)]
        notes = [f"trained on random targets: {', '.join(kinds)}"]
    return Made(
        function=function,
        inputs=tuple(arguments),
        notes=tuple(notes),
        data="synthetic",
        tolerance=tolerance(model),
    )


def call(found: Any, where: str, input_shapes: Sequence[Shape]) -> Any:
    """Have the model built; a function with an argument `input_shape` is told the one that was given.

    Raises:
        TypeError: it gives no Keras model.
    """
    import keras

    if isinstance(found, keras.Model):
        return found
    told = input_shapes and SHAPE in inspect.signature(found).parameters
    model = found(**{SHAPE: input_shapes[0]} if told else {})
    if not isinstance(model, keras.Model):
        raise TypeError(f"{where} gave {type(model).__name__}, and no keras.Model")
    return model


def _infer(model: Any, x: Any) -> Any:
    return model(x, training=False)


def input_specs(model: Any, given: Sequence[Shape], batch_size: int) -> Any:
    """Give shape and type of each input, in the model's own structure.

    Raises:
        ValueError: the model does not tell a shape, or tells otherwise than what was given.
    """
    import tensorflow as tf

    inputs = getattr(model, "inputs", None)
    if inputs is None:
        if not given:
            raise ValueError(f"the model does not tell the shape of its input: {EXAMPLE}")
        specs = [tf.TensorSpec((batch_size, *shape), "float32") for shape in given]
        return specs if len(specs) > 1 else specs[0]
    if given and len(given) != len(inputs):
        raise ValueError(f"the model has {len(inputs)} inputs, and --input-shape is given {len(given)} times")
    wanted: list[tuple[int, ...] | None] = [*given] or [None] * len(inputs)
    shapes = [agree(tuple(one.shape[1:]), shape) for one, shape in zip(inputs, wanted, strict=True)]
    specs = [tf.TensorSpec((batch_size, *shape), one.dtype) for shape, one in zip(shapes, inputs, strict=True)]
    return tf.nest.pack_sequence_as(getattr(model, "input", inputs[0]), specs)  # a Sequential has one, and no `input`


def agree(known: tuple[int | None, ...], given: Shape | None) -> Shape:
    """Give the shape of an input, from what the model tells and what was given.

    Raises:
        ValueError: they differ, or a size is left open.
    """
    told = ",".join("?" if size is None else str(size) for size in known)
    if given is None:
        given = tuple(size for size in known if size is not None)
        if len(given) < len(known):
            raise ValueError(f"the model leaves sizes of its input open ({told}): {EXAMPLE}")
    if len(given) != len(known) or any(a not in {None, b} for a, b in zip(known, given, strict=True)):
        raise ValueError(f"--input-shape {','.join(map(str, given))}: the model's input is {told}")
    return given


def vocabulary(model: Any) -> int:
    """Give how many different whole numbers the model takes: as many as its smallest embedding has rows, or 2."""
    import keras

    return min((one.input_dim for one in _layers(model) if isinstance(one, keras.layers.Embedding)), default=2)


def _layers(model: Any) -> list[Any]:
    return list(model._flatten_layers())  # noqa: SLF001 - the only way to the layers inside layers, itself included


def random_input(spec: Any, *, rng: np.random.Generator, below: int) -> Any:
    """Draw an input: normal numbers, or whole ones below a limit."""
    import tensorflow as tf

    if spec.dtype.is_floating:
        return tf.constant(rng.normal(0.0, 1.0, spec.shape), spec.dtype)
    return tf.constant(rng.integers(0, below, spec.shape), spec.dtype)


def loss_for(output: Any) -> Any:
    """Choose the loss of an output by its shape: classes in the last axis if it has two or more, else a number.

    They are taken for logits, unless Keras marks them as probabilities.
    """
    import keras

    if _classes(tuple(output.shape)):
        return keras.losses.SparseCategoricalCrossentropy(from_logits=not hasattr(output, "_keras_logits"))
    return keras.losses.MeanSquaredError()


def random_target(shape: Shape, rng: np.random.Generator) -> Any:
    """Draw what the loss of such an output compares it with."""
    import tensorflow as tf

    if _classes(shape):
        return tf.constant(rng.integers(0, shape[-1], shape[:-1]), tf.int32)
    return tf.constant(rng.normal(0.0, 1.0, shape), tf.float32)


def _classes(shape: Shape) -> bool:
    return len(shape) > 1 and shape[-1] > 1


def make_step(model: Any, losses: Sequence[Any], optimizer: Any) -> Callable[[Any, Any], Any]:
    """Write the training step: forward, the sum of the losses, gradients, update."""
    import tensorflow as tf

    optimizer.build(model.trainable_variables)

    def step(x: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = tf.nest.flatten(model(x, training=True))
            parts = [loss(y, output) for loss, y, output in zip(losses, targets, outputs, strict=True)]
            loss = tf.add_n([*parts, *(tf.cast(extra, parts[0].dtype) for extra in model.losses)])
            scaled = optimizer.scale_loss(loss)
        variables = model.trainable_variables
        gradients = tape.gradient(scaled, [one.value for one in variables])
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss

    return step


def tolerance(model: Any) -> float:
    """Give how far rounding may take an answer, relative to its largest value, in a model of this depth.

    Each of its layers with a kernel adds an error of some rounding units of the least precise type that is computed in;
    errors that do not know of each other grow with the root of their number.
    """
    import ml_dtypes

    kernels = sum(len(weight.shape) > 1 for weight in model.weights)
    types = {layer.compute_dtype for layer in _layers(model)}
    unit = max(float(ml_dtypes.finfo(one).eps) for one in types if "float" in str(one))  # type: ignore[no-untyped-call]
    return min(MOST_TOLERANCE, 100 * unit * math.sqrt(max(kernels, 1)))
