"""What a run is measured on: the machine, the software of its workers, and how busy the machine was."""

from dataclasses import dataclass


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
        interpreter: the label of its Python, as `--python LABEL=PATH` gives it; empty for the suite's own.
        timer_s: the smallest step of the clock that the rounds were timed with.
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
    interpreter: str = ""
    timer_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Describe how busy the machine was while the rounds of a worker were timed.

    Attributes:
        load_1m: load average over the last minute, at the end.
        others_share: CPU time of other processes on the cores that the worker may use, as a share of those cores.
        steal_share: time that the hypervisor gave to other machines, as a share of those cores.
        throttled: how often the processor (thermally) or the control group (its quota) was slowed down.
        clock_mhz: clock of the fastest core at start and end, the lower one first; None where it is not told.
        energy_j: what the processors, and of an accelerator's worker its boards, took meanwhile, in joules, whoever
            used them; None where it cannot be read.
        energy_source: the meters that told it.
        energy_s: over how long; 0 without.
    """

    load_1m: float
    others_share: float
    steal_share: float
    throttled: int
    clock_mhz: tuple[float, float] | None = None
    energy_j: float | None = None
    energy_source: str = ""
    energy_s: float = 0.0
