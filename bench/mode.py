"""The execution modes, and the callable that each makes of a Python function."""

from collections.abc import Callable
from typing import Any

EAGER, GRAPH, XLA = "eager", "graph", "xla"
MODES = (EAGER, GRAPH, XLA)

Function = Callable[..., Any]


def wrap(mode: str, function: Function) -> Function:
    """Give the function as the mode runs it. Imports TensorFlow: only for workers.

    Raises:
        ValueError: the mode is not one of MODES.
    """
    if mode not in MODES:
        raise ValueError(f"unknown mode {mode!r}")
    if mode == EAGER:
        return function
    import tensorflow as tf

    wrapped: Function = tf.function(function, jit_compile=mode == XLA)
    return wrapped
