"""Make programs of code that brings no right answers: its twin, a fresh copy run eagerly, gives them. Worker only."""

import gc
import hashlib
import itertools
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from tfbench.workloads import variables
from tfbench.workloads.spec import Finite, Job, Program
from tfbench.workloads.variables import Recorder, Values

RANDOM = re.compile(r"Random|Multinomial|TruncatedNormal|^Rng|^Stateful(Uniform|StandardNormal)|Stateless\w+GetAlg")
CALLS = 2  # compared: the second shows whether the first left behind what it should
TOLERANCE = 1e-3
AFTER = (
    10  # times the tolerance after the first call: rounding has gone through an update, and deep networks amplify it
)

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
        answers: of the first calls, the arrays of each in order.
        later: first values of the variables that it made in these calls.
        repeats: whether it gave the first answer again, its variables put back.
    """

    answers: tuple[Values, ...]
    later: Values
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
            scaled=(self._tolerance, AFTER * self._tolerance),
            work=self._made.work,
            unit=self._made.unit,
            data=self._made.data,
            opening=self._recorder.on,
            complete=self._complete,
        )

    def _expected(self) -> Sequence[Any]:
        """Give the twin's answers.

        Raises:
            UnrepeatableError: it has none.
        """
        if not self._twins.compared:
            return []
        twin = self._twin()
        if not twin.repeats:
            raise UnrepeatableError(UNREPEATABLE)
        if self._draws_others():
            return [[Finite(array.shape) for array in answer] for answer in twin.answers]
        return twin.answers

    def _draws_others(self) -> bool:
        """Tell whether it draws random numbers in XLA, whose generators are others than TensorFlow's."""
        return self._job.mode == "xla" and draws(self.program.step.get_concrete_function(*self.program.inputs[0]))

    def _twin(self) -> Twin:
        if self._found is None:
            self._found = self._twins.twin(self._key(), self._run_twin)
            gc.collect()  # a second model is large
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
            inputs = [with_data(own, given) for own, given in zip(made.inputs, self._made.inputs, strict=True)]
            try:
                answers = tuple(arrays(made.function(*inputs[i % len(inputs)])) for i in range(CALLS))
            except Exception as error:
                raise RuntimeError(f"its eager run, the reference, raised {type(error).__name__}: {error}") from error
        later = [value for value in recorder.first[len(start) :] if value is not None]
        whole = len(start) + len(later) == len(recorder.made)
        if whole:
            variables.put_back(recorder.made, [*start, *later])
        again = arrays(made.function(*inputs[0]))
        return Twin(answers=answers, later=later if whole else [], repeats=close(again, answers[0], self._tolerance))

    def _complete(self) -> Program:
        """Give the program with the state that its first calls have shown, put back before each round."""
        made, kept, notes = self._recorder.made, self._kept, [*self._made.notes]
        if not self._twins.compared:
            notes.append(NOT_COMPARED)
        elif not self._twin().answers[0]:
            notes.append(NO_ANSWER)
        elif self._draws_others():
            notes.append(OTHER_NUMBERS)
        else:
            within = f"{self._tolerance:.2g} of the largest value ({AFTER} times that after the first call)"
            notes.append(f"compared with its own eager run, to {within}")
        if len(made) > len(kept):
            kept = [*kept, *self._twin().later]
            if len(made) != len(kept) or not variables.alike(made, kept):
                made, kept = made[: len(self._kept)], self._kept
                notes.append(NOT_RESET)
        reset = (lambda: variables.put_back(made, kept)) if variables.changed(made, kept) else None
        return replace(self.program, reset=reset, caution="\n".join(notes), complete=None)


def draws(concrete: Any) -> bool:
    """Tell whether the graph of a concrete function draws random numbers, the functions that it calls included."""
    graph = concrete.graph.as_graph_def()
    nodes = itertools.chain(graph.node, *(function.node_def for function in graph.library.function))
    return any(RANDOM.search(node.op) for node in nodes)


def arrays(answer: Any) -> Values:
    """Give the arrays of an answer in order, nothing for None; ragged and sparse tensors by their parts."""
    import tensorflow as tf

    leaves = tf.nest.flatten(answer, expand_composites=True)
    return [np.asarray(leaf) for leaf in leaves if leaf is not None]


def close(one: Values, other: Values, tolerance: float) -> bool:
    """Tell whether two answers are the same, to the tolerance relative to the largest value of each array."""
    return [a.shape for a in one] == [b.shape for b in other] and all(
        _close(a, b, tolerance) for a, b in zip(one, other, strict=True)
    )


def _close(a: npt.NDArray[Any], b: npt.NDArray[Any], tolerance: float) -> bool:
    if b.dtype.kind not in "fcV" or not b.size:
        return bool((a == b).all())
    wide = np.complex128 if b.dtype.kind == "c" else np.float64
    left, right = a.astype(wide), b.astype(wide)
    largest = float(np.abs(right[np.isfinite(right)]).max(initial=0.0))
    return bool(np.allclose(left, right, rtol=0.0, atol=tolerance * largest, equal_nan=True))


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
