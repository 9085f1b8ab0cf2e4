"""Have the call sequences of a workload run in a worker of their own, and gather what it says. No TensorFlow here."""

import sys
from collections.abc import Sequence
from typing import Any, Protocol

from tfbench.bench import calls, codec, protocol
from tfbench.bench.case import Case
from tfbench.bench.process import Worker, WorkerError
from tfbench.bench.protocol import Request
from tfbench.bench.scheduler import Settings, Start
from tfbench.workloads.spec import DataSource, Workload


class Observer(Protocol):
    """Be told how the recording goes on."""

    def sequences(self, workload: str) -> None:
        """Hear that a worker for the call sequences of this workload starts."""

    def message(self, message: dict[str, Any]) -> None:
        """Hear what the worker said."""


def wanted(workload: Workload, cases: Sequence[Case]) -> list[Case]:
    """Give the cases in whose modes some sequence of the workload runs: one a mode, all of the first placement."""
    modes = {mode for sequence in workload.sequences for mode in sequence.modes}
    found: dict[str, Case] = {}
    for case in cases:
        if case.mode in modes and case.placement == cases[0].placement:
            found.setdefault(case.mode, case)
    return list(found.values())


class Recording:
    """Record the retrace ledger of a workload. Whatever goes wrong costs what is missing, and leaves a note.

    Attributes:
        sequences: what was recorded so far.
        notes: what is missing, and why.
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
        self.notes: list[str] = []
        self._cases, self._data, self._settings = tuple(cases), data, settings
        self._observer, self._start = observer, start
        self._stage = "start"

    def run(self) -> None:
        """Run the worker to its end. On an interruption what it has said stays."""
        settings, first = self._settings, self._cases[0]
        python = settings.interpreters.get(first.placement.interpreter, sys.executable)
        self._observer.sequences(first.workload)
        with self._start(self._request(), python=python) as worker:
            try:
                for message in worker.messages(timeout_s=settings.timeout_s):
                    self._hear(message)
                    self._observer.message(message)
            except WorkerError as error:
                self._note(str(error))
            except (KeyError, ValueError, TypeError) as error:
                self._note(f"the worker's message was not understood: {error!r}")

    def _request(self) -> Request:
        data, settings = self._data, self._settings
        return Request(
            cases=self._cases,
            files=settings.files,
            data_kind=data.kind if data else "",
            data_folder=str(data.folder) if data and data.folder else "",
            cpu_model=settings.cpu_model,
            sequences=True,
        )

    def _hear(self, message: dict[str, Any]) -> None:
        said = message["say"]
        if said == protocol.STAGE:
            self._stage = message["stage"]
        elif said == protocol.SEQUENCE:
            fields = {key: value for key, value in message.items() if key != "say"}
            self.sequences.append(codec.decode(calls.Sequence, fields))
        elif said == protocol.FAILURE:
            self._note(f"{message['type']}: {message['message']}")
        elif said == protocol.SKIP:
            self._note(message["reason"])

    def _note(self, text: str) -> None:
        self.notes.append(f"retrace ledger of {self._cases[0].workload}, {self._stage}: {text}")
