"""The fixture `tf_benchmark`, for a user's own tests: `pytest -p tfbench.bench.plugin`."""

import copy
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import pytest
from tfbench.bench import compile_log, in_process, mode, replay
from tfbench.bench.errors import BadInputError
from tfbench.bench.result import Result
from tfbench.workloads import twin

NAME = "tf_benchmark"
DISABLED = "answers were compared, and nothing was timed: pytest-benchmark is disabled"


class Benchmark(Protocol):
    """Measure a function in several modes, in the process of the test."""

    def __call__(
        self,
        step: Any,
        *arguments: Any,
        modes: Sequence[str] = mode.MODES,
        batches: Sequence[tuple[Any, ...]] = (),
        tolerance: float | None = twin.TOLERANCE,
        budget_s: float = in_process.PLAN.budget_s,
    ) -> Result:
        """Compare the answers of the modes, then time them in turns.

        Args:
            step: the function.
            arguments: of every call.
            modes: the modes wanted.
            batches: instead of arguments, argument tuples that are taken in turn.
            tolerance: how far an answer may be from the eager run's, relative to the largest value of its output; None
                compares nothing.
            budget_s: how long the rounds may take.
        """


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Ask for XLA's compile log before anything imports TensorFlow."""
    compile_log.ask(os.environ)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Have pytest-benchmark read the clock that replays what was measured."""
    if NAME in getattr(item, "fixturenames", ()):
        given = item.get_closest_marker("benchmark")
        options = {**(given.kwargs if given else {}), "timer": replay.CLOCK.read}
        item.add_marker(pytest.mark.benchmark(**options), append=False)
        item.add_marker(pytest.mark.filterwarnings("ignore:Benchmark fixture was not used"))  # by a test that failed


@pytest.fixture
def tf_benchmark(request: pytest.FixtureRequest, benchmark: Any) -> Benchmark:
    """Give what measures a function in modes, once a test; each mode is a row of pytest-benchmark."""
    used: list[str] = []

    def measure(
        step: Any,
        *arguments: Any,
        modes: Sequence[str] = mode.MODES,
        batches: Sequence[tuple[Any, ...]] = (),
        tolerance: float | None = twin.TOLERANCE,
        budget_s: float = in_process.PLAN.budget_s,
    ) -> Result:
        if used or (arguments and batches):
            raise BadInputError(f"{NAME} measures one function a test, with arguments or with batches")
        used.append(request.node.name)
        plan = replace(in_process.PLAN, budget_s=0.0 if benchmark.disabled else budget_s)
        result = in_process.measure(
            step,
            list(batches) or [arguments],
            modes=tuple(dict.fromkeys(modes)),
            tolerance=tolerance,
            name=request.node.name,
            plan=plan,
        )
        if benchmark.disabled:
            pytest.skip(DISABLED)
        show(result, benchmark)
        return result

    return measure


def show(result: Result, benchmark: Any) -> None:
    """Give pytest-benchmark a row a mode. A fixture makes one row: each further mode has a copy of the unused one."""
    rows = [benchmark, *(copy.copy(benchmark) for _ in range(len(result.measurements) - 1))]
    for row, (name, measurement) in zip(rows, result.measurements.items(), strict=True):
        row.name, row.fullname = (in_mode(text, name) for text in (row.name, row.fullname))
        row.param = name if row.param is None else f"{row.param}-{name}"
        row.params = {**(row.params or {}), "mode": name}
        row.extra_info = dict(row.extra_info)
        replay.replay(measurement, row)


def in_mode(name: str, which: str) -> str:
    """Name a test in a mode as pytest does: `test_step[xla]`, `test_step[32-xla]`.

    >>> in_mode("test_step", "xla"), in_mode("test_step[32]", "xla")
    ('test_step[xla]', 'test_step[32-xla]')
    """
    return f"{name[:-1]}-{which}]" if name.endswith("]") else f"{name}[{which}]"
