"""Measure what the device reaches at best: a matrix product, and an addition in memory. Worker only."""

from collections.abc import Callable
from typing import Any

from tfbench.bench.case import CPU
from tfbench.bench.extras import Ceilings

BUDGET_S = 0.15
MIN_CALLS = 3
# An accelerator must work for long enough that starting it counts little.
PRODUCT_SIZE = {CPU: 1024}
ARRAY_BYTES = {CPU: 64 * 2**20}
LARGE_SIZE, LARGE_BYTES = 8192, 2**30


def measure(device: str, *, clock: Callable[[], float], sync: Callable[[], None]) -> Ceilings:
    """Give the best rates of a few calls each.

    For memory one array is added onto another in place, as STREAM's `add` does, and not copied: the pages of a
    fresh block take as long as the copy into it, and TensorFlow copies into an old one with one thread only.
    """
    import tensorflow as tf

    size = PRODUCT_SIZE.get(device, LARGE_SIZE)
    matrix = tf.random.stateless_uniform((size, size), seed=(0, 1))
    product = tf.function(lambda a: tf.matmul(a, a), autograph=False)
    product_s = best_s(lambda: product(matrix), clock=clock, sync=sync)
    array_bytes = ARRAY_BYTES.get(device, LARGE_BYTES)
    add_s = best_s(make_add(array_bytes), clock=clock, sync=sync)
    return Ceilings(flop_per_s=2.0 * size**3 / product_s, byte_per_s=3.0 * array_bytes / add_s)


def make_add(array_bytes: int) -> Callable[[], Any]:
    """Make a function that adds one array onto another in place: it reads two and writes one."""
    import tensorflow as tf

    target, other = (tf.Variable(tf.ones(array_bytes // 4)) for _ in range(2))

    def add() -> None:
        target.assign_add(other, read_value=False)

    function: Callable[[], Any] = tf.function(add, autograph=False)
    return function


def best_s(call: Callable[[], Any], *, clock: Callable[[], float], sync: Callable[[], None]) -> float:
    """Give the shortest time of a call in seconds; the first, which traces, does not count."""
    call()
    sync()
    times: list[float] = []
    begin = clock()
    while len(times) < MIN_CALLS or clock() - begin < BUDGET_S:
        start = clock()
        call()
        sync()
        times.append(clock() - start)
    return min(times)
