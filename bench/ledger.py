"""Measure what a case costs before it runs steadily: build, trace, compile, first run. Worker only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfbench.bench import mode as modes
from tfbench.bench.compiling import Compiles
from tfbench.bench.record import Ledger
from tfbench.bench.tracing import Traces
from tfbench.workloads.spec import Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Meters:
    """Hold what the measuring code reads: a clock and counters. Tests give fake ones.

    Attributes:
        clock: seconds, monotonic.
        sync: waits until the devices have finished all that was asked of them.
        traces: counts traces.
        compiles: counts XLA's compilations.
    """

    clock: Callable[[], float]
    sync: Callable[[], None]
    traces: Traces
    compiles: Compiles


def warm_up_process() -> None:
    """Run a first tf.function and a first XLA function, so that no case pays for being the first.

    The first function of a process costs 30 to 250 ms once, XLA's first use about 70 ms.
    """
    import tensorflow as tf

    one = tf.constant(1.0)
    for mode in modes.MODES:
        modes.wrap(mode, lambda x: x + 1.0)(one)


def open_case(program: Program, meters: Meters, *, mode: str, build_s: float) -> tuple[Ledger, Any]:
    """Trace the step and call it for the first time.

    Returns:
        The ledger, and the first answer. `first_call_s` is by the clock; tracing and compiling inside the
        call are taken out of `first_run_s`.
    """
    meters.compiles.read()
    traces = meters.traces.count
    compiles, compiled_s = meters.compiles.count, meters.compiles.seconds
    arguments = program.inputs[0]
    start = meters.clock()
    trace = getattr(program.step, "get_concrete_function", None)
    if trace is not None:
        trace(*arguments)
    middle = meters.clock()
    traced_before_call_s = meters.traces.seconds
    answer = program.step(*arguments)
    meters.sync()
    end = meters.clock()
    meters.compiles.read()
    compiled = meters.compiles.count - compiles
    trace_s = (middle - start if trace is not None else 0.0) + (meters.traces.seconds - traced_before_call_s)
    compile_s = meters.compiles.seconds - compiled_s
    ledger = Ledger(
        build_s=build_s,
        trace_s=trace_s,
        compile_s=None if mode == modes.XLA and not compiled else compile_s,
        first_run_s=max(0.0, (end - start) - trace_s - compile_s),
        first_call_s=end - start,
        traces=meters.traces.count - traces,
        compiles=compiled,
    )
    return ledger, answer
