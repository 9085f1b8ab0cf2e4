"""fashion_mnist's references, by hand; and what Keras cannot do."""

from typing import Any

import numpy as np
import pytest
from tfbench.workloads import fashion_mnist, mlp

STEPS = [mlp.Step(loss=loss, correct=correct) for loss, correct in ((4.0, 0.0), (2.0, 0.5), (3.0, 1.0), (1.0, 0.5))]


def shaped(implementation: str, **params: Any) -> list[Any]:
    found = fashion_mnist.expected(implementation, STEPS, params)
    return [tuple(np.asarray(part).tolist() for part in answer) for answer in found]


def test_a_step_by_hand_gives_its_loss_and_running_means() -> None:
    assert shaped("custom_loop") == [(4.0, 4.0, 0.0), (2.0, 3.0, 0.25), (3.0, 3.0, 0.5), (1.0, 2.5, 0.5)]


def test_several_steps_by_hand_give_all_their_losses_and_the_means_at_their_end() -> None:
    assert shaped("two_optimizers", steps_per_execution=2) == [([4.0, 2.0], 3.0, 0.25), ([3.0, 1.0], 2.5, 0.5)]


def test_train_on_batch_gives_loss_and_accuracy_of_its_batch() -> None:
    assert shaped("keras", feed="numpy") == [(4.0, 0.0), (2.0, 0.5), (3.0, 1.0), (1.0, 0.5)]


def test_what_keras_reads_itself_gives_running_means() -> None:
    assert shaped("keras", feed="dataset", steps_per_execution=2) == [(3.0, 0.25), (2.5, 0.5)]


@pytest.mark.parametrize(
    ("implementation", "params", "supported"),
    [
        ("keras", {}, True),
        ("keras", {"steps_per_execution": 1, "feed": "numpy"}, True),
        ("keras", {"steps_per_execution": 2}, False),
        ("keras", {"steps_per_execution": 2, "feed": "numpy"}, False),
        ("keras", {"steps_per_execution": 2, "feed": "dataset"}, True),
        ("custom_loop", {"steps_per_execution": 2, "feed": "numpy"}, True),
    ],
)
def test_keras_does_several_steps_from_a_pipeline_only(
    implementation: str, params: dict[str, Any], supported: bool
) -> None:
    reason = fashion_mnist.unsupported(implementation, params, "graph")
    assert (reason is None) is supported
    assert supported or str(reason).endswith("add --param feed=dataset")
