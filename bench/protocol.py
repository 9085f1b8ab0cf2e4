"""What the parent and a worker say to each other: JSON lines on two inherited pipes."""

import json
import os
from dataclasses import dataclass, field
from typing import Any

from tfbench.bench.case import Case
from tfbench.bench.timing import DEFAULT_PLAN, Plan
from tfbench.workloads.own import NOTHING, Own

SCRATCH_PREFIX = "tfbench-"
SOFTWARE, STAGE, READY, ROUND, FAILURE, SKIP, END = "software", "stage", "ready", "round", "failure", "skip", "end"
TIMED, EXTRAS = "timed", "extras"
SEQUENCE, PROFILED = "sequence", "profiled"
FOLLOWING = "following"
MEASURE, SEQUENCES, PROFILE = "measure", "sequences", "profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Ask a worker to do something with a group of cases.

    Attributes:
        cases: all of one placement.
        files: workload files to load besides the built-in and installed ones.
        own: code of the user's that was not written for this suite.
        data_kind, data_folder: the input data, as `workloads.spec.DataSource` has it; empty for none.
        plan: how much to measure.
        check_only: compare the answers and stop before timing.
        seed: of weights and inputs, the same in every invocation.
        order_seed: of the random orders, another one in every invocation.
        cpu_model: the processor's name, for records.
        baselines: the id of each case's baseline, where that is in the group, too.
        examine: after timing, also examine the graphs and compiled modules, which takes a compile each.
        task: `measure`; or `sequences`, the call sequences of the cases' workload in the cases' modes; or `profile`.
        folder: with `profile`, the run's folder.
        worker: which worker of a cluster it is for: 0, or above that one that only follows the first.
        cluster: addresses of the workers of a cluster that somebody else set up; empty for one of this machine's own.
        listener: descriptor of the socket to which those of other hosts come; inherited.
        first: `host:port` of that socket, for a worker that is to come there and follow.
        patience_s: how long it may take to be there.
    """

    cases: tuple[Case, ...]
    files: tuple[str, ...] = ()
    own: Own = NOTHING
    data_kind: str = ""
    data_folder: str = ""
    plan: Plan = DEFAULT_PLAN
    check_only: bool = False
    seed: int = 0
    order_seed: int = 0
    cpu_model: str = ""
    baselines: dict[str, str] = field(default_factory=dict)
    examine: bool = False
    task: str = MEASURE
    folder: str = ""
    worker: int = 0
    cluster: tuple[str, ...] = ()
    listener: int = -1
    first: str = ""
    patience_s: float = 0.0


def send(descriptor: int, message: dict[str, Any]) -> None:
    """Write one message as a line."""
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(descriptor, data) :]
