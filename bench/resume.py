"""Go on with a run: with its options, on its machine, for what is missing or failed in it."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version
from tfbench.bench import flags, interpreters, options, precision, selection, store
from tfbench.bench.case import Case
from tfbench.bench.errors import BadInputError
from tfbench.bench.machine import Host, Software
from tfbench.bench.options import Choice
from tfbench.bench.record import RUNNING, Failure, Measurement, Outcome, Run
from tfbench.bench.store import Writer
from tfbench.bench.supplements import Supplements
from tfbench.workloads import content
from tfbench.workloads.spec import Workload

FREE = ("resume", "timeout", "workloads", "fashion-mnist")  # patience, and where things lie: not what is measured
GIB = 2**30


def fill(given: Mapping[str, Any]) -> dict[str, Any]:
    """Add the options of the run that `--resume` names; without it give them as they are.

    Raises:
        BadInputError: the run cannot be read, or an option contradicts it.
    """
    if not given.get("resume"):
        return dict(given)
    run = store.load(options.parse({"resume": given["resume"]}).resume or Path())
    known = {option.name: option for option in flags.OPTIONS}
    filled: dict[str, Any] = {}
    for name, text in run.options.items():
        try:
            filled[name] = known[name].given(text)
        except (KeyError, ValueError) as error:
            raise BadInputError(
                f"run {run.name} has --{name} {text}, which is not known here: start a new run"
            ) from error
    for name, value in given.items():
        if value in (None, False, []):
            continue
        text, before = known[name].record(value), run.options.get(name)
        if name not in FREE and text != before:
            how = "without it" if before is None else f"with {before}"
            raise BadInputError(f"--{name} {text}: run {run.name} was made {how}, and keeps its options: leave it")
        filled[name] = value
    return filled


class Resumption:
    """A run that is gone on with. A comparison set of which anything is missing or failed is measured anew, whole.

    Its cases are compared with each other, so they must be of one session.

    Attributes:
        path: its run.json.
        run: what that holds.
    """

    def __init__(self, choice: Choice) -> None:
        """Read the run."""
        assert choice.resume is not None, "only then is there a run to go on with"
        self.path = store.find(choice.resume).resolve()
        self.run = store.load(self.path)
        self._choice = choice

    def planned(self, cases: Sequence[Case]) -> list[Case]:
        """Give, of the cases that its options choose, those that it was to measure.

        Raises:
            BadInputError: one of these is not there any more.
        """
        ids, chosen = set(self.run.planned), {case.id for case in cases}
        gone = [case_id for case_id in self.run.planned if case_id not in chosen]
        if gone:
            raise BadInputError(
                f"run {self.run.name} was to measure {gone[0]}, which is there no more: start a new run"
            )
        return [case for case in cases if case.id in ids or not ids]

    def finished(self, cases: Sequence[Case]) -> tuple[Outcome, ...] | None:
        """Give what the cases of a comparison set ended as; None if the set must be measured again."""
        ends = _ends(self.run)
        found = tuple(ends[case.id] for case in cases if case.id in ends)
        if len(found) < len(cases) or any(isinstance(outcome, Failure) for outcome in found):
            return None
        measured = [outcome for outcome in found if isinstance(outcome, Measurement)]
        return found if self._whole(measured) else None

    def sets(self, cases: Sequence[Case], kept: set[str], catalog: Mapping[str, Workload]) -> list[list[Case]]:
        """Give the comparison sets of which any case is kept, whole."""
        return [one for one in selection.comparison_sets(cases, catalog) if any(case.id in kept for case in one)]

    def has(self, cases: Sequence[Case]) -> bool:
        """Tell whether the run has an outcome of any of these cases."""
        return bool(_ends(self.run).keys() & {case.id for case in cases})

    def unfinished(self, cases: Sequence[Case], catalog: Mapping[str, Workload]) -> set[str]:
        """Give the ids of the cases whose comparison set had no end before; a failure is one."""
        ends, found = _ends(self.run), set()
        for one in selection.comparison_sets(cases, catalog):
            measured = [end for case in one if isinstance(end := ends.get(case.id), Measurement)]
            if not {case.id for case in one} <= ends.keys() or not self._whole(measured):
                found |= {case.id for case in one}
        return found

    def told(self, sets: int, todo: int) -> str:
        """Say how much there is to do."""
        if not todo:
            return f"tfbench: nothing is missing or failed in {self.run.name}"
        return f"tfbench: goes on with {self.run.name}: {todo} of {sets} comparison sets, the others stay"

    def _whole(self, measured: Sequence[Measurement]) -> bool:
        """Tell whether all invocations were made, and came to their ends."""
        done = [invocation for measurement in measured for invocation in measurement.invocations]
        enough = all(len(one.invocations) >= self._choice.invocations for one in measured)
        if not enough or not all(invocation.complete for invocation in done):
            return False
        last = max((invocation.index for invocation in done), default=0)
        wanted = self._choice.precision
        return not wanted or last >= self._choice.max_invocations or not list(precision.unmet(measured, wanted))

    def needs(self, cases: Sequence[Case], supplements: Supplements) -> bool:
        """Tell whether anything of a comparison set is to be measured, recorded or profiled."""
        found = self.finished(cases)
        if found is None:
            return True
        measured = [outcome.case for outcome in found if isinstance(outcome, Measurement)]
        left = supplements.unprofiled(measured, self.run) or supplements.call_cases(cases, self.run)
        return bool(measured and left)

    def check(self, catalog: Mapping[str, Workload], host: Host) -> None:
        """Refuse to go on where it would be another measurement.

        Raises:
            BadInputError: the run was measured on another machine, with other software, or its workloads have changed.
        """
        if self.run.cluster:
            raise BadInputError(f"run {self.run.name} was measured by a cluster: start a new run")
        _refuse(self.run, _host_facts(self.run.host), _host_facts(host))
        for software in self.run.software:
            path = dict(self._choice.interpreters).get(software.interpreter, sys.executable)
            here = {**interpreters.versions(path), **_flags(os.environ)}
            before = _software_facts(software)
            _refuse(self.run, {name: before[name] for name in before if name in here}, here)
        for name, digest in {(m.case.workload, m.content) for m in self.run.measurements if m.content}:
            now = content.digest(catalog[name]) if name in catalog else ""
            if now != digest:
                raise BadInputError(f"workload {name} has changed since run {self.run.name}: start a new run")

    def check_data(self, *, synthetic: bool) -> None:
        """Refuse images of another kind than those of the cases that stay.

        Raises:
            BadInputError: they were real and are synthetic, or the other way round.
        """
        kinds = {m.data.startswith("synthetic") for m in self.run.measurements if m.data}
        if kinds and kinds != {synthetic}:
            words = ("real", "synthetic")
            raise BadInputError(
                f"run {self.run.name} was measured with {words[not synthetic]} images, here they are "
                f"{words[synthetic]}: name the same with --fashion-mnist"
            )

    def writer(self, *, works: bool, now: str) -> Writer:
        """Take the run's folder, and note there that it is gone on with, where there is something to do."""
        infos = json.loads(self.path.read_text(encoding="utf-8"))
        noted = replace(self.run, status=RUNNING, resumed=(*self.run.resumed, now)) if works else self.run
        return Writer(
            self.path.parent,
            noted,
            machine_info=infos.get("machine_info", {}),
            commit_info=infos.get("commit_info", {}),
            before=self.run,
        )


