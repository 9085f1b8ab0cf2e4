"""Tell inside a worker when its rounds are precise enough. Worker only."""

import itertools
import math
from collections.abc import Mapping, Sequence

from tfbench.bench.timing import KEPT, Round

LEVEL = 0.95


def half_width(values: Sequence[float]) -> float | None:
    """Give half the width of the median's 95 % interval; None of fewer than 6 values.

    It is that of `intervals.of_median`, which needs SciPy: a worker may run in a Python without. Its ends are
    the k-th smallest and largest value, k the largest with P(B < k) <= 2.5 %, B binomial of n and 1/2.
    """
    n = len(values)
    below = itertools.accumulate(math.comb(n, i) for i in range(n))
    k = sum(count <= (1 - LEVEL) / 2 * 2**n for count in below)
    ordered = sorted(values)
    return (ordered[-k] - ordered[k - 1]) / 2 if k else None


class Enough:
    """Follow the rounds of a worker until the interval of each case is as narrow as wanted.

    The interval is that of the median log-ratio to the case's baseline, or of its own log time.
    """

    def __init__(self, baselines: Mapping[str, str | None], precision: float) -> None:
        """Take the baseline of each case, None for a case without."""
        self._baselines, self._wanted = dict(baselines), math.log1p(precision)
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
