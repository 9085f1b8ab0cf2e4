"""The profiles of a comparison set, gathered from what scripted workers say."""

from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import codec, protocol
from tfbench.bench.case import Case, Placement
from tfbench.bench.process import WorkerError
from tfbench.bench.profile import Profile
from tfbench.bench.profiles import Profiling
from tfbench.bench.scheduler import Settings
from tfbench.workloads.spec import DataSource

END = {"say": protocol.END}
KILLED = WorkerError("killed", "the worker was ended by SIGKILL", ())
GPU = Placement(device="gpu")


class Heard:
    """Note what an observer is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def aside(self, cases: Any, what: str) -> None:
        """Note what it is, and with how many cases."""
        self.told.append((what, len(cases)))

    def message(self, message: dict[str, Any]) -> None:
        """Hear what is said."""


def profile(case: Case) -> Profile:
    """Make a profile of a case."""
    return Profile(case_id=case.id, steps=20, step_s=0.5, traced_s=0.5, plain_s=0.25, trace_bytes=1000)


def taken(case: Case) -> dict[str, Any]:
    """Say that a profile was taken."""
    return {"say": protocol.PROFILED, "profile": codec.encode(profile(case))}


@pytest.fixture
def cases(records: Any) -> list[Case]:
    """Give three cases of one placement."""
    return [records.case(mode=mode) for mode in ("eager", "graph", "xla")]


@pytest.fixture
def make(says: Any, starter: Any, tmp_path: Path) -> Any:
    """Give the function that makes a profiling of cases whose worker says what `at` has for each, and its starter."""

    def made(cases: list[Case], at: dict[str, list[Any]] | None = None) -> tuple[Profiling, Any, Heard]:
        def script(request: protocol.Request, _number: int) -> list[Any]:
            said = [says.stage(None, "import"), says.software()]
            for case in request.cases:
                said += [says.stage(case, "build"), *(at or {}).get(case.id, [taken(case)])]
            return [*said, says.stage(None, "end"), END]

        start, heard = starter(script), Heard()
        data = DataSource(kind="synthetic")
        made = Profiling(cases, folder=tmp_path, data=data, settings=Settings(), observer=heard, start=start)
        return made, start, heard

    return made


def test_nothing_runs_before_it_is_told_to(cases: list[Case], make: Any) -> None:
    made, start, _ = make(cases)
    assert (made.profiles, made.notes, start.requests) == ([], [], [])


def test_one_worker_profiles_the_cases_of_a_placement(cases: list[Case], make: Any) -> None:
    made, start, heard = make(cases)
    made.run()
    assert (made.profiles, made.notes) == ([profile(case) for case in cases], [])
    assert (start.modes, heard.told) == (["eager graph xla"], [("profiles", 3)])


def test_each_placement_has_its_worker(records: Any, cases: list[Case], make: Any) -> None:
    other = records.case(mode="graph", placement=GPU)
    made, start, heard = make([cases[0], other, cases[1]])
    made.run()
    assert [request.cases for request in start.requests] == [(cases[0], cases[1]), (other,)]
    assert made.profiles == [profile(case) for case in (cases[0], cases[1], other)]
    assert heard.told == [("profiles", 2), ("profiles", 1)]


def test_the_request_names_the_task_and_the_folder_in_full(
    records: Any, make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, starter: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    start = starter(lambda _request, _number: [END])
    settings = Settings(files=("own.py",), cpu_model="toy processor")
    data = DataSource(kind="fashion_mnist", folder=Path("images"))
    case = records.case()
    Profiling([case], folder=Path("run"), data=data, settings=settings, observer=Heard(), start=start).run()
    assert start.requests == [
        protocol.Request(
            cases=(case,),
            files=("own.py",),
            data_kind="fashion_mnist",
            data_folder="images",
            cpu_model="toy processor",
            task=protocol.PROFILE,
            folder=str(tmp_path.resolve() / "run"),
        )
    ]


def test_a_failure_costs_only_its_case(cases: list[Case], make: Any, says: Any) -> None:
    failed = [says.stage(cases[1], "read"), says.failure(cases[1], "ValueError", "the trace has no steps")]
    made, start, _ = make(cases, {cases[1].id: failed})
    made.run()
    assert made.profiles == [profile(cases[0]), profile(cases[2])]
    assert made.notes == [f"profile of {cases[1].id}, read: ValueError: the trace has no steps"]
    assert len(start.requests) == 1


@pytest.mark.parametrize(
    ("place", "modes"),
    [(0, ["eager graph xla", "graph xla"]), (1, ["eager graph xla", "xla"]), (2, ["eager graph xla"])],
)
def test_a_death_costs_the_case_at_hand_and_another_worker_takes_the_later_ones(
    cases: list[Case], make: Any, place: int, modes: list[str]
) -> None:
    made, start, _ = make(cases, {cases[place].id: [KILLED]})
    made.run()
    assert made.profiles == [profile(case) for case in cases if case != cases[place]]
    assert made.notes == [f"profile of {cases[place].id}, build: the worker was ended by SIGKILL"]
    assert (start.modes, all(worker.closed for worker in start.workers)) == (modes, True)


def test_a_message_that_is_not_understood_costs_the_case_at_hand(cases: list[Case], make: Any) -> None:
    made, start, _ = make(cases, {cases[0].id: [{"say": protocol.PROFILED, "profile": {"steps": 3}}]})
    made.run()
    assert made.profiles == [profile(cases[1]), profile(cases[2])]
    assert made.notes[0].startswith(f"profile of {cases[0].id}, build: the worker's message was not understood: ")
    assert (len(made.notes), start.modes) == (1, ["eager graph xla", "graph xla"])


def test_a_worker_that_came_to_its_end_is_the_last_of_its_placement(
    cases: list[Case], says: Any, starter: Any, tmp_path: Path
) -> None:
    start = starter(lambda _request, _number: [says.stage(cases[0], "build"), taken(cases[0]), END])
    made = Profiling(cases, folder=tmp_path, data=None, settings=Settings(), observer=Heard(), start=start)
    made.run()
    assert (made.profiles, made.notes, len(start.requests)) == ([profile(cases[0])], [], 1)


def test_every_case_may_end_its_worker(cases: list[Case], make: Any) -> None:
    made, start, _ = make(cases, {case.id: [KILLED] for case in cases})
    made.run()
    assert (made.profiles, len(made.notes)) == ([], 3)
    assert start.modes == ["eager graph xla", "graph xla", "xla"]


@pytest.mark.parametrize("last", [KILLED, {"say": "skip", "reason": "no GPU"}], ids=["death", "skip"])
def test_a_worker_that_reaches_no_case_is_not_tried_again(
    records: Any, cases: list[Case], make: Any, says: Any, starter: Any, tmp_path: Path, last: Any
) -> None:
    other = records.case(placement=GPU)
    start = starter(lambda request, _: [taken(other), END] if other in request.cases else [says.stage(None, "x"), last])
    made = Profiling([*cases, other], folder=tmp_path, data=None, settings=Settings(), observer=Heard(), start=start)
    made.run()
    assert made.profiles == [profile(other)]
    (note,) = made.notes
    assert note.startswith(f"profile of {cases[0].comparison_set}, x: ")
    assert start.modes == ["eager graph xla", "eager"]


def test_an_interruption_passes_through_and_keeps_what_was_taken(cases: list[Case], make: Any) -> None:
    made, start, _ = make(cases, {cases[1].id: [KeyboardInterrupt()]})
    with pytest.raises(KeyboardInterrupt):
        made.run()
    assert made.profiles == [profile(cases[0])]
    assert (len(start.requests), start.workers[0].closed) == (1, True)


def test_overhead_is_what_a_traced_step_takes_longer(records: Any) -> None:
    assert profile(records.case()).overhead == 1.0
