"""Tell inside a worker when its rounds are precise enough. Worker only."""

import math
from collections.abc import Mapping

from tfbench.bench import intervals
from tfbench.bench.timing import KEPT, Round

EVERY = 5  # blocks: the intervals take longer than a round to compute


class Enough:
    """Follow the rounds of a worker until the interval of each case is as narrow as wanted.

    The interval is that of the median log-ratio to the case's baseline, or of its own log time.
    """

    def __init__(self, baselines: Mapping[str, str | None], precision: float) -> None:
        """Take the baseline of each case, None for a case without."""
        self._baselines, self._wanted = dict(baselines), math.log1p(precision)
        self._logs: dict[str, dict[int, float]] = {case_id: {} for case_id in baselines}
        self._blocks = 0

    def take(self, timed: Round) -> None:
        """Hear of a round."""
        if timed.fate == KEPT and timed.seconds > 0:
            self._logs[timed.id][timed.block] = math.log(timed.seconds)

    def __call__(self) -> bool:
        """Tell, at each block's end, whether every interval is narrow enough; looked at in every fifth."""
        self._blocks += 1
        return self._blocks % EVERY == 0 and all(self._narrow(case_id) for case_id in self._baselines)

    def _narrow(self, case_id: str) -> bool:
        base = self._baselines[case_id]
        own = self._logs[case_id]
        values = list(own.values())
        if base is not None:
            values = [self._logs[base][block] - log for block, log in own.items() if block in self._logs[base]]
        half_width = intervals.of_median(values).half_width if values else None
        return half_width is not None and half_width <= self._wanted
