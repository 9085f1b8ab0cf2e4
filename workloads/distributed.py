"""distributed: the fashion_mnist step in data parallel, under a `tf.distribute` strategy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from tfbench.workloads import classifier, distributed_parts, fashion_data, mlp, sequences_distributed, spec

LEARNING_RATE = 0.01
BATCHES = 4
WEAK, STRONG = "weak", "strong"
CHECKED_STEPS = 3
RTOL = ATOL = 2e-3


def make_step(strategy: Any, model: Any, optimizer: Any, *, job: spec.Job, global_batch: int) -> Any:
    """Write the step: forward and backward a replica, gradients summed by Nadam's all-reduce.

    XLA compiles the forward and backward of a replica: `jit_compile` around `strategy.run` fails in
    TensorFlow, since the other replica's variables lie on another device.
    """
    import keras
    import tensorflow as tf

    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")

    def forward_backward(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True)) / global_batch
        return loss, tape.gradient(loss, [v.value for v in model.trainable_variables])

    local = tf.function(forward_backward, jit_compile=True) if job.mode == "xla" else forward_backward

    def replica_step(x: Any, y: Any) -> Any:
        loss, gradients = local(x, y)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    def step(x: Any, y: Any) -> Any:
        return strategy.reduce("SUM", strategy.run(replica_step, args=(x, y)), axis=None)

    return step if job.mode == "eager" else tf.function(step)


def shard(strategy: Any, values: Any) -> Any:
    """Give each replica its part of a batch, in order; the first ones have one example more where it is uneven."""
    import tensorflow as tf

    parts = np.array_split(values, strategy.num_replicas_in_sync)
    return strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(parts[context.replica_id_in_sync_group])
    )


def global_batch(params: spec.Params, replicas: int) -> int:
    """Give the examples of a step: `batch_size` a replica in weak scaling, `batch_size` in all in strong scaling."""
    return int(params["batch_size"]) * (replicas if params["scaling"] == WEAK else 1)


def scaling(text: str) -> str:
    """Parse what stays the same when replicas are added."""
    if text not in {WEAK, STRONG}:
        raise ValueError(f"{text!r:.40} is not {WEAK} (batch_size a replica) or {STRONG} (batch_size in all)")
    return text


def build(job: spec.Job) -> spec.Program:
    """Build the step; the reference is one replica on the joined batch, in NumPy."""
    if job.data is None or job.strategy is None:
        raise ValueError("distributed needs a data source and a strategy")
    images = fashion_data.load(job.data)
    size = global_batch(job.params, job.replicas)
    if size < job.replicas:
        raise ValueError(f"{size} examples are too few for {job.replicas} replicas")
    pixels, labels = fashion_data.draw(images, batch_size=size, batches=BATCHES, seed=job.seed)
    weights = mlp.initial_weights(job.seed)
    strategy = job.strategy()
    if job.implementation in distributed_parts.PARTS:
        return build_part(job, strategy, list(zip(pixels, labels, strict=True)), data=images.origin)
    with strategy.scope():
        model = classifier.make(weights)
        optimizer = classifier.make_optimizer(LEARNING_RATE, model.trainable_variables)

    def reference() -> Sequence[Any]:
        batches = list(zip(pixels, labels, strict=True))[:CHECKED_STEPS]
        steps = mlp.train(weights, batches, learning_rates=[LEARNING_RATE] * len(weights))
        return [np.float64(step.loss) for step in steps]

    inputs = tuple((shard(strategy, x), shard(strategy, y)) for x, y in zip(pixels, labels, strict=True))
    return spec.Program(
        step=make_step(strategy, model, optimizer, job=job, global_batch=size),
        inputs=inputs,
        shard_losses=make_shard_losses(strategy, model, inputs[0], size),
        expected=reference,
        rtol=RTOL,
        atol=ATOL,
        reset=classifier.keep_state([*model.trainable_variables, *optimizer.variables]),
        data=images.origin,
        reduced_bytes=distributed_parts.gradient_bytes(),
    )


def make_shard_losses(strategy: Any, model: Any, batch: tuple[Any, Any], size: int) -> Any:
    """Write what gives each replica's mean loss on its own part of a batch, and how large that is, to all workers."""
    import keras
    import tensorflow as tf

    # Not its mean: within a strategy Keras divides that by the number of replicas.
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")

    def replica(x: Any, y: Any) -> Any:
        loss = tf.reshape(loss_of(y, model(x, training=False)), [1]) / tf.cast(tf.shape(y)[0], tf.float32)
        return tf.distribute.get_replica_context().all_gather(loss, axis=0)

    gather = tf.function(lambda x, y: strategy.run(replica, args=(x, y)))
    sizes = [len(part) for part in np.array_split(np.arange(size), strategy.num_replicas_in_sync)]

    def shard_losses() -> list[tuple[float, int]]:
        found = strategy.experimental_local_results(gather(*batch))[0].numpy()
        return [(float(loss), rows) for loss, rows in zip(found, sizes, strict=True)]

    return shard_losses


def build_part(job: spec.Job, strategy: Any, batches: Any, *, data: str) -> spec.Program:
    """Build a part of the step alone."""
    if job.implementation == distributed_parts.COMPUTE:
        made = distributed_parts.compute(job, strategy, batches, learning_rate=LEARNING_RATE, checked=CHECKED_STEPS)
    else:
        made = distributed_parts.all_reduce(job, strategy)
    step, inputs, expected, reset = made
    reduced = distributed_parts.gradient_bytes() if job.implementation == distributed_parts.ALL_REDUCE else 0
    return spec.Program(
        step=step,
        inputs=inputs,
        expected=expected,
        rtol=RTOL,
        atol=ATOL,
        reset=reset,
        data=data,
        reduced_bytes=reduced,
    )


WORKLOAD = spec.Workload(
    name="distributed",
    summary="the fashion_mnist step in data parallel on 1 and 2 replicas (MirroredStrategy)",
    implementations=("data_parallel",),
    parameters=(
        spec.Parameter(name="batch_size", values=(256,), parse=spec.positive_int),
        spec.Parameter(name="scaling", values=(WEAK, STRONG), parse=scaling),
    ),
    unit="examples",
    work=global_batch,
    build=build,
    baseline=("data_parallel", "eager"),
    data="fashion_mnist",
    replicas=(1, 2),
    parts=distributed_parts.PARTS,
    unsupported=distributed_parts.unsupported,
    sequences=sequences_distributed.SEQUENCES,
)
