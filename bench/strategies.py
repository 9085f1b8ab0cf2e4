"""The `tf.distribute` strategy of a placement, one a process. Worker only."""

from collections.abc import Callable
from functools import cache
from typing import Any

from tfbench.bench.case import AUTO, GPU, MIRRORED, MULTI_WORKER, NCCL, RING, Placement


class MissingDeviceError(Exception):
    """Say which device was asked for and is not there: a skip, never a silent run on the CPU."""


def check(placement: Placement) -> None:
    """Refuse a way of communicating that the strategy or the device does not have.

    Raises:
        MissingDeviceError: it names what would do.
    """
    way, name = placement.communication, f"--communication {placement.communication}"
    if way == NCCL and placement.device != GPU:
        raise MissingDeviceError(f"{name} needs GPUs; on a {placement.device} take ring or auto")
    if way == RING and placement.strategy != MULTI_WORKER:
        raise MissingDeviceError(f"{name}: only multi_worker has a ring, not {placement.strategy}")
    if way and placement.strategy not in {MIRRORED, MULTI_WORKER}:
        raise MissingDeviceError(f"{name}: is for mirrored and multi_worker, not {placement.strategy}")
    if placement.bytes_per_pack and placement.strategy != MULTI_WORKER:
        raise MissingDeviceError(f"--bytes-per-pack: is for multi_worker, not {placement.strategy}")


def mirrored(kind: str, placement: Placement) -> Callable[[], Any]:
    """Make the one strategy of a process: two would number their collective operations alike, and mix them up."""

    @cache
    def strategy() -> Any:
        import tensorflow as tf

        ways = {NCCL: tf.distribute.NcclAllReduce}
        way = ways.get(placement.communication)
        devices = [f"{kind}:{i}" for i in range(placement.replicas)]
        return tf.distribute.MirroredStrategy(devices, cross_device_ops=way() if way else None)

    return strategy


def multi_worker(placement: Placement) -> Any:
    """Make the strategy of a cluster's worker; it must come before any operation."""
    import tensorflow as tf

    ways = tf.distribute.experimental.CommunicationImplementation
    options = tf.distribute.experimental.CommunicationOptions(
        bytes_per_pack=placement.bytes_per_pack,
        implementation={AUTO: ways.AUTO, RING: ways.RING, NCCL: ways.NCCL}[placement.communication],
    )
    return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)


def tpu(resolver: Any, topology: Any, placement: Placement) -> Callable[[], Any]:
    """Make the strategy of a TPU: on as many of its cores as there are replicas."""

    @cache
    def strategy() -> Any:
        import tensorflow as tf

        part = tf.tpu.experimental.DeviceAssignment.build(topology, num_replicas=placement.replicas)
        return tf.distribute.TPUStrategy(resolver, experimental_device_assignment=part)

    return strategy
