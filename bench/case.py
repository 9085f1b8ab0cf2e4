"""What is measured: a case, its placement, and the comparison set it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tfbench.bench.mode import MODES
from tfbench.workloads.spec import ParamValue

CPU, GPU, TPU = "cpu", "gpu", "tpu"
DEVICES = (CPU, GPU, TPU)
SINGLE, MIRRORED, MULTI_WORKER, TPU_STRATEGY = "single", "mirrored", "multi_worker", "tpu"
STRATEGIES = (SINGLE, MIRRORED, MULTI_WORKER, TPU_STRATEGY)
AUTO, RING, NCCL = "", "ring", "nccl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Say where a case runs and how wide.

    Attributes:
        device: `cpu`, `gpu` or `tpu`.
        strategy: `single`, `mirrored`, `multi_worker` or `tpu`, the `tf.distribute` strategy.
        replicas: how many replicas the strategy has.
        threads: on a CPU how many cores its worker has for itself, and intra-op threads; 0 for all, as TensorFlow
            sets itself up, and for one with `multi_worker`, where each replica is a worker.
        communication: how replicas sum their gradients: `ring`, `nccl`, or empty for what TensorFlow chooses.
        bytes_per_pack: how many bytes of gradients are summed in one go, as a hint; 0 for all.
        interpreter: label of the Python that runs it, as `--python LABEL=PATH` gives it; empty for the suite's own.
    """

    device: str = CPU
    strategy: str = SINGLE
    replicas: int = 1
    threads: int = 0
    communication: str = AUTO
    bytes_per_pack: int = 0
    interpreter: str = ""

    def __post_init__(self) -> None:
        """Refuse numbers that nothing can be placed on.

        Raises:
            ValueError: there is no replica, or fewer than no threads.
        """
        if self.replicas < 1 or self.threads < 0:
            raise ValueError(f"a placement has at least one replica, not {self.replicas} and {self.threads} threads")

    @property
    def label(self) -> str:
        """Name it in case names and tables: `cpu`, `cpu-mirrored-2`, `cpu-multi_worker-2-ring`, `cpu-threads-1`."""
        wide = [] if self.strategy == SINGLE else [self.strategy, str(self.replicas)]
        wide += [self.communication] if self.communication else []
        wide += ["pack", str(self.bytes_per_pack)] if self.bytes_per_pack else []
        confined = ["threads", str(self.threads)] if self.threads else []
        return "-".join([self.device, *wide, *confined, *([self.interpreter] if self.interpreter else [])])


DEFAULT_PLACEMENT = Placement()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Name one thing to measure.

    Attributes:
        workload: name of the workload.
        implementation: one of the workload's.
        params: name and value of each parameter, in the workload's order.
        mode: execution mode.
        placement: device, strategy and replicas.
    """

    workload: str
    implementation: str
    params: tuple[tuple[str, ParamValue], ...]
    mode: str
    placement: Placement = DEFAULT_PLACEMENT

    def __post_init__(self) -> None:
        """Refuse a mode that there is not.

        Raises:
            ValueError: it is not one of MODES.
        """
        if self.mode not in MODES:
            raise ValueError(f"{self.workload:.60}: {self.mode!r:.60} is no mode: there are {', '.join(MODES)}")

    @property
    def params_label(self) -> str:
        """Write the parameters as the user does: `batch_size=32`."""
        return ",".join(f"{name}={value}" for name, value in self.params)

    @property
    def id(self) -> str:
        """Name the case uniquely, as pytest shows it."""
        parts = (self.workload, self.implementation, self.params_label, self.mode, self.placement.label)
        return "-".join(part for part in parts if part)

    @property
    def comparison_set(self) -> str:
        """Name what may be compared with it: the cases of the same workload and parameters."""
        return f"{self.workload} {self.params_label}".strip()


def common_label(cases: Sequence[Case]) -> str:
    """Name what cases of one workload have in common: the workload, and the parameters that are the same in all."""
    first = cases[0]
    common = tuple(pair for pair in first.params if all(pair in case.params for case in cases))
    return replace(first, params=common).comparison_set
