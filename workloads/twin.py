"""Make programs of code that brings no right answers: its twin, a fresh copy run eagerly, gives them. Worker only."""

import gc
import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tfbench.workloads import answers, variables
from tfbench.workloads.spec import Finite, Job, Program
from tfbench.workloads.variables import Recorder, Values

TOLERANCE = 1e-3

UNREPEATABLE = (
    "run eagerly twice from the same variables, it gives two answers: it draws random numbers, or keeps state outside "
    "of tf.Variables; use tf.random.stateless_* or a Keras SeedGenerator, or say --tolerance off"
)
NOT_COMPARED = "answers were not compared, as --tolerance off asks"
OTHER_NUMBERS = (
    "it draws random numbers, and XLA draws others than eager: of its answers only shapes and finiteness were compared"
)
NO_ANSWER = "it returns nothing that could be compared"
NOT_RESET = "the state that it makes in its first call could not be put back: later rounds may do other work"


class UnrepeatableError(Exception):
    """Say that a function has no answer to compare with: the same call gives another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Hold a fresh copy of what is to be measured.

    Attributes:
        function: the Python function of a call.
        inputs: argument tuples, taken in turn.
        notes: what a reader must know of it, such as that a decorator was taken off.
        work: units that a call does; 0 where the workload tells.
        unit: what these are.
        data: as `Program.data`.
        tolerance: as `Program.scaled`; None for what is usual.
    """

    function: Callable[..., Any]
    inputs: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()
    work: int = 0
    unit: str = ""
    data: str = ""
    tolerance: float | None = None


Make = Callable[[], Made]


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """Hold what a copy that was run eagerly told.

    Attributes:
        answer: of its first call, the arrays in order.
        later: first values of the variables that it made in this call.
        after: values of all its variables after it; empty if it changed none.
        repeats: whether it gave the answer again, its variables put back.
    """

    answer: Values
    later: Values
    after: Values
    repeats: bool


class Twins:
    """Make programs, and keep the twin of each: modes that start from the same values need only one."""

    def __init__(self, *, tolerance: float | None, compared: bool) -> None:
        """Take how far answers may be from the twin's, relative to the largest value of an output."""
        self.tolerance, self.compared = tolerance, compared
        self._known: dict[str, Twin] = {}

    def program(self, job: Job, make: Make, *, apart: Callable[[], AbstractContextManager[None]]) -> Program:
        """Make the program of a job.

        Args:
            job: whose mode is wanted.
            make: makes a fresh copy each time; from the same seed, as far as that reaches.
            apart: what a further copy is made in, so that the first stays as it is.
        """
        return _Subject(self, job, make, apart).program

    def twin(self, key: str, run: Callable[[], Twin]) -> Twin:
        """Give the twin that is known under a key, or run it."""
        if key not in self._known:
            self._known[key] = run()
            gc.collect()  # a second model is large
        return self._known[key]


