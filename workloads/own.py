"""The user's own code, never written for this suite: functions and Keras models of a file. Never imports TensorFlow.

A file is code and runs as the user; it is run in workers only. The parent reads its text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tfbench.workloads import functions, models, source, spec
from tfbench.workloads.loading import Loader
from tfbench.workloads.spec import Workload
from tfbench.workloads.twin import Twins

SUFFIX = ".py"
BATCH_SIZE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Say where something of the user's stands.

    Attributes:
        path: the file.
        name: in it, such as `train_step` or `trainer.step`.
    """

    path: str
    name: str

    @property
    def file(self) -> Path:
        """Give the file."""
        return Path(self.path)

    def __str__(self) -> str:
        """Write it as the user does."""
        return f"{self.file.name}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Hold what the user wants measured.

    Attributes:
        functions: those of one file are one workload, whose implementations they are.
        arguments: makes the arguments of each call; None for functions without.
        models: functions that build a Keras model.
        input_shapes: of each input of the models, without the batch; empty where the models tell.
        work: units that one call of a function does; 0 for as many as its first argument has rows.
        unit: what these are, in the plural.
        tolerance: how far an answer may be from the eager run's, relative to the largest value of its output; None
            for what is usual.
        compared: whether answers are compared at all.
    """

    functions: tuple[Place, ...] = ()
    arguments: Place | None = None
    models: tuple[Place, ...] = ()
    input_shapes: tuple[tuple[int, ...], ...] = ()
    work: int = 0
    unit: str = "examples"
    tolerance: float | None = None
    compared: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Name the workloads that it makes."""
        return tuple(dict.fromkeys(name_of(place.file) for place in (*self.functions, *self.models)))


NOTHING = Own()


def is_place(text: str) -> bool:
    """Tell whether a text names something in a Python file: `my_model.py:train_step`."""
    return f"{SUFFIX}:" in text


def place(text: str) -> Place:
    """Read `my_model.py:train_step`.

    Raises:
        ValueError: it is not written so.
    """
    path, colon, name = text.rpartition(":")
    if not colon or not path.endswith(SUFFIX) or not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"{text}: write it as file and name, such as my_model.py:train_step")
    return Place(path=str(Path(path).expanduser().resolve()), name=name)


def name_of(path: Path) -> str:
    """Name the workload of a file."""
    return re.sub(r"[^A-Za-z0-9_]", "_", path.stem)


def workloads_of(own: Own) -> Iterator[Workload]:
    """Make the workloads; the files are read, not run.

    Raises:
        ValueError: a file cannot be read, or certainly lacks what is named.
    """
    paths = list(dict.fromkeys(place.path for place in own.functions))
    twice = [place for place in own.models if [*paths, *(it.path for it in own.models)].count(place.path) > 1]
    if twice:
        raise ValueError(f"{twice[0].file.name} is named twice: measure one thing of it at a time, or copy the file")
    for path in paths:
        yield _of_functions([place for place in own.functions if place.path == path], own)
    for place in own.models:
        yield _of_model(place, own)


def _of_functions(places: list[Place], own: Own) -> Workload:
    """Make the workload of the functions of a file."""
    arguments = own.arguments
    for place in places:
        code = source.read(place.file)
        source.require(code, place.name)
        needed = source.needed(code, place.name)
        if needed and arguments is None:
            example = f"--args {place.file.name}:make_batch"
            raise ValueError(f"{place} takes {', '.join(needed)}: name what makes its arguments, as in {example}")
    made_by = "nothing"
    if arguments is not None:
        code = source.read(arguments.file)
        _require_callable(code, arguments)
        made_by = source.standing_on(code, arguments.name)
    paths = tuple(dict.fromkeys(it.file for it in (places[0], arguments) if it is not None))
    build = partial(
        functions.build,
        names={place.name: place.file for place in places},
        arguments=None if arguments is None else (arguments.file, arguments.name),
        loader=Loader(paths),
        twins=Twins(tolerance=own.tolerance, compared=own.compared),
        work=(own.work, own.unit),
    )
    return Workload(
        name=name_of(places[0].file),
        summary=f"{', '.join(str(place) for place in places)}",
        implementations=tuple(dict.fromkeys(place.name for place in places)),
        unit=own.unit,
        build=build,
        baseline=(places[0].name, "eager"),
        content=f"arguments made by {made_by}",
    )


def _of_model(place: Place, own: Own) -> Workload:
    """Make the workload of a Keras model: inference and training, each compared with its own eager run."""
    _require_callable(source.read(place.file), place, given=(models.SHAPE,) if own.input_shapes else ())
    build = partial(
        models.build,
        where=(place.file, place.name),
        loader=Loader((place.file,)),
        twins=Twins(tolerance=own.tolerance, compared=own.compared),
        input_shapes=own.input_shapes,
    )
    return Workload(
        name=name_of(place.file),
        summary=f"the Keras model of {place}",
        implementations=models.IMPLEMENTATIONS,
        parameters=(spec.Parameter(name="batch_size", values=(BATCH_SIZE,), parse=spec.positive_int),),
        unit="examples",
        work=lambda params, _replicas: int(params["batch_size"]),
        build=build,
        content=f"a Keras model with inputs of {own.input_shapes or 'its own shapes'}",
    )


def _require_callable(code: source.Code, place: Place, given: tuple[str, ...] = ()) -> None:
    """Refuse what is not there, or needs arguments that it is not given."""
    source.require(code, place.name)
    needed = [name for name in source.needed(code, place.name) if name not in given]
    if needed:
        raise ValueError(f"{place} takes {', '.join(needed)}: it is called without; give them defaults")
