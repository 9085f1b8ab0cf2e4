"""sum_loop: add the numbers 0 to n-1 in int32, the textbook's example of a graph loop."""

from collections.abc import Callable
from typing import Any

import numpy as np
from tfbench.workloads import sequences_sum_loop, spec

MAX_INT32 = 2**31 - 1
MAX_UNROLLED = 1000
MERGED = "the compiler merges the unrolled additions of constants: the time is not that of n additions"


def exact_sum(n: int) -> int:
    """Give 0 + 1 + ... + (n - 1)."""
    return n * (n - 1) // 2


def parse_n(text: str) -> int:
    """Parse n; raise ValueError where the sum does not fit into int32."""
    n = spec.positive_int(text)
    if exact_sum(n) > MAX_INT32:
        raise ValueError(f"{n} is too large: the sum {exact_sum(n)} overflows int32; the largest n is 65536")
    return n


def unsupported(implementation: str, params: spec.Params, mode: str) -> str | None:
    """Refuse to unroll more than 1,000 additions into a graph: tracing takes seconds, XLA far longer."""
    if implementation == "python_loop" and mode != "eager" and int(params["n"]) > MAX_UNROLLED:
        return (
            f"Python's range is unrolled into {params['n']} graph operations; "
            f"python_loop runs in {mode} mode up to n={MAX_UNROLLED}"
        )
    return None


def build(job: spec.Job) -> spec.Program:
    """Build the loop; n, or where Python counts the first total, is a tensor, so that no graph folds the sum away."""
    import tensorflow as tf

    n = int(job.params["n"])

    def python_loop(total: Any) -> Any:
        for i in range(n):
            total += i
        return total

    def tensor_loop(limit: Any) -> Any:
        total = tf.constant(0)
        for i in tf.range(limit):
            total += i
        return total

    def vectorized(limit: Any) -> Any:
        return tf.reduce_sum(tf.range(limit))

    loops: dict[str, Callable[..., Any]] = {
        "python_loop": python_loop,
        "tensor_loop": tensor_loop,
        "vectorized": vectorized,
    }
    return spec.Program(
        step=job.wrap(loops[job.implementation]),
        inputs=((tf.constant(0 if job.implementation == "python_loop" else n),),),
        expected=lambda: [np.int32(exact_sum(n))],
        rtol=0.0,
        atol=0.0,
        caution=MERGED if job.implementation == "python_loop" and job.mode != "eager" else "",
    )


WORKLOAD = spec.Workload(
    name="sum_loop",
    summary="add 0 to n-1 one by one: Python's range, tf.range, and one vectorised sum",
    implementations=("python_loop", "tensor_loop", "vectorized"),
    parameters=(spec.Parameter(name="n", values=(10000, 1000, 50000), parse=parse_n),),
    unit="elements",
    work=lambda params, _replicas: int(params["n"]),
    build=build,
    baseline=("python_loop", "eager"),
    unsupported=unsupported,
    sequences=sequences_sum_loop.SEQUENCES,
)
