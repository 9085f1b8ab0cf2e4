"""What is measured after the rounds: nothing that goes wrong there costs a case its rounds."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tfbench.bench import ceilings, costs, dispatch, graphs, protocol, store
from tfbench.bench.extras import Ceilings, Cost, Extras
from tfbench.bench.ledger import Meters
from tfbench.bench.protocol import Request
from tfbench.bench.record import Invocation
from tfbench.bench.timing import Timed

HLO = "ENTRY %main (x: f32[4]) -> f32[4] {\n  %x = f32[4] parameter(0)\n  ROOT %y = f32[4] add(%x, %x)\n}\n"
TOP = Ceilings(flop_per_s=1e9, byte_per_s=1e8)


class FakeFunction:
    """A tf.function whose call takes 1 s, and whose module adds four numbers."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock

    def __call__(self, *_: Any) -> None:
        """Take 1 s."""
        self.clock.advance(1.0)

    def get_concrete_function(self, *_: Any) -> str:
        """Give the concrete function."""
        return "concrete"

    def experimental_get_compiler_ir(self, *_: Any) -> Any:
        """Give what gives the text."""
        return lambda stage: {"optimized_hlo": HLO}[stage]


@pytest.fixture
def real_parts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put fakes in the place of what needs TensorFlow; give the list of what was called."""
    calls: list[str] = []

    def floors(concrete: Any, _arguments: Any, **_: Any) -> tuple[float, float]:
        calls.append(f"floors {concrete}")
        return 0.5, 0.25

    def reach(device: str, **_: Any) -> Ceilings:
        calls.append(f"ceilings {device}")
        return TOP

    monkeypatch.setattr(dispatch, "floors", floors)
    monkeypatch.setattr(ceilings, "measure", reach)
    monkeypatch.setattr(graphs, "count_optimized_ops", lambda *_: 7)
    return calls


def said_of(modes: list[str], step: Any, meters: Meters, records: Any, make_program: Any, **request: Any) -> list[Any]:
    """Give all that is said of cases with these modes and this step."""
    cases = [records.case(mode=mode) for mode in modes]
    ready = [Timed(id=case.id, program=make_program(step, inputs=(("x",),))) for case in cases]
    said: list[Any] = []
    enter = lambda case_id, stage: said.append((case_id.split("-")[-2], stage))  # noqa: E731 - reads as one line
    costs.measure(ready, Request(cases=tuple(cases), **request), meters, enter, said.append)
    return said


@pytest.fixture
def measure(meters: Meters, records: Any, make_program: Any, real_parts: list[str]) -> Any:
    """Give the function that measures modes with a fake step."""
    assert real_parts == []

    def run(modes: list[str], step: Any = None, **request: Any) -> list[Any]:
        return said_of(modes, step or FakeFunction(meters.clock), meters, records, make_program, **request)

    return run


CHEAP: dict[str, Any] = {
    "dispatch_s": 0.5,
    "concrete_dispatch_s": 0.25,
    "naive_s": 1.0,
    "synced_s": 1.0,
    "optimized_ops": None,
    "cost": None,
    "ceilings": None,
    "link": None,
    "reasons": [],
}
TOP_SAID = {"flop_per_s": 1e9, "byte_per_s": 1e8}


def test_each_case_is_told_with_its_stage(measure: Any) -> None:
    first, second, *rest = measure(["graph"])
    assert (first, rest) == (("graph", "costs"), [])
    assert (second["say"], second["extras"]) == (protocol.EXTRAS, CHEAP)


def test_what_takes_a_compile_comes_only_if_asked_for_and_after_all_that_is_cheap(
    measure: Any, real_parts: list[str]
) -> None:
    said = measure(["graph", "xla"], examine=True)
    assert [one[0] for one in said if isinstance(one, tuple)] == ["graph", "xla", "graph", "xla"]
    told = [one["extras"] for one in said if isinstance(one, dict)]
    module = {"flops": 4, "bytes_accessed": 48, "fusions": 0, "instructions": 1}
    assert told == [
        CHEAP,
        CHEAP,
        {**CHEAP, "ceilings": TOP_SAID, "optimized_ops": 7},
        {**CHEAP, "ceilings": TOP_SAID, "cost": module},
    ]
    assert real_parts == ["floors concrete", "floors concrete", "ceilings cpu"]


def test_an_eager_case_is_only_checked_for_its_sync(measure: Any, real_parts: list[str]) -> None:
    said = measure(["eager"], examine=True)
    none = {**CHEAP, "dispatch_s": None, "concrete_dispatch_s": None}
    assert said[-1]["extras"] == {**none, "ceilings": TOP_SAID}
    assert real_parts == ["ceilings cpu"]


def test_a_step_that_is_no_function_itself_has_neither_floor_nor_module(measure: Any, meters: Meters) -> None:
    clock: Any = meters.clock
    told = measure(["xla"], lambda _: clock.advance(1.0), examine=True)[-1]["extras"]
    assert (told["dispatch_s"], told["cost"], told["naive_s"], told["reasons"]) == (None, None, 1.0, [])


def test_what_raises_is_a_reason_and_the_rest_is_measured(measure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("\nno device\nat all")

    monkeypatch.setattr(dispatch, "floors", fail)
    told = measure(["graph"])[-1]["extras"]
    assert (told["dispatch_s"], told["naive_s"]) == (None, 1.0)
    assert told["reasons"] == ["floor: RuntimeError: no device"]


def test_an_error_without_words_is_a_reason_too() -> None:
    def part() -> dict[str, Any]:
        raise ValueError

    assert costs.add(Extras(), [part]) == Extras(reasons=("part: ValueError: no reason given",))


FAULTY = '''
import os, signal
import numpy as np
from tfbench.workloads.spec import Program, Workload

class Step:
    """A tf.function with its fault where its module is asked for."""

    def __init__(self, function, fault):
        self.function, self.fault = function, fault
        self.get_concrete_function = function.get_concrete_function

    def __call__(self, x):
        return self.function(x)

    def experimental_get_compiler_ir(self, x):
        if self.fault == "kills":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.fault == "raises":
            raise RuntimeError("no module today")
        return self.function.experimental_get_compiler_ir(x)

def build(job):
    import tensorflow as tf
    function = job.wrap(lambda x: x * 3.0 + 1.0)
    step = function if job.mode == "eager" else Step(function, job.implementation)
    return Program(
        step=step, inputs=((tf.ones([64, 32]),),), expected=lambda: [np.full((64, 32), 4.0)], rtol=1e-6, atol=1e-6
    )

def workload(name, *implementations):
    return Workload(
        name=name, summary="goes wrong late", implementations=implementations, parameters=(), unit="elements",
        work=lambda _params, _replicas: 2048, build=build, baseline=(implementations[0], "eager"),
    )

WORKLOADS = (workload("late", "kills"), workload("well", "fine", "raises"))
'''


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Measure workloads that go wrong after their rounds, in two invocations; give the invocations by case."""
    folder = tmp_path_factory.mktemp("late")
    (folder / "late.py").write_text(FAULTY, encoding="utf-8")
    command = [sys.executable, "-c", "from tfbench.reports.cli import entry; entry()", "run", "late", "well"]
    command += ["--workloads", "late.py", "--invocations", "2", "--budget", "0.2"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300, check=False)
    run = store.load(Path(folder) / "results")
    by_case = {f"{m.case.implementation} {m.case.mode}": m.invocations for m in run.measurements}
    return SimpleNamespace(code=done.returncode, run=run, invocations=by_case, text=done.stdout + done.stderr)


