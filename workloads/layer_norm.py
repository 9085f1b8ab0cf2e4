"""layer_norm: normalise the last axis, written by hand and as Keras' layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tfbench.workloads import sequences_layer_norm, spec

EPSILON = 0.001
TOLERANCE = 1e-5

Floats = npt.NDArray[np.float64]


def parse_gradients(text: str) -> str:
    """Parse `no` (forward only) or `yes` (forward and gradients)."""
    if text not in {"no", "yes"}:
        raise ValueError(f"{text!r} is neither no nor yes")
    return text


def reference(x: Floats, alpha: Floats, beta: Floats, upstream: Floats | None) -> tuple[Floats, ...]:
    """Normalise in float64 and, given the gradient that comes from above, go back through it.

    Args:
        x: the input, shape (..., d).
        alpha: scale, shape (d,).
        beta: offset, shape (d,).
        upstream: gradient of the loss by the output, shaped like x, or None for forward only.

    Returns:
        The output, then the gradients by x, alpha and beta. The formula is the usual one for layer
        normalisation (Ba, Kiros and Hinton 2016, arXiv 1607.06450), with epsilon under the root.
    """
    mean = x.mean(axis=-1, keepdims=True)
    scale = 1.0 / np.sqrt(x.var(axis=-1, keepdims=True) + EPSILON)
    normal = (x - mean) * scale
    output = alpha * normal + beta
    if upstream is None:
        return (output,)
    inner = upstream * alpha
    by_x = scale * (inner - inner.mean(axis=-1, keepdims=True) - normal * (inner * normal).mean(axis=-1, keepdims=True))
    others = tuple(range(x.ndim - 1))
    return output, by_x, (upstream * normal).sum(axis=others), upstream.sum(axis=others)


def make_layer(implementation: str, alpha: npt.NDArray[np.float32], beta: npt.NDArray[np.float32]) -> Any:
    """Build the layer with the given weights: `custom` as a textbook writes it, or `keras`."""
    import keras
    import tensorflow as tf

    class LayerNormalization(keras.layers.Layer):  # type: ignore[misc]
        def build(self, input_shape: Any) -> None:
            self.alpha = self.add_weight(shape=input_shape[-1:], initializer="ones")
            self.beta = self.add_weight(shape=input_shape[-1:], initializer="zeros")

        def call(self, x: Any) -> Any:
            mean, variance = tf.nn.moments(x, axes=-1, keepdims=True)
            return self.alpha * (x - mean) / tf.sqrt(variance + EPSILON) + self.beta

    layer = LayerNormalization() if implementation == "custom" else keras.layers.LayerNormalization(epsilon=EPSILON)
    layer.build((None, alpha.size))
    layer.set_weights([alpha, beta])
    return layer


def make_step(layer: Any, upstream: Any) -> Any:
    """Build the step: forward, or forward and the gradients by x, alpha and beta."""
    import tensorflow as tf

    if upstream is None:
        return lambda x: (layer(x),)
    weights = [weight.value for weight in layer.trainable_variables]

    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            output = layer(x)
        return output, *tape.gradient(output, [x, *weights], output_gradients=upstream)

    return step


def build(job: spec.Job) -> spec.Program:
    """Build the layer over seeded normal input, with random weights so that each of them counts."""
    import tensorflow as tf

    rng = np.random.default_rng(job.seed)
    sizes = spec.sizes_of(job.params["shape"])
    x = rng.normal(1.0, 2.0, sizes).astype(np.float32)
    alpha = rng.uniform(0.5, 1.5, sizes[-1]).astype(np.float32)
    beta = rng.normal(0.0, 1.0, sizes[-1]).astype(np.float32)
    gradients = job.params["gradients"] == "yes"
    # The gradients by alpha and beta are sums over all rows: scaled so that they stay near 1.
    upstream = rng.normal(0.0, 1.0, sizes).astype(np.float32) / np.float32(np.sqrt(x.size / sizes[-1]))

    def expected() -> Sequence[Any]:
        wide = [np.asarray(a, np.float64) for a in (x, alpha, beta, upstream)]
        return [reference(wide[0], wide[1], wide[2], wide[3] if gradients else None)]

    layer = make_layer(job.implementation, alpha, beta)
    return spec.Program(
        step=job.wrap(make_step(layer, tf.constant(upstream) if gradients else None)),
        inputs=((tf.constant(x),),),
        expected=expected,
        rtol=TOLERANCE,
        atol=TOLERANCE,
    )


WORKLOAD = spec.Workload(
    name="layer_norm",
    summary="layer normalisation over the last axis, by hand and as Keras' layer",
    implementations=("custom", "keras"),
    parameters=(
        spec.Parameter(name="shape", values=("256x512", "32x128x768"), parse=spec.shape),
        spec.Parameter(name="gradients", values=("no", "yes"), parse=parse_gradients),
    ),
    unit="elements",
    work=lambda params, _replicas: int(np.prod(spec.sizes_of(params["shape"]))),
    build=build,
    baseline=("custom", "eager"),
    sequences=sequences_layer_norm.SEQUENCES,
)