def _ends(run: Run) -> dict[str, Outcome]:
    """Give what the cases of a run have ended as, by their ids."""
    return {outcome.case.id: outcome for outcome in run.outcomes}


def _refuse(run: Run, before: Mapping[str, object], here: Mapping[str, object]) -> None:
    for name, value in before.items():
        if not _same(value, here[name]):
            raise BadInputError(
                f"run {run.name} was measured with {name} {value or 'not set'}, here it is {here[name] or 'not set'}: "
                "start a new run"
            )


def _same(one: object, other: object) -> bool:
    """Compare; TensorFlow and its package write a version in two ways."""
    if one == other:
        return True
    try:
        return Version(str(one)) == Version(str(other))
    except InvalidVersion:
        return False


def _host_facts(host: Host) -> dict[str, object]:
    return {
        "host": host.name,
        "system": host.system,
        "processor": host.cpu,
        "cores": f"{len(host.affinity)} of {host.cores}",
        "memory in GiB": round(host.memory_bytes / GIB),
    }


def _software_facts(software: Software) -> dict[str, object]:
    return {
        "python": software.python,
        "tensorflow": software.tensorflow,
        "keras": software.keras,
        "numpy": software.numpy,
        "XLA_FLAGS": software.xla_flags,
        "TF_XLA_FLAGS": software.tf_xla_flags,
    }


def _flags(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ.get(name, "") for name in ("XLA_FLAGS", "TF_XLA_FLAGS")}
