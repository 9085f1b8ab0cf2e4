"""Read the op tables that profiles left beside run.json, and say where a step's time went."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

from tfbench.bench import codec, files, printable
from tfbench.bench.profile import (
    ALL_REDUCE,
    COMPILING,
    DEVICE,
    EAGER,
    GRAPH,
    INPUT,
    KINDS,
    OPS_FILE,
    PYTHON,
    RUNTIME,
    TRACING,
    XLA,
    OpTable,
    Profile,
)
from tfbench.bench.record import Measurement, Run

WORK = frozenset((DEVICE, XLA, GRAPH, EAGER))
EXECUTOR = frozenset(("ExecutorState::Process", "thread pool tf_Compute"))
NAMES = {
    DEVICE: "kernels",
    XLA: "XLA operations",
    GRAPH: "graph operations",
    EAGER: "eager operations",
    COMPILING: "compiling",
    TRACING: "tracing",
    ALL_REDUCE: "all-reduce",
    INPUT: "input pipeline",
    RUNTIME: "TensorFlow's runtime",
    PYTHON: "Python",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiled:
    """Hold a profile of a run with its op table.

    Attributes:
        profile: what the run says of it.
        measurement: of the same case.
        table: where the time of its steps went.
    """

    profile: Profile
    measurement: Measurement
    table: OpTable

    def share(self, *kinds: str) -> float:
        """Give the part of a step that went to these kinds."""
        return sum(op.wall_s for op in self.table.operations if op.kind in kinds) / self.table.step_s

    @property
    def by_kind(self) -> dict[str, float]:
        """Give the part of a step that went to each kind that has any."""
        shares = {kind: self.share(kind) for kind in KINDS}
        return {kind: part for kind, part in shares.items() if part > 0}

    @property
    def executor_share(self) -> float:
        """Give the part of the graph executor, and of operations that are too cheap for it to trace."""
        return sum(op.wall_s for op in self.table.operations if op.name in EXECUTOR) / self.table.step_s

    @property
    def work_count(self) -> float:
        """Count the operations that a step runs."""
        return sum(op.count for op in self.table.operations if op.kind in WORK)


def folder_of(run: Run, case_id: str) -> Path | None:
    """Give the folder of a case's profile; from its id alone, whatever the run says. None for a run from nowhere."""
    return run.folder / files.PROFILES / files.case_folder(case_id) if run.folder else None


def load(run: Run) -> tuple[list[Profiled], list[str]]:
    """Read the op table of each profile of a run.

    Returns:
        Those that could be read, and why others could not.
    """
    measured = {m.case.id: m for m in run.measurements}
    found, notes = [], []
    for profile in run.profiles:
        folder = folder_of(run, profile.case_id)
        if folder is None or profile.case_id not in measured:
            continue
        try:
            table = _read(folder / OPS_FILE, (folder / OPS_FILE).stat().st_mtime_ns)
        except OSError as error:
            notes.append(f"{profile.case_id}: its op table cannot be read: {error.strerror or error}")
        except (ValueError, RecursionError) as error:
            notes.append(f"{profile.case_id}: its op table is damaged: {error}")
        else:
            if table.step_s > 0:
                found.append(Profiled(profile=profile, measurement=measured[profile.case_id], table=table))
    return found, notes


@functools.lru_cache(maxsize=256)
def _read(path: Path, _mtime_ns: int) -> OpTable:
    """Read an op table, once for all the tables and charts that are made of it."""
    return codec.decode(OpTable, printable.in_values(json.loads(path.read_text(encoding="utf-8"))), OPS_FILE)


def missing(run: Run) -> list[str]:
    """Say which profiles are missing, and how to get them where there are none."""
    if not run.profiles and not run.profile_notes:
        return ["no case of this run was profiled: measure with tfbench run --profile"]
    return [*run.profile_notes, *(f"{p.case_id}: {note}" for p in run.profiles for note in p.notes)]
