"""What a run has beside the times of its cases, once they are measured: retrace ledgers and profiles."""

from collections.abc import Iterable, Mapping, Sequence

from tfbench.bench import profiles, recording
from tfbench.bench.case import Case
from tfbench.bench.options import Choice
from tfbench.bench.progress import Progress
from tfbench.bench.record import Run
from tfbench.bench.scheduler import Settings
from tfbench.bench.store import Writer
from tfbench.workloads.spec import DataSource, Workload


class Supplements:
    """Add to a run what it has beside the times; what it has already stays."""

    def __init__(self, choice: Choice, catalog: Mapping[str, Workload]) -> None:
        """Take the options and the workloads."""
        self._choice, self._catalog = choice, catalog
        self._ledgered: set[str] = set()

    def call_cases(self, cases: Sequence[Case], run: Run | None) -> list[Case]:
        """Give the cases in whose modes the workload's call sequences are still to be run; none for a first look."""
        workload, choice = self._catalog[cases[0].workload], self._choice
        if choice.quick or choice.timing_only or workload.name in self._ledgered:
            return []
        called = recording.wanted(workload, cases)
        return [] if run is not None and _has_ledger(run, workload, called) else called

    def unprofiled(self, cases: Sequence[Case], run: Run) -> list[Case]:
        """Give the cases that are still to be profiled."""
        found = {profile.case_id for profile in run.profiles}
        return [case for case in cases if case.id not in found] if self._choice.profile else []

    def add(
        self,
        cases: Sequence[Case],
        measured: Sequence[Case],
        *,
        data: DataSource | None,
        writer: Writer,
        settings: Settings,
        observer: Progress,
    ) -> None:
        """Run the call sequences of a workload once, and profile the cases of a comparison set that were measured."""
        called, left = self.call_cases(cases, writer.run), self.unprofiled(measured, writer.run)
        self._ledgered.add(cases[0].workload)
        if called:
            _record_ledger(recording.Recording(called, data=data, settings=settings, observer=observer), called, writer)
        if left:
            folder = writer.path.parent
            made = profiles.Profiling(left, folder=folder, data=data, settings=settings, observer=observer)
            _profile(made, left, writer)


def _has_ledger(run: Run, workload: Workload, cases: Sequence[Case]) -> bool:
    """Tell whether a run has all call sequences of a workload in the modes of these cases."""
    modes = {case.mode for case in cases}
    wanted = {
        (workload.name, mode, sequence.name, fixed)
        for sequence in workload.sequences
        for mode in modes & set(sequence.modes)
        for fixed in (False, True)
    }
    return wanted <= {(found.workload, found.mode, found.name, found.fixed) for found in run.sequences}


def _without(notes: Iterable[str], names: Iterable[str]) -> list[str]:
    """Drop the notes about what was tried again."""
    starts = tuple(f"{name}," for name in names)
    return [note for note in notes if not note.startswith(starts)]


def _record_ledger(ledger: recording.Recording, cases: Sequence[Case], writer: Writer) -> None:
    """Run the call sequences of a workload, and keep what they gave."""
    name, run = cases[0].workload, writer.run
    try:
        ledger.run()
    finally:
        kept = [sequence for sequence in run.sequences if sequence.workload != name]
        notes = _without(run.ledger_notes, [f"{recording.WHAT} of {name}"])
        writer.update(sequences=(*kept, *ledger.sequences), ledger_notes=(*notes, *ledger.notes))


def _profile(made: profiles.Profiling, cases: Sequence[Case], writer: Writer) -> None:
    """Profile cases, and keep what it gave."""
    run = writer.run
    try:
        made.run()
    finally:
        about = [f"profile of {name}" for name in (cases[0].comparison_set, *(case.id for case in cases))]
        notes = _without(run.profile_notes, about)
        writer.update(profiles=(*run.profiles, *made.profiles), profile_notes=(*notes, *made.notes))
