"""The records of a run: plain frozen values with their units in their names."""

from dataclasses import dataclass

from tfbench.bench.case import Case

# 1 (2026-11): first schema.
SCHEMA = 1

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
        first_run_s: the rest of the first call: Grappler, instantiation and running it once.
        first_call_s: what the user waits for at the first call, trace, compile and first run, by the clock.
        traces: how many times a tf.function was traced.
        compiles: how many times XLA compiled.
    """

    build_s: float
    trace_s: float
    compile_s: float | None
    first_run_s: float
    first_call_s: float
    traces: int
    compiles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Hold how far the answers are from the reference.

    Attributes:
        calls: how many calls were compared.
        max_abs_error: largest absolute difference of any element.
        max_rel_error: largest difference relative to the reference, where that is not 0.
    """

    calls: int
    max_abs_error: float
    max_rel_error: float


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
class Measurement:
    """Hold all that was measured of a case.

    Attributes:
        case: what was measured.
        baseline: implementation and mode that its comparison set is compared with.
        unit: what `work_per_call` counts: `examples` or `elements`.
        work_per_call: units that one call does.
        data: where the input came from: `real: 800 images`, `synthetic`, or empty without data.
        device: the name of the device that it ran on.
        caution: what its workload says must be known before comparing its times, or empty.
        invocations: one for each fresh worker.
    """

    case: Case
    baseline: tuple[str, str]
    unit: str
    work_per_call: int
    data: str
    device: str
    invocations: tuple[Invocation, ...]
    caution: str = ""

    def __post_init__(self) -> None:
        """Refuse a measurement of nothing.

        Raises:
            ValueError: there is no invocation.
        """
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
class Host:
    """Describe the machine, as the parent sees it without TensorFlow.

    Attributes:
        name: host name.
        system: operating system and release.
        cpu: model name of the processor.
        cores: logical cores of the machine.
        affinity: the cores that this process may use.
        memory_bytes: physical memory.
        load_1m: load average over the last minute, at the start of the run.
        python: version of the parent's Python.
        git_commit: commit of the folder the run was started in, `+dirty` appended; empty outside git.
    """

    name: str
    system: str
    cpu: str
    cores: int
    affinity: tuple[int, ...]
    memory_bytes: int
    load_1m: float
    python: str
    git_commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """Describe what a worker runs on.

    Attributes:
        python, tensorflow, keras, numpy: versions.
        onednn: whether oneDNN's operations are on.
        xla_flags, tf_xla_flags: the environment's XLA_FLAGS and TF_XLA_FLAGS.
        intra_op_threads, inter_op_threads: TensorFlow's settings; 0 lets it choose.
        eager_async: whether eager operations run asynchronously on the CPU.
        traces_counted: whether traces can be counted in this TensorFlow; without, a retraced round is kept.
        devices: names of the physical devices that TensorFlow sees.
    """

    python: str
    tensorflow: str
    keras: str
    numpy: str
    onednn: bool
    xla_flags: str
    tf_xla_flags: str
    intra_op_threads: int
    inter_op_threads: int
    eager_async: bool
    traces_counted: bool
    devices: tuple[str, ...]


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
        software: what the first worker ran on; None before it answered.
        data_note: a warning about the input data, or empty.
        measurements, failures, skips: what the cases ended as, in order of measuring.
    """

    name: str
    started: str
    status: str
    command: str
    options: dict[str, str]
    host: Host
    software: Software | None = None
    data_note: str = ""
    measurements: tuple[Measurement, ...] = ()
    failures: tuple[Failure, ...] = ()
    skips: tuple[Skip, ...] = ()
