"""A host that takes part in another host's run: when it starts workers, and when it stops."""

from typing import Any, Self

import pytest
from tfbench.bench import guest
from tfbench.bench.cluster import Cluster
from tfbench.bench.guest import Visit
from tfbench.bench.process import WorkerError
from tfbench.bench.protocol import Request

CLUSTER = Cluster(source="TF_CONFIG", addresses=("a:1000", "b:1000"), index=1)
FOLLOWING = {"say": "following", "cases": ["x", "y"]}
AGAIN, OVER = {"say": "end", "over": False}, {"say": "end", "over": True, "status": "complete"}


class FakeWorker:
    """A worker that says what it is given."""

    def __init__(self, script: list[Any]) -> None:
        self.script = script

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def messages(self, *, timeout_s: float) -> Any:
        """Say them; an exception is raised."""
        for message in self.script:
            if isinstance(message, BaseException):
                raise message
            yield message


def attend(*scripts: list[Any]) -> tuple[Visit, list[str], list[float]]:
    """Take part with workers that say these; give how it ended, what was told, and how patient each was."""
    lines: list[str] = []
    patience: list[float] = []
    workers = iter(scripts)

    def start(request: Request) -> Any:
        patience.append(request.patience_s)
        return FakeWorker(next(workers))

    return guest.attend(Request(cases=()), CLUSTER, lines.append, start), lines, patience


def test_workers_follow_one_after_the_other_until_the_run_is_over() -> None:
    visit, lines, patience = attend([FOLLOWING, AGAIN], [AGAIN], [OVER])
    assert visit == Visit(over=True, text="complete")
    assert lines == [
        "worker 2 of 2: takes part in the run of worker 1 at a:999",
        "worker 2 of 2: follows in 2 cases: x ...",
        "worker 2 of 2: the run is over: complete; worker 1 has written it",
    ]
    assert patience == [guest.FIRST_S, guest.AGAIN_S, guest.AGAIN_S]


def test_a_worker_that_dies_is_told_and_followed_by_another() -> None:
    visit, lines, _ = attend([FOLLOWING, WorkerError("killed", "the worker was ended by SIGKILL", ())], [OVER])
    assert visit.over
    assert "worker 2 of 2: the worker was ended by SIGKILL" in lines


def test_a_first_worker_that_is_not_there_ends_it() -> None:
    gone = {"say": "failure", "message": "a:999 does not answer (Connection refused)"}
    visit, _, _ = attend([gone])
    assert visit == Visit(over=False, text="a:999 does not answer (Connection refused)")


def test_workers_that_die_again_and_again_end_it() -> None:
    dying = [[WorkerError("killed", "the worker ended with exit code 1", ())]] * guest.MOST_FAILURES
    visit, _, _ = attend(*dying)
    assert visit == Visit(over=False, text="the worker ended with exit code 1")


def test_an_interruption_goes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        attend([KeyboardInterrupt()])
