"""fashion_mnist: training steps of a small classifier on real images, written three ways."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tfbench.workloads import classifier, fashion_data, feed, mlp, sequences_fashion_mnist, spec

LEARNING_RATE = 0.01
LOWER_LEARNING_RATE = 0.005
BATCHES = 16
CHECKED_STEPS = 5
RTOL = ATOL = 2e-3
KERAS = "keras"

Step = Callable[[Any, Any], Any]


def learning_rates(implementation: str) -> list[float]:
    """Give the learning rate of each kernel and bias."""
    lower = LOWER_LEARNING_RATE if implementation == "two_optimizers" else LEARNING_RATE
    return [lower] * 2 + [LEARNING_RATE] * (2 * len(mlp.SIZES) - 4)


def expected(implementation: str, steps: Sequence[mlp.Step], params: spec.Params) -> list[tuple[Any, ...]]:
    """Shape the reference like the answers of the calls: what each step finds, and running means up to its end.

    By hand they are the losses of a call's steps, the running mean of all losses so far, and that of the accuracies;
    by Keras the two means, which `train_on_batch` begins anew with each call.
    """
    count = feed.steps_of(params)
    losses, correct = (np.array([getattr(step, name) for step in steps]) for name in ("loss", "correct"))
    ends = range(count, len(steps) + 1, count)
    if implementation == KERAS and feed.feed_of(params) != feed.DATASET:
        return [(losses[end - 1], correct[end - 1]) for end in ends]
    means = [(losses[:end].mean(), correct[:end].mean()) for end in ends]
    if implementation == KERAS:
        return means
    found = [losses[end - 1] if count == 1 else losses[end - count : end] for end in ends]
    return [(loss, *mean) for loss, mean in zip(found, means, strict=True)]


def make_loop(model: Any, *, two: bool, steps: int = 1) -> tuple[Step, list[Any]]:
    """Write the training step by hand, with one optimizer or two; give also its other variables."""
    import keras
    import tensorflow as tf

    variables = model.trainable_variables
    lower, upper = (variables[:2], variables[2:]) if two else ([], variables)
    optimizers = [classifier.make_optimizer(feed.scaled(LEARNING_RATE, steps), upper)]
    if two:
        optimizers.append(classifier.make_optimizer(feed.scaled(LOWER_LEARNING_RATE, steps), lower))
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
    return step if steps == 1 else repeated(step, steps), state


def repeated(step: Step, count: int) -> Step:
    """Do so many steps a call, on as many stacked batches: a loop in the graph or XLA's module; eagerly in Python."""
    import tensorflow as tf

    def steps(x: Any, y: Any) -> Any:
        losses = tf.TensorArray(tf.float32, count, element_shape=())
        mean_loss = accuracy = tf.constant(0.0)
        for i in tf.range(count):
            loss, mean_loss, accuracy = step(x[i], y[i])
            losses = losses.write(i, loss)
        return losses.stack(), mean_loss, accuracy

    return steps


def make_keras(model: Any, mode: str, *, steps: int = 1) -> tuple[Step, list[Any]]:
    """Compile the model for the mode and let Keras write the step: `train_on_batch`."""
    import keras

    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer=classifier.make_optimizer(feed.scaled(LEARNING_RATE, steps), model.trainable_variables),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
        run_eagerly=mode == "eager",
        jit_compile=mode == "xla",
        steps_per_execution=steps,
    )
    return model.train_on_batch, list(model.optimizer.variables)


def make_fit(model: Any) -> Callable[[feed.Pipeline], Any]:
    """Give what Keras' `fit` does at a time: its `steps_per_execution` steps; it answers running loss and accuracy."""
    model.make_train_function()

    def train(pipeline: feed.Pipeline) -> Any:
        logs = model.train_function(pipeline.iterator)
        return logs["loss"], logs["sparse_categorical_accuracy"]

    return train


def unsupported(implementation: str, params: spec.Params, _mode: str) -> str | None:
    """Say what Keras cannot do."""
    if implementation == KERAS and feed.steps_of(params) > 1 and feed.feed_of(params) != feed.DATASET:
        return "Keras does several steps a call only on what it reads from a tf.data iterator: add --param feed=dataset"
    return None


def build(job: spec.Job) -> spec.Program:
    """Build the step over seeded weights and 16 batches, which it has as `feed` says."""
    if job.data is None:
        raise ValueError("fashion_mnist needs a data source")
    images = fashion_data.load(job.data)
    size, steps = int(job.params["batch_size"]), feed.steps_of(job.params)
    pixels, labels = fashion_data.draw(images, batch_size=size, batches=BATCHES, seed=job.seed)
    model = classifier.make(mlp.initial_weights(job.seed))
    if job.implementation == KERAS:
        step, state = make_keras(model, job.mode, steps=steps)
    else:
        step, state = make_loop(model, two=job.implementation == "two_optimizers", steps=steps)
        step = job.wrap(step)
    reset = classifier.keep_state([*model.trainable_variables, *state])
    inputs: tuple[tuple[Any, ...], ...]
    if feed.feed_of(job.params) == feed.DATASET:
        own = job.implementation == KERAS  # it takes the batches of its steps one by one
        pipeline = feed.Pipeline(feed.dataset(pixels, labels, steps=1 if own else steps))
        reading: Callable[..., Any] = make_fit(model) if own else feed.reading(step)
        step, inputs = reading, ((pipeline,),)
        reset = feed.all_of(reset, model.reset_metrics, pipeline.restart)
    else:
        inputs = feed.inputs(feed.per_call(pixels, labels, steps), job.params)

    def wanted() -> Sequence[Any]:
        count = steps * feed.checked(steps, CHECKED_STEPS)
        rates = tuple(feed.scaled(rate, steps) for rate in learning_rates(job.implementation))
        assert job.data is not None, "else nothing was built"
        done = classifier.reference(job.data, batch_size=size, batches=BATCHES, seed=job.seed, steps=count, rates=rates)
        return expected(job.implementation, done, job.params)

    return spec.Program(
        step=step, inputs=inputs, expected=wanted, rtol=RTOL, atol=ATOL, reset=reset, data=images.origin
    )


WORKLOAD = spec.Workload(
    name="fashion_mnist",
    summary="one training step of a 784-256-128-10 classifier on Fashion-MNIST images",
    implementations=("custom_loop", "two_optimizers", KERAS),
    parameters=(spec.Parameter(name="batch_size", values=(32, 256), parse=spec.positive_int), *feed.PARAMETERS),
    unit="examples",
    work=lambda params, _replicas: int(params["batch_size"]) * feed.steps_of(params),
    build=build,
    unsupported=unsupported,
    baseline=("custom_loop", "eager"),
    data="fashion_mnist",
    sequences=sequences_fashion_mnist.SEQUENCES,
)
