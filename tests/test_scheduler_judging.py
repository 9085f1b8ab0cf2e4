"""What the scheduler makes of a whole set: its health, its precision, and interpreters in turns; scripted workers."""

import math
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tfbench.bench import health
from tfbench.bench.case import Case, Placement
from tfbench.bench.process import WorkerError
from tfbench.bench.protocol import Request
from tfbench.bench.record import Finding, Measurement, Precision
from tfbench.bench.scheduler import Measuring, Settings
from tfbench.bench.timing import Plan

Measure = Callable[..., tuple[Measuring, Any]]
MODES = ("eager", "graph", "xla")
WANTED = Plan(precision=0.75)
OLD, NEW = Placement(interpreter="old"), Placement(interpreter="new")


@pytest.fixture
def cases(records: Any) -> list[Case]:
    """Give a set of three cases, one a mode; the first one is the baseline."""
    return [records.case(mode=mode) for mode in MODES]


@pytest.fixture
def measure(cases: list[Case], starter: Any, watcher: Any, make_workload: Any) -> Measure:
    """Give the function that measures the cases with a script."""

    def run(script: Any, **settings: Any) -> tuple[Measuring, Any]:
        start = starter(script)
        catalog = {"toy": make_workload()}
        made = Measuring(
            cases, catalog=catalog, data=None, settings=Settings(**settings), observer=watcher, start=start
        )
        made.run()
        return made, start

    return run


@pytest.fixture
def timed(says: Any) -> Any:
    """Give the script of workers whose rounds last these seconds: by mode, one value for each invocation."""

    def make(**seconds: Sequence[float]) -> Any:
        def script(request: Request, number: int) -> list[Any]:
            opened = [m for case in request.cases for m in says.opened(case)]
            label = request.cases[0].placement.interpreter
            rounds = [says.round(c, i, seconds[c.mode][number - 1]) for i in range(5) for c in request.cases]
            return [says.software(interpreter=label), *opened, *rounds, says.end()]

        return script

    return make


def measurements(measuring: Measuring) -> list[Measurement]:
    return [outcome for outcome in measuring.outcomes() if isinstance(outcome, Measurement)]


def indexes(measuring: Measuring) -> list[list[int]]:
    return [[done.index for done in found.invocations] for found in measurements(measuring)]


