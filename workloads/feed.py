"""How a training step gets its batches, and how many steps one call does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tfbench.workloads import spec

STEPS, FEED = "steps_per_execution", "feed"
DEVICE, NUMPY, DATASET = "device", "numpy", "dataset"
FEEDS = (DEVICE, NUMPY, DATASET)
PREFETCHED = 2  # batches; of a fixed number, so that a pipeline that nobody reads soon stands still

Pixels = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Batch = tuple[Pixels, Labels]


def parse(text: str) -> str:
    """Parse how batches reach the step."""
    if text not in FEEDS:
        raise ValueError(
            f"{text!r:.40} is not {DEVICE} (tensors that stay on the device), {NUMPY} (arrays handed to each call) "
            f"or {DATASET} (a tf.data pipeline that each call reads)"
        )
    return text


PARAMETERS = (
    spec.Parameter(name=STEPS, values=(1, 50), parse=spec.positive_int, optional=True),
    spec.Parameter(name=FEED, values=FEEDS, parse=parse, optional=True),
)


def steps_of(params: spec.Params) -> int:
    """Give how many steps a call does."""
    return int(params.get(STEPS, 1))


def feed_of(params: spec.Params) -> str:
    """Give how batches reach the step."""
    return str(params.get(FEED, DEVICE))


def scaled(rate: float, steps: int) -> float:
    """Give the learning rate with which so many steps a call can be checked.

    At 0.01 the losses of float32 and float64 part after some 40 steps, by more than any tolerance: training magnifies
    a rounding error that takes a unit over the edge of its relu. A step is the same work at any rate.
    """
    return rate / steps


def checked(steps: int, at_least: int) -> int:
    """Give how many calls are compared: with several steps a call two, so that the second goes on from the first."""
    return at_least if steps == 1 else 2


def in_order(pixels: Pixels, labels: Labels, count: int) -> list[Batch]:
    """Give the batches of the first steps, as every feed has them: in order, and again from the first."""
    return [(pixels[i % len(pixels)], labels[i % len(labels)]) for i in range(count)]


def per_call(pixels: Pixels, labels: Labels, steps: int) -> list[Batch]:
    """Give the batches of each call: one, or so many stacked; enough for two calls, and for each batch to be in one."""
    if steps == 1:
        return list(zip(pixels, labels, strict=True))
    calls = max(2, -(-len(pixels) // steps))
    order = np.arange(calls * steps).reshape(calls, steps) % len(pixels)
    return [(pixels[chosen], labels[chosen]) for chosen in order]


def dataset(pixels: Pixels, labels: Labels, *, steps: int = 1) -> Any:
    """Make a pipeline of the images in order, without end: batched, stacked for so many steps, and prefetched."""
    import tensorflow as tf

    size = labels.shape[1]
    images = tf.data.Dataset.from_tensor_slices((pixels.reshape(-1, *pixels.shape[2:]), labels.reshape(-1)))
    batches = images.repeat().batch(size * steps, drop_remainder=True)
    if steps > 1:
        shapes = (steps, *pixels.shape[1:]), (steps, size)
        batches = batches.map(lambda x, y: (tf.reshape(x, shapes[0]), tf.reshape(y, shapes[1])))
    return batches.prefetch(PREFETCHED)


@dataclass(slots=True)
class Pipeline:
    """Hold a dataset and where it has been read to: what a call of a fed step takes.

    Attributes:
        dataset: a `tf.data.Dataset`, or one that a strategy distributes.
        iterator: reads it.
        period: after so many batches come the first ones again; 0 if nobody counts what is read.
        taken: batches read so far.
    """

    dataset: Any
    iterator: Any = None
    period: int = 0
    taken: int = 0

    def __post_init__(self) -> None:
        """Begin."""
        self.iterator = iter(self.dataset)

    def take(self, count: int) -> Any:
        """Give the iterator to one who reads so many batches."""
        self.taken += count
        return self.iterator

    def restart(self) -> None:
        """Begin anew: the iterator before ends with its threads, since nothing else holds it.

        With a period, read on to the first batch: a distributed pipeline takes 35 to 300 ms to begin, a batch 1 ms.
        """
        if not self.period:
            self.iterator = iter(self.dataset)
            return
        while self.taken % self.period:
            next(self.take(1))


def inputs(batches: Sequence[Batch], params: spec.Params) -> tuple[tuple[Any, Any], ...]:
    """Give the arguments of each call: arrays where they are fed as such, else tensors on the device."""
    import tensorflow as tf

    convert = np.asarray if feed_of(params) == NUMPY else tf.constant
    return tuple((convert(x), convert(y)) for x, y in batches)


def reading(step: Callable[[Any, Any], Any]) -> Callable[[Pipeline], Any]:
    """Give a step that takes its batch from a pipeline."""
    return lambda pipeline: step(*next(pipeline.iterator))


def all_of(*actions: Callable[[], None]) -> Callable[[], None]:
    """Give what does all of these."""

    def act() -> None:
        for action in actions:
            action()

    return act
