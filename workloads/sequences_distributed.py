"""distributed's calls for the retrace ledger: the end of an epoch under a `tf.distribute` strategy."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from tfbench.workloads import classifier, mlp, sequences_fashion_mnist, spec

LEARNING_RATE = 0.01


def last_batch(job: spec.Job, *, fixed: bool) -> Sequence[tuple[str, Callable[[], Any]]]:
    """Take the last batches of an epoch, and the first of the next, on all replicas; fixed, with `drop_remainder`.

    What cannot be shared out equally is left out in both.
    """
    from tfbench.workloads import distributed

    if job.strategy is None:
        raise ValueError("distributed needs a strategy")
    strategy, size = job.strategy(), distributed.global_batch(job.params, job.replicas)
    with strategy.scope():
        model = classifier.make(mlp.initial_weights(job.seed))
        optimizer = classifier.make_optimizer(LEARNING_RATE, model.trainable_variables)
    step = distributed.make_step(strategy, model, optimizer, job=job, global_batch=size)
    epoch = [rows // job.replicas * job.replicas for rows in sequences_fashion_mnist.sizes(size, drop_remainder=fixed)]
    rng = np.random.default_rng(job.seed)

    def batch(rows: int) -> tuple[Any, Any]:
        pixels, labels = rng.random((rows, 28, 28)).astype(np.float32), rng.integers(0, 10, rows)
        return distributed.shard(strategy, pixels), distributed.shard(strategy, labels)

    numbers = [*range(len(epoch))[-2:], 0]
    return [(f"batch {i + 1} of {epoch[i]} rows", partial(step, *batch(epoch[i]))) for i in numbers]


SEQUENCES = (
    spec.CallSequence(
        name="last_batch",
        summary="the last, smaller batch of an epoch on all replicas",
        fix="leave it out: batch(..., drop_remainder=True)",
        build=last_batch,
    ),
)
