"""The records of a profile: plain frozen values with their units in their names.

What is in a trace is told a step: each time and count is the sum over the traced steps, divided by their number.
"""

from dataclasses import dataclass

OPS_FILE = "ops.json"  # in the folder of a case's profile: its OpTable

# What a step's time goes to.
DEVICE, XLA, GRAPH, EAGER, COMPILING, TRACING = "device", "xla", "graph", "eager", "compile", "trace"
ALL_REDUCE, INPUT, RUNTIME, PYTHON = "all-reduce", "input", "runtime", "python"
KINDS = (DEVICE, XLA, GRAPH, EAGER, COMPILING, TRACING, ALL_REDUCE, INPUT, RUNTIME, PYTHON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Hold what one operation took in a step.

    Attributes:
        name: of the operation in its graph or module; its type where it has none, as in eager mode.
        type: such as `MatMul`, or an HLO instruction's such as `fusion`.
        kind: one of `KINDS`.
        device: `host`, or the accelerator's name in the trace.
        count: how often it ran.
        total_s: its time, what it called included, threads added up.
        self_s: its time without what it called, threads added up.
        wall_s: its part of the step. An instant is divided among the operations that run in it; communication and
            input have it only if no other operation runs, TensorFlow's runtime only if none does at all, and Python
            only if TensorFlow does nothing.
    """

    name: str
    type: str
    kind: str
    device: str
    count: float
    total_s: float
    self_s: float
    wall_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OpTable:
    """Hold where the time of a case's steps went: the file beside its trace.

    Attributes:
        case_id: the case.
        steps: how many were traced.
        step_s: mean time of a step in the trace, from its marker's beginning to its end.
        median_step_s: the median of the steps: one disturbed step moves the mean.
        idle_s: the part of the mean in which nothing that the trace knows ran.
        overlap_s: the time that further threads worked while one did already: threads added up, it is in no `wall_s`.
        launch_gap_s: on an accelerator the part between a step's first kernel and its last in which none ran.
        operations: the longest in `wall_s` first.
    """

    case_id: str
    steps: int
    step_s: float
    median_step_s: float
    idle_s: float
    overlap_s: float
    launch_gap_s: float | None
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Say what a run has of a case's profile, and what taking it cost.

    It lies in the run's folder in `profiles/<files.case_folder(case_id)>`: a log directory of TensorBoard.

    Attributes:
        case_id: the case.
        steps: how many steps were traced.
        step_s: mean time of a step in the trace.
        traced_s: median time of the same steps by the clock.
        plain_s: median time of as many steps that were not traced, just before.
        trace_bytes: size of the trace; 0 if it was too large to keep.
        notes: what is missing, and why.
    """

    case_id: str
    steps: int
    step_s: float
    traced_s: float
    plain_s: float
    trace_bytes: int
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse times that no overhead could be derived from.

        Raises:
            ValueError: a time is not above 0.
        """
        if min(self.plain_s, self.traced_s) <= 0.0:
            raise ValueError(f"{self.case_id}: the times of a profile's steps are above 0")

    @property
    def overhead(self) -> float:
        """Give how much longer a step took while it was traced: 0.3 for 30 %."""
        return self.traced_s / self.plain_s - 1.0
