"""claim_functions: call a small function with ten numbers: as tensors, as Python numbers, and in tf.py_function."""

from typing import Any

import numpy as np
import numpy.typing as npt
from tfbench.workloads import spec

NUMBERS = range(10)
SIDE, DEPTH = 32, 32

Floats = npt.NDArray[np.float64]


def reference(x: Floats, number: int) -> Floats:
    """Give tanh(x + tanh(x + ... (x + number))), in float64."""
    y = x + number
    for _ in range(DEPTH):
        y = np.tanh(x + y)
    return y


def build(job: spec.Job) -> spec.Program:
    """Build the step that calls the function of `reference`, itself in its mode, with each number."""
    import tensorflow as tf

    def function(values: Any, number: Any) -> Any:
        y = values + tf.cast(number, values.dtype)
        for _ in range(DEPTH):
            y = tf.tanh(values + y)
        return y

    def in_python(values: Any, number: Any) -> Any:
        return tf.ensure_shape(tf.py_function(function, [values, number], Tout=values.dtype), values.shape)

    x = np.random.default_rng(job.seed).normal(0.0, 1.0, (SIDE, SIDE)).astype(np.float32)
    numbers = [number if job.implementation == "numbers" else tf.constant(number) for number in NUMBERS]
    called = job.wrap(in_python if job.implementation == "py_function" else function)
    return spec.Program(
        step=lambda values: [called(values, number) for number in numbers],
        inputs=((tf.constant(x),),),
        expected=lambda: [[reference(x.astype(np.float64), number) for number in NUMBERS]],
        rtol=1e-5,
        atol=1e-5,
    )


WORKLOAD = spec.Workload(
    name="claim_functions",
    summary="call a function of 32x32 values with ten numbers: tensors, Python's, or in tf.py_function",
    implementations=("tensors", "numbers", "py_function"),
    parameters=(),
    unit="elements",
    work=lambda _params, _replicas: len(NUMBERS) * SIDE * SIDE,
    build=build,
    baseline=("tensors", "graph"),
    group="claims",
    only=(("tensors", "eager"), ("tensors", "graph"), ("numbers", "graph"), ("py_function", "graph")),
)
