"""claim_training: an epoch of 16 batches of Fashion-MNIST by Keras' `fit` and by a hand-written loop."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tfbench.workloads import classifier, fashion_data, fashion_mnist, mlp, spec

BATCH_SIZE, BATCHES = 32, 16
METRIC_VARIABLES = 4  # total and count of the mean loss, and of the accuracy: the last ones of the loop's state

Epoch = Callable[[], Any]


def make_fit(model: Any, dataset: Any, mode: str) -> tuple[Epoch, list[Any]]:
    """Let Keras write the epoch; eagerly, it is `run_eagerly=True`. Give also the optimizer's variables."""
    _, state = fashion_mnist.make_keras(model, mode)
    return lambda: model.fit(dataset, epochs=1, shuffle=False, verbose=0).history["loss"][0], state


def make_loop(job: spec.Job, model: Any, dataset: Any) -> tuple[Epoch, list[Any]]:
    """Write the epoch by hand over the same dataset, with one optimizer or two; give also its other variables."""
    import tensorflow as tf

    step, state = fashion_mnist.make_loop(model, two=job.implementation == "two_optimizers")
    step = job.wrap(step)

    def epoch() -> Any:
        for variable in state[-METRIC_VARIABLES:]:
            variable.assign(tf.zeros_like(variable))
        mean_loss = None
        for x, y in dataset:
            _, mean_loss, _ = step(x, y)
        return mean_loss

    return epoch, state


def build(job: spec.Job) -> spec.Program:
    """Build the epoch over seeded weights; its answer is the mean of the losses of its batches."""
    import tensorflow as tf

    if job.data is None:
        raise ValueError("claim_training needs a data source")
    images = fashion_data.load(job.data)
    pixels, labels = fashion_data.draw(images, batch_size=BATCH_SIZE, batches=BATCHES, seed=job.seed)
    dataset = tf.data.Dataset.from_tensor_slices((pixels, labels))
    weights = mlp.initial_weights(job.seed)
    model = classifier.make(weights)
    if job.implementation == "fit":
        epoch, state = make_fit(model, dataset, job.mode)
    else:
        epoch, state = make_loop(job, model, dataset)

    def expected() -> Sequence[Any]:
        batches = list(zip(pixels, labels, strict=True))
        steps = mlp.train(weights, batches, learning_rates=fashion_mnist.learning_rates(job.implementation))
        return [np.mean([step.loss for step in steps])]

    return spec.Program(
        step=epoch,
        inputs=((),),
        expected=expected,
        rtol=fashion_mnist.RTOL,
        atol=fashion_mnist.ATOL,
        reset=classifier.keep_state([*model.trainable_variables, *state]),
        data=images.origin,
    )


WORKLOAD = spec.Workload(
    name="claim_training",
    summary="an epoch of 16 batches of 32 images: Keras' fit, a loop by hand, and one with two optimizers",
    implementations=("fit", "custom_loop", "two_optimizers"),
    parameters=(),
    unit="examples",
    work=lambda _params, _replicas: BATCH_SIZE * BATCHES,
    build=build,
    baseline=("fit", "graph"),
    data="fashion_mnist",
    group="claims",
    only=(("fit", "eager"), ("fit", "graph"), ("custom_loop", "graph"), ("two_optimizers", "graph")),
)
