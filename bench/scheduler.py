"""Measure a comparison set: which worker runs when, and what its cases end as. No TensorFlow here."""

import itertools
import operator
import os
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from tfbench.bench import health, listening, precision
from tfbench.bench.case import MULTI_WORKER, Case
from tfbench.bench.listening import Heard
from tfbench.bench.machine import Software
from tfbench.bench.process import Worker
from tfbench.bench.protocol import Request
from tfbench.bench.record import Failure, Invocation, Measurement, Outcome, Skip
from tfbench.bench.timing import DEFAULT_PLAN, Plan
from tfbench.workloads import content
from tfbench.workloads.own import NOTHING, Own
from tfbench.workloads.spec import DataSource, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Say how a run measures.

    Attributes:
        invocations: fresh workers for each group of cases; with `plan.precision`, at least.
        max_invocations: with `plan.precision`, at most.
        plan: rounds and budget of each.
        timeout_s: how long a worker may be silent; it speaks at each stage and before each round.
        check_only: compare the answers, time nothing.
        files: workload files for the workers to load.
        own: code of the user's that was not written for this suite.
        cpu_model: the processor's name, for records.
        interpreters: the Python of each label that a placement may name.
        cluster: addresses of the workers of a cluster that somebody else set up; empty for this machine's own.
        listener: descriptor of the socket to which those of other hosts come.
        seed: of the order of groups, cases and rounds.
    """

    invocations: int = 5
    max_invocations: int = 20
    plan: Plan = DEFAULT_PLAN
    timeout_s: float = 300.0
    check_only: bool = False
    files: tuple[str, ...] = ()
    own: Own = NOTHING
    cpu_model: str = ""
    interpreters: dict[str, str] = field(default_factory=dict)
    cluster: tuple[str, ...] = ()
    listener: int = -1
    seed: int = 0


def make_request(cases: Sequence[Case], data: DataSource | None, settings: Settings, **more: Any) -> Request:
    """Ask for something to be done with these cases; `more` says what."""
    if any(case.placement.strategy == MULTI_WORKER for case in cases):
        more |= {"cluster": settings.cluster, "listener": settings.listener}
    return Request(
        cases=tuple(cases),
        files=settings.files,
        own=settings.own,
        data_kind=data.kind if data else "",
        data_folder=str(data.folder) if data and data.folder else "",
        cpu_model=settings.cpu_model,
        **more,
    )


class Start(Protocol):
    """Start a worker."""

    def __call__(self, request: Request, *, python: str) -> Worker:
        """Start it in this Python."""


class Observer(Protocol):
    """Be told how the measuring goes on: the live progress line, or a test."""

    def group(self, cases: Sequence[Case], *, invocation: int, invocations: int) -> None:
        """Hear that a worker for these cases starts."""

    def message(self, message: dict[str, Any]) -> None:
        """Hear what the worker said."""


class Measuring:
    """Measure the cases of one comparison set, all its invocations interleaved over its placements."""

    def __init__(
        self,
        cases: Sequence[Case],
        *,
        catalog: dict[str, Workload],
        data: DataSource | None,
        settings: Settings,
        observer: Observer,
        start: Start = Worker,
    ) -> None:
        """Take the cases; nothing runs before `run`."""
        self.cases = tuple(cases)
        self.software: dict[str, Software] = {}
        self._catalog, self._data, self._settings, self._observer = catalog, data, settings, observer
        self._start = start
        self._ends: dict[str, Skip | Failure] = {}
        self._invocations: dict[str, list[Invocation]] = {case.id: [] for case in self.cases}
        self._facts: dict[str, dict[str, Any]] = {}
        self._work: dict[str, int] = {}
        self._content = content.digest(catalog[self.cases[0].workload])
        for case in self.cases:
            workload = catalog[case.workload]
            reason = workload.skip_reason(
                case.implementation, dict(case.params), case.mode, replicas=case.placement.replicas
            )
            if reason:
                self._ends[case.id] = Skip(case=case, reason=reason)
            else:
                self._count_work(case, workload)

    def _count_work(self, case: Case, workload: Workload) -> None:
        """Ask how much one call does, before anything is measured in vain."""
        try:
            self._work[case.id] = count = operator.index(workload.work(dict(case.params), case.placement.replicas))
            kind, message = "ValueError", f"work: {count}, but a call does at least 1"
        except Exception as error:  # noqa: BLE001 - it is the user's
            count, kind, message = 0, type(error).__name__, f"work: {error}"
        if count < 1:
            self._ends[case.id] = Failure(case=case, stage="start", type=kind, message=message)

    def run(self) -> None:
        """Measure. On an interruption what is finished stays, and the workers are gone."""
        rng = random.Random(f"{self._settings.seed}/{self.cases[0].comparison_set}")
        placements = list(dict.fromkeys(case.placement for case in self.cases))
        for invocation in itertools.count(1):
            wanted = self._wanted(invocation)
            for placement in rng.sample(placements, len(placements)):
                cases = [case for case in wanted if case.placement == placement]
                self._measure_group(cases, invocation, rng.getrandbits(32))
            if not wanted:
                return

    def _wanted(self, invocation: int) -> list[Case]:
        """Give the cases to measure in this invocation: all, then those that are not precise enough."""
        settings = self._settings
        if invocation <= settings.invocations:
            return list(self.cases)
        if not settings.plan.precision or settings.check_only or invocation > settings.max_invocations:
            return []
        again = set(precision.unmet(self._measured(), settings.plan.precision))
        return [case for case in self.cases if case.id in again]

    def outcomes(self) -> list[Outcome]:
        """Give what the cases ended as; those without any result, after an interruption, are left out."""
        measured = self._measured()
        found = {measurement.case.id: self._judge(measurement, measured) for measurement in measured}
        ends = (self._ends.get(case.id) or found.get(case.id) for case in self.cases)
        return [outcome for outcome in ends if outcome is not None]

    def _judge(self, measurement: Measurement, measured: Sequence[Measurement]) -> Measurement:
        """Add what only the whole set tells of a measurement."""
        if self._settings.check_only:
            return measurement
        wanted = self._settings.plan.precision
        software = self.software.get(measurement.case.placement.interpreter)
        return replace(
            measurement,
            precision=precision.reached(measurement, measured, wanted) if wanted else None,
            health=health.examine(
                measurement, measured, timer_s=software.timer_s if software else 0.0, cores=os.cpu_count() or 1
            ),
        )

    def _measured(self) -> list[Measurement]:
        done = (case for case in self.cases if case.id not in self._ends and self._invocations[case.id])
        return [self._measurement(case) for case in done]

    def _measurement(self, case: Case) -> Measurement:
        workload, facts = self._catalog[case.workload], self._facts[case.id]
        return Measurement(
            case=case,
            baseline=workload.baseline_of(case.implementation),
            unit=facts["unit"] or workload.unit,
            work_per_call=facts["work"] or self._work[case.id],
            data=facts["data"],
            caution=facts["caution"],
            reduced_bytes=facts["reduced_bytes"],
            shard_losses=tuple(facts["shard_losses"]),
            device=facts["device"],
            content=self._content,
            shapes=facts["shapes"],
            invocations=tuple(self._invocations[case.id]),
        )

    def _measure_group(self, cases: Sequence[Case], invocation: int, seed: int) -> None:
        """Run workers until every case of one placement has this invocation or has ended.

        A worker that dies costs the case it was at; the others get another worker.
        """
        settings = self._settings
        invocations = settings.invocations if invocation <= settings.invocations else settings.max_invocations
        while True:
            left = [case for case in cases if case.id not in self._ends and not self._has(case, invocation)]
            if not left:
                return
            self._observer.group(left, invocation=invocation, invocations=invocations)
            self._run_worker(left, invocation, seed)

    def _has(self, case: Case, invocation: int) -> bool:
        return any(done.index == invocation for done in self._invocations[case.id])

    def _run_worker(self, cases: Sequence[Case], invocation: int, seed: int) -> None:
        heard = Heard(invocation=invocation)
        finished = False
        try:
            python = self._settings.interpreters.get(cases[0].placement.interpreter, sys.executable)
            with self._start(self._request(cases, invocation, seed), python=python) as worker:
                listening.listen(worker, cases, heard, timeout_s=self._settings.timeout_s, tell=self._observer.message)
            finished = True
        finally:
            self._take(cases, heard, interrupted=not finished)

    def _take(self, cases: Sequence[Case], heard: Heard, *, interrupted: bool) -> None:
        """Take over what a worker gave. One that died gives failures only: the other cases are measured again."""
        if heard.software is not None:
            self.software.setdefault(heard.software.interpreter, heard.software)
        whole = heard.end is not None or interrupted
        plan, check_only = self._settings.plan, self._settings.check_only
        for case in cases:
            result = listening.result(case, heard, min_rounds=plan.min_rounds, check_only=check_only)
            if isinstance(result, Invocation):
                if whole:
                    self._invocations[case.id].append(result)
                    self._facts[case.id] = heard.ready[case.id]
            elif result is not None:
                self._ends[case.id] = result
            elif heard.end is not None:
                message = "the worker ended without a word about this case"
                self._ends[case.id] = Failure(
                    case=case, stage="start", type="protocol", message=message, invocation=heard.invocation
                )

    def _request(self, cases: Sequence[Case], invocation: int, seed: int) -> Request:
        settings = self._settings
        sets = len({case.comparison_set for case in cases})
        return make_request(
            cases,
            self._data,
            settings,
            plan=replace(settings.plan, budget_s=settings.plan.budget_s * sets),
            check_only=settings.check_only,
            order_seed=seed,
            baselines=self._baselines(cases),
            # To examine a step it is called alone, which a cluster's other workers would wait for.
            examine=settings.plan.examine and invocation == 1 and cases[0].placement.strategy != MULTI_WORKER,
        )

    def _baselines(self, cases: Sequence[Case]) -> dict[str, str]:
        """Give the id of each case's baseline, where that is among them."""
        ids, found = {case.id for case in cases}, {}
        for case in cases:
            implementation, mode = self._catalog[case.workload].baseline_of(case.implementation)
            base = replace(case, implementation=implementation, mode=mode).id
            if base != case.id and base in ids:
                found[case.id] = base
        return found
