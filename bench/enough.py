"""Tell inside a worker when its rounds are precise enough. Worker only."""

import math
from collections.abc import Mapping, Sequence
from functools import cache

from tfbench.bench.timing import KEPT, Round


@cache
def rank(n: int) -> int:
    """Give the largest k with P(B < k) <= 2.5 %, B binomial of n and 1/2; 0 if there is none (n below 6)."""
    count, below, k = 1, 1, 0
    while 40 * below <= 2**n:
        k += 1
        count = count * (n - k + 1) // k
        below += count
    return k


def half_width(values: Sequence[float]) -> float | None:
    """Give half the width of the median's 95 % interval; None of fewer than 6 values.

    It is that of `intervals.of_median`, which needs SciPy: a worker may run in a Python without. Its ends are
    the k-th smallest and largest value, k being `rank`.
    """
    k, ordered = rank(len(values)), sorted(values)
    return (ordered[-k] - ordered[k - 1]) / 2 if k else None


class Enough:
    """Follow the rounds of a worker until the interval of each case is as narrow as wanted.

    The interval is that of the median log-ratio to the case's baseline, or of its own log time.
    """

    def __init__(self, baselines: Mapping[str, str | None], precision: float) -> None:
        """Take the baseline of each case, None for a case without; what others are compared with need not be narrow."""
        bases = set(baselines.values())
        self._baselines = {case_id: base for case_id, base in baselines.items() if case_id not in bases}
        self._wanted = math.log1p(precision)
        self._logs: dict[str, dict[int, float]] = {case_id: {} for case_id in baselines}

    def take(self, timed: Round) -> None:
        """Hear of a round."""
        if timed.fate == KEPT and timed.seconds > 0:
            self._logs[timed.id][timed.block] = math.log(timed.seconds)

    def __call__(self) -> bool:
        """Tell whether every interval is narrow enough."""
        return all(self._narrow(case_id) for case_id in self._baselines)

    def _narrow(self, case_id: str) -> bool:
        base = self._baselines[case_id]
        own = self._logs[case_id]
        values = list(own.values())
        if base is not None:
            values = [self._logs[base][block] - log for block, log in own.items() if block in self._logs[base]]
        width = half_width(values)
        return width is not None and width <= self._wanted
