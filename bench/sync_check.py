"""Time a case the naive way, without waiting for the device, in turns with the true way. No TensorFlow here."""

import gc
import statistics

from tfbench.bench import timing
from tfbench.bench.ledger import Meters
from tfbench.bench.timing import Timed

PAIRS = 5
BUDGET_S = 0.15


def compare(timed: Timed, meters: Meters) -> tuple[float, float]:
    """Give the median seconds a call, naive and true, of rounds in turns; after 150 ms there are enough.

    Which of a pair comes first changes from pair to pair, so that what a round does to the next hits both alike.
    """
    naive: list[float] = []
    synced: list[float] = []
    ways = [(naive, time_naively), (synced, lambda timed, meters: timing.time_round(timed, meters, 0.0))]
    begin = meters.clock()
    timing.settle(timed, meters, timing.DEFAULT_PLAN.settle_s)
    while not naive or (len(naive) < PAIRS and meters.clock() - begin < BUDGET_S):
        ways.reverse()
        for times, time_once in ways:
            times.append(time_once(timed, meters) / timed.iterations)
    return statistics.median(naive), statistics.median(synced)


def time_naively(timed: Timed, meters: Meters) -> float:
    """Time one round as `timing.time_round` does, but read the clock before the device has finished."""
    timing.settle(timed, meters, 0.0)
    step, calls, clock = timed.program.step, timed.calls(), meters.clock
    collecting = gc.isenabled()
    gc.disable()
    try:
        start = clock()
        for arguments in calls:
            step(*arguments)
        return clock() - start
    finally:
        if collecting:
            gc.enable()
        meters.sync()
