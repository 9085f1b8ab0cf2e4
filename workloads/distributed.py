"""distributed: the fashion_mnist step in data parallel, under a `tf.distribute` strategy."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tfbench.workloads import classifier, distributed_parts, fashion_data, feed, mlp, sequences_distributed, spec

LEARNING_RATE = 0.01
BATCHES = 4
WEAK, STRONG = "weak", "strong"
WHOLE = "whole_step"
MODES = ("eager", "graph", "xla")
CHECKED_STEPS = 3
RTOL = ATOL = 2e-3


def make_replica_step(model: Any, optimizer: Any, *, job: spec.Job, global_batch: int) -> Any:
    """Write what a replica does of a step: forward and backward, gradients summed by Nadam's all-reduce, update.

    XLA compiles the forward and backward; of `whole_step`, all around it.
    """
    import keras
    import tensorflow as tf

    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")

    def forward_backward(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True)) / global_batch
        return loss, tape.gradient(loss, [v.value for v in model.trainable_variables])

    apart = job.mode == "xla" and job.implementation != WHOLE
    local = tf.function(forward_backward, jit_compile=True) if apart else forward_backward

    def replica_step(x: Any, y: Any) -> Any:
        loss, gradients = local(x, y)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return replica_step


def compiled(function: Any, job: spec.Job) -> Any:
    """Make the mode's callable of what all replicas do together."""
    import tensorflow as tf

    return function if job.mode == "eager" else tf.function(function, jit_compile=job.implementation == WHOLE or None)


def make_step(strategy: Any, model: Any, optimizer: Any, *, job: spec.Job, global_batch: int) -> Any:
    """Write one step on a batch that is divided among the replicas: it gives the loss of the whole batch."""
    replica_step = make_replica_step(model, optimizer, job=job, global_batch=global_batch)
    return compiled(lambda x, y: together(strategy, replica_step, x, y), job)


def together(strategy: Any, replica_step: Any, *arguments: Any) -> Any:
    """Do a step on all replicas, and add up their losses."""
    return strategy.reduce("SUM", strategy.run(replica_step, args=arguments), axis=None)


def make_call(strategy: Any, replica_step: Any, job: spec.Job) -> Any:
    """Write what a call does: a step, or several in a loop around `strategy.run`, on what it is given or what it reads.

    A loop gives the loss of each of its steps.
    """
    count, reads = feed.steps_of(job.params), feed.feed_of(job.params) == feed.DATASET

    def read(iterator: Any) -> Any:
        return together(strategy, replica_step, *next(iterator))

    def one_of(x: Any, y: Any, i: Any) -> Any:
        return together(strategy, lambda x, y, i: replica_step(x[i], y[i]), x, y, i)

    if count > 1:
        return compiled(repeated((lambda iterator, _i: read(iterator)) if reads else one_of, count), job)
    return compiled(read if reads else (lambda x, y: together(strategy, replica_step, x, y)), job)


def repeated(step: Any, count: int) -> Any:
    """Do so many steps in one call, each with its number: a loop of the graph; eagerly, of Python."""
    import tensorflow as tf

    def steps(*arguments: Any) -> Any:
        losses = tf.TensorArray(tf.float32, count, element_shape=())
        for i in tf.range(count):
            losses = losses.write(i, step(*arguments, i))
        return losses.stack()

    return steps


def shard(strategy: Any, values: Any, *, axis: int = 0) -> Any:
    """Give each replica its part of a batch, in order; the first ones have one example more where it is uneven."""
    import tensorflow as tf

    parts = np.array_split(values, strategy.num_replicas_in_sync, axis=axis)
    return strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(parts[context.replica_id_in_sync_group])
    )


