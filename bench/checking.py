"""Compare answers with the reference, before anything is timed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tfbench.bench.record import Check
from tfbench.workloads.spec import Program


class WrongAnswerError(Exception):
    """Say how the answer of a case differs from its reference: it is not timed."""


def flatten(answer: Any) -> list[npt.NDArray[Any]]:
    """Give the arrays of an answer: of nested tuples, lists and dicts (by sorted key), in order."""
    if isinstance(answer, dict):
        return [array for key in sorted(answer) for array in flatten(answer[key])]
    if isinstance(answer, list | tuple):
        return [array for part in answer for array in flatten(part)]
    return [np.asarray(answer)]


def compare(actual: Sequence[Any], expected: Sequence[Any], *, rtol: float, atol: float) -> Check:
    """Compare the answers of the first calls, `abs(actual - expected) <= atol + rtol * abs(expected)`.

    Args:
        actual: one structure of arrays a call.
        expected: the reference, alike; compared in float64, whole numbers exactly as they are.
        rtol: relative tolerance.
        atol: absolute tolerance.

    Raises:
        WrongAnswerError: a call's answer has another structure or shape, is not finite where the
            reference is, or is outside the tolerance.
    """
    if len(actual) != len(expected):
        raise WrongAnswerError(f"{len(actual)} answers, but the reference has {len(expected)}")
    worst_abs = worst_rel = worst_scaled = epsilon = 0.0
    for call, (found, wanted) in enumerate(zip(actual, expected, strict=True), start=1):
        left, right = flatten(found), flatten(wanted)
        if [a.shape for a in left] != [b.shape for b in right]:
            shapes = f"{[a.shape for a in left]}, expected {[b.shape for b in right]}"
            raise WrongAnswerError(f"call {call}: the answer has the shapes {shapes}")
        for part, (a, b) in enumerate(zip(left, right, strict=True)):
            errors = _errors(a, b, rtol, atol, f"call {call}, output {part}")
            worst_abs, worst_rel = max(worst_abs, errors[0]), max(worst_rel, errors[1])
            worst_scaled, epsilon = max(worst_scaled, _scaled(errors[0], b)), max(epsilon, _epsilon(a))
    return Check(
        calls=len(actual),
        max_abs_error=worst_abs,
        max_rel_error=worst_rel,
        scaled_error=worst_scaled,
        epsilon=epsilon,
    )


def _scaled(error: float, wanted: npt.NDArray[Any]) -> float:
    """Give the error relative to the largest finite value of the reference; 0 where that is 0."""
    wide = _widened(wanted)
    sizes = np.abs(wide[np.isfinite(wide)])
    largest = float(sizes.max(initial=0.0))
    return error / largest if largest else 0.0


def _epsilon(found: npt.NDArray[Any]) -> float:
    """Give the rounding unit of an array's type, bfloat16 and float8 included; 0 for whole numbers."""
    if found.dtype.kind not in "fcV":  # V: ml_dtypes' own types, floats and whole numbers
        return 0.0
    import ml_dtypes

    try:
        limits: Any = ml_dtypes.finfo(found.dtype)  # type: ignore[no-untyped-call]
    except ValueError:
        return 0.0
    return float(limits.eps)


def _widened(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give the values in float64, complex ones in complex128."""
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)


def _errors(
    found: npt.NDArray[Any], wanted: npt.NDArray[Any], rtol: float, atol: float, where: str
) -> tuple[float, float]:
    if not found.size:
        return 0.0, 0.0
    a, b = _widened(found), _widened(wanted)
    whole = found.dtype.kind in "iub" and wanted.dtype.kind in "iub" and not rtol and not atol
    equal = found == wanted if whole else (a == b) | (np.isnan(a) & np.isnan(b))
    difference = np.zeros(a.shape)
    difference[~equal] = np.abs(a[~equal] - b[~equal])
    limit = atol + rtol * np.abs(np.where(np.isfinite(b), b, 0.0))
    close = equal if whole else equal | ((difference <= limit) & np.isfinite(b))
    if not close.all():
        worst = int(np.argmax(np.where(close, -1.0, np.nan_to_num(difference, nan=np.inf))))
        raise WrongAnswerError(
            f"{where}: {found.flat[worst]:.9g}, expected {wanted.flat[worst]:.9g} "
            f"(tolerance rtol={rtol:g}, atol={atol:g})"
        )
    nonzero = np.isfinite(b) & (b != 0)
    with np.errstate(over="ignore"):
        relative = np.nan_to_num(difference[nonzero] / np.abs(b[nonzero]))
    return float(difference.max()), float(relative.max(initial=0.0))


def shard_losses(program: Program) -> list[float]:
    """Give each replica's loss on its own part of the first batch, from the initial state; empty without replicas.

    Raises:
        WrongAnswerError: their mean, by the sizes of the parts, is not the loss of the whole batch: the data was not
            divided among the replicas as it should be.
    """
    if program.shard_losses is None:
        return []
    if program.reset is not None:
        program.reset()
    found = program.shard_losses()
    mean = sum(loss * rows for loss, rows in found) / sum(rows for _, rows in found)
    whole = float(np.asarray(program.expected()[0]).flat[0])  # of the first step, where a call does several
    if not abs(mean - whole) <= program.atol + program.rtol * abs(whole):
        losses = ", ".join(f"{loss:.6g}" for loss, _ in found)
        raise WrongAnswerError(f"the replicas' losses {losses} have the mean {mean:.6g}, the whole batch {whole:.6g}")
    return [loss for loss, _ in found]
