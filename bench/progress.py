"""Say what is running and how long is left: a live line on a terminal, a line a worker elsewhere."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.status import Status
from rich.text import Text
from tfbench.bench import protocol
from tfbench.bench.case import Case, common_label

FIRST_GUESS_S = 15.0


def duration(seconds: float) -> str:
    """Write a time left: `40 s`, `3 min`."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"


class Progress:
    """Follow the workers of a run; an `Observer` of the scheduler."""

    def __init__(
        self, *, workers: int, console: Console | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Plan for so many workers in the whole run."""
        self._console = console or Console(stderr=True)
        self._clock = clock
        self._planned = workers
        self._durations: list[float] = []
        self._started: float | None = None
        self._what = self._invocation = ""
        self._names: dict[str, str] = {}
        self._rounds = 0
        self._status: Status | None = None

    def __enter__(self) -> Self:
        """Show the live line, on a terminal."""
        if self._console.is_terminal:
            self._status = self._console.status("starting")
            self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Take the live line away."""
        self._finish_worker()
        if self._status is not None:
            self._status.stop()
            self._status = None

    def group(self, cases: Sequence[Case], *, invocation: int, invocations: int) -> None:
        """Say which worker starts."""
        self._finish_worker()
        self._started = self._clock()
        self._rounds = 0
        self._what = f"{common_label(cases)} ({cases[0].placement.label})"
        self._invocation = f"invocation {invocation} of {invocations}"
        self._names = {case.id: f"{case.implementation} {case.mode}" for case in cases}
        if self._status is None:
            line = f"tfbench: {self._what}, {self._invocation}: {len(cases)} cases, {self.left()} left"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            self._update(f"{len(cases)} cases")

    def aside(self, cases: Sequence[Case], what: str) -> None:
        """Say that a worker starts to do something beside the measuring."""
        self._finish_worker()
        self._started = self._clock()
        self._what, self._invocation = cases[0].workload, what
        self._names = {case.id: f"{case.implementation} {case.mode}" for case in cases}
        if self._status is None:
            line = f"tfbench: {self._what}, {what}, {self.left()} left"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            self._update("start")

    def message(self, message: dict[str, Any]) -> None:
        """Say which case is at which stage."""
        if message["say"] != protocol.STAGE or self._status is None:
            return
        self._rounds += message["stage"] == "round"
        stage = f"round {self._rounds}" if message["stage"] == "round" else message["stage"]
        self._update(f"{self._names.get(message['case'], 'TensorFlow')}: {stage}")

    def _update(self, at: str) -> None:
        """Show one line, cut at the width of the terminal; what matters most comes first."""
        if self._status is not None:
            line = Text(f"{self.left()} left, {self._invocation}: {self._what}, {at}")
            line.truncate(self._console.width - 3, overflow="ellipsis")  # 3: the spinner before it
            self._status.update(line)

    def left(self) -> str:
        """Estimate the time left from the workers so far."""
        mean = sum(self._durations) / len(self._durations) if self._durations else FIRST_GUESS_S
        running = self._clock() - self._started if self._started is not None else 0.0
        open_workers = max(1, self._planned - len(self._durations))
        return f"about {duration(max(1.0, open_workers * mean - min(running, mean)))}"

    def _finish_worker(self) -> None:
        if self._started is not None:
            self._durations.append(self._clock() - self._started)
            self._started = None
