"""What a workload is: plain values and functions. Importing this never imports TensorFlow."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

ParamValue = int | str
Params = Mapping[str, ParamValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Name one knob of a workload.

    Attributes:
        name: as the user writes it in `name=value`.
        values: the values of a full run; a normal run takes the first.
        parse: turns the user's text into a value; raises ValueError saying what is accepted.
        optional: a case has it only if the user gives it a value, in a full run too; a case without it does what it
            does with the first value. It says how the work is handed over, not what it is: cases that differ in
            optional parameters only are measured in turns.
    """

    name: str
    values: tuple[ParamValue, ...]
    parse: Callable[[str], ParamValue]
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """Say where a workload's input comes from.

    Attributes:
        kind: `folder` (idx files), `keras` (its download) or `synthetic`.
        folder: the folder with the idx files, for `folder`.
        note: why it is this one, for records and summaries; empty where nothing is to be said.
    """

    kind: str
    folder: Path | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Hand a workload everything it needs to build one case, inside the worker.

    Attributes:
        implementation: which way of writing the workload.
        params: one value for each of the workload's parameters, but for the optional ones that nobody gave a value.
        mode: `eager`, `graph` or `xla`, for what cannot be built with `wrap` alone.
        wrap: makes the mode's callable of a Python function: itself, `tf.function`, or
            `tf.function(jit_compile=True)`.
        replicas: how many replicas `strategy` has.
        strategy: makes the `tf.distribute` strategy of the placement.
        data: where real input comes from; None for workloads without.
        seed: for weights, inputs and the choice of batches.
    """

    implementation: str
    params: Params
    mode: str
    wrap: Callable[[Callable[..., Any]], Callable[..., Any]]
    replicas: int = 1
    strategy: Callable[[], Any] | None = None
    data: DataSource | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Finite:
    """Stand in a reference for an output of which only the shape is known, and that its values are finite.

    Attributes:
        shape: of the output.
    """

    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Hold a case that is ready to be called.

    Attributes:
        step: the callable that is timed, already in its mode.
        inputs: argument tuples, taken in turn; call i gets `inputs[i % len(inputs)]`.
        expected: the reference: answers of the first calls from the initial state, one structure of
            NumPy arrays a call, shaped like what `step` returns. Computed without the code under test. `Finite`
            stands for random numbers.
            None at all compares nothing.
        rtol: relative tolerance of the comparison with `expected`, as in `numpy.allclose`.
        atol: absolute tolerance of it.
        scaled: tolerance of it for all numbers of an output alike, relative to the largest of its reference; whole
            numbers must be equal all the same.
        reset: puts the initial state back (weights, optimiser, metrics); None if `step` keeps none.
        data: where the input came from, such as `real: 800 images` or `synthetic`; empty without data.
        shard_losses: gives each replica's loss on its own part of the first batch, from the initial state, and the
            size of each part; None if there is nothing to divide. All workers of a cluster must call it at once.
        reduced_bytes: bytes of the gradients that a call sums over all replicas; 0 if it does not.
        caution: what a reader must know before comparing its times, printed below the table, each part before a `; ` on
            a line of its own; or empty.
        work: how many units one call does, where only building tells; 0 where the workload tells.
        unit: what `work` counts, with it.
        opening: what the first call is made in, such as a watch for the variables that it makes.
        complete: gives the program to be timed, once its answers are right: what `reset` puts back and `caution`
            warns of may only then be known. None if this is it.
    """

    step: Callable[..., Any]
    inputs: tuple[tuple[Any, ...], ...]
    expected: Callable[[], Sequence[Any]]
    rtol: float = 0.0
    atol: float = 0.0
    scaled: float = 0.0
    reset: Callable[[], None] | None = None
    data: str = ""
    caution: str = ""
    shard_losses: Callable[[], Sequence[tuple[float, int]]] | None = None
    reduced_bytes: int = 0
    work: int = 0
    unit: str = ""
    opening: Callable[[], AbstractContextManager[object]] = nullcontext
    complete: Callable[[], "Program"] | None = None


