"""Measure a function in this very process, in several modes: what a user's own test asserts on.

The rounds, the ledger and the comparison of answers are those of a run; but there is one process, the user's, so that
an interval knows nothing of how processes differ.
"""

import functools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tfbench.bench import checking, compile_log, conversions, group, ledger, mode, resources, shapes, timing, tracing
from tfbench.bench.calls import Trace
from tfbench.bench.case import Case
from tfbench.bench.compiling import Compiles
from tfbench.bench.errors import BadInputError
from tfbench.bench.ledger import Meters
from tfbench.bench.record import Check, Invocation, Ledger, Measurement
from tfbench.bench.result import Result
from tfbench.bench.timing import KEPT, Plan, Round, Timed
from tfbench.workloads import answers, functions, twin, variables
from tfbench.workloads.spec import Finite, Program
from tfbench.workloads.twin import UNREPEATABLE, UnrepeatableError

PLAN = Plan(max_rounds=40, min_rounds=8, budget_s=2.0)
FEWEST = 6  # rounds that an interval takes

Function = Callable[..., Any]
Inputs = Sequence[tuple[Any, ...]]


class UnsteadyError(Exception):
    """Say that a function is traced or compiled again and again, so that nothing can be timed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reference:
    """Hold the eager run that all modes are compared with.

    Attributes:
        answer: of the first call.
        held: the variables that the function reaches or makes.
        start, after: their values before and after that call.
        changes: whether any of them differ.
    """

    answer: variables.Values
    held: list[Any]
    start: variables.Values
    after: variables.Values
    changes: bool

    def reset(self) -> None:
        """Put the state back."""
        variables.put_back(self.held, self.start)

    def require_update(self) -> None:
        """Refuse another state after a first call than the eager run left.

        Raises:
            WrongUpdateError: it is another.
        """
        answers.require_update(self.start, variables.values(self.held), self.after)


@dataclass(slots=True, kw_only=True)
class _Opened:
    """Hold a mode that was opened, and what its rounds gave."""

    timed: Timed
    ledger: Ledger
    check: Check
    shapes: str
    rounds: list[Round] = field(default_factory=list)


def measure(
    function: Function,
    inputs: Inputs,
    *,
    modes: Sequence[str] = mode.MODES,
    tolerance: float | None = twin.TOLERANCE,
    name: str = "in process",
    plan: Plan = PLAN,
) -> Result:
    """Measure a function, its state put back before each round.

    Args:
        function: of Python, or under `tf.function`, which is taken off.
        inputs, modes: argument tuples, taken in turn; the modes wanted, at least one.
        tolerance: how far an answer may be from the eager run's, relative to the largest value of its output; None
            compares nothing.
        name: names it in records.
        plan: how much to measure; without any time, answers are compared and nothing is timed.

    Raises:
        BadInputError: a mode is unknown, or the arguments do not fit.
        WrongAnswerError, WrongUpdateError: a mode answers, or leaves the variables, otherwise than the eager run.
        UnrepeatableError: the eager run itself answers otherwise the second time.
        UnsteadyError: too few rounds were without a trace or compile.
    """
    bare, inputs = _accept(function, inputs, modes)
    _warm_up()
    with _meters() as (meters, known):
        reference = _run_eagerly(bare, inputs, tolerance)
        compiled, again = meters.compiles.count, list[Trace]()
        opened: dict[str, _Opened] = {}
        for one in modes:
            opened[one] = _open(one, _program(one, bare, inputs, reference, tolerance), meters, again, plan)
        if plan.budget_s:
            _time(opened, meters, again, plan)
        meters.compiles.read()
        compiles = meters.compiles.count - compiled if known else None
    records = {one: _record(name, bare, inputs, one, it) for one, it in opened.items()}
    return Result(measurements=records, retraced=tuple(again), compiles=compiles)


def _accept(function: Function, inputs: Inputs, modes: Sequence[str]) -> tuple[Function, list[tuple[Any, ...]]]:
    unknown = [one for one in modes if one not in mode.MODES]
    if unknown or not modes:
        raise BadInputError(f"modes={tuple(modes)}: choose from {', '.join(mode.MODES)}")
    name = getattr(function, "__qualname__", type(function).__name__)
    try:
        bare, _ = functions.bare(function, name)
        functions.fits(bare, inputs[0], name, source="the test")
    except (TypeError, ValueError) as error:
        raise BadInputError(str(error)) from error
    return bare, list(inputs)


@functools.cache
def _warm_up() -> None:
    """Pay once what the first function of a process pays."""
    ledger.warm_up_process()


@contextmanager
def _meters() -> Iterator[tuple[Meters, bool]]:
    """Give clock and counters, and whether XLA's compilations are among what they count."""
    import tensorflow as tf

    with compile_log.opened() as log, tracing.counting() as traces:
        meters = Meters(
            clock=time.perf_counter,
            sync=tf.test.experimental.sync_devices,
            traces=traces,
            compiles=log or Compiles(descriptor=-1),
            resident=resources.resident_bytes,
            forget=conversions.forget,
        )
        yield meters, log is not None


