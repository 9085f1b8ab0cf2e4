"""The options about the user's own code: a function or a Keras model that was never written for this suite."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfbench.bench import option
from tfbench.bench.errors import BadInputError
from tfbench.bench.option import Option
from tfbench.workloads import own, source
from tfbench.workloads.own import Own, Place

ARGS, KERAS, INPUT_SHAPE, BATCH_SIZE = "args", "keras", "input-shape", "batch-size"
WORK, TOLERANCE = "work-per-call", "tolerance"
OFF = "off"
SECTION = "your own code (a file is code: its workers run it as you)"
OPTIONS = (
    Option(
        name=ARGS,
        metavar="FILE.py:NAME",
        section=SECTION,
        help="what makes the arguments of FILE.py:FUNCTION: gives a tuple, or several batches in a list or a generator",
    ),
    Option(
        name=WORK,
        metavar="N:UNIT",
        section=SECTION,
        help="what a call of the function does, such as 32:examples (default: rows of its first argument)",
    ),
    Option(
        name=KERAS,
        metavar="FILE.py:NAME",
        many=True,
        section=SECTION,
        help="measure inference and training of the Keras model that this function builds",
    ),
    Option(
        name=INPUT_SHAPE,
        metavar="SIZES",
        many=True,
        words=True,
        section=SECTION,
        help="its input without the batch, such as 224,224,3, where the model leaves it open; once for each input",
    ),
    Option(name=BATCH_SIZE, metavar="N", many=True, section=SECTION, help="the same as --param batch_size=N"),
    Option(
        name=TOLERANCE,
        metavar="SHARE",
        section=SECTION,
        help="how far an answer may be from the eager run's, relative to the largest value of its output "
        "(default 0.001; of a Keras model by its depth); off: do not compare",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Hold what was named to be measured.

    Attributes:
        workloads: names of workloads.
        files: workload files.
        own: plain code.
    """

    workloads: tuple[str, ...]
    files: tuple[Path, ...]
    own: Own


def parse(raw: Mapping[str, Any]) -> Named:
    """Tell apart the names of workloads, workload files and functions of files, and read what goes with the latter.

    Raises:
        BadInputError: a value is not what its option takes, or goes with nothing.
    """
    named = list(dict.fromkeys(option.words(raw, "workload")))
    functions = tuple(_place(text) for text in named if own.is_place(text))
    models = tuple(_place(text, KERAS) for text in option.words(raw, KERAS))
    _refuse_alone(raw, functions=functions, models=models)
    work, unit = _work(raw.get(WORK))
    tolerance = raw.get(TOLERANCE)
    return Named(
        workloads=tuple(text for text in named if not own.is_place(text) and not text.endswith(own.SUFFIX)),
        files=tuple(_file(text) for text in named if text.endswith(own.SUFFIX)),
        own=Own(
            functions=functions,
            arguments=_arguments(raw.get(ARGS), functions),
            models=models,
            input_shapes=tuple(_shape(text) for text in raw.get(INPUT_SHAPE) or []),
            work=work,
            unit=unit,
            tolerance=None if tolerance in {None, OFF} else _tolerance(str(tolerance)),
            compared=tolerance != OFF,
        ),
    )


def _refuse_alone(raw: Mapping[str, Any], *, functions: tuple[Place, ...], models: tuple[Place, ...]) -> None:
    """Refuse options that go with code that was not named."""
    function, model = "a function, such as my_model.py:train_step", "a model: name one with --keras"
    for name, there, what in (
        (ARGS, functions, function),
        (WORK, functions, function),
        (INPUT_SHAPE, models, model),
        (TOLERANCE, functions or models, function),
    ):
        if raw.get(name) and not there:
            raise BadInputError(f"--{name}: goes with {what}")


def _place(text: str, name: str = "") -> Place:
    try:
        return own.place(text)
    except ValueError as error:
        raise BadInputError(f"--{name} {error}" if name else str(error)) from error


def _arguments(text: str | None, functions: tuple[Place, ...]) -> Place | None:
    """Read `my_data.py:make_batch`, or a name alone, of the function's own file."""
    if text is None:
        return None
    return _place(text if ":" in text else f"{functions[0].path}:{text}", ARGS)


def _file(text: str) -> Path:
    """Read the path of a workload file that is named to be measured; one that is none is not even run.

    Raises:
        BadInputError: it cannot be read, or defines no workloads.
    """
    found = option.path(text, "workload").resolve()
    try:
        code = source.read(found)
    except ValueError as error:
        raise BadInputError(str(error)) from error
    if code.complete and "WORKLOADS" not in code.names:
        raise BadInputError(f"{text} defines no WORKLOADS: name a function of it, as in {text}:train_step")
    return found


def _shape(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"[1-9][0-9]{0,8}([,x][1-9][0-9]{0,8})*", text):
        raise BadInputError(f"--{INPUT_SHAPE} {text}: write the sizes without the batch, such as 224,224,3")
    return tuple(int(size) for size in re.split("[,x]", text))


def _work(text: str | None) -> tuple[int, str]:
    if text is None:
        return 0, "examples"
    number, _, unit = text.partition(":")
    if not re.fullmatch(r"[A-Za-z_]*", unit):
        raise BadInputError(f"--{WORK} {text}: write it as number and unit, such as 32:examples")
    return option.whole(number, WORK), unit or "examples"


def _tolerance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise BadInputError(f"--{TOLERANCE} {text}: give a share above 0, such as 0.001, or off")
    return value