def fed(
    step: Any, strategy: Any, pixels: feed.Pixels, labels: feed.Labels, params: spec.Params
) -> tuple[Any, tuple[tuple[Any, ...], ...], Callable[[], None]]:
    """Give the step with its inputs, as each replica is to have its part of them, and what begins them anew."""
    how, steps = feed.feed_of(params), feed.steps_of(params)
    if how == feed.DATASET:
        pipeline = distributed_parts.pipeline(strategy, pixels, labels)
        return lambda given: step(given.take(steps)), ((pipeline,),), pipeline.restart
    batches, axis = feed.per_call(pixels, labels, steps), int(steps > 1)

    def parts(x: Any, y: Any) -> Any:
        return shard(strategy, x, axis=axis), shard(strategy, y, axis=axis)

    if how == feed.NUMPY:
        return lambda x, y: step(*parts(x, y)), tuple(batches), lambda: None
    return step, tuple(parts(x, y) for x, y in batches), lambda: None


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
    size, steps = global_batch(job.params, job.replicas), feed.steps_of(job.params)
    if size < job.replicas:
        raise ValueError(f"{size} examples are too few for {job.replicas} replicas")
    pixels, labels = fashion_data.draw(images, batch_size=size, batches=BATCHES, seed=job.seed)
    strategy = job.strategy()
    if job.implementation in distributed_parts.PARTS:
        return build_part(job, strategy, pixels, labels, data=images.origin)
    rate = feed.scaled(LEARNING_RATE, steps)
    with strategy.scope():
        model = classifier.make(mlp.initial_weights(job.seed))
        optimizer = classifier.make_optimizer(rate, model.trainable_variables)
    replica_step = make_replica_step(model, optimizer, job=job, global_batch=size)
    step, inputs, begin = fed(make_call(strategy, replica_step, job), strategy, pixels, labels, job.params)

    def reference() -> Sequence[Any]:
        assert job.data is not None, "else nothing was built"
        count, rates = steps * feed.checked(steps, CHECKED_STEPS), (rate,) * len(model.trainable_variables)
        done = classifier.reference(job.data, batch_size=size, batches=BATCHES, seed=job.seed, steps=count, rates=rates)
        losses = np.array([one.loss for one in done])
        return list(losses) if steps == 1 else list(losses.reshape(-1, steps))

    first = shard(strategy, pixels[0]), shard(strategy, labels[0])
    return spec.Program(
        step=step,
        inputs=inputs,
        shard_losses=make_shard_losses(strategy, model, first, size),
        expected=reference,
        rtol=RTOL,
        atol=ATOL,
        reset=feed.all_of(classifier.keep_state([*model.trainable_variables, *optimizer.variables]), begin),
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


def build_part(job: spec.Job, strategy: Any, pixels: feed.Pixels, labels: feed.Labels, *, data: str) -> spec.Program:
    """Build a part of the step alone."""
    batches = list(zip(pixels, labels, strict=True))
    reduced = 0
    if job.implementation == distributed_parts.COMPUTE:
        made = distributed_parts.compute(job, strategy, batches, learning_rate=LEARNING_RATE, checked=CHECKED_STEPS)
    elif job.implementation == distributed_parts.INPUT:
        made = distributed_parts.read(job, strategy, batches)
    else:
        made, reduced = distributed_parts.all_reduce(job, strategy), distributed_parts.gradient_bytes()
    step, inputs, expected, reset = made
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


def unsupported(implementation: str, params: spec.Params, mode: str) -> str | None:
    """Say what cannot be done, or need not."""
    if implementation in distributed_parts.PARTS:
        return distributed_parts.unsupported(implementation, mode)
    if implementation == WHOLE and feed.feed_of(params) == feed.DATASET:
        return "XLA does not compile the reading of a tf.data iterator, which is in the step here"
    return None


def unsupported_replicated(implementation: str, _params: spec.Params, _mode: str) -> str | None:
    """Say what TensorFlow cannot do with several replicas."""
    if implementation == WHOLE:
        return (
            "TensorFlow cannot compile a step of several replicas as a whole, jit_compile=True around strategy.run: "
            "each has variables on a device of its own; data_parallel compiles each replica's forward and backward"
        )
    return None


WORKLOAD = spec.Workload(
    name="distributed",
    summary="the fashion_mnist step in data parallel on 1 and 2 replicas (MirroredStrategy)",
    implementations=("data_parallel", WHOLE),
    parameters=(
        spec.Parameter(name="batch_size", values=(256,), parse=spec.positive_int),
        spec.Parameter(name="scaling", values=(WEAK, STRONG), parse=scaling),
        *feed.PARAMETERS,
    ),
    unit="examples",
    work=lambda params, replicas: global_batch(params, replicas) * feed.steps_of(params),
    build=build,
    baseline=("data_parallel", "eager"),
    data="fashion_mnist",
    replicas=(1, 2),
    parts=distributed_parts.PARTS,
    unsupported=unsupported,
    unsupported_replicated=unsupported_replicated,
    sequences=sequences_distributed.SEQUENCES,
    only=(*itertools.product(("data_parallel", *distributed_parts.PARTS), MODES), (WHOLE, "xla")),
)
