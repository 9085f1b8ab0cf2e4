"""Say what a reader must know before believing the numbers of a case."""

from collections.abc import Sequence

from tfbench.bench.case import CPU, MIRRORED
from tfbench.bench.record import Measurement, Precision

SHARED = "logical CPU devices share one thread pool: shows function, not scaling"


def precision_text(precision: Precision, invocations: int) -> str:
    """Say whether the wanted precision was met, or the budget ended first."""
    if precision.met:
        return f"precision of +-{100 * precision.wanted:.3g} % met"
    reached = "no interval" if precision.reached is None else f"+-{100 * precision.reached:.2g} %"
    return f"budget ended after {invocations} invocations at {reached}, not the +-{100 * precision.wanted:.3g} % wanted"


def of(measurement: Measurement) -> list[str]:
    """Give the warnings of a measurement."""
    done, place = measurement.invocations, measurement.case.placement
    return texts(
        caution=measurement.caution,
        data=measurement.data,
        retraced=sum(i.retraced_rounds for i in done),
        compiled=sum(i.compiled_rounds for i in done),
        complete=all(i.complete for i in done),
        precision=measurement.precision,
        invocations=len(done),
        health=[finding.text for finding in measurement.health],
        placement=(place.device, place.strategy),
    )


def texts(
    *,
    caution: str,
    data: str,
    retraced: int,
    compiled: int,
    complete: bool,
    precision: Precision | None,
    invocations: int,
    health: Sequence[str],
    placement: tuple[str, str],
) -> list[str]:
    """Give the warnings of what is known of a case; of its placement device and strategy."""
    found = [part for part in caution.split("; ") if part]
    if data == "synthetic":
        found.append("data: synthetic")
    if retraced:
        found.append(f"{retraced} rounds discarded: traced anew")
    if compiled:
        found.append(f"{compiled} rounds discarded: compiled anew")
    if not complete:
        found.append("interrupted")
    if precision:
        found.append(precision_text(precision, invocations))
    found += health
    if placement == (CPU, MIRRORED):
        found.append(SHARED)
    return [text.replace("; ", ", ") for text in found]  # "; " joins them
