"""Compare answers with the reference, before anything is timed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tfbench.bench.record import Check


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
    worst_abs = worst_rel = 0.0
    for call, (found, wanted) in enumerate(zip(actual, expected, strict=True), start=1):
        left, right = flatten(found), flatten(wanted)
        if [a.shape for a in left] != [b.shape for b in right]:
            shapes = f"{[a.shape for a in left]}, expected {[b.shape for b in right]}"
            raise WrongAnswerError(f"call {call}: the answer has the shapes {shapes}")
        for part, (a, b) in enumerate(zip(left, right, strict=True)):
            errors = _errors(a.astype(np.float64), b.astype(np.float64), rtol, atol, f"call {call}, output {part}")
            worst_abs, worst_rel = max(worst_abs, errors[0]), max(worst_rel, errors[1])
    return Check(calls=len(actual), max_abs_error=worst_abs, max_rel_error=worst_rel)


def _errors(
    a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], rtol: float, atol: float, where: str
) -> tuple[float, float]:
    if not a.size:
        return 0.0, 0.0
    if not np.allclose(a, b, rtol=rtol, atol=atol):
        worst = int(np.argmax(np.nan_to_num(np.abs(a - b), nan=np.inf)))
        raise WrongAnswerError(
            f"{where}: {a.flat[worst]:.9g}, expected {b.flat[worst]:.9g} (tolerance rtol={rtol:g}, atol={atol:g})"
        )
    difference = np.abs(a - b)
    relative = difference[b != 0] / np.abs(b[b != 0])
    return float(difference.max()), float(relative.max(initial=0.0))
