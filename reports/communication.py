"""Where a distributed step goes: reading, computing, summing gradients over all workers, and what none explains."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

from tfbench.bench import intervals
from tfbench.bench.case import MULTI_WORKER
from tfbench.bench.extras import Link
from tfbench.bench.mode import GRAPH, XLA
from tfbench.bench.record import Measurement
from tfbench.reports import steps

COMPUTE, ALL_REDUCE, INPUT = "compute", "all_reduce", "input"  # implementations of a workload: its parts
Estimate = tuple[float, float | None, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Hold a step and its parts, all timed in turns by the same workers.

    Attributes:
        step, compute, all_reduce: the measurements; of an XLA step the all-reduce is that of graph mode.
        input: reading a batch from a pipeline, likewise; None if it was not measured.
        link: between the workers, the fastest that any invocation found; None if it was not measured.
    """

    step: Measurement
    compute: Measurement
    all_reduce: Measurement
    link: Link | None
    input: Measurement | None = None

    @property
    def reads(self) -> bool:
        """Tell whether the step reads its batches from a pipeline: only then is that a part of it."""
        return steps.feed_of(self.step.case) == steps.DATASET

    @property
    def explained(self) -> Estimate | None:
        """Give (compute + all-reduce) / step, with its 95 % interval over invocations; with the input if it is read."""
        read = (self.input,) if self.reads and self.input is not None else ()
        return self._over((self.compute, self.all_reduce, *read))

    @property
    def communication(self) -> Estimate | None:
        """Give all-reduce / step, with its interval."""
        return self._over((self.all_reduce,))

    @property
    def exposed_s(self) -> float:
        """Give by how much the step is longer than computing alone: what communication really costs it."""
        return median(self.step.call_s) - median(self.compute.call_s)

    @property
    def floor_s(self) -> float | None:
        """Give what a ring needs at least: 2 (N - 1) messages of 1/N of the gradients, one after the other.

        P. Patarasuk, X. Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations" (JPDC 69, 2009);
        bandwidth and latency are those measured with plain sockets.
        """
        n, size = self.step.case.placement.replicas, self.step.reduced_bytes
        if self.link is None or not size:
            return None
        return 2 * (n - 1) * (size / n / self.link.byte_per_s + self.link.latency_s)

    def _over(self, parts: Sequence[Measurement]) -> Estimate | None:
        """Give the sum of the parts' medians over the step's, invocation by invocation."""
        times = [{done.index: median(done.call_s) for done in m.invocations if done.round_s} for m in parts]
        ratios = [
            sum(part[done.index] for part in times) / median(done.call_s)
            for done in self.step.invocations
            if done.round_s and all(done.index in part for part in times)
        ]
        if len(ratios) < 2:
            return (fmean(ratios), None, None) if ratios else None
        found = intervals.over_invocations(ratios)
        return found.middle, found.low, found.high


def splits(measurements: Sequence[Measurement]) -> Iterator[Split]:
    """Give each step of several workers whose parts were measured with it; not several steps in one call."""
    cases = {measurement.case: measurement for measurement in measurements}
    for step in measurements:
        case = steps.plain(step.case)
        if case.placement.strategy != MULTI_WORKER or case.placement.replicas == 1:
            continue
        if case.implementation in {COMPUTE, ALL_REDUCE, INPUT} or steps.steps_of(step.case) > 1:
            continue
        compute = cases.get(replace(case, implementation=COMPUTE))
        outside = replace(case, mode=GRAPH if case.mode == XLA else case.mode)
        summed, read = (cases.get(replace(outside, implementation=part)) for part in (ALL_REDUCE, INPUT))
        if compute is not None and summed is not None and step.call_s and compute.call_s and summed.call_s:
            yield Split(
                step=step,
                compute=compute,
                all_reduce=summed,
                link=_fastest_link(step),
                input=read if read is not None and read.call_s else None,
            )


def _fastest_link(step: Measurement) -> Link | None:
    """Give what plain sockets reached at best: a floor is not raised by a busy moment of one invocation."""
    links = [done.extras.link for done in step.invocations if done.extras and done.extras.link]
    if not links:
        return None
    return Link(byte_per_s=max(link.byte_per_s for link in links), latency_s=min(link.latency_s for link in links))
