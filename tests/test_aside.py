"""What scripted workers do beside the measuring: what goes wrong is a note, and the caller hears the rest."""

from typing import Any

import pytest
from tfbench.bench.aside import Aside
from tfbench.bench.case import Placement
from tfbench.bench.process import WorkerError
from tfbench.bench.protocol import Request
from tfbench.bench.scheduler import Settings

END = {"say": "end"}


class Heard:
    """Note what an observer is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def aside(self, cases: Any, what: str) -> None:
        """Note what it is, and with how many cases."""
        self.told.append((what, len(cases)))

    def message(self, message: dict[str, Any]) -> None:
        """Note what is said."""
        self.told.append(message["say"])


@pytest.fixture
def request_of_two(records: Any) -> Request:
    placement = Placement(interpreter="new")
    return Request(cases=tuple(records.case(mode=mode, placement=placement) for mode in ("graph", "xla")))


def make(start: Any, **settings: Any) -> tuple[Aside, Heard]:
    heard = Heard()
    name = lambda case_id: f"work on {case_id or 'all'}"  # noqa: E731 - reads as one line
    return Aside("works", name, settings=Settings(**settings), observer=heard, start=start), heard


def test_caller_and_observer_hear_all_that_is_said(request_of_two: Request, starter: Any, says: Any) -> None:
    start, heard = starter(lambda _request, _number: [says.software(), {"say": "own"}, END]), list[Any]()
    aside, observer = make(start, interpreters={"new": "/new/python"})
    assert aside.run(request_of_two, heard.append)
    assert [message["say"] for message in heard] == ["software", "own", "end"]
    assert observer.told == [("works", 2), "software", "own", "end"]
    assert (start.requests, start.pythons, aside.notes) == ([request_of_two], ["/new/python"], [])


def test_it_knows_at_which_case_and_stage_the_worker_was_last(request_of_two: Request, starter: Any, says: Any) -> None:
    case = request_of_two.cases[1]
    aside, _ = make(starter(lambda _request, _number: [says.stage(case, "trace"), END]))
    assert (aside.case_id, aside.stage) == ("", "start")
    assert aside.run(request_of_two, lambda _: None)
    assert (aside.case_id, aside.stage) == (case.id, "trace")


def test_a_next_worker_starts_at_no_case(request_of_two: Request, starter: Any, says: Any) -> None:
    case = request_of_two.cases[0]
    killed = WorkerError("killed", "the worker was ended by SIGKILL", ())
    aside, _ = make(starter(lambda _request, number: [says.stage(case, "build")] * (number == 1) + [killed]))
    assert not aside.run(request_of_two, lambda _: None)
    assert not aside.run(request_of_two, lambda _: None)
    assert aside.notes == [
        f"work on {case.id}, build: the worker was ended by SIGKILL",
        "work on all, start: the worker was ended by SIGKILL",
    ]


def test_failures_and_skips_are_notes_and_it_goes_on(request_of_two: Request, starter: Any, says: Any) -> None:
    case = request_of_two.cases[0]
    script = [says.skip("no GPU"), says.stage(case, "read"), says.failure(case, "OSError", "no disk"), END]
    aside, _ = make(starter(lambda _request, _number: script))
    assert aside.run(request_of_two, lambda _: None)
    assert aside.notes == ["work on all, start: no GPU", f"work on {case.id}, read: OSError: no disk"]


@pytest.mark.parametrize("error", [KeyError("profile"), ValueError("odd"), TypeError("odd")], ids=repr)
def test_what_the_caller_does_not_understand_ends_the_worker(
    request_of_two: Request, starter: Any, error: Exception
) -> None:
    def hear(message: dict[str, Any]) -> None:
        raise error

    start = starter(lambda _request, _number: [{"say": "own"}, END])
    aside, observer = make(start)
    assert not aside.run(request_of_two, hear)
    assert aside.notes == [f"work on all, start: the worker's message was not understood: {error!r}"]
    assert (observer.told, start.workers[0].closed) == ([("works", 2)], True)


def test_an_interruption_passes_through_and_closes_the_worker(request_of_two: Request, starter: Any) -> None:
    start, heard = starter(lambda _request, _number: [{"say": "own"}, KeyboardInterrupt()]), list[Any]()
    aside, _ = make(start)
    with pytest.raises(KeyboardInterrupt):
        aside.run(request_of_two, heard.append)
    assert (heard, aside.notes, start.workers[0].closed) == ([{"say": "own"}], [], True)
