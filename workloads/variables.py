"""Find the TensorFlow variables that code makes or reaches, and put their values back. Imports TensorFlow when used."""

import types
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

Values = list[npt.NDArray[Any]]
MOST_OBJECTS = 200_000


class Recorder:
    """Write down the variables that are made while it is on, Keras' own among them.

    Attributes:
        made: the variables, in their order.
        first: the value of each when it was made; None of one made while a graph was traced.
    """

    def __init__(self) -> None:
        self.made: list[Any] = []
        self.first: list[npt.NDArray[Any] | None] = []

    @contextmanager
    def on(self) -> Iterator[None]:
        """Write down what is made inside."""
        import tensorflow as tf

        def make(following: Callable[..., Any], **details: Any) -> Any:
            variable = following(**details)
            self.made.append(variable)
            self.first.append(_copy(variable) if tf.executing_eagerly() else None)
            return variable

        with tf.variable_creator_scope(make):
            yield


def values(variables: Sequence[Any]) -> Values:
    """Copy the values of variables."""
    return [_copy(variable) for variable in variables]


def _copy(variable: Any) -> npt.NDArray[Any]:
    return np.array(variable.numpy())  # what `numpy` gives may be the variable's own buffer


def alike(variables: Sequence[Any], kept: Sequence[npt.NDArray[Any]]) -> bool:
    """Tell whether values could be those of the variables, one by one: same types and shapes."""
    sides = [[(one.dtype, tuple(one.shape)) for one in side] for side in (values(variables), kept)]
    return sides[0] == sides[1]


def changed(variables: Sequence[Any], kept: Sequence[npt.NDArray[Any]]) -> bool:
    """Tell whether any of the variables has another value than was kept of it, bit by bit."""
    return any(one.numpy().tobytes() != value.tobytes() for one, value in zip(variables, kept, strict=True))


def put_back(variables: Sequence[Any], kept: Sequence[npt.NDArray[Any]]) -> None:
    """Give the variables the values that were kept."""
    for variable, value in zip(variables, kept, strict=True):
        variable.assign(value)


def reachable(*roots: Any) -> list[Any]:
    """Give the variables that functions and objects can reach, those of models, optimizers and metrics included.

    They are looked for in closures, in the globals that code names, in attributes and in containers. Modules and types
    are not looked into, and after `MOST_OBJECTS` objects no more is looked for.
    """
    import tensorflow as tf

    found: list[Any] = []
    seen: set[int] = set()
    waiting = list(roots)
    while waiting and len(seen) < MOST_OBJECTS:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, _LEAVES):
            continue
        seen.add(id(one))
        if isinstance(one, tf.Variable):
            found.append(one)
        else:
            waiting += _parts(one)
    return found


_PLAIN = (str, bytes, int, float, complex, np.ndarray, type(None))
_LEAVES = (types.ModuleType, types.BuiltinFunctionType, type, *_PLAIN)


def _parts(one: Any) -> list[Any]:
    """Give what an object holds."""
    if isinstance(one, types.FunctionType):
        cells = [cell.cell_contents for cell in one.__closure__ or () if _filled(cell)]
        named = [one.__globals__[name] for name in _names(one.__code__) if name in one.__globals__]
        return [*cells, *named, *(one.__defaults__ or ()), *(one.__kwdefaults__ or {}).values(), vars(one)]
    if isinstance(one, types.MethodType):
        return [one.__self__, one.__func__]
    if isinstance(one, weakref.ref):  # what a tf.function that is a method keeps of its instance
        return [one()]
    if isinstance(one, dict):
        return list(one.values())
    if isinstance(one, list | tuple | set | frozenset):
        return list(one)
    slots = [name for kind in type(one).__mro__ for name in _slots(kind)]
    held = [getattr(one, name) for name in slots if name not in {"__dict__", "__weakref__"} and hasattr(one, name)]
    return [*held, *getattr(one, "__dict__", {}).values()]


def _slots(kind: type) -> Sequence[str]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - raises where nothing was assigned yet
    except ValueError:
        return False
    return True


def _names(code: types.CodeType) -> set[str]:
    """Give the global names that code uses, functions inside it included."""
    inner = (const for const in code.co_consts if isinstance(const, types.CodeType))
    return set(code.co_names).union(*(_names(one) for one in inner))
