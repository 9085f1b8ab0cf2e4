"""claim_loops: add the numbers 0 to 9,999 in Python, in a graph, partly unrolled into a graph, and as one sum."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from tfbench.workloads import spec, sum_loop

N = 10_000


def make_unrolled(length: int) -> Callable[[Any], Any]:
    """Write the sum as a `tf.range` of blocks around a Python `range` of this length, which the trace unrolls."""
    import tensorflow as tf

    def unrolled(blocks: Any) -> Any:
        total = tf.constant(0)
        for block in tf.range(blocks):
            for i in range(length):
                total += i
            total += block * length * length
        return total

    return unrolled


def build(job: spec.Job) -> spec.Program:
    """Build sum_loop's own loops, or one whose implementation names how far it is unrolled: `unrolled_100`."""
    import tensorflow as tf

    if job.implementation in sum_loop.WORKLOAD.implementations:
        return sum_loop.build(replace(job, params={"n": N}))
    length = int(job.implementation.rpartition("_")[2])
    return spec.Program(
        step=job.wrap(make_unrolled(length)),
        inputs=((tf.constant(N // length),),),
        expected=lambda: [np.int32(sum_loop.exact_sum(N))],
        rtol=0.0,
        atol=0.0,
        caution=sum_loop.MERGED,
    )


WORKLOAD = spec.Workload(
    name="claim_loops",
    summary="add 0 to 9,999: Python's range eagerly or unrolled, tf.range, and one vectorised sum",
    implementations=("python_loop", "tensor_loop", "unrolled_100", "unrolled_1000", "vectorized"),
    parameters=(),
    unit="elements",
    work=lambda _params, _replicas: N,
    build=build,
    baseline=("python_loop", "eager"),
    group="claims",
    only=(
        ("python_loop", "eager"),
        ("tensor_loop", "graph"),
        ("unrolled_100", "graph"),
        ("unrolled_1000", "graph"),
        ("vectorized", "graph"),
    ),
)
