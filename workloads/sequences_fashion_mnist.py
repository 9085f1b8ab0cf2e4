"""fashion_mnist's calls for the retrace ledger: the end of an epoch, a learning rate, functions made in a loop."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from tfbench.workloads import classifier, mlp, spec

EXAMPLES = 55_000
RATES = (0.01, 0.009, 0.0081)
EPOCHS = 3

Calls = Sequence[tuple[str, Callable[[], Any]]]


def _make_step(job: spec.Job) -> Callable[[Any, Any, Any], Any]:
    """Write a training step with plain gradient descent: it has no variables besides the model's."""
    import keras
    import tensorflow as tf

    model = classifier.make(mlp.initial_weights(job.seed))
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    weights = [variable.value for variable in model.trainable_variables]

    def step(x: Any, y: Any, learning_rate: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign_sub(learning_rate * gradient)
        return loss

    return step


def _batch(job: spec.Job, size: int) -> tuple[Any, Any]:
    """Draw what has the shape of a batch: the values change no trace."""
    import tensorflow as tf

    rng = np.random.default_rng(job.seed)
    return tf.constant(rng.random((size, 28, 28)), tf.float32), tf.constant(rng.integers(0, 10, size))


def sizes(batch_size: int, *, drop_remainder: bool) -> list[int]:
    """Give the size of each batch of an epoch, as `tf.data`'s `batch` cuts it."""
    whole, rest = divmod(EXAMPLES, batch_size)
    return [batch_size] * whole + ([rest] if rest and not drop_remainder else [])


def last_batch(job: spec.Job, *, fixed: bool) -> Calls:
    """Take the last batches of an epoch, and the first of the next; fixed, with `drop_remainder`."""
    import tensorflow as tf

    step = tf.function(_make_step(job), jit_compile=job.mode == "xla")
    rate = tf.constant(RATES[0])
    epoch = sizes(int(job.params["batch_size"]), drop_remainder=fixed)
    numbers = [*range(len(epoch))[-3:], 0]
    return [(f"batch {i + 1} of {epoch[i]} rows", partial(step, *_batch(job, epoch[i]), rate)) for i in numbers]


def learning_rates(job: spec.Job, *, fixed: bool) -> Calls:
    """Lower the learning rate, a Python float, from epoch to epoch; fixed, as a tensor."""
    import tensorflow as tf

    step = tf.function(_make_step(job), jit_compile=job.mode == "xla")
    batch = _batch(job, int(job.params["batch_size"]))
    convert: Callable[[float], Any] = tf.constant if fixed else float
    return [(f"learning rate {rate:g}", partial(step, *batch, convert(rate))) for rate in RATES]


def fresh_functions(job: spec.Job, *, fixed: bool) -> Calls:
    """Make the tf.function inside the loop over epochs; fixed, once before it."""
    import tensorflow as tf

    step, batch, rate = _make_step(job), _batch(job, int(job.params["batch_size"])), tf.constant(RATES[0])

    def make() -> Any:
        return tf.function(step, jit_compile=job.mode == "xla")

    once = make()
    return [(f"epoch {epoch}", lambda: (once if fixed else make())(*batch, rate)) for epoch in range(1, EPOCHS + 1)]


SEQUENCES = (
    spec.CallSequence(
        name="last_batch",
        summary="the last, smaller batch of an epoch",
        fix="leave it out: batch(..., drop_remainder=True)",
        build=last_batch,
    ),
    spec.CallSequence(
        name="learning_rate",
        summary="the learning rate as a Python float",
        fix="pass it as a tensor: tf.constant(learning_rate)",
        build=learning_rates,
    ),
    spec.CallSequence(
        name="fresh_function",
        summary="a new tf.function in each epoch",
        fix="make the tf.function once, before the loop",
        build=fresh_functions,
    ),
)
