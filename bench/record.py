"""The records of a run: plain frozen values with their units in their names."""

from dataclasses import dataclass, field
from pathlib import Path

from tfbench.bench import codec
from tfbench.bench.calls import Sequence
from tfbench.bench.case import Case
from tfbench.bench.extras import Extras
from tfbench.bench.machine import Conditions, Host, Software
from tfbench.bench.profile import Profile

# 1 (2026-11): first schema.
# 2 (2026-11): software by interpreter; conditions, health, content and shapes of a measurement; scaled errors;
#   extras of an invocation; graph size and memory of a ledger; profiles;
#   what a run planned, and when it was resumed.
SCHEMA = 2

RUNNING, COMPLETE, INTERRUPTED = "running", "complete", "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Hold what a case costs before it runs steadily: the cold ledger.

    Attributes:
        build_s: making weights, inputs and the callable.
        trace_s: TensorFlow's tracing of Python into graphs (`get_concrete_function`, and any trace in
            the first call); 0 in eager mode.
        compile_s: XLA's own compilations in the first call, as its compiler logs them; None if XLA
            was asked for and logged nothing.
            Compilers in parallel threads are added up, so it may be more than the user waits for.
        first_run_s: the rest of the first call: Grappler, instantiation and running it once; None where compilers
            in parallel threads add up to more than the call (in files before 2026-11-26 then 0).
        first_call_s: what the user waits for at the first call, trace, compile and first run, by the clock.
        traces: how many times a tf.function was traced.
        compiles: how many times XLA compiled.
        first_call_bytes: growth of resident memory over the whole first call, of any step; None where not told.
        graph_ops: operations of the step's graph, each function that it calls counted once; None where the step
            is no tf.function itself, and in older records.
        trace_bytes, compile_bytes: growth of resident memory over the trace, and over the first call; as above.
    """

    build_s: float
    trace_s: float
    compile_s: float | None
    first_run_s: float | None
    first_call_s: float
    traces: int
    compiles: int
    graph_ops: int | None = None
    first_call_bytes: int | None = None
    trace_bytes: int | None = None
    compile_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Hold how far the answers are from the reference.

    Attributes:
        calls: how many calls were compared.
        max_abs_error: largest absolute difference of any element.
        max_rel_error: largest difference relative to the reference, where that is not 0.
        scaled_error: largest difference of an output relative to the largest value of its reference; what rounding
            explains is a small multiple of `epsilon`.
        epsilon: rounding unit of the answer's least precise type; 0 for whole numbers.
        tolerance: how large `scaled_error` might be, where the answers were judged by it; else 0.
    """

    calls: int
    max_abs_error: float
    max_rel_error: float
    scaled_error: float = 0.0
    epsilon: float = 0.0
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """Hold what one fresh worker measured of a case.

    Attributes:
        index: counts from 1.
        ledger: the cold ledger.
        check: the comparison with the reference.
        iterations: calls in each round.
        round_s: wall time of each kept round, all its calls and the final sync included.
        blocks: the block in which each kept round was timed; rounds of other cases with the same
            invocation and block were timed next to it.
        retraced_rounds: rounds thrown away because a function was traced in them.
        compiled_rounds: rounds thrown away because XLA compiled in them.
        sync_s: what waiting for an idle device costs, once a round.
        peak_rss_bytes: largest resident memory of the worker, all its cases together.
        peak_device_bytes: largest memory on the accelerator, where TensorFlow tells it.
        complete: False if it was cut short by an interruption.
        conditions: how busy the machine was; None where nothing was timed, or in records of schema 1.
        pace_s: median time of `pace.time_pace` between the blocks; None as above.
        extras: what was measured after the rounds; None where the worker did not get there.
    """

    index: int
    ledger: Ledger
    check: Check
    iterations: int
    round_s: tuple[float, ...]
    blocks: tuple[int, ...]
    retraced_rounds: int = 0
    compiled_rounds: int = 0
    sync_s: float = 0.0
    peak_rss_bytes: int | None = None
    peak_device_bytes: int | None = None
    complete: bool = True
    conditions: Conditions | None = None
    pace_s: float | None = None
    extras: Extras | None = None

    def __post_init__(self) -> None:
        """Refuse rounds that nothing could be derived from.

        Raises:
            ValueError: a round has no block, or no calls, or a time below 0.
        """
        if self.iterations < 1 or len(self.round_s) != len(self.blocks) or min(self.round_s, default=0.0) < 0.0:
            raise ValueError(f"invocation {self.index}: each round needs a block, a time and at least one call")

    @property
    def call_s(self) -> tuple[float, ...]:
        """Give the time of one call, a value for each round."""
        return tuple(seconds / self.iterations for seconds in self.round_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Say what a reader must know before believing a measurement.

    Attributes:
        kind: what it is about, one of `health.KINDS`.
        text: one sentence, with its figures.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Hold what `--precision` asked of a case and what was reached.

    Attributes:
        wanted: half-width of the 95 % interval, relative: 0.02 for 2 %.
        reached: the half-width at the end; None if there is no interval.
        met: whether it was met; if not, the budget ended first.
    """

    wanted: float
    reached: float | None
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Hold all that was measured of a case.

    Attributes:
        case: what was measured.
        baseline: implementation and mode that its comparison set is compared with.
        unit: what `work_per_call` counts: `examples` or `elements`.
        work_per_call: units that one call does.
        data: where the input came from: `real: 800 images`, `synthetic`, or empty without data.
        device: the name of the device that it ran on.
        caution: what its workload says must be known before comparing its times, a line each, or empty.
        invocations: one for each fresh worker.
        content: digest of the workload's code; empty if unknown. Other code is other work.
        shapes: types and shapes of a call's input and answer, such as `float32[32,784] -> float32[]`.
        shard_losses: loss of each replica on its own part of a batch; empty without replicas. Their mean, by the
            sizes of the parts, is the loss of the whole batch: that was checked.
        reduced_bytes: bytes of the gradients that a call sums over all replicas; 0 if it does not.
        health: what must be known before believing it.
        precision: what was asked for and reached; None if it was not asked for.
    """

    case: Case
    baseline: tuple[str, str]
    unit: str
    work_per_call: int
    data: str
    device: str
    invocations: tuple[Invocation, ...]
    caution: str = ""
    content: str = ""
    shapes: str = ""
    shard_losses: tuple[float, ...] = ()
    reduced_bytes: int = 0
    health: tuple[Finding, ...] = ()
    precision: Precision | None = None

    def __post_init__(self) -> None:
        """Refuse a measurement of nothing.

        Raises:
            ValueError: there is no invocation, or a call does no work.
        """
        if self.work_per_call < 1:
            raise ValueError(f"{self.case.id}: a call does at least one unit of work, not {self.work_per_call}")
        if not self.invocations:
            raise ValueError(f"{self.case.id}: a measurement needs at least one invocation")

    @property
    def call_s(self) -> tuple[float, ...]:
        """Give the time of one call, a value for each round of each invocation."""
        return tuple(seconds for invocation in self.invocations for seconds in invocation.call_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Hold why a case has no numbers.

    Attributes:
        case: what failed.
        stage: where: `start`, `import`, `devices`, `warm-up`, `build`, `first call` (its trace, compile and
            first run), `check`, `calibrate`, `round` or `end`.
        type: the exception's type, or `killed`, `timeout`, `protocol`.
        message: one line of what happened.
        invocation: in which invocation, from 1.
        stderr: the last lines that the worker wrote to stderr.
    """

    case: Case
    stage: str
    type: str
    message: str
    invocation: int = 1
    stderr: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Hold why a case was not tried."""

    case: Case
    reason: str


Outcome = Measurement | Failure | Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Hold one call of the suite.

    Attributes:
        name: `<time>-<host>`, also the name of its folder.
        started: when, ISO 8601 with the time zone.
        status: `running` (or killed), `complete` or `interrupted`.
        command: the command line.
        options: the options as they were given.
        host: the machine.
        software: what the first worker of each interpreter ran on; empty before one answered.
        data_note: a warning about the input data, or empty.
        measurements, failures, skips: what the cases ended as, in order of measuring.
        sequences: the retrace ledger: what the workloads' call sequences traced and compiled.
        ledger_notes: what is missing in the retrace ledger, and why.
        profiles: of the cases that were profiled, in order of measuring.
        profile_notes: which profiles are missing, and why.
        cluster: who set the workers up and where they are, if somebody else did; empty for this machine's own.
        planned: ids of the cases that it was to measure; empty in older records.
        resumed: when it was gone on with, ISO 8601 with the time zone; a comparison set is always of one session.
        folder: where it was read from, for what lies beside run.json; None for a run that was not read. Not stored.
    """

    name: str
    started: str
    status: str
    command: str
    options: dict[str, str]
    host: Host
    software: tuple[Software, ...] = ()
    data_note: str = ""
    measurements: tuple[Measurement, ...] = ()
    failures: tuple[Failure, ...] = ()
    skips: tuple[Skip, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    ledger_notes: tuple[str, ...] = ()
    profiles: tuple[Profile, ...] = ()
    profile_notes: tuple[str, ...] = ()
    cluster: str = ""
    planned: tuple[str, ...] = ()
    resumed: tuple[str, ...] = ()
    folder: Path | None = field(default=None, compare=False, metadata=codec.NOT_STORED)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Give what all its cases ended as."""
        return self.measurements + self.failures + self.skips
