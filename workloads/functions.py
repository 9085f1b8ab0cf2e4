"""Measure a user's function that was never written for this suite. Worker only."""

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tfbench.workloads import loading
from tfbench.workloads.loading import Loader
from tfbench.workloads.spec import Job, Program
from tfbench.workloads.twin import Made, Twins

MOST_BATCHES = 16

DECORATED = "{} stands under tf.function: measured without, then in each mode by tfbench"
UNEQUAL = "its batches differ in shape, so that its calls do unequal work"


def build(
    job: Job,
    *,
    names: Mapping[str, Path],
    arguments: tuple[Path, str] | None,
    loader: Loader,
    twins: Twins,
    work: tuple[int, str],
) -> Program:
    """Build the program of a function of a file.

    Args:
        job: its implementation is the function's name.
        names: the file of each function.
        arguments: file and name of what makes the arguments; None for a function without.
        loader: gives fresh copies of the files.
        twins: give the answers to compare with.
        work: units that a call does, and what they are; 0 for the rows of its first argument.
    """
    path = names[job.implementation]
    make = partial(_make, (path, job.implementation), arguments, work, loader, job.seed)
    return twins.program(job, make, apart=loader.apart)


def _make(
    where: tuple[Path, str], arguments: tuple[Path, str] | None, work: tuple[int, str], loader: Loader, seed: int
) -> Made:
    """Run the files anew, and find in them the function and its arguments."""
    modules = loader.fresh(seed)
    path, name = where
    function, decorated = bare(loading.find(modules[path], path, name), f"{path.name}:{name}")
    inputs: tuple[tuple[Any, ...], ...] = ((),)
    if arguments is not None:
        file, maker = arguments
        inputs = batches(loading.find(modules[file], file, maker)(), f"{file.name}:{maker}")
    fits(function, inputs[0], f"{path.name}:{name}", source="--args")
    notes = [DECORATED.format(name)] if decorated else []
    if len({_shapes(one) for one in inputs}) > 1:
        notes.append(UNEQUAL)
    count, unit = work if work[0] else work_of(inputs)
    return Made(function=function, inputs=inputs, notes=tuple(notes), work=count, unit=unit)


def bare(found: Any, where: str) -> tuple[Callable[..., Any], bool]:
    """Give the Python function, and whether it stood under `tf.function`.

    Raises:
        TypeError: it is no function, or a class.
    """
    if inspect.isclass(found):
        raise TypeError(f"{where} is a class: name a function, or a method of an object that the file makes")
    if not callable(found):
        raise TypeError(f"{where} is {type(found).__name__}: name a function")
    inner = getattr(found, "python_function", None)
    return (found, False) if inner is None else (inner, True)


def batches(given: Any, where: str) -> tuple[tuple[Any, ...], ...]:
    """Give argument tuples of what a function gave: a tuple of arguments, or one; several in a list or an iterator.

    Of an iterator, such as a generator or a data set, as many as `MOST_BATCHES` are taken.

    Raises:
        ValueError: there is none.
    """
    several = isinstance(given, list | Iterator) or _is_dataset(given)
    found = list(itertools.islice(given, MOST_BATCHES)) if several else [given]
    if not found:
        raise ValueError(f"{where} gave no batch")
    return tuple(one if isinstance(one, tuple) else (one,) for one in found)


def _is_dataset(given: Any) -> bool:
    import tensorflow as tf

    return isinstance(given, tf.data.Dataset)


def fits(function: Callable[..., Any], arguments: tuple[Any, ...], where: str, *, source: str) -> None:
    """Refuse arguments that the function cannot be called with.

    Args:
        function: to be called.
        arguments: of a call.
        where: names the function.
        source: names where the arguments are from.

    Raises:
        ValueError: with what is missing, or too much.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # not everything that can be called tells
    try:
        signature.bind(*arguments)
    except TypeError as error:
        given = f"{len(arguments)} argument{'' if len(arguments) == 1 else 's'}"
        raise ValueError(f"{where}{signature} cannot be called with the {given} of {source}: {error}") from error


def work_of(inputs: Sequence[tuple[Any, ...]]) -> tuple[int, str]:
    """Give what a call does: the rows of its batch; where batches differ in that, a call is a call."""
    found = {rows(arguments) for arguments in inputs}
    return found.pop() if len(found) == 1 else (1, "calls")


def rows(arguments: tuple[Any, ...]) -> tuple[int, str]:
    """Give the rows of the first argument that has any; without one, a call is a call."""
    import tensorflow as tf

    for leaf in tf.nest.flatten(arguments):
        shape = getattr(leaf, "shape", None)
        if isinstance(leaf, tf.Tensor | np.ndarray | tf.RaggedTensor | tf.SparseTensor) and shape and shape[0]:
            return int(shape[0]), "examples"
    return 1, "calls"


def _shapes(arguments: tuple[Any, ...]) -> tuple[str, ...]:
    import tensorflow as tf

    leaves = tf.nest.flatten(arguments, expand_composites=True)
    return tuple(str(tuple(leaf.shape)) if hasattr(leaf, "shape") else type(leaf).__name__ for leaf in leaves)
