"""One run of the suite inside a pytest session: chosen cases, what they ended as, and their run.json."""

import os
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import cluster, environment, guest, interpreters, replay, scheduler, selection, store
from tfbench.bench.case import Case
from tfbench.bench.errors import BadInputError, StorageError, TfbenchError
from tfbench.bench.machine import Host
from tfbench.bench.membership import Membership
from tfbench.bench.options import Choice
from tfbench.bench.progress import Progress
from tfbench.bench.record import COMPLETE, INTERRUPTED, RUNNING, Failure, Measurement, Outcome, Run, Skip
from tfbench.bench.resume import Resumption
from tfbench.bench.scheduler import Measuring, Settings
from tfbench.bench.supplements import Supplements
from tfbench.workloads import fashion_data
from tfbench.workloads.catalog import catalog
from tfbench.workloads.spec import DataSource, Workload


class Suite:
    """Measure each comparison set when its first case is asked for, and hand out what became of each case."""

    def __init__(
        self,
        choice: Choice,
        *,
        given: Mapping[str, str],
        check_only: bool,
        infos: Callable[[], tuple[dict[str, Any], dict[str, Any]]],
        uncaptured: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Take the options; nothing is looked up or written yet.

        Args:
            choice: the options, parsed.
            given: the options as texts, for the record.
            check_only: compare answers, time and write nothing.
            infos: gives pytest-benchmark's machine_info and commit_info.
            uncaptured: lets the progress line through pytest's capture.
        """
        self.choice = choice
        self.writer: store.Writer | None = None
        self._given, self._check_only, self._infos, self._uncaptured = given, check_only, infos, uncaptured
        self._sets: list[list[Case]] = []
        self._outcomes: dict[str, Outcome] = {}
        self._progress: Progress | None = None
        self._interrupted = self._broken = False
        self._resumption = Resumption(choice) if choice.resume else None

    @cached_property
    def catalog(self) -> dict[str, Workload]:
        """Give all workloads there are."""
        try:
            return catalog(self.choice.files, self.choice.own)
        except ValueError as error:
            raise BadInputError(str(error)) from error

    @cached_property
    def cases(self) -> list[Case]:
        """Give the cases that the options choose; of a run that is gone on with, those that it was to measure."""
        chosen = selection.select(self.catalog, self.choice, len(self.membership.addresses))
        return self._resumption.planned(chosen) if self._resumption else chosen

    @cached_property
    def _supplements(self) -> Supplements:
        return Supplements(self.choice, self.catalog)

    @cached_property
    def membership(self) -> Membership:
        """Find the cluster that this process belongs to, once."""
        return Membership(cluster.find(os.environ))

    @cached_property
    def host(self) -> Host:
        """Describe the machine, once."""
        return environment.host()

    @cached_property
    def data(self) -> DataSource:
        """Find the Fashion-MNIST images, once, when the first workload needs them."""
        return fashion_data.resolve(self._data_folder())

    def _data_folder(self) -> Path | None:
        try:
            return fashion_data.named_folder(self.choice.fashion_mnist)
        except ValueError as error:
            raise BadInputError(str(error)) from error

    def plan(self, case_ids: Sequence[str]) -> None:
        """Take the cases that pytest has kept, and refuse bad input before anything runs.

        Raises:
            BadInputError: the data folder, the output folder or an interpreter cannot be used.
        """
        kept = set(case_ids)
        self._sets = selection.comparison_sets([case for case in self.cases if case.id in kept], self.catalog)
        if self._resumption is not None:
            self._sets = self._resumption.sets(self.cases, kept, self.catalog)
        folder = self._data_folder()
        needs_data = any(self.catalog[cases[0].workload].data for cases in self._sets)
        if needs_data and folder is not None:
            try:
                fashion_data.read_folder(folder)
            except ValueError as error:
                raise BadInputError(str(error)) from error
        for label, path in self.choice.interpreters:
            interpreters.check(label, path)
        self.membership.join(self.choice)
        if self._resumption is not None:
            self._go_on(self._resumption)
        elif not (self._check_only or self.membership.follows):
            store.check_writable(self.choice.out)
        timed = [cases for cases in self._sets if self._finished(cases) is None]
        workers = sum(len({case.placement for case in cases}) for cases in timed)
        run = self.writer.run if self.writer else None
        called = [c for c in self._sets if not self._check_only and self._supplements.call_cases(c, run)]
        ledgers = len({cases[0].workload for cases in called})
        profiles = workers if self.choice.profile and not self._check_only else 0
        self._progress = Progress(workers=workers * self._settings.invocations + ledgers + profiles)

    def _go_on(self, resumption: Resumption) -> None:
        """Take the folder of the run that is gone on with, once it is sure to be the same measurement."""
        if self._check_only or self.membership.found:
            raise BadInputError("--resume: goes neither with --benchmark-disable nor with a cluster; leave it")
        resumption.check(self.catalog, self.host)
        todo = [cases for cases in self._sets if resumption.needs(cases, self._supplements)]
        if any(self.catalog[cases[0].workload].data for cases in todo):
            resumption.check_data(synthetic=self.data.kind == "synthetic")
        self.writer = resumption.writer(works=bool(todo), now=datetime.now(UTC).isoformat(timespec="seconds"))
        with self._uncaptured():
            print(resumption.told(len(self._sets), len(todo)), file=sys.stderr)  # noqa: T201 - a line of progress

    @property
    def planned(self) -> bool:
        """Tell whether there is anything to measure in this session."""
        return bool(self._sets)

    @property
    def only_skipped(self) -> bool:
        """Tell whether nothing was measured although nothing failed and nobody interrupted."""
        skipped = [isinstance(outcome, Skip) for outcome in self._outcomes.values()]
        return bool(skipped) and all(skipped) and not self._interrupted

    def attend(self) -> guest.Visit:
        """Take part in the run of a cluster's first worker, until that is over."""
        data = self.data if any(self.catalog[cases[0].workload].data for cases in self._sets) else None
        request = scheduler.make_request((), data, self._settings)
        found = self.membership.found
        assert found is not None, "only then is there a first worker"
        with self._uncaptured():
            return self.membership.attend(replace(request, worker=found.index, first=":".join(map(str, found.first))))

    @property
    def _settings(self) -> Settings:
        return Settings(
            invocations=1 if self._check_only else self.choice.invocations,
            max_invocations=self.choice.max_invocations,
            plan=self.choice.plan,
            timeout_s=self.choice.timeout_s,
            check_only=self._check_only,
            files=tuple(str(path) for path in self.choice.files),
            own=self.choice.own,
            cpu_model=self.host.cpu,
            interpreters=dict(self.choice.interpreters),
            cluster=self.membership.addresses,
            listener=self.membership.listener,
        )

    def present(self, case_id: str, benchmark: Any) -> None:
        """Show a case's outcome to pytest: its rounds to pytest-benchmark, else a failure or a skip."""
        try:
            outcome = self._outcome(case_id)
        except (TfbenchError, OSError) as error:  # such as a full disk: what is finished is kept
            self._broken = True
            replay.stop(str(error), benchmark)
        except KeyboardInterrupt:  # pytest would show where; the report below says what is kept
            replay.stop("interrupted", benchmark)
        if isinstance(outcome, Failure):
            pytest.fail(replay.failure_text(outcome, self._outcomes.values()), pytrace=False)
        if not isinstance(outcome, Measurement):
            pytest.skip(outcome.reason)
        if self._check_only:
            benchmark.pedantic(lambda: None)
        else:
            replay.replay(outcome, benchmark)

    def _outcome(self, case_id: str) -> Outcome:
        if case_id not in self._outcomes:
            cases = next(cases for cases in self._sets if any(case.id == case_id for case in cases))
            with self._uncaptured():
                self._measure(cases)
        return self._outcomes[case_id]

    def _measure(self, cases: Sequence[Case]) -> None:
        writer = self._open()
        data = self.data if self.catalog[cases[0].workload].data else None
        assert self._progress is not None, "plan() comes before any case"
        with self._progress as observer:
            outcomes = self._finished(cases)
            if outcomes is None:
                outcomes = self._time(cases, data, writer, observer)
            self._outcomes.update({outcome.case.id: outcome for outcome in outcomes})
            measured = [outcome.case for outcome in outcomes if isinstance(outcome, Measurement)]
            if writer is not None and measured:
                with self._interruptible():
                    self._supplements.add(
                        cases, measured, data=data, writer=writer, settings=self._settings, observer=observer
                    )

    def _has(self, cases: Sequence[Case]) -> bool:
        """Tell whether the run that is gone on with has anything of these cases: then half of a new set is no gain."""
        return self._resumption is not None and self._resumption.has(cases)

    def _finished(self, cases: Sequence[Case]) -> Sequence[Outcome] | None:
        """Give what the cases had ended as in the run that is gone on with; None if they are to be measured."""
        return self._resumption.finished(cases) if self._resumption else None

    def _time(
        self, cases: Sequence[Case], data: DataSource | None, writer: store.Writer | None, observer: Progress
    ) -> Sequence[Outcome]:
        """Measure the cases of a comparison set, and keep what they ended as."""
        measuring = Measuring(cases, catalog=self.catalog, data=data, settings=self._settings, observer=observer)
        try:
            with self._interruptible():
                measuring.run()
        finally:
            outcomes = measuring.outcomes()
            self._outcomes.update({outcome.case.id: outcome for outcome in outcomes})
            if writer is not None and not (self._interrupted and self._has(cases)):
                note = data.note if data and data.note else writer.run.data_note
                known = {s.interpreter: s for s in (*measuring.software.values(), *writer.run.software)}
                writer.replace([case.id for case in cases], outcomes, software=tuple(known.values()), data_note=note)
        return outcomes

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let SIGTERM, as `timeout` and CI send it, end a run like Ctrl-C: with what is measured kept."""
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self._interrupted = True
            yield
            self._interrupted = False
        finally:
            signal.signal(signal.SIGTERM, before)

    def _open(self) -> store.Writer | None:
        """Create the run's folder when the first worker is about to start."""
        if self._check_only or self.writer is not None:
            return self.writer
        now = datetime.now(UTC)
        folder = store.new_folder(self.choice.out, socket.gethostname(), now=now)
        machine_info, commit_info = self._infos()
        run = Run(
            name=folder.name,
            started=now.isoformat(timespec="seconds"),
            status=RUNNING,
            command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            options=dict(self._given),
            host=self.host,
            cluster=str(self.membership.found or ""),
            planned=tuple(case.id for cases in self._sets for case in cases),
        )
        self.writer = store.Writer(folder, run, machine_info=machine_info, commit_info=commit_info)
        return self.writer

    def finish(self) -> None:
        """Write how the run ended, and let a cluster's other workers go.

        Raises:
            StorageError: it cannot be written, and that was not told before.
        """
        planned = {case.id for cases in self._sets for case in cases}
        if self._resumption is not None and self.writer is not None:
            planned |= self._resumption.unfinished(self.cases, self.catalog)
        whole = planned <= self._outcomes.keys() and not self._interrupted
        status = COMPLETE if whole else INTERRUPTED
        try:
            if self.writer is not None:
                self.writer.update(status=status)
                self.writer.close()
        except StorageError:
            if not self._broken:
                raise
        finally:
            self.membership.dismiss(status)
