"""What is recorded of a call, with a clock and counters that the test sets."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tfbench.bench import protocol, sequences
from tfbench.bench.calls import SHAPE, Cause, Trace
from tfbench.bench.ledger import Meters
from tfbench.bench.protocol import Request
from tfbench.workloads import spec

CAUSE = Cause(kind=SHAPE, argument="x", before="[3]", after="[4]", fix="pad")
FIRST = Trace(function="step", file="toy.py", line=3, seconds=0.5, first=True, causes=())
AGAIN = Trace(function="step", file="toy.py", line=3, seconds=0.25, first=False, causes=(CAUSE,))
INNER = Trace(function="inner", file="toy.py", line=9, seconds=0.25, first=False, causes=(CAUSE,))

Act = Callable[[], Any]


class Bench:
    """Hold the meters, and what runs a workload's sequences with them."""

    def __init__(self, meters: Meters, clock: Any, records: Any, make_workload: Any) -> None:
        self.meters, self.clock, self._records, self._make_workload = meters, clock, records, make_workload
        self.said: list[dict[str, Any]] = []
        self.jobs: list[tuple[str, bool]] = []

    def act(self, *traces: Trace, seconds: float = 1.0, compile_s: float = 0.0, says: Any = None) -> Act:
        """Make a call that does this."""

        def do() -> Any:
            self.clock.advance(seconds)
            self.meters.traces.events.extend(traces)
            if compile_s:
                self.meters.compiles.log(compile_s)
            return says

        return do

    def sequence(self, *acts: Act, name: str = "s", modes: tuple[str, ...] = ("graph", "xla")) -> spec.CallSequence:
        """Make a sequence of these calls."""

        def build(job: spec.Job, *, fixed: bool) -> list[tuple[str, Act]]:
            self.jobs.append((f"{name} {job.mode}", fixed))
            return [(f"call {i}", act) for i, act in enumerate(acts)]

        return spec.CallSequence(name=name, summary="", fix="pad it", build=build, modes=modes)

    def record(self, *acts: Act) -> Any:
        """Record one variant."""
        job = spec.Job(implementation="", params={}, mode="graph", wrap=lambda function: function)
        return sequences.record_sequence(self.sequence(*acts), job, self.meters, workload="toy", fixed=True)

    def run(self, *planned: spec.CallSequence) -> list[str]:
        """Run all of a workload's sequences, and give what was said."""
        cases = tuple(self._records.case(mode=mode) for mode in ("graph", "xla"))
        workload = self._make_workload(sequences=planned)
        devices: Any = SimpleNamespace(strategy=None)
        sequences.run(
            Request(cases=cases, task=protocol.SEQUENCES), {"toy": workload}, devices, self.meters, self.said.append
        )
        return [message["say"] for message in self.said]


@pytest.fixture
def bench(meters: Meters, clock: Any, records: Any, make_workload: Any) -> Bench:
    return Bench(meters, clock, records, make_workload)


def test_a_call_holds_what_fell_in_it(bench: Bench) -> None:
    bench.meters.compiles.log(8.0)  # before
    found = bench.record(bench.act(FIRST, seconds=2.0, compile_s=0.5), bench.act(AGAIN), bench.act(says="stale"))
    assert (found.workload, found.mode, found.name, found.fix, found.fixed) == ("toy", "graph", "s", "pad it", True)
    assert [(c.label, c.seconds, c.traces, c.compiles, c.compile_s, c.compiled, c.note) for c in found.calls] == [
        ("call 0", 2.0, (FIRST,), 1, 0.5, ("step",), ""),
        ("call 1", 1.0, (AGAIN,), 0, 0.0, (), ""),
        ("call 2", 1.0, (), 0, 0.0, (), "stale"),
    ]


def test_an_answer_that_is_no_text_is_no_note(bench: Bench) -> None:
    assert bench.record(bench.act(says=3.0)).calls[0].note == ""


def test_the_first_trace_of_a_variant_has_no_cause(bench: Bench) -> None:
    found = bench.record(bench.act(AGAIN, INNER), bench.act(AGAIN))
    traced = [[(trace.function, trace.first, trace.causes) for trace in call.traces] for call in found.calls]
    assert traced == [[("step", True, ()), ("inner", True, ())], [("step", False, (CAUSE,))]]


@pytest.mark.parametrize(("memory", "grown"), [((100, 164), 64), ((100, 36), -64), ((None, None), None)])
def test_memory_is_what_grew(bench: Bench, memory: tuple[Any, Any], grown: int | None, with_fields: Any) -> None:
    told = iter(memory)
    bench.meters = with_fields(bench.meters, resident=lambda: next(told))
    assert bench.record(bench.act()).calls[0].rss_bytes == grown


def test_each_mode_and_variant_is_recorded_and_warmed_once(bench: Bench) -> None:
    said = bench.run(bench.sequence(bench.act(), name="a"), bench.sequence(bench.act(), name="b", modes=("xla",)))
    assert said == ["stage", "sequence"] * 6 + ["stage", "end"]
    stages = [message["stage"] for message in bench.said if message["say"] == "stage"]
    assert stages[:2] == ["calls a graph as written", "calls a graph fixed"]
    jobs = {job: bench.jobs.count(job) for job in dict.fromkeys(bench.jobs)}
    assert jobs == {
        ("a graph", False): 2,
        ("a graph", True): 2,
        ("a xla", False): 2,  # the first in its mode
        ("a xla", True): 1,
        ("b xla", False): 2,
        ("b xla", True): 2,
    }


def test_a_sequence_that_raises_costs_only_itself(bench: Bench) -> None:
    def fail() -> None:
        raise ValueError("wrong")

    said = bench.run(bench.sequence(fail, modes=("graph",)), bench.sequence(bench.act(), modes=("graph",)))
    assert said == ["stage", "failure"] * 2 + ["stage", "sequence"] * 2 + ["stage", "end"]
    failure = next(message for message in bench.said if message["say"] == "failure")
    assert (failure["type"], failure["message"]) == ("ValueError", "wrong")


def test_none_is_begun_after_the_limit(bench: Bench) -> None:
    said = bench.run(bench.sequence(bench.act(seconds=sequences.LIMIT_S), modes=("graph",)))
    assert said == ["stage", "sequence", "stage", "failure", "stage", "end"]
    assert bench.said[3]["message"] == "not begun, since those before it took more than 60 s"
