"""fashion_mnist: one training step of a small classifier on real images, written three ways."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tfbench.workloads import classifier, fashion_data, mlp, sequences_fashion_mnist, spec

LEARNING_RATE = 0.01
LOWER_LEARNING_RATE = 0.005
BATCHES = 16
CHECKED_STEPS = 5
RTOL = ATOL = 2e-3

Step = Callable[[Any, Any], Any]


def learning_rates(implementation: str) -> list[float]:
    """Give the learning rate of each kernel and bias."""
    lower = LOWER_LEARNING_RATE if implementation == "two_optimizers" else LEARNING_RATE
    return [lower] * 2 + [LEARNING_RATE] * (2 * len(mlp.SIZES) - 4)


def expected(implementation: str, steps: Sequence[mlp.Step]) -> list[tuple[np.float64, ...]]:
    """Shape the reference like the step's answers: loss and accuracy; by hand, with running means."""
    losses, correct = ([getattr(step, name) for step in steps] for name in ("loss", "correct"))
    if implementation == "keras":
        return [(np.float64(a), np.float64(b)) for a, b in zip(losses, correct, strict=True)]
    return [(np.float64(losses[i]), np.mean(losses[: i + 1]), np.mean(correct[: i + 1])) for i in range(len(steps))]


def make_loop(model: Any, *, two: bool) -> tuple[Step, list[Any]]:
    """Write the training step by hand, with one optimizer or two; give also its other variables."""
    import keras
    import tensorflow as tf

    variables = model.trainable_variables
    lower, upper = (variables[:2], variables[2:]) if two else ([], variables)
    optimizers = [classifier.make_optimizer(LEARNING_RATE, upper)]
    if two:
        optimizers.append(classifier.make_optimizer(LOWER_LEARNING_RATE, lower))
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    mean_loss, accuracy = keras.metrics.Mean(), keras.metrics.SparseCategoricalAccuracy()

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape(persistent=two) as tape:
            logits = model(x, training=True)
            loss = loss_of(y, logits)
        for optimizer, part in zip(optimizers, (upper, lower), strict=False):
            optimizer.apply_gradients(zip(tape.gradient(loss, [v.value for v in part]), part, strict=True))
        mean_loss.update_state(loss)
        accuracy.update_state(y, logits)
        return loss, mean_loss.result(), accuracy.result()

    state = [v for owner in (*optimizers, mean_loss, accuracy) for v in owner.variables]
    return step, state


def make_keras(model: Any, mode: str) -> tuple[Step, list[Any]]:
    """Compile the model for the mode and let Keras write the step: `train_on_batch`."""
    import keras

    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer=classifier.make_optimizer(LEARNING_RATE, model.trainable_variables),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
        run_eagerly=mode == "eager",
        jit_compile=mode == "xla",
    )
    return model.train_on_batch, list(model.optimizer.variables)


def build(job: spec.Job) -> spec.Program:
    """Build the step over seeded weights and 16 batches that stay on the device."""
    import tensorflow as tf

    if job.data is None:
        raise ValueError("fashion_mnist needs a data source")
    images = fashion_data.load(job.data)
    size = int(job.params["batch_size"])
    pixels, labels = fashion_data.draw(images, batch_size=size, batches=BATCHES, seed=job.seed)
    weights = mlp.initial_weights(job.seed)
    model = classifier.make(weights)
    if job.implementation == "keras":
        step, state = make_keras(model, job.mode)
    else:
        step, state = make_loop(model, two=job.implementation == "two_optimizers")
        step = job.wrap(step)

    def reference() -> Sequence[Any]:
        batches = list(zip(pixels, labels, strict=True))[:CHECKED_STEPS]
        steps = mlp.train(weights, batches, learning_rates=learning_rates(job.implementation))
        return expected(job.implementation, steps)

    return spec.Program(
        step=step,
        inputs=tuple((tf.constant(x), tf.constant(y)) for x, y in zip(pixels, labels, strict=True)),
        expected=reference,
        rtol=RTOL,
        atol=ATOL,
        reset=classifier.keep_state([*model.trainable_variables, *state]),
        data=images.origin,
    )


WORKLOAD = spec.Workload(
    name="fashion_mnist",
    summary="one training step of a 784-256-128-10 classifier on Fashion-MNIST images",
    implementations=("custom_loop", "two_optimizers", "keras"),
    parameters=(spec.Parameter(name="batch_size", values=(32, 256), parse=spec.positive_int),),
    unit="examples",
    work=lambda params, _replicas: int(params["batch_size"]),
    build=build,
    baseline=("custom_loop", "eager"),
    data="fashion_mnist",
    sequences=sequences_fashion_mnist.SEQUENCES,
)
