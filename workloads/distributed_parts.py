"""The parts of distributed's step, each alone: reading, a worker's own computing, the sum of gradients over all."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tfbench.workloads import classifier, feed, mlp, spec

COMPUTE, ALL_REDUCE, INPUT = "compute", "all_reduce", "input"
PARTS = (COMPUTE, ALL_REDUCE, INPUT)
INPUTS = 4

Batch = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]


def compute(job: spec.Job, strategy: Any, batches: Sequence[Batch], *, learning_rate: float, checked: int) -> Any:
    """Build what a worker does of a step but for talking to others: forward, backward and update on its own part.

    It answers the loss of its own part, so that the check sees whether the data really was divided.

    Returns:
        The step, its inputs, its reference, and what puts its state back.
    """
    import keras
    import tensorflow as tf

    index, workers = strategy.cluster_resolver.task_id, job.replicas
    own = [tuple(np.array_split(values, workers)[index] for values in batch) for batch in batches]
    weights = mlp.initial_weights(job.seed)
    model = classifier.make(weights)
    optimizer = classifier.make_optimizer(learning_rate, model.trainable_variables)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def forward_backward(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        return loss, tape.gradient(loss, [v.value for v in model.trainable_variables])

    local = tf.function(forward_backward, jit_compile=True) if job.mode == "xla" else forward_backward

    def step(x: Any, y: Any) -> Any:
        loss, gradients = local(x, y)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    def reference() -> Sequence[Any]:
        steps = mlp.train(weights, own[:checked], learning_rates=[learning_rate] * len(weights))
        return [np.float64(one.loss) for one in steps]

    return (
        step if job.mode == "eager" else tf.function(step),
        tuple((tf.constant(x), tf.constant(y)) for x, y in own),
        reference,
        classifier.keep_state([*model.trainable_variables, *optimizer.variables]),
    )


def all_reduce(job: spec.Job, strategy: Any) -> Any:
    """Build the sum over all workers of tensors like the gradients, as Keras' optimizers ask for it.

    Returns:
        The step, its inputs, its reference, and None: it has no state.
    """
    import tensorflow as tf

    weights = mlp.initial_weights(job.seed)

    def mine(scale: int) -> Any:
        return [
            strategy.experimental_distribute_values_from_function(
                lambda context, weight=weight: tf.constant(
                    weight * np.float32(scale * (context.replica_id_in_sync_group + 1))
                )
            )
            for weight in weights
        ]

    def replica(*gradients: Any) -> Any:
        context = tf.distribute.get_replica_context()
        # Inputs of a tf.function lie on no device yet; what was computed lies on the replica's.
        return context.all_reduce(tf.distribute.ReduceOp.SUM, [tf.identity(gradient) for gradient in gradients])

    def step(*gradients: Any) -> Any:
        return strategy.run(replica, args=gradients)

    total = sum(range(1, job.replicas + 1))
    return (
        step if job.mode == "eager" else tf.function(step),
        tuple(tuple(mine(scale)) for scale in range(1, INPUTS + 1)),
        lambda: [[weight * np.float32(total) for weight in weights]],
        None,
    )


def pipeline(strategy: Any, pixels: feed.Pixels, labels: feed.Labels) -> feed.Pipeline:
    """Make the pipeline of a strategy's batches, of which each replica gets its part, as `fit` divides them."""
    import tensorflow as tf

    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    distributed = strategy.experimental_distribute_dataset(feed.dataset(pixels, labels).with_options(options))
    return feed.Pipeline(distributed, period=len(pixels))


def read(job: spec.Job, strategy: Any, batches: Sequence[Batch]) -> Any:
    """Build what a worker does before a step that reads a pipeline: wait for its own part of the batch.

    Returns:
        The step, its inputs, its reference, and what puts its state back.
    """
    import tensorflow as tf

    def own(iterator: Any) -> Any:
        return tuple(strategy.experimental_local_results(values)[0] for values in next(iterator))

    function = own if job.mode == "eager" else tf.function(own)
    read_from = pipeline(strategy, np.stack([x for x, _ in batches]), np.stack([y for _, y in batches]))
    index = strategy.cluster_resolver.task_id
    return (
        lambda given: function(given.take(1)),
        ((read_from,),),
        lambda: [[np.array_split(values, job.replicas)[index] for values in batch] for batch in batches],
        read_from.restart,
    )


def gradient_bytes() -> int:
    """Give the bytes of the gradients of one step: one float32 a weight."""
    return sum(weight.nbytes for weight in mlp.initial_weights(0))


def unsupported(implementation: str, mode: str) -> str | None:
    """Say why a part cannot be compiled."""
    if mode == "xla" and implementation == ALL_REDUCE:
        return "XLA does not compile what goes between workers: it is that of graph mode"
    if mode == "xla" and implementation == INPUT:
        return "XLA does not compile the reading of a tf.data iterator: it is that of graph mode"
    return None
