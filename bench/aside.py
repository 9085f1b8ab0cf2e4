"""Have a worker do something beside the measuring: what goes wrong leaves a note, and costs no case."""

import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from tfbench.bench import protocol
from tfbench.bench.case import Case
from tfbench.bench.process import Worker, WorkerError
from tfbench.bench.protocol import Request
from tfbench.bench.scheduler import Settings, Start

Message = dict[str, Any]


class Observer(Protocol):
    """Be told how it goes on."""

    def aside(self, cases: Sequence[Case], what: str) -> None:
        """Hear that a worker starts to do this with these cases."""

    def message(self, message: Message) -> None:
        """Hear what the worker said."""


class Aside:
    """Run workers beside the measuring.

    Attributes:
        notes: what is missing, and why.
        case_id: the case that a worker was at last.
        stage: its stage.
    """

    def __init__(
        self, what: str, name: Callable[[str], str], *, settings: Settings, observer: Observer, start: Start = Worker
    ) -> None:
        """Take what it is, for the progress line, and what to call it in notes, by the id of the case at hand."""
        self.notes: list[str] = []
        self.case_id, self.stage = "", "start"
        self._what, self._name, self._settings, self._observer, self._start = what, name, settings, observer, start

    def run(self, request: Request, hear: Callable[[Message], None]) -> bool:
        """Run one worker, let `hear` take what only it understands, and tell whether it came to its end.

        On an interruption what it has said stays.
        """
        first = request.cases[0]
        python = self._settings.interpreters.get(first.placement.interpreter, sys.executable)
        self.case_id, self.stage = "", "start"
        self._observer.aside(request.cases, self._what)
        with self._start(request, python=python) as worker:
            try:
                for message in worker.messages(timeout_s=self._settings.timeout_s):
                    self._hear(message)
                    hear(message)
                    self._observer.message(message)
            except WorkerError as error:
                self._note(str(error))
            except (KeyError, ValueError, TypeError) as error:
                self._note(f"the worker's message was not understood: {error!r}")
            else:
                return True
        return False

    def _hear(self, message: Message) -> None:
        said = message["say"]
        if said == protocol.STAGE:
            self.case_id, self.stage = message["case"], message["stage"]
        elif said == protocol.FAILURE:
            self._note(f"{message['type']}: {message['message']}")
        elif said == protocol.SKIP:
            self._note(message["reason"])

    def _note(self, text: str) -> None:
        self.notes.append(f"{self._name(self.case_id)}, {self.stage}: {text}")
