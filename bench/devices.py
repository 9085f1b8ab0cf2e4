"""Give a worker the devices that its placement asks for, or say why it cannot. Worker only."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tfbench.bench.case import CPU, GPU, MULTI_WORKER, SINGLE, TPU, TPU_STRATEGY, Placement
from tfbench.bench.crew import Crew

PROFILER_PORT = 8466  # of a TPU's host, as Cloud TPU documents it


class MissingDeviceError(Exception):
    """Say which device was asked for and is not there: a skip, never a silent run on the CPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """Hold the devices of a worker.

    Attributes:
        name: what the device calls itself, for records.
        scope: the context in which programs are built and run.
        strategy: gives the `tf.distribute` strategy of the placement, the same at each call.
        peak_bytes: largest memory in use on the accelerator so far, or None where it is not told.
        sync: waits for the devices of this process, where not all that TensorFlow sees are its own; else None.
        crew: leads the other workers of a cluster; None where there are none.
        profiler: address of the profiler service of another host that runs the steps; empty for this process.
    """

    name: str
    scope: Callable[[], AbstractContextManager[Any]]
    strategy: Callable[[], Any]
    peak_bytes: Callable[[], int | None]
    profiler: str = ""
    sync: Callable[[], None] | None = None
    crew: Crew | None = None


def present() -> tuple[str, ...]:
    """Give the kinds of device this machine seems to have, without TensorFlow: `cpu` always."""
    found = [CPU]
    if any(Path("/proc/driver/nvidia/gpus").glob("*")) or Path("/dev/nvidia0").exists() or Path("/dev/kfd").exists():
        found.append(GPU)
    if os.environ.get("TPU_NAME") or os.environ.get("COLAB_TPU_ADDR") or Path("/dev/accel0").exists():
        found.append(TPU)
    return tuple(found)


def cores_of(placement: Placement, worker: int = 0) -> list[int]:
    """Give the cores that the placement names for a worker; empty for all that there are.

    Raises:
        MissingDeviceError: there are not enough for all workers of a cluster.
    """
    clustered = placement.strategy == MULTI_WORKER
    if not (placement.threads or clustered) or not hasattr(os, "sched_getaffinity"):
        return []
    workers, each = placement.replicas if clustered else 1, placement.threads or 1
    allowed = sorted(os.sched_getaffinity(0))
    if workers * each > len(allowed):
        wanted = f"{workers} workers with {each} core{'s' * (each > 1)} each"
        raise MissingDeviceError(
            f"{wanted}, but this process may use {len(allowed)}: take fewer --replicas or --threads"
        )
    return allowed[worker * each : (worker + 1) * each]


def keep_to(cores: Sequence[int]) -> None:
    """Let this process run on these cores only; before TensorFlow is imported, and after others are started.

    Python, TensorFlow's threads and XLA's compiler all stay on them.
    """
    if cores:
        os.sched_setaffinity(0, cores)


def configure(placement: Placement, *, cpu_model: str) -> Devices:
    """Prepare TensorFlow for the placement, before any of its operations runs.

    Raises:
        MissingDeviceError: TensorFlow does not see the device, or not as many as there are replicas.
    """
    set_up = {CPU: _configure_cpu, GPU: _configure_gpu, TPU: _configure_tpu}
    return set_up[placement.device](placement, cpu_model)


def _mirrored(kind: str, placement: Placement) -> Callable[[], Any]:
    """Make the one strategy of a process: two would number their collective operations alike, and mix them up."""

    @cache
    def strategy() -> Any:
        import tensorflow as tf

        return tf.distribute.MirroredStrategy([f"{kind}:{i}" for i in range(placement.replicas)])

    return strategy


def _configure_cpu(placement: Placement, cpu_model: str) -> Devices:
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")
    if placement.threads or placement.strategy == MULTI_WORKER:
        tf.config.threading.set_intra_op_parallelism_threads(placement.threads or 1)
    if placement.strategy == MULTI_WORKER:
        return _join_cluster(cpu_model)
    if placement.strategy != SINGLE:
        cpu = tf.config.list_physical_devices("CPU")[0]
        logical = [tf.config.LogicalDeviceConfiguration()] * placement.replicas
        tf.config.set_logical_device_configuration(cpu, logical)
    return Devices(name=cpu_model, scope=nullcontext, strategy=_mirrored("CPU", placement), peak_bytes=lambda: None)


def _join_cluster(cpu_model: str) -> Devices:
    """Make the strategy of a cluster's worker at once: it must come before any operation."""
    import tensorflow as tf
    from tensorflow.python.eager import context

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    (mine,) = strategy.extended.worker_devices

    def sync() -> None:
        with tf.device(mine):
            tf.raw_ops.SyncDevice()
        context.async_wait()

    return Devices(name=cpu_model, scope=nullcontext, strategy=lambda: strategy, peak_bytes=lambda: None, sync=sync)


def _configure_gpu(placement: Placement, _cpu_model: str) -> Devices:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if len(gpus) < placement.replicas:
        raise MissingDeviceError(
            f"{placement.replicas} GPU asked for, TensorFlow sees {len(gpus)}: "
            "check the driver, and install tfbench[cuda]"
        )
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)  # noqa: FBT003 - TensorFlow's signature
    tf.config.set_visible_devices(gpus[: placement.replicas], "GPU")
    details = tf.config.experimental.get_device_details(gpus[0])
    capability = ".".join(str(part) for part in details.get("compute_capability", ()))
    return Devices(
        name=f"{details.get('device_name', 'GPU')}" + (f" (compute capability {capability})" if capability else ""),
        scope=nullcontext,
        strategy=_mirrored("GPU", placement),
        peak_bytes=lambda: int(tf.config.experimental.get_memory_info("GPU:0")["peak"]),
    )


def profiler_service(master: str) -> str:
    """Give the profiler service on the host of a TPU; empty for a TPU of this machine, whose master has no address."""
    host, colon, _ = master.removeprefix("grpc://").rpartition(":")
    return f"grpc://{host}:{PROFILER_PORT}" if colon else ""


def _configure_tpu(placement: Placement, _cpu_model: str) -> Devices:
    import tensorflow as tf

    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MissingDeviceError(f"no TPU could be reached: {reason}") from error
    tpus = tf.config.list_logical_devices("TPU")
    if placement.strategy == TPU_STRATEGY and len(tpus) != placement.replicas:
        raise MissingDeviceError(f"{placement.replicas} replicas asked for, the TPU has {len(tpus)} cores")
    return Devices(
        name=f"TPU with {len(tpus)} cores",
        scope=lambda: tf.device(tpus[0].name) if placement.strategy == SINGLE else nullcontext(),
        strategy=cache(lambda: tf.distribute.TPUStrategy(resolver)),
        peak_bytes=lambda: None,
        profiler=profiler_service(resolver.master()),
    )
