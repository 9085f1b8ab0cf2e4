"""Compare answers with the reference, before anything is timed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tfbench.bench.record import Check
from tfbench.workloads.spec import Finite, Program


class WrongAnswerError(Exception):
    """Say how the answer of a case differs from its reference: it is not timed."""


def flatten(answer: Any) -> list[Any]:
    """Give the arrays of an answer: of nested tuples, lists and dicts (by sorted key), in order; none of None."""
    if isinstance(answer, dict):
        return [array for key in sorted(answer) for array in flatten(answer[key])]
    if isinstance(answer, list | tuple):
        return [array for part in answer for array in flatten(part)]
    if hasattr(answer, "_type_spec"):  # ragged, sparse: tensors made of several
        return [np.asarray(part) for part in _components(answer)]
    if answer is None:
        return []
    return [answer if isinstance(answer, Finite) else np.asarray(answer)]


def _components(answer: Any) -> list[Any]:
    import tensorflow as tf

    found: list[Any] = tf.nest.flatten(answer, expand_composites=True)
    return found


def compare(
    actual: Sequence[Any],
    expected: Sequence[Any],
    *,
    rtol: float = 0.0,
    atol: float = 0.0,
    scaled: float = 0.0,
) -> Check:
    """Compare the answers of the first calls.

    `abs(actual - expected) <= atol + rtol * abs(expected) + scaled * max(abs(expected))`, the maximum over an output.

    Args:
        actual: one structure of arrays a call.
        expected: the reference, alike; compared in float64, whole numbers exactly as they are, texts as well.
        rtol, atol: relative and absolute tolerance.
        scaled: tolerance relative to the largest value; it leaves whole numbers exact.

    Raises:
        WrongAnswerError: a call's answer has another structure or shape, is not finite where the
            reference is, or is outside the tolerance.
    """
    if len(actual) != len(expected):
        raise WrongAnswerError(f"{len(actual)} answers, but the reference has {len(expected)}")
    worst_abs = worst_rel = worst_scaled = epsilon = 0.0
    for call, (found, wanted) in enumerate(zip(actual, expected, strict=True), start=1):
        for part, (a, b) in enumerate(_matched(flatten(found), flatten(wanted), call)):
            errors = _errors(a, b, _Limits(rtol, atol, scaled), f"call {call}, output {part}")
            worst_abs, worst_rel = max(worst_abs, errors[0]), max(worst_rel, errors[1])
            worst_scaled, epsilon = max(worst_scaled, _scaled(errors[0], b)), max(epsilon, _epsilon(a, b))
    return Check(
        calls=len(actual),
        max_abs_error=worst_abs,
        max_rel_error=worst_rel,
        scaled_error=worst_scaled,
        epsilon=epsilon,
        tolerance=scaled,
    )


def _matched(found: list[Any], wanted: list[Any], call: int) -> list[tuple[Any, Any]]:
    """Put the outputs of a call beside those of the reference, of the same shapes."""
    if [a.shape for a in found] != [b.shape for b in wanted]:
        shapes = f"{[a.shape for a in found]}, expected {[b.shape for b in wanted]}"
        raise WrongAnswerError(f"call {call}: the answer has the shapes {shapes}")
    return list(zip(found, wanted, strict=True))


@dataclass(frozen=True, slots=True)
class _Limits:
    """Hold the tolerances of a comparison."""

    rtol: float
    atol: float
    scaled: float

    def of(self, wanted: npt.NDArray[Any]) -> tuple[float, str]:
        """Give the tolerance for all values of a reference alike, and all of it in words."""
        if not self.scaled:
            return self.atol, f"rtol={self.rtol:g}, atol={self.atol:g}"
        if wanted.dtype.kind in "iub":
            return 0.0, "none for whole numbers"
        largest = _largest(wanted)
        words = f"{self.scaled:.2g} of its largest value, {largest:.3g}; --tolerance sets it"
        return self.atol + self.scaled * largest, words


def _require_like(found: npt.NDArray[Any], wanted: Any, where: str) -> None:
    """Refuse texts that differ, and numbers that are not finite where nothing else is known of them."""
    if not isinstance(wanted, Finite):
        if not np.array_equal(found, wanted):
            raise WrongAnswerError(f"{where}: the text is not the expected one")
    elif found.dtype.kind in "fcV" and not np.isfinite(_widened(found)).all():
        raise WrongAnswerError(f"{where}: not all numbers are finite")


def _largest(wanted: npt.NDArray[Any]) -> float:
    """Give the largest size of a finite value of the reference."""
    wide = _widened(wanted)
    return float(np.abs(wide[np.isfinite(wide)]).max(initial=0.0))


def _scaled(error: float, wanted: npt.NDArray[Any]) -> float:
    """Give the error relative to the largest finite value of the reference; 0 where that is 0."""
    largest = _largest(wanted) if error else 0.0
    return error / largest if largest else 0.0


def _epsilon(found: npt.NDArray[Any], wanted: Any) -> float:
    """Give the rounding unit of an array's type, bfloat16 and float8 included; 0 for whole numbers and the unknown."""
    if isinstance(wanted, Finite) or found.dtype.kind not in "fcV":  # V: ml_dtypes' own types, floats and whole numbers
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


def _errors(found: npt.NDArray[Any], wanted: npt.NDArray[Any], limits: _Limits, where: str) -> tuple[float, float]:
    if isinstance(wanted, Finite) or wanted.dtype.kind in "OSU":
        _require_like(found, wanted, where)
        return 0.0, 0.0
    if not found.size:
        return 0.0, 0.0
    a, b = _widened(found), _widened(wanted)
    rtol, (atol, words) = limits.rtol, limits.of(wanted)
    whole = found.dtype.kind in "iub" and wanted.dtype.kind in "iub" and not rtol and not atol
    equal = found == wanted if whole else (a == b) | (np.isnan(a) & np.isnan(b))
    difference = np.zeros(a.shape)
    difference[~equal] = np.abs(a[~equal] - b[~equal])
    limit = atol + rtol * np.abs(np.where(np.isfinite(b), b, 0.0))
    close = equal if whole else equal | ((difference <= limit) & np.isfinite(b))
    if not close.all():
        worst = int(np.argmax(np.where(close, -1.0, np.nan_to_num(difference, nan=np.inf))))
        raise WrongAnswerError(
            f"{where}: {found.flat[worst]:.9g}, expected {wanted.flat[worst]:.9g} (tolerance {words})"
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
