"""The retrace ledger, gathered from what scripted workers say."""

from typing import Any

import pytest
from tfbench.bench import codec, protocol, recording
from tfbench.bench.calls import Call, Sequence
from tfbench.bench.case import Placement
from tfbench.bench.process import WorkerError
from tfbench.bench.recording import Recording
from tfbench.bench.scheduler import Settings
from tfbench.workloads import spec
from tfbench.workloads.spec import DataSource

SEQUENCE = Sequence(
    workload="toy",
    mode="graph",
    name="lengths",
    fix="pad",
    fixed=False,
    calls=(Call(label="length 3", seconds=0.5, traces=(), compiles=0, compile_s=0.0, rss_bytes=None),),
)
SAID = {"say": protocol.SEQUENCE, **codec.encode(SEQUENCE)}
END = {"say": protocol.END}


class Heard:
    """Note what an observer is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def aside(self, cases: Any, what: str) -> None:
        """Note what it is, and the workload."""
        self.told.append(f"{what} of {cases[0].workload}")

    def message(self, message: dict[str, Any]) -> None:
        """Note what is said."""
        self.told.append(message["say"])


@pytest.fixture
def cases(records: Any) -> list[Any]:
    return [records.case(mode="graph"), records.case(mode="xla")]


def record(cases: list[Any], starter: Any, script: list[Any], **settings: Any) -> tuple[Recording, Any, Heard]:
    start, heard = starter(lambda _request, _number: script), Heard()
    made = Recording(
        cases, data=DataSource(kind="synthetic"), settings=Settings(**settings), observer=heard, start=start
    )
    made.run()
    return made, start, heard


def sequence(modes: tuple[str, ...]) -> spec.CallSequence:
    return spec.CallSequence(name="s", summary="", fix="", build=lambda job, *, fixed: [], modes=modes)


def test_one_case_is_wanted_for_each_mode_of_some_sequence(records: Any, make_workload: Any) -> None:
    cases = [records.case(mode=mode, implementation=i) for i in ("a", "b") for mode in ("eager", "graph", "xla")]
    both = make_workload(sequences=(sequence(("xla",)), sequence(("graph", "xla"))))
    assert recording.wanted(both, cases) == cases[1:3]
    assert recording.wanted(make_workload(sequences=(sequence(("xla",)),)), cases) == [cases[2]]
    assert recording.wanted(both, [cases[0]]) == []
    assert recording.wanted(make_workload(), cases) == []


def test_the_cases_are_of_one_placement(records: Any, make_workload: Any) -> None:
    cases = [records.case(mode="graph"), records.case(mode="xla", placement=Placement(device="gpu"))]
    assert recording.wanted(make_workload(sequences=(sequence(("graph", "xla")),)), cases) == cases[:1]


def test_what_the_worker_records_is_kept(cases: list[Any], starter: Any, says: Any) -> None:
    script = [says.stage(None, "import"), says.software(), SAID, SAID, END]
    made, start, heard = record(cases, starter, script)
    assert (made.sequences, made.notes) == ([SEQUENCE, SEQUENCE], [])
    assert heard.told == ["call sequences of toy", "stage", "software", "sequence", "sequence", "end"]
    (request,) = start.requests
    assert (request.task, request.cases, request.data_kind) == (protocol.SEQUENCES, tuple(cases), "synthetic")


def test_it_runs_in_the_python_of_its_placement(records: Any, starter: Any) -> None:
    cases = [records.case(mode="graph", placement=Placement(interpreter="new"))]
    _, start, _ = record(cases, starter, [END], interpreters={"new": "/new/python"})
    assert start.pythons == ["/new/python"]


def test_a_failed_sequence_leaves_a_note_and_the_others(cases: list[Any], starter: Any, says: Any) -> None:
    failed = [says.stage(cases[0], "calls lengths graph fixed"), says.failure(cases[0], "ValueError", "no shape")]
    made, _, _ = record(cases, starter, [*failed, SAID, END])
    assert made.sequences == [SEQUENCE]
    assert made.notes == ["retrace ledger of toy, calls lengths graph fixed: ValueError: no shape"]


def test_a_death_costs_only_what_was_not_said(cases: list[Any], starter: Any, says: Any) -> None:
    death = WorkerError("killed", "the worker was ended by SIGSEGV", ())
    made, start, _ = record(cases, starter, [SAID, says.stage(cases[0], "calls list xla as written"), death])
    assert made.sequences == [SEQUENCE]
    assert made.notes == ["retrace ledger of toy, calls list xla as written: the worker was ended by SIGSEGV"]
    assert len(start.requests) == 1
    assert start.workers[0].closed


@pytest.mark.parametrize("message", [{"say": "sequence", "workload": 3}, {"say": "stage"}, {"say": "failure"}])
def test_a_message_that_is_not_understood_is_a_note(cases: list[Any], starter: Any, message: dict[str, Any]) -> None:
    made, _, _ = record(cases, starter, [SAID, message, SAID, END])
    assert made.sequences == [SEQUENCE]
    assert made.notes[0].startswith("retrace ledger of toy, start: the worker's message was not understood: ")


def test_a_missing_device_is_a_note(cases: list[Any], starter: Any, says: Any) -> None:
    made, _, _ = record(cases, starter, [says.stage(None, "devices"), says.skip("no GPU")])
    assert made.notes == ["retrace ledger of toy, devices: no GPU"]


def test_an_interruption_passes_through_and_keeps_what_was_heard(cases: list[Any], starter: Any) -> None:
    start = starter(lambda _request, _number: [SAID, KeyboardInterrupt()])
    made = Recording(cases, data=None, settings=Settings(), observer=Heard(), start=start)
    with pytest.raises(KeyboardInterrupt):
        made.run()
    assert made.sequences == [SEQUENCE]
    assert start.workers[0].closed
