"""sum_loop's calls for the retrace ledger: Python numbers, types and defaults as arguments."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tfbench.workloads import spec

COUNTS = (1000, 2000, 3000)
LARGEST = 4096

Calls = Sequence[tuple[str, Callable[[], Any]]]


def _range_loop(job: spec.Job) -> Any:
    import tensorflow as tf

    def range_loop(limit: Any) -> Any:
        total = tf.zeros_like(limit)
        for i in tf.range(limit):
            total += i
        return total

    return tf.function(range_loop, jit_compile=job.mode == "xla")


def _while_loop(job: spec.Job) -> Any:
    import tensorflow as tf

    def while_loop(limit: Any) -> Any:
        i = total = tf.zeros_like(limit)
        while i < limit:
            total += i
            i += 1
        return total

    return tf.function(while_loop, jit_compile=job.mode == "xla")


def python_numbers(job: spec.Job, *, fixed: bool) -> Calls:
    """Pass n as a Python int, a new value each call but the last; fixed, as a tensor, which XLA counts up to."""
    import tensorflow as tf

    loop = _while_loop(job) if fixed and job.mode == "xla" else _range_loop(job)
    convert: Callable[[int], Any] = tf.constant if fixed else int
    return [(f"n={n}", partial(loop, convert(n))) for n in (*COUNTS, COUNTS[0])]


def tensor_range(job: spec.Job, *, fixed: bool) -> Calls:
    """Loop over the range of a tensor: XLA compiles for each value; fixed, count in a while loop."""
    import tensorflow as tf

    loop = _while_loop(job) if fixed else _range_loop(job)
    return [(f"n={n}", partial(loop, tf.constant(n))) for n in (*COUNTS, COUNTS[0])]


def other_dtype(job: spec.Job, *, fixed: bool) -> Calls:
    """Pass n as TensorFlow makes it of a Python int (int32) and as NumPy has it (int64); fixed, cast first."""
    import tensorflow as tf

    loop = _range_loop(job)
    counts = [tf.constant(COUNTS[0], dtype) for dtype in (tf.int32, tf.int64) * 2]
    convert: Callable[[Any], Any] = partial(tf.cast, dtype=tf.int32) if fixed else tf.identity
    return [(f"n of {n.dtype.name}", partial(loop, convert(n))) for n in counts]


def left_out(job: spec.Job, *, fixed: bool) -> Calls:
    """Leave out a keyword that has a Python default in every second call; fixed, always give it."""
    import tensorflow as tf

    def total_from(limit: Any, start: Any = 0) -> Any:
        total = tf.convert_to_tensor(start)
        for i in tf.range(limit):
            total += i
        return total

    function = tf.function(total_from, jit_compile=job.mode == "xla")
    n, start = tf.constant(COUNTS[0]), tf.constant(0)
    given, left = ("start given", partial(function, n, start=start)), ("start left out", partial(function, n))
    return [given, ("start given for the default", given[1]) if fixed else left, given]


def tensor_length(job: spec.Job, *, fixed: bool) -> Calls:
    """Make a range as long as a tensor says: XLA compiles for each value; fixed, mask a range of the largest length."""
    import tensorflow as tf

    def vectorized(limit: Any) -> Any:
        return tf.reduce_sum(tf.range(limit))

    def masked(limit: Any) -> Any:
        numbers = tf.range(LARGEST)
        return tf.reduce_sum(tf.where(numbers < limit, numbers, 0))

    function = tf.function(masked if fixed else vectorized, jit_compile=job.mode == "xla")
    return [(f"n={n}", partial(function, tf.constant(n))) for n in (*COUNTS, COUNTS[0])]


SEQUENCES = (
    spec.CallSequence(
        name="python_int",
        summary="n as a Python int: a graph for each value",
        fix="pass n as a tensor: tf.constant(n); for XLA also count in a while loop instead of over tf.range(n)",
        build=python_numbers,
    ),
    spec.CallSequence(
        name="other_dtype",
        summary="n as int32 and, from NumPy, as int64",
        fix="cast to one dtype before the call: tf.cast(n, tf.int32)",
        build=other_dtype,
    ),
    spec.CallSequence(
        name="keyword_left_out",
        summary="a keyword given as a tensor, or left to its Python default",
        fix="give the keyword in every call, always as a tensor",
        build=left_out,
    ),
    spec.CallSequence(
        name="tensor_range",
        summary="a loop over tf.range(n) of a tensor n: one graph, but XLA compiles for each value",
        fix="count in a while loop: while i < n",
        build=tensor_range,
        modes=("xla",),
    ),
    spec.CallSequence(
        name="tensor_length",
        summary="the sum of tf.range(n) of a tensor n: one graph, but XLA compiles for each value",
        fix=f"mask a range of the largest length: tf.where(tf.range({LARGEST}) < n, ...)",
        build=tensor_length,
        modes=("xla",),
    ),
)
