"""Have the call sequences of a workload run in a worker of their own, and gather what it says. No TensorFlow here."""

from collections.abc import Sequence

from tfbench.bench import calls, codec, protocol, scheduler
from tfbench.bench.aside import Aside, Message, Observer
from tfbench.bench.case import MULTI_WORKER, Case
from tfbench.bench.process import Worker
from tfbench.bench.scheduler import Settings, Start
from tfbench.workloads.spec import DataSource, Workload

WHAT = "retrace ledger"


def wanted(workload: Workload, cases: Sequence[Case]) -> list[Case]:
    """Give the cases in whose modes some sequence of the workload runs: one a mode, all of the first placement.

    Workers of a cluster run none: their calls are not made in step.
    """
    modes = {mode for sequence in workload.sequences for mode in sequence.modes}
    found: dict[str, Case] = {}
    for case in cases:
        if case.mode in modes and case.placement == cases[0].placement and case.placement.strategy != MULTI_WORKER:
            found.setdefault(case.mode, case)
    return list(found.values())


class Recording:
    """Record the retrace ledger of a workload. Whatever goes wrong costs what is missing, and leaves a note.

    Attributes:
        sequences: what was recorded so far.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        *,
        data: DataSource | None,
        settings: Settings,
        observer: Observer,
        start: Start = Worker,
    ) -> None:
        """Take the cases that `wanted` gave; nothing runs before `run`."""
        self.sequences: list[calls.Sequence] = []
        self._request = scheduler.make_request(cases, data, settings, task=protocol.SEQUENCES)
        name = f"{WHAT} of {cases[0].workload}"
        self._aside = Aside("call sequences", lambda _case_id: name, settings=settings, observer=observer, start=start)

    @property
    def notes(self) -> list[str]:
        """Say what is missing, and why."""
        return self._aside.notes

    def run(self) -> None:
        """Run the worker to its end. On an interruption what it has said stays."""
        self._aside.run(self._request, self._hear)

    def _hear(self, message: Message) -> None:
        if message["say"] == protocol.SEQUENCE:
            fields = {key: value for key, value in message.items() if key != "say"}
            self.sequences.append(codec.decode(calls.Sequence, fields))
