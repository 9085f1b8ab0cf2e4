"""A ratio of two times with its interval."""

from dataclasses import dataclass

from tfbench.bench import intervals
from tfbench.bench.intervals import Interval


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Ratio:
    """Hold how many times faster one thing is than another.

    Attributes:
        logs: the estimate of log(time of the base / time of the case), for equal work, with its interval.
    """

    logs: Interval

    def __repr__(self) -> str:
        """Write it as a failed assertion shows it: not the logarithms, but what they stand for."""
        ends = "no interval" if self.low is None or self.high is None else f"[{self.low:.3g}, {self.high:.3g}]"
        return f"<{type(self).__name__} {self.ratio:.3g}x {ends}>"

    @property
    def ratio(self) -> float:
        """Give time of the base over time of the case: above 1 the case is faster."""
        return intervals.factor(self.logs.middle)

    @property
    def low(self) -> float | None:
        """Give the lower end of the 95 % interval; None where there are too few rounds for one."""
        return None if self.logs.low is None else intervals.factor(self.logs.low)

    @property
    def high(self) -> float | None:
        """Give the upper end of it."""
        return None if self.logs.high is None else intervals.factor(self.logs.high)

    @property
    def within(self) -> bool:
        """Tell whether the interval knows one process only, and nothing of the noise between them."""
        return self.logs.within
