"""What several steps a call give, and what feeding them costs: one step against one a call, and against `device`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tfbench.bench.case import Case
from tfbench.bench.record import Measurement
from tfbench.reports import quantiles, speedup
from tfbench.reports.speedup import Speedup

STEPS, FEED = "steps_per_execution", "feed"  # optional parameters of the training workloads
DEVICE, DATASET = "device", "dataset"


def steps_of(case: Case) -> int:
    """Give how many steps a call does; one where the case does not say."""
    return int(dict(case.params).get(STEPS, 1))


def feed_of(case: Case) -> str:
    """Give how the batches reach the step; `device` where the case does not say."""
    return str(dict(case.params).get(FEED, DEVICE))


def plain(case: Case) -> Case:
    """Give the case without what is said of its steps and its feed."""
    return replace(case, params=tuple(pair for pair in case.params if pair[0] not in {STEPS, FEED}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Hold a case with what it is compared with: all of the same implementation, mode and placement.

    Attributes:
        measurement: of the case.
        steps, feed: how many steps a call does, and how their batches reach it.
        over_one: how many times faster a step is than with one step a call, fed alike; None where that was not
            measured, or is this case.
        over_device: how many times faster than with batches that stay on the device, as many steps a call; likewise.
    """

    measurement: Measurement
    steps: int
    feed: str
    over_one: Speedup | None
    over_device: Speedup | None

    @property
    def call_s(self) -> float | None:
        """Give the median time of a call."""
        times = self.measurement.call_s
        return quantiles.quartiles(times)[1] if times else None


def ways(measurements: Sequence[Measurement]) -> Iterator[Way]:
    """Give what was measured in more ways than one, in order."""
    groups: dict[Case, dict[tuple[int, str], Measurement]] = {}
    for measurement in measurements:
        case = measurement.case
        groups.setdefault(plain(case), {})[steps_of(case), feed_of(case)] = measurement
    for group in groups.values():
        if len(group) > 1:
            yield from (_way(group, steps, feed) for steps, feed in group)


def _way(group: dict[tuple[int, str], Measurement], steps: int, feed: str) -> Way:
    measurement = group[steps, feed]

    def over(base: tuple[int, str]) -> Speedup | None:
        other = group.get(base)
        return None if other is None or other is measurement else speedup.paired(measurement, other)

    return Way(
        measurement=measurement, steps=steps, feed=feed, over_one=over((1, feed)), over_device=over((steps, DEVICE))
    )
