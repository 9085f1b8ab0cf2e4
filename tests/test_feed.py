"""How batches reach a step: parameters and order by hand, pipelines with the real TensorFlow."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
import pytest
from tfbench.workloads import feed


@pytest.fixture
def batches() -> tuple[Any, Any]:
    """Give three batches of two images, each full of its own number, which is its label, too."""
    numbers = np.arange(6).reshape(3, 2)
    return np.broadcast_to(numbers[..., None, None], (3, 2, 28, 28)).astype(np.float32), numbers


def test_without_parameters_a_call_is_one_step_on_the_device() -> None:
    assert (feed.steps_of({"batch_size": 32}), feed.feed_of({"batch_size": 32})) == (1, "device")
    assert (feed.steps_of({"steps_per_execution": 50}), feed.feed_of({"feed": "numpy"})) == (50, "numpy")


def test_the_first_value_of_an_optional_parameter_is_what_a_case_without_it_does() -> None:
    assert [parameter.optional for parameter in feed.PARAMETERS] == [True, True]
    steps, way = feed.PARAMETERS
    assert (steps.values[0], way.values[0]) == (feed.steps_of({}), feed.feed_of({}))


@pytest.mark.parametrize("text", ["device", "numpy", "dataset"])
def test_a_feed_is_parsed(text: str) -> None:
    assert feed.parse(text) == text


@pytest.mark.parametrize("text", ["", "Device", "tensor"])
def test_another_feed_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(ValueError, match=rf"^'{text}' is not device \(tensors .*\), numpy \(.*\) or dataset \("):
        feed.parse(text)


def test_steps_come_in_order_and_again_from_the_first(batches: Any) -> None:
    assert [labels.tolist() for _, labels in feed.in_order(*batches, 5)] == [[0, 1], [2, 3], [4, 5], [0, 1], [2, 3]]


def test_a_call_of_one_step_has_a_batch(batches: Any) -> None:
    assert [labels.tolist() for _, labels in feed.per_call(*batches, 1)] == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize(("steps", "calls"), [(2, 2), (3, 2), (50, 2)])
def test_a_call_of_several_steps_has_their_batches_stacked_as_they_come(steps: int, calls: int, batches: Any) -> None:
    found = feed.per_call(*batches, steps)
    assert [x.shape for x, _ in found] == [(steps, 2, 28, 28)] * calls
    flat = [labels.tolist() for _, stack in found for labels in stack]
    assert flat == [labels.tolist() for _, labels in feed.in_order(*batches, steps * calls)]


def test_calls_of_few_steps_use_every_batch() -> None:
    pixels, labels = np.zeros((16, 2, 28, 28), np.float32), np.arange(32).reshape(16, 2)
    assert len(feed.per_call(pixels, labels, 3)) == 6  # 18 steps


def test_a_call_of_more_steps_learns_as_much_as_one_of_few() -> None:
    assert (feed.scaled(0.01, 1), feed.scaled(0.01, 50)) == (0.01, 0.0002)


def test_of_several_steps_a_call_two_calls_are_compared() -> None:
    assert (feed.checked(1, 5), feed.checked(2, 5), feed.checked(50, 5)) == (5, 2, 2)


def labels_of(pipeline: feed.Pipeline, count: int) -> list[Any]:
    return [next(pipeline.iterator)[1].numpy().tolist() for _ in range(count)]


@pytest.mark.tensorflow
def test_a_pipeline_gives_the_batches_in_order_and_again_from_its_start(batches: Any) -> None:
    pipeline = feed.Pipeline(feed.dataset(*batches))
    assert labels_of(pipeline, 4) == [[0, 1], [2, 3], [4, 5], [0, 1]]
    pipeline.restart()
    x, y = next(pipeline.iterator)
    assert (x[1, 0, 0].numpy(), x.shape, y.numpy().tolist()) == (1.0, (2, 28, 28), [0, 1])


@pytest.mark.tensorflow
def test_a_pipeline_for_several_steps_gives_the_stacks_of_the_calls(batches: Any) -> None:
    pipeline = feed.Pipeline(feed.dataset(*batches, steps=2))
    assert labels_of(pipeline, 2) == [labels.tolist() for _, labels in feed.per_call(*batches, 2)]


def used_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def threads_after(pipeline: feed.Pipeline, restarts: int) -> Iterator[int]:
    for _ in range(restarts):
        pipeline.restart()
        next(pipeline.iterator)
        yield psutil.Process().num_threads()


@pytest.mark.tensorflow
def test_a_pipeline_that_nobody_reads_stands_still_and_restarts_leave_no_thread(batches: Any) -> None:
    process, pipeline = psutil.Process(), feed.Pipeline(feed.dataset(*batches))
    threads = list(threads_after(pipeline, 40))
    assert max(threads[20:]) <= max(threads[:20])
    time.sleep(0.2)  # it is filled
    before = used_s(process)
    time.sleep(1.0)
    assert used_s(process) - before < 0.1


@pytest.mark.tensorflow
def test_a_pipeline_with_a_period_reads_on_to_its_first_batch_instead_of_beginning_anew(batches: Any) -> None:
    pipeline = feed.Pipeline(feed.dataset(*batches), period=3)
    iterator = pipeline.iterator
    for taken in range(4):
        for _ in range(taken):
            next(pipeline.take(1))
        pipeline.restart()
        assert next(pipeline.take(1))[1].numpy().tolist() == [0, 1]
        pipeline.restart()
    assert pipeline.iterator is iterator
