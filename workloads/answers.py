"""What a call answers and leaves behind, and whether two calls did the same. Worker only."""

import itertools
import re
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
from tfbench.workloads.variables import Values

UPDATE_TOLERANCE = 0.1
RANDOM = re.compile(r"Random|Multinomial|TruncatedNormal|^Rng|^Stateful(Uniform|StandardNormal)|Stateless\w+GetAlg")
OTHER_UPDATE = "its first call changes half of the variables otherwise than the eager run, by {:.0%} of the change"


class WrongUpdateError(Exception):
    """Say that a call leaves the variables otherwise than the reference does."""


def require_update(start: Values, found: Values, wanted: Values) -> None:
    """Refuse values that a call has left behind, if it changed half of the variables otherwise than the reference.

    Half, since rounding alone moves a variable whose gradient is nothing but rounding, such as a bias before a batch
    normalisation, and an optimizer such as Adam moves it as far as any other.

    Raises:
        WrongUpdateError: with how far they are off.
    """
    errors = [_update_error(*three) for three in zip(start, found, wanted, strict=True)]
    told = [error for error in errors if error is not None]
    if told and median(told) > UPDATE_TOLERANCE:
        raise WrongUpdateError(OTHER_UPDATE.format(median(told)))


def _update_error(start: npt.NDArray[Any], found: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> float | None:
    """Give how far a change is off, relative to the right one, both by their Euclidean length; None without any."""
    if start.tobytes() == wanted.tobytes() == found.tobytes():
        return None
    if start.dtype.kind not in "fcV":
        return float(found.tobytes() != wanted.tobytes())
    wide = [one.astype(np.complex128 if one.dtype.kind == "c" else np.float64) for one in (start, found, wanted)]
    length = float(np.linalg.norm(wide[2] - wide[0]))
    return float(np.linalg.norm(wide[1] - wide[2])) / length if length else 1.0


def draws(concrete: Any) -> bool:
    """Tell whether the graph of a concrete function draws random numbers, the functions that it calls included."""
    graph = concrete.graph.as_graph_def()
    nodes = itertools.chain(graph.node, *(function.node_def for function in graph.library.function))
    return any(RANDOM.search(node.op) for node in nodes)


def arrays(answer: Any) -> Values:
    """Give the arrays of an answer in order, nothing for None; ragged and sparse tensors by their parts."""
    import tensorflow as tf

    leaves = tf.nest.flatten(answer, expand_composites=True)
    return [np.asarray(leaf) for leaf in leaves if leaf is not None]


def count_nan(values: Values) -> int:
    """Count what is not a number; other types than floats, bfloat16 and complex ones among them, have none."""
    return sum(int(np.isnan(_wide(array)).sum()) for array in values if array.dtype.kind in "fcV")


def _wide(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)


def close(one: Values, other: Values, tolerance: float) -> bool:
    """Tell whether two answers are the same, to the tolerance relative to the largest value of each array."""
    return [a.shape for a in one] == [b.shape for b in other] and all(
        _close(a, b, tolerance) for a, b in zip(one, other, strict=True)
    )


def _close(a: npt.NDArray[Any], b: npt.NDArray[Any], tolerance: float) -> bool:
    if b.dtype.kind not in "fcV" or not b.size:
        return bool((a == b).all())
    left, right = a.astype(_wide(b).dtype), _wide(b)
    largest = float(np.abs(right[np.isfinite(right)]).max(initial=0.0))
    return bool(np.allclose(left, right, rtol=0.0, atol=tolerance * largest, equal_nan=True))
