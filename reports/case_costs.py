"""What each case costs beside its steady state, over its invocations, and how near it comes to what the device can."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tfbench.bench.extras import Ceilings, Cost, Extras
from tfbench.bench.record import Invocation, Measurement
from tfbench.reports import quantiles

NOTABLE_DISPATCH = 0.1  # share of a call; less and several steps in one call gain little
NOTABLE_SYNC = 0.05
NOTABLE_SYNC_ALONE = 0.25  # with fewer than three invocations: noise reaches that far


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Hold a median over invocations.

    Attributes:
        middle: the median.
        half: half the distance between the quartiles; None with fewer than three invocations.
    """

    middle: float
    half: float | None


def spread(values: Sequence[float | None]) -> Spread | None:
    """Give median and spread of what is known; None if some invocation does not know it, or there is none."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    low, middle, high = quantiles.quartiles(known)
    return Spread(middle=middle, half=(high - low) / 2 if len(known) > 2 else None)


def extras(measurement: Measurement) -> list[tuple[Invocation, Extras]]:
    """Give the invocations whose worker came to measure more than rounds, each with that."""
    return [(done, done.extras) for done in measurement.invocations if done.extras is not None]


def cost(measurement: Measurement) -> Cost | None:
    """Give the cost of the module that XLA made of the step."""
    return next((found.cost for _, found in extras(measurement) if found.cost), None)


def optimized_ops(measurement: Measurement) -> int | None:
    """Give the operations of the graph after Grappler."""
    return next((found.optimized_ops for _, found in extras(measurement) if found.optimized_ops), None)


def ceilings(measurements: Sequence[Measurement]) -> dict[str, Ceilings]:
    """Give what the devices of each placement reached at best in any worker, by the placement's label."""
    found: dict[str, Ceilings] = {}
    for measurement in measurements:
        label = measurement.case.placement.label
        for _, more in extras(measurement):
            if more.ceilings:
                known = found.get(label, more.ceilings)
                found[label] = Ceilings(
                    flop_per_s=max(known.flop_per_s, more.ceilings.flop_per_s),
                    byte_per_s=max(known.byte_per_s, more.ceilings.byte_per_s),
                )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Attained:
    """Hold the position of a case below the roofline; None where it is not known.

    Attributes:
        flop_per_s, byte_per_s: its rates, in the median call.
        flop_share, byte_share: the rates as shares of what the device reaches; above 1 the bytes lie in caches.
    """

    flop_per_s: float | None
    byte_per_s: float | None
    flop_share: float | None
    byte_share: float | None


def attained(measurement: Measurement, top: Ceilings | None) -> Attained:
    """Give the rates of a case that XLA compiled, dispatch included, as the user gets them."""
    done, call = cost(measurement), steady(measurement)
    call_s = call.middle if call else 0.0
    flop_per_s, byte_per_s = (
        amount / call_s if amount is not None and call_s > 0 else None
        for amount in ((done.flops, done.bytes_accessed) if done else (None, None))
    )
    return Attained(
        flop_per_s=flop_per_s,
        byte_per_s=byte_per_s,
        flop_share=flop_per_s / top.flop_per_s if top and flop_per_s is not None else None,
        byte_share=byte_per_s / top.byte_per_s if top and byte_per_s is not None else None,
    )


def steady(measurement: Measurement) -> Spread | None:
    """Give the median time of a call, as every table has it, with the spread of the invocations' medians."""
    found = spread([median(done.call_s) for done in measurement.invocations if done.call_s])
    return Spread(middle=median(measurement.call_s), half=found.half) if found else None


def dispatch_s(measurement: Measurement) -> float | None:
    """Give the dispatch floor in seconds, in the median of the invocations that know it."""
    known = [found.dispatch_s for _, found in extras(measurement) if found.dispatch_s is not None]
    return median(known) if known else None


def dispatch_share(measurement: Measurement) -> float | None:
    """Give which share of a call goes into calling.

    The floor was measured in calls that follow each other alone; where it reads longer than the call, the share is 1.
    """
    floor, call = dispatch_s(measurement), steady(measurement)
    return None if floor is None or call is None or not call.middle else min(1.0, floor / call.middle)


def naive_error(measurement: Measurement) -> float | None:
    """Give how wrong the naive time is: -0.4 reads 40 % too fast; None if it was not measured."""
    errors = _naive_errors(measurement)
    return median(errors) if errors else None


def naive_is_wrong(measurement: Measurement) -> bool:
    """Tell whether the naive time is too short by a notable share in every invocation; too long is only noise."""
    errors = _naive_errors(measurement)
    notable = NOTABLE_SYNC if len(errors) > 2 else NOTABLE_SYNC_ALONE
    return bool(errors) and max(errors) < -notable


def _naive_errors(measurement: Measurement) -> list[float]:
    return [
        found.naive_s / found.synced_s - 1.0
        for _, found in extras(measurement)
        if found.naive_s is not None and found.synced_s
    ]