@pytest.fixture
def _examined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `health.examine` tell what it was given."""

    def examine(one: Measurement, others: Sequence[Measurement], *, timer_s: float, cores: int) -> tuple[Finding, ...]:
        modes = " ".join(other.case.mode for other in others)
        return (Finding(kind="busy", text=f"{one.case.mode} of {modes}: {timer_s} s, {cores}"),)

    monkeypatch.setattr(health, "examine", examine)


@pytest.mark.usefixtures("_examined")
def test_the_health_of_a_case_is_judged_in_view_of_the_whole_set(measure: Measure, says: Any) -> None:
    def script(request: Request, _number: int) -> list[Any]:
        return [m if m["say"] != "software" else says.software(timer_s=0.125) for m in says.measured(request.cases)]

    measuring, _ = measure(script, invocations=1)
    texts = [f"{mode} of eager graph xla: 0.125 s, {os.cpu_count()}" for mode in MODES]
    assert [found.health for found in measurements(measuring)] == [(Finding(kind="busy", text=t),) for t in texts]


@pytest.mark.usefixtures("_examined")
def test_a_case_that_failed_has_no_part_in_the_health_of_others(measure: Measure, says: Any, cases: list[Case]) -> None:
    eager, graph, xla = cases
    measuring, _ = measure(lambda _request, _number: [says.failure(graph), *says.measured([eager, xla])], invocations=1)
    first = measurements(measuring)[0]
    assert first.health == (Finding(kind="busy", text=f"eager of eager xla: 0.0 s, {os.cpu_count()}"),)


@pytest.mark.usefixtures("_examined")
def test_checking_only_judges_neither_health_nor_precision(measure: Measure, says: Any) -> None:
    measuring, start = measure(
        lambda request, _number: says.measured(request.cases, rounds=0), check_only=True, plan=WANTED, invocations=1
    )
    assert start.modes == ["eager graph xla"]
    assert [(found.health, found.precision) for found in measurements(measuring)] == [((), None)] * 3


def test_without_a_precision_there_are_as_many_invocations_as_asked_for_however_they_differ(
    measure: Measure, timed: Any
) -> None:
    measuring, start = measure(timed(eager=(1, 1), graph=(1, 1), xla=(1, 64)), invocations=2)
    assert start.modes == ["eager graph xla"] * 2
    assert [found.precision for found in measurements(measuring)] == [None] * 3


def test_only_cases_that_are_not_precise_and_their_baseline_are_measured_again(
    measure: Measure, timed: Any, watcher: Any
) -> None:
    # The log-ratios of graph are equal. Those of xla are, in units of ln 2, 2 and 1 after two invocations:
    # t for 1 degree of freedom is 12.7062, the interval 1.5 +- 12.7062 * 0.7071 / 1.4142, far beyond 75 %.
    # 2, 1, 2 have the deviation 1 / sqrt 3: +- 4.302653 / 3, 2^1.434 = 2.70, 170 %. 2, 1, 2, 2 have the
    # deviation 0.5: +- 3.182446 / 4, 2^0.7956 = 1.736, 73.6 %.
    script = timed(eager=(1, 1, 1, 1), graph=(0.5, 0.5), xla=(0.25, 0.5, 0.25, 0.25))
    measuring, start = measure(script, invocations=2, plan=WANTED)
    assert start.modes == ["eager graph xla", "eager graph xla", "eager xla", "eager xla"]
    assert indexes(measuring) == [[1, 2, 3, 4], [1, 2], [1, 2, 3, 4]]
    reached = pytest.approx(2 ** (3.182446 / 4) - 1, rel=1e-6)
    assert [found.precision for found in measurements(measuring)] == [
        None,
        Precision(wanted=0.75, reached=0.0, met=True),
        Precision(wanted=0.75, reached=reached, met=True),
    ]
    assert watcher.groups == [(3, 1, 2), (3, 2, 2), (2, 3, 20), (2, 4, 20)]


def test_measuring_again_stops_at_the_largest_number_of_invocations(measure: Measure, timed: Any) -> None:
    script = timed(eager=(1, 1, 1), graph=(0.5, 0.5), xla=(0.25, 0.5, 0.25))
    measuring, start = measure(script, invocations=2, max_invocations=3, plan=WANTED)
    assert start.modes == ["eager graph xla", "eager graph xla", "eager xla"]
    reached = pytest.approx(2 ** (4.302653 / 3) - 1, rel=1e-6)
    assert measurements(measuring)[2].precision == Precision(wanted=0.75, reached=reached, met=False)


def test_a_set_that_is_precise_at_once_gets_no_more_invocations(measure: Measure, timed: Any) -> None:
    measuring, start = measure(timed(eager=(1, 1), graph=(0.5, 0.5), xla=(2, 2)), invocations=2, plan=WANTED)
    assert start.modes == ["eager graph xla"] * 2
    assert [found.precision.met for found in measurements(measuring) if found.precision] == [True] * 2


def test_a_process_that_slows_all_cases_down_leaves_their_ratios_precise(measure: Measure, timed: Any) -> None:
    # All cases are 8 times as slow in the second process: the ratios are equal, the baseline's times are not.
    measuring, start = measure(
        timed(eager=(1, 8, 8), graph=(2, 16), xla=(2, 16)), invocations=2, max_invocations=3, plan=WANTED
    )
    assert start.modes == ["eager graph xla"] * 2
    assert [found.precision.met for found in measurements(measuring) if found.precision] == [True, True]


def test_a_case_that_dies_while_measured_again_is_a_failure_and_the_others_go_on(
    measure: Measure, timed: Any, cases: list[Case], says: Any
) -> None:
    script = timed(eager=(1, 1, 1, 1), graph=(0.5, 0.5), xla=(0.25, 0.5))
    dead = WorkerError("killed", "the worker was ended by SIGSEGV", ())

    def dying(request: Request, number: int) -> list[Any]:
        return [says.stage(cases[2], "first call"), dead] if number == 3 else script(request, number)

    measuring, start = measure(dying, invocations=2, plan=WANTED)
    assert start.modes == ["eager graph xla", "eager graph xla", "eager xla", "eager"]
    assert indexes(measuring) == [[1, 2, 3], [1, 2]]


def test_interpreters_take_turns_in_each_invocation_and_get_their_own_python(
    measure: Measure, timed: Any, cases: list[Case], records: Any
) -> None:
    cases[:] = [records.case(placement=placement) for placement in (OLD, NEW)]
    measuring, start = measure(
        timed(eager=(1,) * 6), invocations=3, interpreters={"old": "/old/python", "new": "/new/python"}
    )
    labels = [request.cases[0].placement.interpreter for request in start.requests]
    assert [sorted(labels[i : i + 2]) for i in (0, 2, 4)] == [["new", "old"]] * 3
    assert start.pythons == [f"/{label}/python" for label in labels]
    assert measuring.software == {label: records.software(interpreter=label) for label in ("old", "new")}


def test_the_order_of_the_interpreters_is_drawn_anew_in_each_invocation(
    measure: Measure, timed: Any, cases: list[Case], records: Any
) -> None:
    cases[:] = [records.case(placement=placement) for placement in (OLD, NEW)]
    _, start = measure(timed(eager=(1,) * 20), invocations=10)
    first = [request.cases[0].placement.interpreter for request in start.requests[::2]]
    assert set(first) == {"old", "new"}


def test_without_an_interpreter_the_worker_runs_in_this_python(measure: Measure, timed: Any) -> None:
    _, start = measure(timed(eager=(1,), graph=(1,), xla=(1,)), invocations=1)
    assert start.pythons == [sys.executable]


def test_a_case_is_measured_again_in_both_interpreters_when_their_ratio_is_not_precise(
    measure: Measure, timed: Any, cases: list[Case], records: Any, says: Any
) -> None:
    cases[:] = [records.case(placement=placement) for placement in (OLD, NEW)]
    indexes_by_label = {"old": iter(range(9)), "new": iter(range(9))}
    seconds = {"old": (1, 1, 1, 1), "new": (0.25, 0.5, 0.25, 0.25)}

    def script(request: Request, _number: int) -> list[Any]:
        label = request.cases[0].placement.interpreter
        lasts = seconds[label][next(indexes_by_label[label])]
        rounds = [says.round(request.cases[0], block, lasts) for block in range(5)]
        return [*says.opened(request.cases[0]), *rounds, says.end()]

    measuring, _ = measure(script, invocations=2, plan=WANTED)
    assert indexes(measuring) == [[1, 2, 3, 4], [1, 2, 3, 4]]
    reached = math.expm1(3.182446 / 4 * math.log(2))
    assert [found.precision for found in measurements(measuring)] == [
        None,
        Precision(wanted=0.75, reached=pytest.approx(reached, rel=1e-6), met=True),
    ]
