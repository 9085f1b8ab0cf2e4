"""The Keras classifier that fashion_mnist and distributed train, how its state is put back, and the right answers."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from tfbench.workloads import fashion_data, feed, mlp, spec


def make(weights: Sequence[npt.NDArray[np.float32]]) -> Any:
    """Build the model: Dense 256 relu, 128 relu, 10 logits, over 28x28 images, with these weights."""
    import keras

    *hidden, last = mlp.SIZES[1:]
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            *(keras.layers.Dense(size, activation="relu") for size in hidden),
            keras.layers.Dense(last),
        ]
    )
    model.set_weights(list(weights))
    return model


def make_optimizer(learning_rate: float, variables: Sequence[Any]) -> Any:
    """Build Keras' Nadam with its slots for these variables."""
    import keras

    optimizer = keras.optimizers.Nadam(learning_rate)
    optimizer.build(variables)
    return optimizer


def keep_state(variables: Sequence[Any]) -> Callable[[], None]:
    """Remember the values of the variables; the function given back restores them.

    They are restored outside the timed rounds, so that every round does the same work: trained on,
    a small network's gradients would fade to denormal numbers.
    """
    # A constant is a copy; reading a variable may give its own buffer.
    kept = [np.array(variable) for variable in variables]

    def restore() -> None:
        for variable, value in zip(variables, kept, strict=True):
            variable.assign(value)

    return restore


@cache
def reference(
    data: spec.DataSource, *, batch_size: int, batches: int, seed: int, steps: int, rates: tuple[float, ...]
) -> list[mlp.Step]:
    """Train so many steps in NumPy. The cases of a worker have that in common: 100 steps may take seconds."""
    pixels, labels = fashion_data.draw(fashion_data.load(data), batch_size=batch_size, batches=batches, seed=seed)
    return mlp.train(mlp.initial_weights(seed), feed.in_order(pixels, labels, steps), learning_rates=rates)