def extras(invocation: Invocation) -> Extras:
    assert invocation.extras is not None
    return invocation.extras


@pytest.mark.tensorflow
def test_a_worker_that_dies_at_the_costs_keeps_all_rounds_and_fails_no_case(found: Any) -> None:
    assert (found.code, found.run.failures) == (0, ()), found.text
    late = [found.invocations[f"kills {mode}"] for mode in ("eager", "graph", "xla")]
    assert [[(i.index, i.complete) for i in done] for done in late] == [[(1, True), (2, True)]] * 3
    assert all(len(i.round_s) >= 5 and i.pace_s is not None and i.conditions for done in late for i in done)


@pytest.mark.tensorflow
def test_the_death_costs_what_comes_after_it_in_this_invocation_only(found: Any) -> None:
    first, second = (extras(i) for i in found.invocations["kills xla"])
    assert first.cost is None
    assert [one.naive_s is not None and one.dispatch_s is not None for one in (first, second)] == [True, True]


@pytest.mark.tensorflow
def test_a_module_that_cannot_be_had_is_a_reason(found: Any) -> None:
    first = extras(found.invocations["raises xla"][0])
    assert (first.cost, first.reasons) == (None, ("module: RuntimeError: no module today",))


@pytest.mark.tensorflow
def test_a_case_that_goes_well_has_all_its_costs_once(found: Any) -> None:
    first, second = found.invocations["fine xla"]
    # 2048 products and sums, each number read once and written once.
    assert extras(first).cost == Cost(flops=4096, bytes_accessed=16384, fusions=1, instructions=1)
    assert extras(second).cost is None
    assert extras(first).ceilings.flop_per_s > 1e9
    assert (first.ledger.graph_ops, found.invocations["fine eager"][0].ledger.graph_ops) == (6, None)
    assert extras(found.invocations["fine graph"][0]).optimized_ops > 2
    assert extras(found.invocations["fine eager"][0]).dispatch_s is None


HANGS = """
import time
from tfbench.bench import costs
from tfbench.bench.case import Case, Placement
from tfbench.bench.ledger import Meters
from tfbench.bench.protocol import Request
from tfbench.bench.timing import Timed
from tfbench.workloads.spec import Program
costs.LIMIT_S = 0.5
case = Case(workload="a", implementation="b", params=(), mode="eager", placement=Placement())
program = Program(step=lambda: time.sleep(100), inputs=((),), expected=list, rtol=0.0, atol=0.0)
meters = Meters(clock=time.perf_counter, sync=lambda: None, traces=None, compiles=None)
enter = lambda *_: None
costs.measure([Timed(id=case.id, program=program)], Request(cases=(case,)), meters, enter, print)
"""


def test_a_worker_that_hangs_at_the_costs_ends_itself() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Timeout (0:00:00.500000)!" in done.stderr
