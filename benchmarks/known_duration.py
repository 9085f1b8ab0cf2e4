"""Measure callables of known duration with tfbench's own timing, and tell how far off it is.

    python benchmarks/known_duration.py

A callable reads the clock until its own first reading + duration. So it really takes a little longer than that:
up to one turn of its loop (some 50 ns), and what Python needs for the call before the first reading and after the
last (some 100 ns). This is counted as bias here, 0.3 to 0.5 % of 50 µs; a bare loop over the same callable shows
as much. A disturbance inside the loop costs nothing, since the deadline stands. `sync` does nothing.

Both sides read the same clock (on Linux CLOCK_MONOTONIC): this shows that rounds, iterations and medians
are right, not that the clock is.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tfbench.bench import intervals, timing
from tfbench.bench.compiling import Compiles
from tfbench.bench.ledger import Meters
from tfbench.bench.timing import Round, Timed
from tfbench.bench.tracing import Traces
from tfbench.workloads.spec import Program

KNOWN_S = (50e-6, 200e-6, 1e-3, 5e-3, 20e-3, 50e-3)
SESSIONS, PAUSE_S = 3, 5.0
BAR_PERCENT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """Hold how far a measured duration is from the known one.

    Attributes:
        known_s: how long the callable takes.
        measured_s: median over the rounds of seconds a call.
        bias_percent: measured_s / known_s - 1, percent.
        low_percent, high_percent: ends of the 95 % interval of the bias.
        iterations: calls a round.
        rounds: how many.
    """

    known_s: float
    measured_s: float
    bias_percent: float
    low_percent: float
    high_percent: float
    iterations: int
    rounds: int


def busy(duration_s: float) -> Callable[[], None]:
    """Make a callable that reads the clock for so long."""
    clock = time.perf_counter

    def step() -> None:
        end = clock() + duration_s
        while clock() < end:
            pass

    return step


def make_case(duration_s: float) -> Timed:
    """Make a case of the callable."""
    program = Program(step=busy(duration_s), inputs=((),), expected=list, rtol=0.0, atol=0.0)
    return Timed(id=f"{duration_s:g}", program=program)


def time_cases(cases: list[Timed], plan: timing.Plan) -> list[Round]:
    """Time the cases as one group, as a worker does, in sessions apart, as invocations are: one may be disturbed."""
    found: list[Round] = []
    with Path(os.devnull).open("rb") as log:
        compiles = Compiles(descriptor=log.fileno())
        meters = Meters(clock=time.perf_counter, sync=lambda: None, traces=Traces(), compiles=compiles)
        for case in cases:
            timing.calibrate(case, meters, plan)
        for session in range(SESSIONS):
            time.sleep(PAUSE_S if session else 0.0)
            found += timing.blocks(cases, meters, plan, rng=Random(session), before=lambda _: None)
    return found


def summarise(known_s: float, case: Timed, rounds: list[Round]) -> Bias:
    """Estimate the bias from the case's rounds."""
    calls_s = [r.seconds / case.iterations for r in rounds if r.id == case.id]
    call = intervals.of_median(calls_s)
    assert call.low is not None
    assert call.high is not None
    return Bias(
        known_s=known_s,
        measured_s=call.middle,
        bias_percent=(call.middle / known_s - 1) * 100,
        low_percent=(call.low / known_s - 1) * 100,
        high_percent=(call.high / known_s - 1) * 100,
        iterations=case.iterations,
        rounds=len(calls_s),
    )


def measure() -> list[Bias]:
    """Measure all durations in one group; takes three times as long as the default plan lets it, and the pauses."""
    cases = [make_case(known_s) for known_s in KNOWN_S]
    rounds = time_cases(cases, timing.DEFAULT_PLAN)
    return [summarise(known_s, case, rounds) for known_s, case in zip(KNOWN_S, cases, strict=True)]


def passes(rows: list[Bias]) -> bool:
    """Tell whether every bias is below the bar."""
    return all(abs(row.bias_percent) < BAR_PERCENT for row in rows)


def table(rows: list[Bias]) -> str:
    """Write the rows as a Markdown table."""
    lines = [
        "| known, µs | measured, µs | bias, % | 95 % interval | calls a round | rounds |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {r.known_s * 1e6:.0f} | {r.measured_s * 1e6:.3f} | {r.bias_percent:+.3f} "
        f"| {r.low_percent:+.3f} to {r.high_percent:+.3f} | {r.iterations} | {r.rounds} |"
        for r in rows
    ]
    return "\n".join(lines)


def main() -> int:
    """Print the table; fail if a bias reaches the bar."""
    rows = measure()
    print(table(rows))
    return 0 if passes(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
