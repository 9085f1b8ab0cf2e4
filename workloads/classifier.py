"""The Keras classifier that fashion_mnist and distributed train, and how its state is put back."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tfbench.workloads import mlp


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
