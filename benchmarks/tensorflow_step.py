"""Train the classifier of fashion_mnist in TensorFlow, compiled by XLA: a child of `versus_jax.py`.

python benchmarks/tensorflow_step.py GIVEN.npz
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import turns
from tfbench.bench import dispatch, mode
from tfbench.workloads import classifier

Step = Callable[[Any, Any], Any]


def gradients(weights: Sequence[Any], x: Any, y: Any) -> tuple[Any, list[Any]]:
    """Give the mean sparse categorical cross-entropy of a batch, and its gradients; relu between the layers."""
    with tf.GradientTape() as tape:
        tape.watch(weights)
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            x = tf.nn.relu(x @ kernel + bias)
        logits = x @ weights[-2] + weights[-1]
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    return loss, tape.gradient(loss, weights)


def train(state: Sequence[Any], x: Any, y: Any, *, given: Mapping[str, Any]) -> tuple[list[Any], Any]:
    """Do one step of Keras' Nadam, as `workloads/mlp.py` writes it out; give state and loss.

    The state is weights, momentum and velocity, six of each, then the schedule and the step's number.
    Scalars meet each other before they meet an array, as in `jax_step.py`. Keras divides each array by scalars, three
    times, which XLA keeps; written so, a step took 0.375 ms on one core here, not 0.302 (JAX: 0.302 and 0.276).
    """
    rate, beta_1, beta_2, epsilon = (float(given[name]) for name in ("rate", "beta_1", "beta_2", "epsilon"))
    weights, momentum, velocity = (list(state[start : start + 6]) for start in (0, 6, 12))
    schedule, t = state[18:]
    loss, found = gradients(weights, x, y)
    t = t + 1
    now, following = (beta_1 * (1 - 0.5 * tf.pow(0.96, step)) for step in (t, t + 1))
    schedule = schedule * now
    by_momentum, by_gradient = rate * following / (1 - schedule * following), rate * (1 - now) / (1 - schedule)
    by_velocity = 1 / tf.sqrt(1 - tf.pow(beta_2, t))
    momentum = [m + (g - m) * (1 - beta_1) for m, g in zip(momentum, found, strict=True)]
    velocity = [v + (g * g - v) * (1 - beta_2) for v, g in zip(velocity, found, strict=True)]
    weights = [
        w - (by_momentum * m + by_gradient * g) / (tf.sqrt(v) * by_velocity + epsilon)
        for w, m, v, g in zip(weights, momentum, velocity, found, strict=True)
    ]
    return [*weights, *momentum, *velocity, schedule, t], loss


def written_out(given: Mapping[str, Any]) -> tuple[list[Any], Step, Step]:
    """Give plain variables, the step over them, and the loop that holds them in its own state."""
    kept = [given[f"weight_{i}"] for i in range(6)]
    zeros = [np.zeros_like(weight) for weight in kept]
    variables = [tf.Variable(value) for value in (*kept, *zeros, *zeros, np.float32(1), np.float32(0))]

    def finish(state: Sequence[Any]) -> None:
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)

    def step(x: Any, y: Any) -> Any:
        state, loss = train([variable.read_value() for variable in variables], x, y, given=given)
        finish(state)
        return loss

    def loop(x: Any, y: Any) -> Any:
        count = x.shape[0]

        def body(i: Any, losses: Any, state: Any) -> Any:
            state, loss = train(state, x[i], y[i], given=given)
            return i + 1, losses.write(i, loss), state

        losses = tf.TensorArray(tf.float32, count, element_shape=())
        start = (0, losses, [variable.read_value() for variable in variables])
        _, losses, state = tf.while_loop(lambda i, *_: i < count, body, start, maximum_iterations=count)
        finish(state)
        return losses.stack()

    return variables, step, loop


def of_keras(given: Mapping[str, Any]) -> tuple[list[Any], Step, Step]:
    """Give the variables of Keras' model and Nadam, the workload's step over them, and a loop of steps."""
    model = classifier.make([given[f"weight_{i}"] for i in range(6)])
    optimizer = classifier.make_optimizer(float(given["rate"]), model.trainable_variables)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        found = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
        optimizer.apply_gradients(zip(found, model.trainable_variables, strict=True))
        return loss

    def loop(x: Any, y: Any) -> Any:
        losses = tf.TensorArray(tf.float32, x.shape[0], element_shape=())
        for i in tf.range(x.shape[0]):
            losses = losses.write(i, step(x[i], y[i]))
        return losses.stack()

    return [*model.trainable_variables, *optimizer.variables], step, loop


def single(function: Step, reset: Callable[[], None], batches: Sequence[tuple[Any, Any]]) -> turns.Variant:
    """Call a function once a batch."""

    def run() -> list[Any]:
        losses = [function(x, y) for x, y in batches]
        losses[-1].numpy()
        return losses

    return turns.Variant(reset=reset, run=run)


def variants(made: tuple[list[Any], Step, Step], pixels: Any, labels: Any, *, prefix: str) -> dict[str, turns.Variant]:
    """Give the ways to do a step each batch: one a call, through its concrete function, and all in one call."""
    variables, step, loop = made
    reset = classifier.keep_state(variables)
    batches = [(tf.constant(x), tf.constant(y)) for x, y in zip(pixels, labels, strict=True)]
    stacked = tf.constant(pixels), tf.constant(labels)
    through, many = (tf.function(function, jit_compile=True) for function in (step, loop))
    return {
        f"{prefix} one": single(through, reset, batches),
        f"{prefix} one direct": single(through.get_concrete_function(*batches[0]), reset, batches),
        f"{prefix} many": turns.Variant(reset=reset, run=lambda: many(*stacked).numpy()),
    }


def floors(made: tuple[list[Any], Step, Step], pixels: Any, labels: Any) -> dict[str, turns.Variant]:
    """Give calls that do nothing: one holds the step's variables, one reads and writes as many, of one number each."""
    variables, step, _ = made
    batches = [(tf.constant(x), tf.constant(y)) for x, y in zip(pixels, labels, strict=True)]
    idle = dispatch.make_idle(tf.function(step, jit_compile=True).get_concrete_function(*batches[0]), mode.XLA)
    tiny = [tf.Variable(0.0) for _ in variables]

    def touch(_x: Any, _y: Any) -> Any:
        for variable in tiny:
            variable.assign_add(1.0)
        return tf.constant(0.0)

    touched = tf.function(touch, jit_compile=True).get_concrete_function(*batches[0])
    functions = {"idle": idle, "idle direct": idle.get_concrete_function(*batches[0]), "idle touch": touched}
    return {name: single(function, lambda: None, batches) for name, function in functions.items()}


def main() -> None:
    """Serve the step with Keras' Nadam, with the update written out, and calls that do nothing."""
    with np.load(sys.argv[1]) as loaded:
        given = dict(loaded)
    pixels, labels = given["pixels"], given["labels"]
    flat, written = pixels.reshape(*pixels.shape[:2], -1), written_out(given)
    served = {
        **variants(of_keras(given), pixels, labels, prefix="keras"),
        **variants(written, flat, labels, prefix="written"),
        **floors(written, flat, labels),
    }
    turns.serve(served, {"TensorFlow": tf.__version__, "Keras": keras.__version__})


if __name__ == "__main__":
    main()
