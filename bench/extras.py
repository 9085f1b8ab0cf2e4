"""The records of what is measured of a case after its rounds: plain frozen values with their units in their names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Hold what the module that XLA made of a step does in one call, counted from its text.

    Attributes:
        flops: floating-point operations, a function such as `exp` being one; None if not all of them are known.
        bytes_accessed: what its instructions read and write, whether it lies in caches or in memory; None if
            it is not known how often a loop runs.
        fusions: instructions that do several operations in one pass.
        instructions: all instructions that are run one by one, fusions included; those in loops once.
    """

    flops: int | None
    bytes_accessed: int | None
    fusions: int
    instructions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """Hold what the device reaches at best, measured.

    Attributes:
        flop_per_s: of a large float32 matrix product.
        byte_per_s: read and written by adding one large array onto another in place.
    """

    flop_per_s: float
    byte_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Hold what the link between the workers of a cluster reaches, measured with plain sockets.

    Attributes:
        byte_per_s: of large messages in one direction.
        latency_s: of a message of one byte.
    """

    byte_per_s: float
    latency_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """Hold what one worker measured of a case after its rounds; None where it does not apply or went wrong.

    Attributes:
        dispatch_s: a call through tf.function that does nothing, with the same inputs and variables: the
            dispatch floor.
        concrete_dispatch_s: the same through its concrete function.
        naive_s: a call timed without waiting for the device at the end.
        synced_s: a call timed with it, in turns with the naive one.
        optimized_ops: operations of the graph after Grappler, functions inlined and loops taken apart.
        cost: of the module that XLA compiled.
        ceilings: of the device.
        link: between the workers of a cluster.
        reasons: why something is missing that was tried.
    """

    dispatch_s: float | None = None
    concrete_dispatch_s: float | None = None
    naive_s: float | None = None
    synced_s: float | None = None
    optimized_ops: int | None = None
    cost: Cost | None = None
    ceilings: Ceilings | None = None
    link: Link | None = None
    reasons: tuple[str, ...] = ()
