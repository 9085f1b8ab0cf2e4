"""The classifier of fashion_mnist and distributed, written out in float64 NumPy: the right answer."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SIZES = (28 * 28, 256, 128, 10)
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Hold what one training step answers, before its update.

    Attributes:
        loss: mean sparse categorical cross-entropy of the batch.
        correct: share of the batch that was classified rightly.
    """

    loss: float
    correct: float


def initial_weights(seed: int) -> list[npt.NDArray[np.float32]]:
    """Draw kernel and bias of each layer: Glorot-uniform kernels, zero biases, float32."""
    rng = np.random.default_rng(seed)
    weights: list[npt.NDArray[np.float32]] = []
    for fan_in, fan_out in itertools.pairwise(SIZES):
        limit = np.sqrt(6.0 / (fan_in + fan_out))
        weights.append(rng.uniform(-limit, limit, (fan_in, fan_out)).astype(np.float32))
        weights.append(np.zeros(fan_out, np.float32))
    return weights


def forward(weights: Sequence[Floats], x: Floats) -> list[Floats]:
    """Give the input of each layer and, last, the logits; relu between the layers."""
    values = [x]
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        inner = values[-1] if len(values) == 1 else np.maximum(values[-1], 0.0)
        values[-1] = inner
        values.append(inner @ kernel + bias)
    return values


def gradients(weights: Sequence[Floats], x: Floats, labels: npt.NDArray[np.int64]) -> tuple[Step, list[Floats]]:
    """Give loss and accuracy of a batch and the gradients of the mean loss by each weight."""
    *inputs, logits = forward(weights, x)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probability = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    step = Step(
        loss=float(-log_probability[rows, labels].mean()),
        correct=float((logits.argmax(axis=1) == labels).mean()),
    )
    back = np.exp(log_probability)
    back[rows, labels] -= 1.0
    back /= len(labels)
    found: list[Floats] = []
    for layer in reversed(range(len(inputs))):
        found[:0] = [inputs[layer].T @ back, back.sum(axis=0)]
        back = (back @ weights[2 * layer].T) * (inputs[layer] > 0)
    return step, found


def train(
    weights: Sequence[npt.NDArray[np.float32]],
    batches: Sequence[tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]],
    *,
    learning_rates: Sequence[float],
) -> list[Step]:
    """Train one Nadam step a batch and give what each step answers.

    Args:
        weights: kernels and biases as `initial_weights` gives them; left as they are.
        batches: pixels, shape (n, 28, 28), and labels, shape (n,), a step.
        learning_rates: one for each weight.

    The update is Nadam as Keras 3 defines it (Dozat 2015, with the momentum schedule
    0.9 (1 - 0.5 * 0.96^t)), every weight on its own.
    """
    state = [np.asarray(weight, np.float64) for weight in weights]
    momentum = [np.zeros_like(weight) for weight in state]
    velocity = [np.zeros_like(weight) for weight in state]
    schedule = 1.0
    answers: list[Step] = []
    for t, (pixels, labels) in enumerate(batches, start=1):
        answer, found = gradients(state, pixels.reshape(len(labels), -1).astype(np.float64), labels)
        answers.append(answer)
        now, following = (BETA_1 * (1.0 - 0.5 * 0.96**step) for step in (t, t + 1))
        schedule *= now
        for i, gradient in enumerate(found):
            momentum[i] += (gradient - momentum[i]) * (1.0 - BETA_1)
            velocity[i] += (gradient**2 - velocity[i]) * (1.0 - BETA_2)
            mean = following * momentum[i] / (1.0 - schedule * following) + (1.0 - now) * gradient / (1.0 - schedule)
            spread = np.sqrt(velocity[i] / (1.0 - BETA_2**t))
            state[i] -= learning_rates[i] * mean / (spread + EPSILON)
    return answers
