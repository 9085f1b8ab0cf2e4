"""Describe what a worker runs on. Worker only."""

import os
import platform
import time
from collections.abc import Callable

from tfbench.bench.machine import Software


def timer_step_s(clock: Callable[[], float] = time.perf_counter, *, tries: int = 1000) -> float:
    """Give the smallest step of the clock above 0 among so many pairs of readings, in seconds."""
    steps = (-(clock() - clock()) for _ in range(tries))
    return min((step for step in steps if step > 0), default=0.0)


def software(*, interpreter: str, traces_counted: bool) -> Software:
    """Describe what this worker runs on. Imports TensorFlow: only for workers."""
    import keras
    import numpy as np
    import tensorflow as tf
    from tensorflow.python.util import _pywrap_util_port

    return Software(
        python=platform.python_version(),
        tensorflow=tf.__version__,
        keras=keras.__version__,
        numpy=np.__version__,
        onednn=bool(_pywrap_util_port.IsMklEnabled()),
        xla_flags=os.environ.get("XLA_FLAGS", ""),
        tf_xla_flags=os.environ.get("TF_XLA_FLAGS", ""),
        intra_op_threads=tf.config.threading.get_intra_op_parallelism_threads(),
        inter_op_threads=tf.config.threading.get_inter_op_parallelism_threads(),
        eager_async=not tf.config.experimental.get_synchronous_execution(),
        traces_counted=traces_counted,
        devices=tuple(device.name for device in tf.config.list_physical_devices()),
        interpreter=interpreter,
        timer_s=timer_step_s(),
    )
