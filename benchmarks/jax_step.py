"""Train the classifier of fashion_mnist in JAX: a child of `versus_jax.py`, in an environment without TensorFlow.

python benchmarks/jax_step.py GIVEN.npz
"""

import platform
import sys
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import turns

State = tuple[list[Any], list[Any], list[Any], Any, Any]


def loss_of(weights: list[Any], x: Any, y: Any) -> Any:
    """Give the mean sparse categorical cross-entropy of a batch; relu between the layers."""
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        x = jax.nn.relu(x @ kernel + bias)
    log_probability = jax.nn.log_softmax(x @ weights[-2] + weights[-1])
    return -jnp.mean(jnp.take_along_axis(log_probability, y[:, None], axis=1))


def train(state: State, x: Any, y: Any, *, given: Mapping[str, Any]) -> tuple[State, Any]:
    """Do one step of Keras' Nadam, as `workloads/mlp.py` writes it out; give state and loss."""
    rate, beta_1, beta_2, epsilon = (float(given[name]) for name in ("rate", "beta_1", "beta_2", "epsilon"))
    weights, momentum, velocity, schedule, t = state
    loss, gradients = jax.value_and_grad(loss_of)(weights, x, y)
    t = t + 1
    now, following = (beta_1 * (1 - 0.5 * jnp.power(0.96, step)) for step in (t, t + 1))
    schedule = schedule * now
    by_momentum, by_gradient = rate * following / (1 - schedule * following), rate * (1 - now) / (1 - schedule)
    by_velocity = 1 / jnp.sqrt(1 - jnp.power(beta_2, t))
    momentum = [m + (g - m) * (1 - beta_1) for m, g in zip(momentum, gradients, strict=True)]
    velocity = [v + (g * g - v) * (1 - beta_2) for v, g in zip(velocity, gradients, strict=True)]
    weights = [
        w - (by_momentum * m + by_gradient * g) / (jnp.sqrt(v) * by_velocity + epsilon)
        for w, m, v, g in zip(weights, momentum, velocity, gradients, strict=True)
    ]
    return (weights, momentum, velocity, schedule, t), loss


class Trainer:
    """Hold the state that the calls hand on, its buffers donated, and the batches on the device."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.kept = [given[f"weight_{i}"] for i in range(6)]
        pixels = given["pixels"]
        self.pixels, self.labels = jnp.array(pixels.reshape(*pixels.shape[:2], -1)), jnp.array(given["labels"])
        self.batches = [(jnp.array(x), jnp.array(y)) for x, y in zip(self.pixels, self.labels, strict=True)]

        def step(state: State, x: Any, y: Any) -> tuple[State, Any]:
            return train(state, x, y, given=given)

        def scan(state: State, x: Any, y: Any) -> tuple[State, Any]:
            return jax.lax.scan(lambda carry, batch: step(carry, *batch), state, (x, y))

        def idle(state: State, _x: Any, _y: Any) -> tuple[State, Any]:
            return state, jnp.zeros(())

        self.one, self.many = (jax.jit(function, donate_argnums=0) for function in (step, scan))
        self.idle = jax.jit(idle, donate_argnums=0, keep_unused=True)

    def reset(self) -> None:
        """Put the state back to the start."""
        weights, momentum, velocity = ([jnp.array(w) * scale for w in self.kept] for scale in (1, 0, 0))
        self.state = jax.block_until_ready((weights, momentum, velocity, jnp.ones(()), jnp.zeros(())))

    def single(self, function: Any) -> list[Any]:
        """Call a function once a batch."""
        state, losses = self.state, []
        for x, y in self.batches:
            state, loss = function(state, x, y)
            losses.append(loss)
        jax.block_until_ready((state, loss))
        return losses

    def together(self) -> Any:
        """Do all steps in one call."""
        return jax.block_until_ready(self.many(self.state, self.pixels, self.labels))[1]


def main() -> None:
    """Serve one step a call, all in one call, and a call that does nothing."""
    with np.load(sys.argv[1]) as given:
        trainer = Trainer(dict(given))
    variants = {
        "one": turns.Variant(reset=trainer.reset, run=lambda: trainer.single(trainer.one)),
        "idle": turns.Variant(reset=trainer.reset, run=lambda: trainer.single(trainer.idle)),
        "many": turns.Variant(reset=trainer.reset, run=trainer.together),
    }
    turns.serve(variants, {"JAX": jax.__version__, "its Python": platform.python_version()})


if __name__ == "__main__":
    main()