def _run_eagerly(function: Function, inputs: Inputs, tolerance: float | None) -> _Reference:
    """Call the function eagerly; find the variables that it reaches or makes, and put them back."""
    reached = variables.reachable(function, inputs)
    kept = variables.values(reached)
    recorder = variables.Recorder()
    with recorder.on():
        answer = answers.arrays(function(*inputs[0]))
    made = [(it, value) for it, value in zip(recorder.made, recorder.first, strict=True) if value is not None]
    held, start = [*reached, *(it for it, _ in made)], [*kept, *(value for _, value in made)]
    changes = variables.changed(held, start)
    found = _Reference(answer=answer, held=held, start=start, after=variables.values(held), changes=changes)
    found.reset()
    if tolerance is not None:
        again = answers.arrays(function(*inputs[0]))
        found.reset()
        if not answers.close(again, answer, tolerance):
            raise UnrepeatableError(UNREPEATABLE.replace("--tolerance off", "tolerance=None"))
    return found


def _program(name: str, function: Function, inputs: Inputs, reference: _Reference, tolerance: float | None) -> Program:
    step = mode.wrap(name, function)

    def expected() -> Sequence[Any]:
        if tolerance is None:
            return []
        if name == mode.XLA and answers.draws(step.get_concrete_function(*inputs[0])):  # type: ignore[attr-defined]
            return [[Finite(array.shape) for array in reference.answer]]
        reference.require_update()
        return [reference.answer]

    return Program(
        step=step,
        inputs=tuple(inputs),
        expected=expected,
        scaled=tolerance or 0.0,
        reset=reference.reset if reference.changes else None,
    )


def _open(name: str, program: Program, meters: Meters, again: list[Trace], plan: Plan) -> _Opened:
    """Call a mode for the first time, compare its answers, calibrate; every trace after the first call is a retrace."""
    if program.reset is not None:
        program.reset()
    meters.forget()
    cold, first = ledger.open_case(program, meters, mode=name, build_s=0.0)
    traced = len(meters.traces.events)
    try:
        checked = group.check(program, first, meters)
    except (checking.WrongAnswerError, answers.WrongUpdateError) as error:
        raise type(error)(f"{name} mode: {error}") from error
    for arguments in program.inputs[1:]:  # a round may be too short for all of them
        program.step(*arguments)
    timed = Timed(id=name, program=program)
    if plan.budget_s:
        timing.calibrate(timed, meters, plan)
    again += meters.traces.events[traced:]
    return _Opened(timed=timed, ledger=cold, check=checked, shapes=shapes.describe(program.inputs[0], first))


def _time(opened: dict[str, _Opened], meters: Meters, again: list[Trace], plan: Plan) -> None:
    traced = len(meters.traces.events)
    cases = [it.timed for it in opened.values()]
    for done in timing.blocks(cases, meters, plan, rng=random.Random(0), before=lambda _name: None):
        opened[done.id].rounds.append(done)
    again += meters.traces.events[traced:]
    for name, it in opened.items():
        kept = [done for done in it.rounds if done.fate == KEPT]
        if len(kept) < FEWEST:
            causes = sorted({f"{trace.where}: {cause.text}" for trace in again for cause in trace.causes})
            told = "".join(f"\n  {cause}" for cause in causes)
            lost = len(it.rounds) - len(kept)
            raise UnsteadyError(f"{name} mode: {lost} of {len(it.rounds)} rounds were traced or compiled in{told}")


def _record(name: str, function: Function, inputs: Inputs, which: str, opened: _Opened) -> Measurement:
    kept = [done for done in opened.rounds if done.fate == KEPT]
    work, unit = functions.work_of(inputs)
    case = Case(workload=name, implementation=getattr(function, "__name__", "step"), params=(), mode=which)
    return Measurement(
        case=case,
        baseline=(case.implementation, mode.EAGER),
        unit=unit,
        work_per_call=work,
        data="",
        device="",
        shapes=opened.shapes,
        invocations=(
            Invocation(
                index=1,
                ledger=opened.ledger,
                check=opened.check,
                iterations=opened.timed.iterations,
                round_s=tuple(done.seconds for done in kept),
                blocks=tuple(done.block for done in kept),
            ),
        ),
    )
