"""Trace steps with TensorFlow's profiler: as many as keep the trace small. Worker only."""

import itertools
import math
import statistics
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tfbench.bench import opkinds, xplane
from tfbench.bench.ledger import Meters
from tfbench.bench.xplane import Trace
from tfbench.workloads.spec import Program

MOST_STEPS = 20
MOST_BYTES = 20_000_000
MOST_EVENTS = 300_000  # reading takes about 4 s a million
MOST_S = 1.0

Step = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """Hold traced steps.

    Attributes:
        logdir: what TensorBoard reads, with `plugins/profile/<time>/` below it.
        file: the xplane file in it.
        trace: what was read from it.
        steps_s: the traced steps by the clock.
        plain_s: as many untraced ones, just before.
    """

    logdir: Path
    file: Path
    trace: Trace
    steps_s: tuple[float, ...]
    plain_s: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """Give the size of the trace in bytes."""
        return self.file.stat().st_size


def make_step(program: Program, meters: Meters) -> Step:
    """Give what calls the program with its inputs in turn, and waits for the device."""
    inputs = itertools.cycle(program.inputs)

    def step() -> None:
        program.step(*next(inputs))
        meters.sync()

    return step


def trace_steps(step: Step, meters: Meters, scratch: Path, *, service: str = "") -> Traced:
    """Trace one step to see how large it is, then as many as fit; where no second one fits, the first counts."""
    single = _timed(step, meters)
    probe = take(step, meters, scratch / "probe", steps=1, service=service)
    steps = how_many(probe, single)
    if steps == 1:
        return _with_plain(probe, (single,))
    plain = tuple(_timed(step, meters) for _ in range(steps))
    expected_s = steps * statistics.median(plain)
    return _with_plain(
        take(step, meters, scratch / "trace", steps=steps, service=service, expected_s=expected_s), plain
    )


def how_many(probe: Traced, step_s: float) -> int:
    """Tell how many steps to trace, from a trace of one: its size, its events, its time."""
    bounds = (MOST_BYTES / probe.size, MOST_EVENTS / max(1, probe.trace.events), MOST_S / step_s)
    return max(1, min(MOST_STEPS, math.floor(min(bounds))))


def take(step: Step, meters: Meters, logdir: Path, *, steps: int, service: str = "", expected_s: float = 1.0) -> Traced:
    """Trace so many steps into a new log directory.

    Raises:
        FileNotFoundError: the profiler wrote no trace.
    """
    import tensorflow as tf

    with _remote(logdir, service, expected_s) if service else _local(logdir):
        times = []
        for i in range(steps):
            with tf.profiler.experimental.Trace(opkinds.MARKER, step_num=i, _r=1):
                times.append(_timed(step, meters))
    files = sorted(logdir.glob("plugins/profile/*/*.xplane.pb"))
    if not files:
        raise FileNotFoundError("TensorFlow's profiler wrote no trace")
    return Traced(logdir=logdir, file=files[-1], trace=xplane.read(files[-1]), steps_s=tuple(times))


@contextmanager
def _local(logdir: Path) -> Iterator[None]:
    """Trace this process."""
    import tensorflow as tf

    tf.profiler.experimental.start(str(logdir))
    try:
        yield
    finally:
        tf.profiler.experimental.stop()


@contextmanager
def _remote(logdir: Path, service: str, expected_s: float) -> Iterator[None]:
    """Have the profiler service of a TPU's host trace for about as long as the steps take."""
    import tensorflow as tf

    duration_ms = math.ceil(2000 * expected_s) + 1000
    ask = threading.Thread(
        target=tf.profiler.experimental.client.trace, args=(service, str(logdir), duration_ms), daemon=True
    )
    ask.start()
    yield
    ask.join()


def _timed(step: Step, meters: Meters) -> float:
    start = meters.clock()
    step()
    return meters.clock() - start


def _with_plain(traced: Traced, plain_s: tuple[float, ...]) -> Traced:
    return Traced(logdir=traced.logdir, file=traced.file, trace=traced.trace, steps_s=traced.steps_s, plain_s=plain_s)
