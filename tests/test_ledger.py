"""The cold ledger: its parts add up to what the user waits for."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tfbench.bench import ledger
from tfbench.bench.ledger import Meters
from tfbench.bench.record import Ledger


class FakeFunction:
    """A tf.function that traces for 2 s, then takes 8 s to be called: 1 s of tracing, `compile_s` of compiling."""

    def __init__(self, meters: Meters, *, compile_s: tuple[float, ...] = ()) -> None:
        self._meters, self._compile_s = meters, compile_s

    def _trace(self, seconds: float) -> None:
        clock: Any = self._meters.clock
        clock.advance(seconds)
        self._meters.traces.count += 1
        self._meters.traces.seconds += seconds

    def get_concrete_function(self, *arguments: Any) -> None:
        """Trace for 2 s."""
        assert arguments == ("x",)
        self._trace(2.0)

    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        """Trace for 1 s more, compile and run."""
        clock: Any = self._meters.clock
        compiles: Any = self._meters.compiles
        self._trace(1.0)
        clock.advance(7.0)
        for seconds in self._compile_s:
            compiles.log(seconds)
        return arguments


@pytest.fixture
def open_case(meters: Meters, make_program: Any) -> Callable[..., tuple[Ledger, Any]]:
    """Give the function that opens a program around a step with one input."""

    def open_one(step: Any, *, mode: str, meters: Meters = meters) -> tuple[Ledger, Any]:
        return ledger.open_case(make_program(step, inputs=(("x",), ("y",))), meters, mode=mode, build_s=0.5)

    return open_one


def test_the_parts_of_a_compiled_function_are_told_apart(open_case: Any, meters: Meters) -> None:
    found, _ = open_case(FakeFunction(meters, compile_s=(3.0, 0.5)), mode="xla")
    assert found == Ledger(
        build_s=0.5, trace_s=3.0, compile_s=3.5, first_run_s=3.5, first_call_s=10.0, traces=2, compiles=2
    )


@pytest.mark.parametrize(("mode", "compile_s"), [("graph", ()), ("xla", (3.0, 0.5)), ("xla", ())])
def test_the_parts_add_up_to_the_first_call(
    mode: str, compile_s: tuple[float, ...], open_case: Any, clock: Any, meters: Meters
) -> None:
    found, _ = open_case(FakeFunction(meters, compile_s=compile_s), mode=mode)
    assert found.first_call_s == clock() == 10.0


def test_a_graph_that_is_not_compiled_costs_no_compile_time(open_case: Any, meters: Meters) -> None:
    found, _ = open_case(FakeFunction(meters), mode="graph")
    assert (found.compile_s, found.compiles, found.first_run_s) == (0.0, 0, 7.0)


def test_xla_without_a_logged_compile_has_no_compile_time(open_case: Any, meters: Meters) -> None:
    found, _ = open_case(FakeFunction(meters), mode="xla")
    assert (found.compile_s, found.compiles, found.first_run_s) == (None, 0, 7.0)


def test_an_eager_step_only_runs(open_case: Any, clock: Any) -> None:
    found, _ = open_case(lambda _: clock.advance(4.0), mode="eager")
    assert found == Ledger(
        build_s=0.5, trace_s=0.0, compile_s=0.0, first_run_s=4.0, first_call_s=4.0, traces=0, compiles=0
    )


def test_a_function_that_is_traced_inside_its_call_has_trace_time(open_case: Any, meters: Meters) -> None:
    found, _ = open_case(FakeFunction(meters).__call__, mode="graph")  # a bound method, as Keras' train_on_batch
    assert (found.trace_s, found.first_run_s, found.traces) == (1.0, 7.0, 1)


def test_the_wait_for_the_device_is_part_of_the_first_run(open_case: Any, clock: Any, meters: Meters) -> None:
    synced = replace(meters, sync=lambda: clock.advance(2.0))
    found, _ = open_case(lambda _: clock.advance(4.0), mode="eager", meters=synced)
    assert found.first_run_s == 6.0


def test_what_was_traced_and_compiled_before_is_left_out(open_case: Any, meters: Meters) -> None:
    compiles: Any = meters.compiles
    compiles.log(100.0)
    meters.traces.count, meters.traces.seconds = 7, 70.0
    found, _ = open_case(FakeFunction(meters, compile_s=(3.0,)), mode="xla")
    assert (found.trace_s, found.compile_s, found.traces, found.compiles) == (3.0, 3.0, 2, 1)


def test_the_first_answer_is_given_back(open_case: Any, meters: Meters) -> None:
    assert open_case(FakeFunction(meters), mode="graph")[1] == ("x",)


def test_a_first_run_is_never_negative(open_case: Any, meters: Meters) -> None:
    found, _ = open_case(FakeFunction(meters, compile_s=(30.0,)), mode="xla")
    assert found.first_run_s is None


def test_compilers_in_parallel_do_not_lengthen_the_first_call(open_case: Any, clock: Any, meters: Meters) -> None:
    # Two threads compile for 9 s each while the clock moves by 10 s in all.
    found, _ = open_case(FakeFunction(meters, compile_s=(9.0, 9.0)), mode="xla")
    assert (found.compile_s, found.first_run_s, found.first_call_s) == (18.0, None, clock())


def test_memory_grows_by_the_trace_and_by_the_first_call(open_case: Any, meters: Meters) -> None:
    sizes = iter([100, 140, 200])
    watched = replace(meters, resident=lambda: next(sizes))
    found, _ = open_case(FakeFunction(watched), mode="graph", meters=watched)
    assert (found.trace_bytes, found.compile_bytes) == (40, 60)


def test_memory_that_was_given_back_is_no_growth(open_case: Any, meters: Meters) -> None:
    sizes = iter([100, 90, 200])
    watched = replace(meters, resident=lambda: next(sizes))
    found, _ = open_case(FakeFunction(watched), mode="graph", meters=watched)
    assert (found.trace_bytes, found.compile_bytes) == (0, 110)


def test_a_step_that_is_no_function_has_neither_graph_nor_memory(open_case: Any, meters: Meters) -> None:
    watched = replace(meters, resident=lambda: 100)
    found, _ = open_case(lambda _: None, mode="eager", meters=watched)
    assert (found.graph_ops, found.trace_bytes, found.compile_bytes) == (None, None, None)


def test_reading_the_memory_is_no_part_of_the_first_call(open_case: Any, clock: Any, meters: Meters) -> None:
    watched = replace(meters, resident=lambda: clock.advance(64.0))
    found, _ = open_case(FakeFunction(watched), mode="graph", meters=watched)
    assert (found.first_call_s, found.trace_s, found.trace_bytes) == (10.0, 3.0, None)
