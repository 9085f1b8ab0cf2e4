"""What each further core or device gives: speed-up, efficiency and serial fraction, from workers that took turns."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tfbench.bench.case import MULTI_WORKER
from tfbench.bench.record import Measurement
from tfbench.reports import speedup
from tfbench.reports.speedup import Speedup

REPLICAS, THREADS = "replicas", "threads"
STRONG, WEAK = "strong", "weak"
LAW_WIDTHS = 3  # a law's one parameter is fitted to so many widths, the base included


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Hold one width of a case against the narrowest that was measured with it.

    Attributes:
        measurement: at this width.
        axis: what is added: `replicas`, or `threads` of one CPU worker, a core each.
        kind: `strong` if a call does the same work at every width, `weak` if the work grows with it; of a series that
            does neither, empty.
        width, base: how many there are, and how many there were.
        gained: throughput over that of the base, with its interval; None where they were never measured together.
    """

    measurement: Measurement
    axis: str
    kind: str
    width: int
    base: int
    gained: Speedup | None

    @property
    def times(self) -> float:
        """Give how many times wider it is."""
        return self.width / self.base

    @property
    def speedup(self) -> tuple[float, float | None, float | None] | None:
        """Give the throughput over the base's, and its interval."""
        return None if self.gained is None else (self.gained.ratio, self.gained.low, self.gained.high)

    @property
    def efficiency(self) -> tuple[float, float | None, float | None] | None:
        """Give throughput(N) / (N / B throughput(B)), B being the base's width, and its interval."""
        return self._each(lambda gained: gained / self.times)

    @property
    def serial_fraction(self) -> tuple[float, float | None, float | None] | None:
        """Give the share of the work that more width does not speed up, and its interval.

        None at the base itself, and where the base is wider than 1: the laws are about a width of 1.

        Strong: (1/S - 1/N) / (1 - 1/N), from Amdahl's law (A. H. Karp, H. P. Flatt, "Measuring parallel processor
        performance", CACM 33, 1990). Weak: (N - S) / (N - 1), from Gustafson's ("Reevaluating Amdahl's law", CACM 31,
        1988). Below 0 where it is faster than linear.
        """
        n = self.width
        if n == 1 or self.base != 1 or not self.kind:
            return None
        found = self._each(lambda s: (1 / s - 1 / n) / (1 - 1 / n) if self.kind == STRONG else (n - s) / (n - 1))
        return None if found is None else (found[0], found[2], found[1])  # a higher speed-up is a lower fraction

    def _each(self, function: Callable[[float], float]) -> tuple[float, float | None, float | None] | None:
        if self.gained is None:
            return None
        low, high = (None if end is None else function(end) for end in (self.gained.low, self.gained.high))
        return function(self.gained.ratio), low, high


def series(measurements: Sequence[Measurement], axis: str) -> list[list[Measurement]]:
    """Put together what differs along the axis only, two widths or more, the narrowest first."""
    found: dict[object, list[Measurement]] = {}
    for measurement in measurements:
        if width(measurement, axis):
            placement = measurement.case.placement
            placement = replace(placement, replicas=1) if axis == REPLICAS else replace(placement, threads=0)
            found.setdefault(replace(measurement.case, placement=placement), []).append(measurement)
    ordered = (sorted(members, key=lambda member: width(member, axis)) for members in found.values())
    return [members for members in ordered if len(members) > 1]


def width(measurement: Measurement, axis: str) -> int:
    """Give how wide a case is along the axis; 0 where it has none. A cluster's worker has one core if not more."""
    placement = measurement.case.placement
    found: int = getattr(placement, axis)
    return found or int(axis == THREADS and placement.strategy == MULTI_WORKER)


def points(measurements: Sequence[Measurement]) -> Iterator[list[Point]]:
    """Give the points of each series: replicas first, then threads."""
    for axis in (REPLICAS, THREADS):
        for members in series(measurements, axis):
            yield [_point(member, members, axis) for member in members]


def _point(measurement: Measurement, members: Sequence[Measurement], axis: str) -> Point:
    base = members[0]
    return Point(
        measurement=measurement,
        axis=axis,
        kind=kind_of(members, axis),
        width=width(measurement, axis),
        base=width(base, axis),
        gained=speedup.paired(measurement, base),
    )


def kind_of(members: Sequence[Measurement], axis: str) -> str:
    """Tell whether the work of a call stays (strong) or grows with the width (weak)."""
    base = members[0]
    grows = {(m.work_per_call / base.work_per_call, width(m, axis) / width(base, axis)) for m in members}
    if all(work == 1 for work, _ in grows):
        return STRONG
    return WEAK if all(work == wide for work, wide in grows) else ""


def amdahl(series_points: Sequence[Point]) -> float | None:
    """Fit the serial fraction f of Amdahl's law, 1/S = f + (1 - f)/N, by least squares to a strong series.

    Returns:
        None with fewer than three widths, the base included, and where that is wider than 1.
    """
    known = _known(series_points, STRONG)
    return _slope([(1 - 1 / n, 1 / gained - 1 / n) for n, gained in known]) if len(known) >= LAW_WIDTHS else None


def gustafson(series_points: Sequence[Point]) -> float | None:
    """Fit the serial fraction f of Gustafson's law, S = N - f (N - 1), by least squares to a weak series.

    Returns:
        As `amdahl`.
    """
    known = _known(series_points, WEAK)
    return _slope([(n - 1, n - gained) for n, gained in known]) if len(known) >= LAW_WIDTHS else None


def _known(series_points: Sequence[Point], kind: str) -> list[tuple[int, float]]:
    """Give widths and speed-ups over a width of 1."""
    of_kind = (point for point in series_points if point.kind == kind and point.base == 1)
    return [(point.width, point.gained.ratio) for point in of_kind if point.gained is not None]


def _slope(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Give the slope of the line through the origin that is nearest to the points, by least squares."""
    below = math.fsum(x * x for x, _ in pairs)
    return math.fsum(x * y for x, y in pairs) / below if below else None
