"""Measure the dispatch floor: a call of a function that does nothing but hold what the step holds. Worker only."""

import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

from tfbench.bench import mode as modes

CALLS, WARM_UP_CALLS = 300, 20
BUDGET_S = 0.05


def make_idle(concrete: Any, mode: str) -> Any:
    """Make a function that captures all that a concrete function captures, and gives back a constant."""
    import tensorflow as tf

    captured = list(concrete.captured_inputs)

    def idle(*_arguments: Any) -> Any:
        graph = tf.compat.v1.get_default_graph()
        for tensor in captured:
            graph.capture(tensor)
        return tf.constant(0.0)

    return modes.wrap(mode, tf.autograph.experimental.do_not_convert(idle))


def floors(
    concrete: Any, arguments: tuple[Any, ...], *, mode: str, clock: Callable[[], float], sync: Callable[[], None]
) -> tuple[float, float]:
    """Give the median seconds of a call through tf.function, and through its concrete function."""
    idle = make_idle(concrete, mode)
    direct = idle.get_concrete_function(*arguments)
    through_s, direct_s = (
        median_call_s(partial(function, *arguments), clock=clock, sync=sync) for function in (idle, direct)
    )
    return through_s, direct_s


def median_call_s(call: Callable[[], Any], *, clock: Callable[[], float], sync: Callable[[], None]) -> float:
    """Time single calls, without waiting for the device in between; after 50 ms there are enough."""
    for _ in range(WARM_UP_CALLS):
        call()
    sync()
    times: list[float] = []
    begin = clock()
    while not times or (len(times) < CALLS and clock() - begin < BUDGET_S):
        start = clock()
        call()
        times.append(clock() - start)
    sync()
    return statistics.median(times)
