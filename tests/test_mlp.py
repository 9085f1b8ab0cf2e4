"""The references in NumPy: the classifier's training, and layer normalisation."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from tfbench.workloads import layer_norm, mlp

Floats = mlp.Floats


def slopes(function: Callable[[], float], at: Floats) -> Floats:
    """Give the central finite differences of a function by each element of an array that it reads."""
    found = np.zeros_like(at)
    for place in np.ndindex(*at.shape):
        value, step = float(at[place]), 1e-6
        at[place] = value + step
        above = function()
        at[place] = value - step
        found[place] = (above - function()) / (2 * step)
        at[place] = value
    return found


@pytest.fixture
def network() -> tuple[list[Floats], Floats, Any]:
    """Give weights of 5-4-3-3, a batch of 6 and its labels."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(0.0, 1.0, shape) for shape in ((5, 4), (4,), (4, 3), (3,), (3, 3), (3,))]
    return weights, rng.normal(0.0, 1.0, (6, 5)), np.array([0, 2, 1, 1, 0, 2])


@pytest.mark.parametrize("index", range(6))
def test_the_gradient_of_each_weight_is_the_slope_of_the_loss(index: int, network: Any) -> None:
    weights, x, labels = network
    _, found = mlp.gradients(weights, x, labels)
    wanted = slopes(lambda: mlp.gradients(weights, x, labels)[0].loss, weights[index])
    assert np.abs(wanted).max() > 0.01
    np.testing.assert_allclose(found[index], wanted, rtol=1e-6, atol=1e-8)


def test_forward_is_relu_between_and_none_after_the_layers() -> None:
    eye, zero = np.eye(2), np.zeros(2)
    weights = [eye, np.array([1.0, 0.0]), -eye, zero]
    *_, logits = mlp.forward(weights, np.array([[2.0, -5.0]]))
    assert logits.tolist() == [[-3.0, -0.0]]  # (2 + 1, -5), relu (3, 0), negated


def test_loss_and_accuracy_are_those_of_the_softmax_by_hand() -> None:
    x = np.array([[math.log(3.0), 0.0], [0.0, math.log(3.0)]])  # probabilities 3/4, 1/4 and 1/4, 3/4
    step, _ = mlp.gradients([np.eye(2), np.zeros(2)], x, np.array([0, 0]))
    assert step.loss == pytest.approx((math.log(4 / 3) + math.log(4)) / 2)
    assert step.correct == 0.5


def test_huge_logits_do_not_overflow() -> None:
    step, found = mlp.gradients([np.eye(2), np.zeros(2)], np.array([[1e4, 0.0]]), np.array([1]))
    assert step.loss == pytest.approx(1e4)
    assert all(np.isfinite(gradient).all() for gradient in found)


def test_one_nadam_step_of_a_single_weight_by_hand() -> None:
    # One layer, one pixel, two logits, label 0; only the biases learn, the second mirrors the first.
    # At 0 both probabilities are 1/2, and the gradients by the two biases are -1/2 and 1/2.
    first, second = mlp.train(
        [np.zeros((1, 2), np.float32), np.zeros(2, np.float32)],
        [(np.ones((1, 1, 1), np.float32), np.array([0]))] * 2,
        learning_rates=[0.0, 0.1],
    )
    now, following = 0.468, 0.48528  # 0.9 (1 - 0.5 * 0.96), 0.9 (1 - 0.5 * 0.9216)
    momentum, velocity = -0.05, 0.00025  # a tenth of the gradient, a thousandth of its square
    mean = following * momentum / (1 - now * following) + (1 - now) * -0.5 / (1 - now)
    moved = 0.1 * -mean / (math.sqrt(velocity / 0.001) + 1e-7)  # about 0.1063 up, the other bias as much down
    assert moved == pytest.approx(0.10627876, abs=1e-7)
    assert first.loss == pytest.approx(math.log(2.0))
    assert second.loss == pytest.approx(math.log(1.0 + math.exp(-2 * moved)), rel=1e-12)


