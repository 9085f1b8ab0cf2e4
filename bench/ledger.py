"""Measure what a case costs before it runs steadily: build, trace, compile, first run. Worker only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfbench.bench import graphs
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
        resident: gives the resident memory in bytes, None where it is not told.
        forget: makes AutoGraph convert code anew.
    """

    clock: Callable[[], float]
    sync: Callable[[], None]
    traces: Traces
    compiles: Compiles
    resident: Callable[[], int | None] = lambda: None
    forget: Callable[[], object] = lambda: None


def warm_up_process() -> None:
    """Run a first tf.function and a first XLA function, so that no case pays for being the first.

    The first function of a process costs 30 to 250 ms once, XLA's first use about 70 ms.
    """
    import tensorflow as tf

    one = tf.constant(1.0)
    for mode in modes.MODES:
        modes.wrap(mode, lambda x: x + 1.0)(one)


def open_case(program: Program, meters: Meters, *, mode: str, build_s: float) -> tuple[Ledger, Any]:
    """Trace the step and call it for the first time; give the ledger and the first answer.

    `first_call_s` is by the clock; tracing and compiling inside the call are taken out of `first_run_s`.
    """
    meters.compiles.read()
    traces, compiles, compiled_s = meters.traces.count, meters.compiles.count, meters.compiles.seconds
    arguments = program.inputs[0]
    trace = getattr(program.step, "get_concrete_function", None)
    memory = [meters.resident()]
    start = meters.clock()
    concrete = trace(*arguments) if trace is not None else None
    middle = meters.clock()
    memory.append(meters.resident())
    between = meters.clock()
    traced_before_call_s = meters.traces.seconds
    answer = program.step(*arguments)
    meters.sync()
    end = meters.clock()
    memory.append(meters.resident())
    meters.compiles.read()
    compiled = meters.compiles.count - compiles
    first_call_s = (middle - start) + (end - between)
    trace_s = (middle - start if trace is not None else 0.0) + (meters.traces.seconds - traced_before_call_s)
    compile_s = meters.compiles.seconds - compiled_s
    ledger = Ledger(
        build_s=build_s,
        trace_s=trace_s,
        compile_s=None if mode == modes.XLA and not compiled else compile_s,
        first_run_s=_rest(first_call_s, trace_s, compile_s),
        first_call_s=first_call_s,
        traces=meters.traces.count - traces,
        compiles=compiled,
        graph_ops=graphs.count_ops(concrete),
        first_call_bytes=grown(memory[0], memory[2]),
        trace_bytes=grown(memory[0], memory[1]) if trace is not None else None,
        compile_bytes=grown(memory[1], memory[2]) if trace is not None else None,
    )
    return ledger, answer


def _rest(whole_s: float, *parts_s: float) -> float | None:
    """Give what the parts leave; None where compilers side by side add up to more than the whole."""
    rest_s = whole_s - sum(parts_s)
    return rest_s if rest_s >= 0 else None


def grown(before: int | None, after: int | None) -> int | None:
    """Give by how many bytes memory has grown; less than before, as when freed memory is given back, is 0."""
    return None if before is None or after is None else max(0, after - before)