class _Subject:
    """Follow one copy from its making to the program that is timed."""

    def __init__(self, twins: Twins, job: Job, make: Make, apart: Callable[[], AbstractContextManager[None]]) -> None:
        self._twins, self._job, self._make, self._apart = twins, job, make, apart
        self._found: Twin | None = None
        self._recorder = Recorder()
        with self._recorder.on():
            self._made = make()
        self._kept = variables.values(self._recorder.made)
        usual = TOLERANCE if self._made.tolerance is None else self._made.tolerance
        self._tolerance = usual if twins.tolerance is None else twins.tolerance
        self.program = Program(
            step=job.wrap(self._made.function),
            inputs=self._made.inputs,
            expected=self._expected,
            scaled=self._tolerance,
            work=self._made.work,
            unit=self._made.unit,
            data=self._made.data,
            opening=self._recorder.on,
            complete=self._complete,
        )

    def _expected(self) -> Sequence[Any]:
        """Give the twin's answer to the first call, which has just been made.

        Raises:
            UnrepeatableError: it has none.
            WrongUpdateError: that call has changed the variables otherwise.
        """
        if not self._twins.compared:
            return []
        twin = self._twin()
        if not twin.repeats:
            raise UnrepeatableError(UNREPEATABLE)
        if self._draws_others():
            return [[Finite(array.shape) for array in twin.answer]]
        start = [*self._kept, *twin.later]
        if len(start) == len(self._recorder.made):
            answers.require_update(start, variables.values(self._recorder.made), twin.after or start)
        return [twin.answer]

    def _draws_others(self) -> bool:
        """Tell whether it draws random numbers in XLA, whose generators are others than TensorFlow's."""
        return self._job.mode == "xla" and answers.draws(
            self.program.step.get_concrete_function(*self.program.inputs[0])  # type: ignore[attr-defined]
        )

    def _twin(self) -> Twin:
        if self._found is None:
            self._found = self._twins.twin(self._key(), self._run_twin)
        return self._found

    def _key(self) -> str:
        """Tell apart what starts from other values or gets other arguments."""
        import tensorflow as tf

        told = hashlib.blake2b(repr((self._job.implementation, sorted(self._job.params.items()))).encode())
        for array in self._kept:
            told.update(array.tobytes())
        for leaf in tf.nest.flatten(self._made.inputs, expand_composites=True):
            told.update(np.asarray(leaf).tobytes() if _is_data(leaf) else type(leaf).__name__.encode())
        return told.hexdigest()

    def _run_twin(self) -> Twin:
        recorder = Recorder()
        with self._apart(), recorder.on():
            made = self._make()
            if variables.alike(recorder.made, self._kept):
                variables.put_back(recorder.made, self._kept)
            start = variables.values(recorder.made)
            inputs = with_data(made.inputs[0], self._made.inputs[0])
            try:
                answer = answers.arrays(made.function(*inputs))
            except Exception as error:
                raise RuntimeError(f"its eager run, the reference, raised {type(error).__name__}: {error}") from error
        later = [value for value in recorder.first[len(start) :] if value is not None]
        start += later
        if len(start) != len(recorder.made):  # some were made while a function inside was traced
            return Twin(answer=answer, later=[], after=[], repeats=True)
        after = variables.values(recorder.made) if variables.changed(recorder.made, start) else []
        variables.put_back(recorder.made, start)
        repeats = answers.close(answers.arrays(made.function(*inputs)), answer, self._tolerance)
        return Twin(answer=answer, later=later, after=after, repeats=repeats)

    def _complete(self) -> Program:
        """Give the program with the state that its first call has shown, put back before each round."""
        made, kept, notes = self._recorder.made, self._kept, [*self._made.notes, *self._compared()]
        if len(made) > len(kept):
            kept = [*kept, *self._twin().later]
            if len(made) != len(kept) or not variables.alike(made, kept):
                made, kept = made[: len(self._kept)], self._kept
                notes.append(NOT_RESET)
        reset = (lambda: variables.put_back(made, kept)) if variables.changed(made, kept) else None
        return replace(
            self.program, reset=reset, caution="; ".join(note.replace("; ", ", ") for note in notes), complete=None
        )

    def _compared(self) -> list[str]:
        """Say what the answers were compared with."""
        if not self._twins.compared:
            return [NOT_COMPARED]
        if not self._twin().answer:
            return [NO_ANSWER]
        if self._draws_others():
            return [OTHER_NUMBERS]
        own = self._twin().answer
        nan, size = answers.count_nan(own), sum(array.size for array in own)
        notes = [f"its answer holds NaN, in eager mode, too: {nan:,} of {size:,} values"] if nan else []
        return [*notes, f"compared with its own eager run, to {self._tolerance:.2g} of the largest value"]


def _is_data(leaf: Any) -> bool:
    """Tell what is a value, and no object with a state of its own such as a variable or a model."""
    import tensorflow as tf

    plain = (int, float, complex, str, bytes, np.ndarray, np.generic, tf.Tensor)
    return isinstance(leaf, plain)


def with_data(own: tuple[Any, ...], given: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give a copy's arguments with the data of another's: whatever drew it, both get the same."""
    import tensorflow as tf

    leaves = [tf.nest.flatten(side, expand_composites=True) for side in (own, given)]
    if len(leaves[0]) != len(leaves[1]):
        return own
    mixed = [b if _is_data(b) else a for a, b in zip(*leaves, strict=True)]
    found: tuple[Any, ...] = tf.nest.pack_sequence_as(own, mixed, expand_composites=True)
    return found
