"""layer_norm's calls for the retrace ledger: changing lengths, lists, Python objects and closures."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from tfbench.workloads import spec

FEATURES = 64
LENGTHS = (17, 23, 31, 23)
BUCKET = 32
EPSILON = 0.001

Calls = Sequence[tuple[str, Callable[[], Any]]]


def normalize(x: Any, epsilon: float = EPSILON) -> Any:
    """Normalise the last axis."""
    import tensorflow as tf

    mean, variance = tf.nn.moments(x, axes=-1, keepdims=True)
    return (x - mean) / tf.sqrt(variance + epsilon)


def _rows(job: spec.Job, length: int) -> Any:
    import tensorflow as tf

    return tf.constant(np.random.default_rng(job.seed).normal(1.0, 2.0, (length, FEATURES)), tf.float32)


def _padded(x: Any, length: int) -> Any:
    import tensorflow as tf

    return tf.pad(x, [[0, length - x.shape[0]], [0, 0]])


def lengths(job: spec.Job, *, fixed: bool) -> Calls:
    """Normalise sequences of changing length; fixed, with a signature that leaves the length open."""
    import tensorflow as tf

    signature = [tf.TensorSpec([None, FEATURES], tf.float32)] if fixed else None
    function = tf.function(normalize, input_signature=signature, jit_compile=job.mode == "xla")
    return [(f"length {n}", partial(function, _rows(job, n))) for n in LENGTHS]


def open_lengths(job: spec.Job, *, fixed: bool) -> Calls:
    """Leave the length open: one trace, but XLA compiles for each; fixed, pad to one length before the call."""
    import tensorflow as tf

    signature = [tf.TensorSpec([None, FEATURES], tf.float32)]
    function = tf.function(normalize, input_signature=signature, jit_compile=job.mode == "xla")

    def padded(x: Any) -> Any:
        return function(_padded(x, BUCKET))[: x.shape[0]]

    call = padded if fixed else function
    return [(f"length {n}", partial(call, _rows(job, n))) for n in LENGTHS]


def lists(job: spec.Job, *, fixed: bool) -> Calls:
    """Pass a Python list of as many tensors as there are; fixed, one tensor, padded to the longest list."""
    import tensorflow as tf

    function = tf.function(lambda parts: normalize(tf.stack(parts)), jit_compile=job.mode == "xla")
    one = tf.function(normalize, jit_compile=job.mode == "xla")
    parts = tf.unstack(_rows(job, 4))

    def padded(count: int) -> Any:
        return one(_padded(tf.stack(parts[:count]), len(parts)))[:count]

    call = padded if fixed else lambda count: function(parts[:count])
    return [(f"list of {count}", partial(call, count)) for count in (2, 3, 4, 3)]


class Settings:
    """Hold what a user keeps in an object of their own."""

    def __init__(self, epsilon: float) -> None:
        """Keep epsilon."""
        self.epsilon = epsilon


def new_objects(job: spec.Job, *, fixed: bool) -> Calls:
    """Make the object with the settings anew for each call; fixed, once."""
    import tensorflow as tf

    function = tf.function(lambda x, settings: normalize(x, settings.epsilon), jit_compile=job.mode == "xla")
    x = _rows(job, LENGTHS[0])
    # All are kept: TensorFlow holds them weakly, and what has died cannot be compared.
    settings = [Settings(EPSILON)] * 3 if fixed else [Settings(EPSILON) for _ in range(3)]
    label = "the same Settings" if fixed else "a new Settings"
    return [(label, partial(function, x, s)) for s in settings]


def closures(job: spec.Job, *, fixed: bool) -> Calls:
    """Change a Python value that the function reads from around it; fixed, pass it as a tensor.

    Nothing is traced anew, so each call silently answers with the first value.
    """
    import tensorflow as tf

    state = {"scale": 1.0}
    function = tf.function(lambda x: x * state["scale"], jit_compile=job.mode == "xla")
    scaled = tf.function(lambda x, scale: x * scale, jit_compile=job.mode == "xla")
    one = tf.constant(1.0)

    def call(scale: float) -> str:
        state["scale"] = scale
        answer = float(scaled(one, tf.constant(scale)) if fixed else function(one))
        return "" if answer == scale else f"stale: answers with scale={answer:g}"

    return [(f"scale={scale:g}", partial(call, scale)) for scale in (1.0, 2.0, 3.0)]


SEQUENCES = (
    spec.CallSequence(
        name="lengths",
        summary="sequences of changing length",
        fix=f"leave the length open: input_signature=[tf.TensorSpec([None, {FEATURES}], tf.float32)]",
        build=lengths,
        modes=("graph",),
    ),
    spec.CallSequence(
        name="open_lengths",
        summary="sequences of changing length under one signature: one graph, but XLA compiles for each length",
        fix=f"pad to a few lengths before the call, here to {BUCKET}",
        build=open_lengths,
        modes=("xla",),
    ),
    spec.CallSequence(
        name="list",
        summary="a list of a changing number of tensors",
        fix="stack the list to one tensor, padded to the longest, before the call",
        build=lists,
    ),
    spec.CallSequence(
        name="new_object",
        summary="a Python object made anew for each call",
        fix="make the object once, and pass the same one",
        build=new_objects,
    ),
    spec.CallSequence(
        name="changed_closure",
        summary="a Python value around the function changes: no new trace, and the answer stays the old one",
        fix="pass the value as a tensor argument, or keep it in a tf.Variable",
        build=closures,
    ),
)
