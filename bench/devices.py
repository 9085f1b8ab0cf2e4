"""Give a worker the devices that its placement asks for, or say why it cannot. Worker only."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfbench.bench import strategies
from tfbench.bench.case import CPU, GPU, MULTI_WORKER, SINGLE, TPU, Placement
from tfbench.bench.cluster import Seat
from tfbench.bench.crew import Crew
from tfbench.bench.strategies import MissingDeviceError

PROFILER_PORT = 8466  # of a TPU's host, as Cloud TPU documents it
ONE = Seat()


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


def count(kind: str) -> int:
    """Give how many devices of a kind there are for replicas to spread over, without TensorFlow; 0 if not known."""
    if kind == CPU:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if kind == GPU:
        return len(list(Path("/proc/driver/nvidia/gpus").glob("*"))) or len(list(Path("/dev").glob("nvidia[0-9]*")))
    return 0


def cores_of(placement: Placement, seat: Seat = ONE) -> list[int]:
    """Give the cores that the placement names for a worker; empty for all that there are.

    Workers of a cluster that share a host take its cores in turn. A scheduler that has given each of them cores of its
    own is seen by this process being confined to fewer than the host has.

    Raises:
        MissingDeviceError: there are not enough for all workers on this host.
    """
    clustered = placement.strategy == MULTI_WORKER
    if not (placement.threads or clustered) or not hasattr(os, "sched_getaffinity"):
        return []
    each, allowed = placement.threads or 1, sorted(os.sched_getaffinity(0))
    rank, workers = (seat.rank, seat.here) if clustered else (0, 1)
    if seat.given and workers * each > len(allowed) and len(allowed) < (os.cpu_count() or 1):
        rank, workers = 0, 1
    if workers * each > len(allowed):
        wanted = f"{workers} workers with {each} core{'s' * (each > 1)} each"
        raise MissingDeviceError(
            f"{wanted}, but this process may use {len(allowed)}: take fewer --replicas or --threads"
        )
    return allowed[rank * each : (rank + 1) * each]


def keep_to(cores: Sequence[int]) -> None:
    """Let this process run on these cores only; before TensorFlow is imported, and after others are started.

    Python, TensorFlow's threads and XLA's compiler all stay on them.
    """
    if cores:
        os.sched_setaffinity(0, cores)


def configure(placement: Placement, *, cpu_model: str, seat: Seat = ONE) -> Devices:
    """Prepare TensorFlow for the placement, before any of its operations runs.

    Raises:
        MissingDeviceError: TensorFlow does not see the device, or not as many as there are replicas, or they have no
            such way of communicating.
    """
    strategies.check(placement)
    set_up = {CPU: _configure_cpu, GPU: _configure_gpu, TPU: _configure_tpu}
    return set_up[placement.device](placement, cpu_model, seat)


def _configure_cpu(placement: Placement, cpu_model: str, _seat: Seat) -> Devices:
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")
    if placement.threads or placement.strategy == MULTI_WORKER:
        tf.config.threading.set_intra_op_parallelism_threads(placement.threads or 1)
    if placement.strategy == MULTI_WORKER:
        return _join_cluster(placement, cpu_model, lambda: None)
    if placement.strategy != SINGLE:
        cpu = tf.config.list_physical_devices("CPU")[0]
        logical = [tf.config.LogicalDeviceConfiguration()] * placement.replicas
        tf.config.set_logical_device_configuration(cpu, logical)
    strategy = strategies.mirrored("CPU", placement)
    return Devices(name=cpu_model, scope=nullcontext, strategy=strategy, peak_bytes=lambda: None)


def _join_cluster(placement: Placement, name: str, peak_bytes: Callable[[], int | None]) -> Devices:
    """Make the strategy of a cluster's worker at once."""
    import tensorflow as tf
    from tensorflow.python.eager import context

    strategy = strategies.multi_worker(placement)
    (mine,) = strategy.extended.worker_devices

    def sync() -> None:
        with tf.device(mine):
            tf.raw_ops.SyncDevice()
        context.async_wait()

    return Devices(name=name, scope=nullcontext, strategy=lambda: strategy, peak_bytes=peak_bytes, sync=sync)


def gpus_of(placement: Placement, seat: Seat, gpus: Sequence[Any]) -> Sequence[Any]:
    """Give the GPUs of a process among those that TensorFlow sees: one for each replica that it has.

    Of a cluster's workers each has one replica; those that share a host take its GPUs in turn, unless a scheduler has
    given each a GPU of its own, so that it sees no other.

    Raises:
        MissingDeviceError: there are not enough.
    """
    clustered = placement.strategy == MULTI_WORKER
    wanted = seat.here if clustered and not (seat.given and len(gpus) == 1) else 1 if clustered else placement.replicas
    if len(gpus) < wanted:
        raise MissingDeviceError(
            f"{wanted} GPU asked for, TensorFlow sees {len(gpus)}: check the driver, and install tfbench[cuda]"
        )
    if clustered:
        return [gpus[seat.rank if wanted > 1 else 0]]
    return gpus[:wanted]


def _configure_gpu(placement: Placement, _cpu_model: str, seat: Seat) -> Devices:
    import tensorflow as tf

    gpus = gpus_of(placement, seat, tf.config.list_physical_devices("GPU"))
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)  # noqa: FBT003 - TensorFlow's signature
    tf.config.set_visible_devices(gpus, "GPU")
    details = tf.config.experimental.get_device_details(gpus[0])
    capability = ".".join(str(part) for part in details.get("compute_capability", ()))
    name = f"{details.get('device_name', 'GPU')}" + (f" (compute capability {capability})" if capability else "")

    def peak_bytes() -> int:
        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])

    if placement.strategy == MULTI_WORKER:
        return _join_cluster(placement, name, peak_bytes)
    return Devices(name=name, scope=nullcontext, strategy=strategies.mirrored("GPU", placement), peak_bytes=peak_bytes)


def profiler_service(master: str) -> str:
    """Give the profiler service on the host of a TPU; empty for a TPU of this machine, whose master has no address."""
    host, colon, _ = master.removeprefix("grpc://").rpartition(":")
    return f"grpc://{host}:{PROFILER_PORT}" if colon else ""


def _configure_tpu(placement: Placement, _cpu_model: str, _seat: Seat) -> Devices:
    import tensorflow as tf

    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
        tf.config.experimental_connect_to_cluster(resolver)
        topology = tf.tpu.experimental.initialize_tpu_system(resolver)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MissingDeviceError(f"no TPU could be reached: {reason}") from error
    tpus = tf.config.list_logical_devices("TPU")
    if len(tpus) < placement.replicas:
        raise MissingDeviceError(f"{placement.replicas} replicas asked for, the TPU has {len(tpus)} cores")
    return Devices(
        name=f"TPU with {len(tpus)} cores",
        scope=lambda: tf.device(tpus[0].name) if placement.strategy == SINGLE else nullcontext(),
        strategy=strategies.tpu(resolver, topology, placement),
        peak_bytes=lambda: None,
        profiler=profiler_service(resolver.master()),
    )
