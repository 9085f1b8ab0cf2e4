"""claim_transpose: transpose a matrix in TensorFlow and in NumPy, beside what does and what does not copy."""

from collections.abc import Callable
from typing import Any

import numpy as np
from tfbench.workloads import spec

SIDE = 1024
RESHAPED = (SIDE // 2, SIDE * 2)


def build(job: spec.Job) -> spec.Program:
    """Build the step; `tf_reshape` is called like `tf_transpose`, but keeps the order of the elements."""
    import tensorflow as tf

    x = np.random.default_rng(job.seed).normal(0.0, 1.0, (SIDE, SIDE)).astype(np.float32)
    steps: dict[str, Callable[[Any], Any]] = {
        "tf_transpose": tf.transpose,
        "tf_reshape": lambda values: tf.reshape(values, RESHAPED),
        "numpy_transpose": np.transpose,
        "numpy_copy": lambda values: np.ascontiguousarray(np.transpose(values)),
    }
    in_tensorflow = job.implementation.startswith("tf_")
    return spec.Program(
        step=job.wrap(steps[job.implementation]),
        inputs=((tf.constant(x) if in_tensorflow else x,),),
        expected=lambda: [x.reshape(RESHAPED) if job.implementation == "tf_reshape" else x.T],
        rtol=0.0,
        atol=0.0,
    )


WORKLOAD = spec.Workload(
    name="claim_transpose",
    summary="transpose 1024x1024 values: TensorFlow's and NumPy's, beside a reshape and a copy",
    implementations=("tf_transpose", "tf_reshape", "numpy_transpose", "numpy_copy"),
    parameters=(),
    unit="elements",
    work=lambda _params, _replicas: SIDE * SIDE,
    build=build,
    baseline=("tf_transpose", "eager"),
    group="claims",
    only=(
        ("tf_transpose", "eager"),
        ("tf_reshape", "eager"),
        ("numpy_transpose", "eager"),
        ("numpy_copy", "eager"),
    ),
)