class BuildCalls(Protocol):
    """Make the calls of a sequence."""

    def __call__(self, job: Job, *, fixed: bool) -> Sequence[tuple[str, Callable[[], Any]]]:
        """Make fresh functions, and give for each call its label and what does it.

        Args:
            job: as for a case; it wraps nothing that needs options of `tf.function`.
            fixed: whether the fix is applied.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSequence:
    """Describe calls that users really make, one after the other, and what makes TensorFlow trace or compile anew.

    Attributes:
        name: unique in its workload; lower-case letters, digits and underscores.
        summary: one line of what the calls have in common.
        fix: what to write instead, in the imperative.
        build: makes the calls. A call that gives a text says with it what nobody would see otherwise, such as that
            its answer is stale.
        modes: the modes in which it makes sense.
    """

    name: str
    summary: str
    fix: str
    build: BuildCalls
    modes: tuple[str, ...] = ("graph", "xla")


def _always(_implementation: str, _params: Params, _mode: str) -> str | None:
    return None


def _one(_params: Params, _replicas: int) -> int:
    return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Describe a named piece of TensorFlow work.

    Attributes:
        name: unique in a catalog; letters, digits and underscores.
        summary: one line for lists.
        implementations: the ways it is written, the default baseline first.
        parameters: its knobs, in the order of the case's name.
        unit: what `work` counts, in the plural: `examples` or `elements`.
        work: how many units one call does, from the parameters and the number of replicas.
        build: makes a Program of a Job. Only workers call it; it may import TensorFlow.
        unsupported: the reason why an implementation cannot run with these parameters in this mode,
            or None. Such a case is skipped with that reason.
        unsupported_replicated: the same, of what cannot run on more than one replica.
        baseline: the implementation and mode that the others are compared with; without an implementation each is
            compared with itself in that mode.
        data: the name of the real data it reads, or an empty string.
        replicas: the numbers of replicas of a normal run; more than one value makes it a distributed
            workload, which is run under a `tf.distribute` strategy.
        sequences: calls for the retrace ledger, beside the cases.
        group: what it belongs to, such as `claims`; a workload of a group is measured only if it or its group is
            named. Empty for one that a run without names measures.
        parts: further implementations, which do a part of a step: they are measured beside it where each replica is a
            worker of its own, and nowhere else.
        only: the implementation and mode of each of its cases, for a workload that puts particular sides against
            each other; empty for every implementation in every mode.
        content: what defines the work, as text, where that is not the code of `build`: other content is other work.
    """

    name: str
    implementations: tuple[str, ...]
    build: Callable[[Job], Program]
    summary: str = ""
    parameters: tuple[Parameter, ...] = ()
    unit: str = "calls"
    work: Callable[[Params, int], int] = _one
    baseline: tuple[str, str] = ("", "eager")
    unsupported: Callable[[str, Params, str], str | None] = _always
    unsupported_replicated: Callable[[str, Params, str], str | None] = _always
    data: str = ""
    replicas: tuple[int, ...] = (1,)
    sequences: tuple[CallSequence, ...] = ()
    group: str = ""
    parts: tuple[str, ...] = ()
    only: tuple[tuple[str, str], ...] = ()
    content: str = ""

    def baseline_of(self, implementation: str) -> tuple[str, str]:
        """Give what an implementation is compared with; a part of a step only with itself, in the baseline's mode."""
        name, mode = self.baseline
        return implementation if implementation in self.parts or not name else name, mode

    def skip_reason(self, implementation: str, params: Params, mode: str, *, replicas: int = 1) -> str:
        """Say why a case cannot run, or nothing; a function that raises instead of saying so is a reason, too."""
        try:
            reason = self.unsupported(implementation, params, mode)
            if not reason and replicas > 1:
                reason = self.unsupported_replicated(implementation, params, mode)
            return str(reason or "")
        except Exception as error:  # noqa: BLE001 - it is the user's
            return f"its function `unsupported` raised {type(error).__name__}: {error}"

    @property
    def distributed(self) -> bool:
        """Tell whether it runs under a `tf.distribute` strategy."""
        return len(self.replicas) > 1


def positive_int(text: str) -> int:
    """Parse a whole number of at least 1."""
    if not (text.isascii() and text.isdigit() and len(text) < 19) or int(text) < 1:
        raise ValueError(f"{text!r:.40} is not a whole number of at least 1")
    return int(text)


def shape(text: str) -> str:
    """Parse a shape like `32x128x768`: two or more whole numbers of at least 1."""
    sizes = text.split("x")
    if len(sizes) < 2:
        raise ValueError(f"{text!r} is not a shape of two or more axes, such as 256x512")
    return "x".join(str(positive_int(size)) for size in sizes)


def sizes_of(text: ParamValue) -> tuple[int, ...]:
    """Give the axes of a shape such as `32x128x768`."""
    return tuple(int(size) for size in str(text).split("x"))
