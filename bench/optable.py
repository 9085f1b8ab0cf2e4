"""Find where the time of traced steps went: each instant of each thread, and of the steps. No TensorFlow here."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
from tfbench.bench import opkinds
from tfbench.bench.opkinds import WAIT, What
from tfbench.bench.profile import (
    ALL_REDUCE,
    COMPILING,
    DEVICE,
    EAGER,
    GRAPH,
    INPUT,
    PYTHON,
    RUNTIME,
    TRACING,
    XLA,
    Operation,
    OpTable,
)
from tfbench.bench.xplane import HOST, Line, Trace

# An instant of a step belongs to the lowest of these that runs in it.
RANKS = {
    **dict.fromkeys((DEVICE, XLA, GRAPH, EAGER, COMPILING, TRACING), 0),
    **dict.fromkeys((ALL_REDUCE, INPUT), 1),
    RUNTIME: 2,
    PYTHON: 3,
    WAIT: 4,
}
NOTHING = 5
PS = 1e-12

Key = tuple[What, str]
Times = Any  # a NumPy array


@dataclass(slots=True)
class Segments:
    """Hold when which operation ran in one thread, what it called left out; `key` counts from 0 over all threads."""

    start: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    key: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Totals:
    """Number the operations, and hold count and total time (ps) of each."""

    numbers: dict[Key, int] = field(default_factory=dict)
    count: list[int] = field(default_factory=list)
    total: list[int] = field(default_factory=list)

    def number(self, key: Key) -> int:
        """Give the number of an operation."""
        found = self.numbers.setdefault(key, len(self.numbers))
        if found == len(self.count):
            self.count.append(0)
            self.total.append(0)
        return found


def make(trace: Trace, case_id: str) -> OpTable:
    """Make the table of a trace.

    Raises:
        ValueError: it has no steps.
    """
    if not trace.steps:
        raise ValueError("the trace has no steps")
    totals = Totals()
    lines = [cut(line, totals, trace.steps) for line in trace.lines]
    ranks = np.array([RANKS[what.kind] for what, _ in totals.numbers], dtype=np.int8)
    wall, own, idle, overlap = share(lines, ranks, np.array(trace.steps, dtype=np.int64))
    steps = len(trace.steps)
    operations = [
        Operation(
            name=what.name,
            type=what.type,
            kind=what.kind,
            device=device,
            count=totals.count[i] / steps,
            total_s=totals.total[i] * PS / steps,
            self_s=float(own[i]) * PS / steps,
            wall_s=float(wall[i]) * PS / steps,
        )
        for (what, device), i in totals.numbers.items()
        if what.kind != WAIT and (totals.count[i] or own[i])
    ]
    return OpTable(
        case_id=case_id,
        steps=steps,
        step_s=sum(end - start for start, end in trace.steps) * PS / steps,
        median_step_s=median(end - start for start, end in trace.steps) * PS,
        idle_s=idle * PS / steps,
        overlap_s=overlap * PS / steps,
        launch_gap_s=launch_gap(trace),
        operations=tuple(sorted(operations, key=lambda operation: (-operation.wall_s, operation.name))),
    )


def cut(line: Line, totals: Totals, steps: Sequence[tuple[int, int]]) -> Segments:
    """Cut the nested events of a thread into pieces in which one runs and calls nothing; count those in the steps."""
    found, stack = Segments(), list[tuple[int, int, str]]()  # of each open event: its end, its number, its operation
    begins, position = [start for start, _ in steps], 0

    def until(end: int, key: int) -> None:
        nonlocal position
        if end > position:
            found.start.append(position)
            found.end.append(end)
            found.key.append(key)
            position = end

    for i in sorted(range(len(line.start)), key=lambda i: (line.start[i], -line.end[i])):
        start, end, what = line.start[i], line.end[i], line.what[i]
        while stack and stack[-1][0] <= start:
            until(*stack.pop()[:2])
        if stack:
            until(start, stack[-1][1])
            end = min(end, stack[-1][0])
        eager = line.eager.get(i, stack[-1][2] if stack else "")
        key = totals.number((opkinds.kernel(eager) if what.name == opkinds.KERNEL else what, line.device))
        step = bisect_right(begins, start) - 1
        if step >= 0 and start < steps[step][1]:
            totals.count[key] += 1
            totals.total[key] += end - start
        stack.append((end, key, eager))
        position = start
    while stack:
        until(*stack.pop()[:2])
    return found


def share(lines: Sequence[Segments], ranks: Times, steps: Times) -> tuple[Times, Times, float, float]:
    """Divide each instant of the steps among what runs in it.

    Args:
        lines: the pieces of each thread.
        ranks: of each operation, as `RANKS` has it.
        steps: start and end of each, in picoseconds.

    Returns:
        The part of each operation in the steps; the time of each in its threads; the time in which nothing ran; the
        time that further threads worked. All in picoseconds.
    """
    edges = [steps.ravel(), *(np.array(times, dtype=np.int64) for line in lines for times in (line.start, line.end))]
    bounds = np.unique(np.concatenate(edges))
    at, length = bounds[:-1], np.diff(bounds)
    step = np.searchsorted(steps[:, 0], at, "right") - 1
    inside = (step >= 0) & (at < steps[np.maximum(step, 0), 1])
    at, length = at[inside], length[inside]
    keys = [_running(line, at) for line in lines if line.start]
    table = np.append(ranks, np.int8(NOTHING))  # -1 finds the last: nothing runs
    rank = np.array([table[key] for key in keys] or [np.full(at.shape, NOTHING)])
    best = rank.min(axis=0)
    works = best < RANKS[WAIT]
    chosen = (rank == best) & works
    part = length / np.maximum(1, chosen.sum(axis=0))
    busy = (rank < RANKS[WAIT]).sum(axis=0)
    wall, own = np.zeros(len(ranks)), np.zeros(len(ranks))
    for key, mine in zip(keys, chosen, strict=False):
        wall += np.bincount(key[mine], part[mine], minlength=len(ranks))
        own += np.bincount(key[key >= 0], length[key >= 0], minlength=len(ranks))
    return wall, own, float(length[~works].sum()), float((length * np.maximum(0, busy - 1)).sum())


def _running(line: Segments, at: Times) -> Times:
    """Give which operation runs in a thread at these instants, -1 for none."""
    place = np.searchsorted(np.array(line.start, dtype=np.int64), at, "right") - 1
    runs = (place >= 0) & (at < np.array(line.end, dtype=np.int64)[np.maximum(place, 0)])
    return np.where(runs, np.array(line.key, dtype=np.int64)[np.maximum(place, 0)], -1)


def launch_gap(trace: Trace) -> float | None:
    """Give the mean time a step in which no kernel runs between its first and its last; None without kernels."""
    events = sorted(
        (start, end)
        for line in trace.lines
        for start, end in zip(line.start, line.end, strict=True)
        if line.device != HOST
    )
    if not events:
        return None
    gap = 0
    for first, last in trace.steps:
        reached: int | None = None
        for start, end in events:
            if first <= start < last:
                gap += max(0, start - reached) if reached is not None else 0
                reached = max(end, reached or end)
    return gap * PS / len(trace.steps)
