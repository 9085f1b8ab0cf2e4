"""Refuse records of which no report could be made, though each field has its type."""

from collections.abc import Iterator

from tfbench.bench.record import Measurement, Run

SHORTEST_S, LONGEST_S = 1e-12, 1e9  # far beyond any clock and any patience; ratios of such times can be computed with


def check(run: Run) -> None:
    """Refuse a run that was not written by measuring.

    Raises:
        ValueError: with the first thing that is wrong.
    """
    wrong = next(_wrong(run), None)
    if wrong is not None:
        raise ValueError(wrong)


def _wrong(run: Run) -> Iterator[str]:
    if run.host.cores < 1 or not run.host.affinity:
        yield "a host has at least one core"
    seen: set[str] = set()
    for measurement in run.measurements:
        if measurement.case.id in seen:
            yield f"{measurement.case.id} is measured twice"
        seen.add(measurement.case.id)
        yield from _wrong_measurement(measurement)


def _wrong_measurement(measurement: Measurement) -> Iterator[str]:
    name, done = measurement.case.id, measurement.invocations
    if len({invocation.index for invocation in done}) < len(done):
        yield f"{name}: an invocation stands twice"
    times = [invocation.call_s or (0.0,) for invocation in done]
    if any(min(call_s) < SHORTEST_S or max(call_s) > LONGEST_S for call_s in times):
        yield f"{name}: each invocation has rounds, and a call takes from {SHORTEST_S:g} to {LONGEST_S:g} s"
