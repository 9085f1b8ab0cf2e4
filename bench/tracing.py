"""Count the traces of tf.functions, and the time they take. Worker only."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Traces:
    """Hold what was traced in this process so far.

    Attributes:
        count: traces of any tf.function, nested ones included.
        seconds: time spent in traces, nested ones counted once.
        exact: False if TensorFlow's internals have moved and nothing is counted.
    """

    count: int = 0
    seconds: float = 0.0
    exact: bool = True


def install(clock: Callable[[], float] = time.perf_counter) -> Traces:
    """Count every trace in this process from now on.

    Every trace of every tf.function passes `tracing_compilation._create_concrete_function`. That is
    private to TensorFlow, so one function is traced to prove that it is counted; if it is not, the
    result says `exact=False`.
    """
    import tensorflow as tf

    traces = Traces()
    try:
        from tensorflow.python.eager.polymorphic_function import tracing_compilation
    except ImportError:
        traces.exact = False
        return traces
    inner = getattr(tracing_compilation, "_create_concrete_function", None)
    if inner is None:
        traces.exact = False
        return traces
    depth = 0

    def counted(*args: Any, **kwargs: Any) -> Any:
        # Replica threads of a strategy trace while the thread that started them waits: one depth for all.
        nonlocal depth
        traces.count += 1
        depth += 1
        start = clock()
        try:
            return inner(*args, **kwargs)
        finally:
            depth -= 1
            if not depth:
                traces.seconds += clock() - start

    tracing_compilation._create_concrete_function = counted  # noqa: SLF001 - the one adapter to it
    tf.function(lambda: tf.constant(0)).get_concrete_function()
    traces.exact = traces.count == 1
    traces.count, traces.seconds = 0, 0.0
    return traces
