"""Take part in the run of a cluster's first worker: give it a worker of this host whenever it wants one.

No TensorFlow here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tfbench.bench import protocol
from tfbench.bench.cluster import Cluster
from tfbench.bench.process import Worker, WorkerError
from tfbench.bench.protocol import Request

SILENT_S = 7 * 24 * 3600.0  # the first worker measures alone for as long as it likes
FIRST_S, AGAIN_S = 120.0, 20.0  # for its host to be there at all, and between its workers
MOST_FAILURES = 20


class Start(Protocol):
    """Start a worker."""

    def __call__(self, request: Request) -> Worker:
        """Start it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Hold how a run ended for a worker that took part.

    Attributes:
        over: whether the first worker said that the run is over.
        text: how it ended, or what went wrong.
    """

    over: bool
    text: str


def attend(request: Request, found: Cluster, tell: Callable[[str], None], start: Start = Worker) -> Visit:
    """Start workers, one after the other, until the first worker's host says that the run is over, or is gone.

    Args:
        request: what they need of this host; it names no case.
        found: the cluster.
        tell: is told what goes on, in lines.
        start: starts a worker.
    """
    name, first = f"worker {found.index + 1} of {len(found.addresses)}", ":".join(map(str, found.first))
    tell(f"{name}: takes part in the run of worker 1 at {first}")
    failures, patience_s = 0, FIRST_S
    while True:
        end, text = _one(replace(request, patience_s=patience_s), name, tell, start)
        patience_s = AGAIN_S
        if end is not None and end.get("over"):
            tell(f"{name}: the run is over: {end['status']}; worker 1 has written it")
            return Visit(over=True, text=str(end["status"]))
        if text:
            failures += 1
            tell(f"{name}: {text}")
            if end is None and (failures == MOST_FAILURES or "does not answer" in text):
                return Visit(over=False, text=text)


def _one(request: Request, name: str, tell: Callable[[str], None], start: Start) -> tuple[dict[str, Any] | None, str]:
    """Run one worker; give its last word, and what went wrong."""
    end, text = None, ""
    with start(request) as worker:
        try:
            for message in worker.messages(timeout_s=SILENT_S):
                if message["say"] == protocol.FOLLOWING:
                    tell(f"{name}: follows in {len(message['cases'])} cases: {message['cases'][0]} ...")
                elif message["say"] == protocol.FAILURE:
                    text = str(message["message"])
                elif message["say"] == protocol.END:
                    end = message
        except WorkerError as error:
            text = text or str(error)
    return end, text