def test_the_second_nadam_step_uses_the_product_of_the_schedule() -> None:
    losses = [
        step.loss
        for step in mlp.train(
            [np.zeros((1, 2), np.float32), np.zeros(2, np.float32)],
            [(np.ones((1, 1, 1), np.float32), np.array([0]))] * 3,
            learning_rates=[0.0, 0.1],
        )
    ]
    bias, momentum, velocity, product, wanted = 0.0, 0.0, 0.0, 1.0, []
    for u, v, beta_2_power in ((0.468, 0.48528, 0.999), (0.48528, 0.5018688, 0.998001), (0.5018688, 0.0, 1.0)):
        wanted.append(math.log(1.0 + math.exp(-2 * bias)))
        gradient = -1.0 / (1.0 + math.exp(2 * bias))
        momentum, velocity = 0.9 * momentum + 0.1 * gradient, 0.999 * velocity + 0.001 * gradient**2
        product *= u
        mean = v * momentum / (1 - product * v) + (1 - u) * gradient / (1 - product)
        if beta_2_power < 1:
            bias -= 0.1 * mean / (math.sqrt(velocity / (1 - beta_2_power)) + 1e-7)
    assert losses == pytest.approx(wanted, rel=1e-9)


def test_each_weight_has_its_own_learning_rate() -> None:
    batch = (np.ones((1, 1, 1), np.float32), np.array([0]))
    weights = [np.zeros((1, 2), np.float32), np.zeros(2, np.float32)]

    def second_loss(rates: Sequence[float]) -> float:
        return mlp.train(weights, [batch] * 2, learning_rates=rates)[1].loss

    assert second_loss([0.0, 0.0]) == pytest.approx(math.log(2.0))
    # The pixel is 1, so that kernel and bias have the same gradients.
    assert second_loss([0.1, 0.0]) == second_loss([0.0, 0.1]) < second_loss([0.0, 0.05]) < math.log(2.0)
    assert second_loss([0.1, 0.1]) < second_loss([0.1, 0.0])


def test_training_leaves_the_given_weights_alone() -> None:
    weights = mlp.initial_weights(0)
    before = [weight.copy() for weight in weights]
    batch = (np.ones((2, 28, 28), np.float32), np.array([3, 4]))
    mlp.train(weights, [batch], learning_rates=[0.01] * 6)
    assert all(np.array_equal(a, b) for a, b in zip(before, weights, strict=True))


def test_initial_weights_are_glorot_uniform_kernels_and_zero_biases() -> None:
    weights = mlp.initial_weights(0)
    assert [weight.shape for weight in weights] == [(784, 256), (256,), (256, 128), (128,), (128, 10), (10,)]
    assert {weight.dtype for weight in weights} == {np.dtype(np.float32)}
    assert [float(np.abs(bias).max()) for bias in weights[1::2]] == [0.0, 0.0, 0.0]
    limits = [math.sqrt(6 / 1040), math.sqrt(6 / 384), math.sqrt(6 / 138)]
    assert [float(np.abs(kernel).max()) for kernel in weights[::2]] == pytest.approx(limits, rel=0.01)
    assert [float(kernel.std()) for kernel in weights[::2]] == pytest.approx([x / 3**0.5 for x in limits], rel=0.05)


def test_initial_weights_are_those_of_the_seed() -> None:
    kernels = [mlp.initial_weights(seed)[0] for seed in (1, 1, 2)]
    assert np.array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])


@pytest.fixture
def normalised() -> list[Floats]:
    """Give x of 2 by 3 by 4, alpha, beta and the gradient from above."""
    rng = np.random.default_rng(0)
    return [rng.normal(1.0, 2.0, shape) for shape in ((2, 3, 4), (4,), (4,), (2, 3, 4))]


@pytest.mark.parametrize("index", [0, 1, 2], ids=["x", "alpha", "beta"])
def test_the_gradients_of_layer_normalisation_are_its_slopes(index: int, normalised: list[Floats]) -> None:
    x, alpha, beta, upstream = normalised
    found = layer_norm.reference(x, alpha, beta, upstream)[1 + index]
    wanted = slopes(lambda: float((layer_norm.reference(x, alpha, beta, None)[0] * upstream).sum()), normalised[index])
    assert np.abs(wanted).max() > 0.01
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)


def test_layer_normalisation_by_hand() -> None:
    x, alpha, beta = np.array([[1.0, 3.0]]), np.array([2.0, 2.0]), np.array([0.0, 10.0])
    (found,) = layer_norm.reference(x, alpha, beta, None)  # mean 2, variance 1, epsilon 0.001
    assert found[0].tolist() == pytest.approx([-2 / math.sqrt(1.001), 10 + 2 / math.sqrt(1.001)])


def test_a_constant_row_is_normalised_to_the_offset() -> None:
    (found,) = layer_norm.reference(np.full((1, 3), 7.0), np.ones(3), np.array([1.0, 2.0, 3.0]), None)
    assert found.tolist() == [[1.0, 2.0, 3.0]]
