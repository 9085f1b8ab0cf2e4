"""Workloads of known speed-ups for `make calibrate`: the same step under many names, and steps with more work."""

from typing import Any

import numpy as np
import numpy.typing as npt
from tfbench.workloads.spec import Job, Params, Program, Workload

ROWS, WIDTH = 32, 64
LAYERS = 400  # 5 % more is 420, 10 % more is 440
COPIES = 13
SLOWED = 2


def implementations() -> tuple[str, ...]:
    """Give the names: copies that do the same, and steps slowed by extra layers, `slow_10_0` by 10 %."""
    slow = (f"slow_{percent}_{i}" for percent in (5, 10) for i in range(SLOWED))
    return (*(f"copy_{i}" for i in range(COPIES)), *slow)


def layers(implementation: str) -> int:
    """Give how many layers a step has."""
    kind, percent, *_ = implementation.split("_")
    return LAYERS if kind == "copy" else LAYERS * (100 + int(percent)) // 100


def arrays(seed: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Make the input and the weights of a layer."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, WIDTH)).astype(np.float32)
    return x, (rng.normal(size=(WIDTH, WIDTH)) / WIDTH**0.5).astype(np.float32)


def reference(x: npt.NDArray[np.float32], w: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float64]:
    """Compute the answer in NumPy, float64."""
    y = x.astype(np.float64)
    for _ in range(count):
        y = np.tanh(y @ w.astype(np.float64))
    return y


def build(job: Job) -> Program:
    """Build a step of so many layers in a loop inside the function."""
    import tensorflow as tf

    x, w = arrays(job.seed)
    count = layers(job.implementation)

    def step(y: Any, weights: Any) -> Any:
        for _ in tf.range(count):
            y = tf.tanh(y @ weights)
        return y

    return Program(
        step=job.wrap(step),
        inputs=((tf.constant(x), tf.constant(w)),),
        expected=lambda: [reference(x, w, count)],
        rtol=1e-3,
        atol=1e-4,
    )


def no_eager(_implementation: str, _params: Params, mode: str) -> str | None:
    """Leave eager mode out: the calibration is about graph and XLA steps."""
    return "calibration runs graph and XLA" if mode == "eager" else None


def work(_params: Params, _replicas: int) -> int:
    """Count the rows of a call."""
    return ROWS


WORKLOADS = (
    Workload(
        name="calibration",
        summary="one step under many names, and steps with 5 % and 10 % more layers",
        implementations=implementations(),
        parameters=(),
        baseline=("copy_0", "graph"),
        unit="examples",
        work=work,
        build=build,
        unsupported=no_eager,
    ),
)
