"""Describe what goes into a call and what comes out, so that unequal work is seen. Worker only."""

from typing import Any

ARROW = " -> "


def _name(value: Any) -> str:
    """Name a tensor or array by type and shape, anything else by its Python type."""
    dtype, shape = getattr(value, "dtype", None), getattr(value, "shape", None)
    if dtype is None or shape is None:
        return type(value).__name__
    return f"{getattr(dtype, 'name', dtype)}[{','.join('?' if size is None else str(size) for size in shape)}]"


def describe(arguments: Any, answer: Any) -> str:
    """Give types and shapes of a call: `float32[32,784] int32[32] -> float32[]`; nested ones in order."""
    import tensorflow as tf

    sides = (tf.nest.flatten(side, expand_composites=True) for side in (arguments, answer))
    return ARROW.join(" ".join(_name(value) for value in side) for side in sides)
