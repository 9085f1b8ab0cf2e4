"""Time rounds: calibrate, then blocks of one round of each case in random order. No TensorFlow here."""

import gc
import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfbench.bench.ledger import Meters
from tfbench.workloads.spec import Program

MAX_ITERATIONS = 1_000_000
KEPT, RETRACED, COMPILED = "kept", "retraced", "compiled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Say how much to measure.

    Attributes:
        settle_s: how long a case is called before each of its rounds, untimed.
        min_round_s: a round has as many calls as it takes to last this long, at least one.
        max_rounds: stop after so many blocks.
        min_rounds: never stop before so many, whatever the budget.
        budget_s: stop when the blocks of a group have taken this long.
        precision: go on past `max_rounds`, or stop before, when every interval's half-width, relative, is at most
            this within the worker; 0 does neither.
        examine: also examine the graphs and compiled modules, once.
        costs: measure dispatch and naive times after the rounds; without, nothing but the times and the ledger.
    """

    settle_s: float = 0.05
    min_round_s: float = 0.01
    max_rounds: int = 60
    min_rounds: int = 5
    budget_s: float = 4.0
    precision: float = 0.0
    examine: bool = True
    costs: bool = True


DEFAULT_PLAN = Plan()


@dataclass(slots=True, kw_only=True)
class Timed:
    """Hold a case while it is timed.

    Attributes:
        id: the case's.
        program: what is called.
        iterations: calls a round, found by `calibrate`.
    """

    id: str
    program: Program
    iterations: int = 1
    _calls: list[tuple[Any, ...]] = field(default_factory=list)

    def calls(self) -> list[tuple[Any, ...]]:
        """Give the arguments of each call of a round, made ready outside the timed loop."""
        if len(self._calls) != self.iterations:
            self._calls = list(itertools.islice(itertools.cycle(self.program.inputs), self.iterations))
        return self._calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Hold one timed round: its case, its block, its seconds, and whether it is kept or why not."""

    id: str
    block: int
    seconds: float
    fate: str


def settle(timed: Timed, meters: Meters, settle_s: float) -> None:
    """Put the initial state back, and call until the case is at home again, before the clock of a round starts.

    The case before has left caches, branch predictors and thread pools to itself: a graph step of 1.0 ms took
    1.7 ms right after an eager one, 1.2 ms after 20 ms of calls, and was within 5 % after 50 ms. A round of one
    call, which is long, goes without, unless its state was just written. Then it is called for as long, too: many steps
    in one call would else be less at home than one a call, and seem the slower for it.
    """
    inputs = itertools.cycle(timed.program.inputs)
    stateful = timed.program.reset is not None
    start = meters.clock()
    if timed.program.reset is not None:
        timed.program.reset()
        timed.program.step(*next(inputs))
        meters.sync()
    while (stateful or timed.iterations > 1) and meters.clock() - start < settle_s:
        timed.program.step(*next(inputs))
        meters.sync()


def time_round(timed: Timed, meters: Meters, settle_s: float) -> float:
    """Time one round in seconds: all its calls and the final wait for the device, garbage collection off."""
    settle(timed, meters, settle_s)
    return time_calls(timed, meters)


def time_calls(timed: Timed, meters: Meters) -> float:
    """Time the calls of a round in seconds, up to the device's end of them."""
    step, calls, clock = timed.program.step, timed.calls(), meters.clock
    announce = getattr(step, "announce", None)
    if announce is not None:  # to the other workers of a cluster
        announce(len(calls))
    collecting = gc.isenabled()
    gc.disable()
    try:
        start = clock()
        for arguments in calls:
            step(*arguments)
        meters.sync()
        return clock() - start
    finally:
        if collecting:
            gc.enable()


def calibrate(timed: Timed, meters: Meters, plan: Plan) -> None:
    """Find how many calls make a round of at least `plan.min_round_s`; this also warms the case up.

    The number grows until two rounds in a row are long enough, so that neither the slow first calls
    after a compile nor one disturbed round makes it too small.
    """
    min_round_s = plan.min_round_s
    timed.iterations, enough = 1, 0
    while enough < 2:
        seconds = time_round(timed, meters, 0.0)  # no other case has run in between
        if seconds >= min_round_s or timed.iterations >= MAX_ITERATIONS:
            enough += 1
            continue
        enough = 0
        wanted = math.ceil(timed.iterations * 1.2 * min_round_s / max(seconds, min_round_s / 100))
        timed.iterations = min(MAX_ITERATIONS, max(timed.iterations + 1, wanted))


def keep_or_why_not(timed: Timed, meters: Meters, *, block: int, settle_s: float) -> Round:
    """Time one round and tell whether a trace or a compile fell into it.

    What is traced before, as a pipeline is that starts anew, is not in its time.
    """
    settle(timed, meters, settle_s)
    meters.compiles.read()
    traces, compiles = meters.traces.count, meters.compiles.count
    seconds = time_calls(timed, meters)
    meters.compiles.read()
    fate = KEPT
    if meters.compiles.count != compiles:
        fate = COMPILED
    if meters.traces.count != traces:
        fate = RETRACED
    return Round(id=timed.id, block=block, seconds=seconds, fate=fate)


def blocks(
    cases: Sequence[Timed],
    meters: Meters,
    plan: Plan,
    *,
    rng: random.Random,
    before: Callable[[str], None],
    first_block: int = 0,
    enough: Callable[[], bool] | None = None,
) -> Iterator[Round]:
    """Time the cases in turns: in each block one round of each, in random order.

    Args:
        cases: calibrated cases.
        meters: clock and counters.
        plan: when to stop.
        rng: draws the order.
        before: is told the case's id before each of its rounds.
        first_block: the number of the first block.
        enough: tells whether what was timed so far is precise enough, instead of `plan.max_rounds`.
    """
    start = meters.clock()
    for block in itertools.count():
        if block >= plan.min_rounds:
            done = block >= plan.max_rounds if enough is None else enough()
            if done or meters.clock() - start >= plan.budget_s:
                return
        for timed in rng.sample(cases, len(cases)):
            before(timed.id)
            yield keep_or_why_not(timed, meters, block=first_block + block, settle_s=plan.settle_s)
