"""Have the measured cases profiled in workers of their own, after all timing. No TensorFlow here."""

from collections.abc import Sequence
from pathlib import Path

from tfbench.bench import codec, protocol, scheduler
from tfbench.bench.aside import Aside, Message, Observer
from tfbench.bench.case import Case, common_label
from tfbench.bench.process import Worker
from tfbench.bench.profile import Profile
from tfbench.bench.protocol import Request
from tfbench.bench.scheduler import Settings, Start
from tfbench.workloads.spec import DataSource


class Profiling:
    """Profile the cases of a comparison set. Whatever goes wrong costs a profile, and leaves a note.

    Attributes:
        profiles: those that were taken so far.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        *,
        folder: Path,
        data: DataSource | None,
        settings: Settings,
        observer: Observer,
        start: Start = Worker,
    ) -> None:
        """Take the cases, and the run's folder, in which the profiles will lie; nothing runs before `run`."""
        self.profiles: list[Profile] = []
        self._cases, self._folder, self._data, self._settings = tuple(cases), folder, data, settings
        whole = common_label(cases)
        self._aside = Aside(
            "profiles",
            lambda case_id: f"profile of {case_id or whole}",
            settings=settings,
            observer=observer,
            start=start,
        )

    @property
    def notes(self) -> list[str]:
        """Say which profiles are missing, and why."""
        return self._aside.notes

    def run(self) -> None:
        """Run workers until each case has its profile or its note; one that dies costs the case at hand."""
        for placement in dict.fromkeys(case.placement for case in self._cases):
            left = [case for case in self._cases if case.placement == placement]
            while left:
                finished = self._aside.run(self._request(left), self._hear)
                ids = [case.id for case in left]
                # Outside any case another worker would go wrong, too.
                again = not finished and self._aside.case_id in ids
                left = left[ids.index(self._aside.case_id) + 1 :] if again else []

    def _request(self, cases: Sequence[Case]) -> Request:
        folder = str(self._folder.resolve())
        return scheduler.make_request(cases, self._data, self._settings, task=protocol.PROFILE, folder=folder)

    def _hear(self, message: Message) -> None:
        if message["say"] == protocol.PROFILED:
            self.profiles.append(codec.decode(Profile, message["profile"]))
