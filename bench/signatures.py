"""Read what a trace was made for: the signature that TensorFlow keeps, as plain parts that can be compared.

TensorFlow's `FunctionType` has parameters with trees of `TraceType`s (tensorflow/core/function/trace_type/
default_types.py). They are known here by their class names, so nothing imports TensorFlow.
"""

import dis
import functools
import types
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TENSOR, LITERAL, REFERENCE, CONTAINER, OTHER = "tensor", "literal", "reference", "container", "other"
PLAIN = (bool, int, float, complex, str, bytes, type(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Hold one node of an argument.

    Attributes:
        kind: TENSOR, LITERAL (a Python value), REFERENCE (a Python object), CONTAINER or OTHER.
        text: how it reads.
        value: what tells it from others of its kind; a weak reference to an object.
        shape: of a tensor; None inside for an open dimension, None as a whole for an unknown rank.
        dtype: of a tensor.
    """

    kind: str
    text: str
    value: Any = None
    shape: tuple[int | None, ...] | None = None
    dtype: str = ""


Parts = Mapping[str, Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Hold the user's Python function inside of what TensorFlow traces.

    Attributes:
        function: the plain function.
        instance: the object that it is a method of, or None.
    """

    function: types.FunctionType
    instance: Any = None

    @property
    def code(self) -> types.CodeType:
        """Give its code, which all functions made by one `def` share."""
        return self.function.__code__


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signature:
    """Hold what one trace was made for.

    Attributes:
        owner: weak reference to what stands for one tf.function.
        arguments: their parts by path, such as `x` or `batch['image']`.
        cells: variables of the closure and plain values of globals, by name.
        instance: weak reference to the object of a method.
        xla: it is to be compiled by XLA.
        scope: whether variables may be made; TensorFlow traces once with and once without.
        context: what else TensorFlow tells traces apart by, such as the device, as text by name.
    """

    owner: Any
    arguments: Parts
    cells: Parts
    instance: Any = None
    xla: bool = False
    scope: str = ""
    context: Mapping[str, str]


def unwrap(function: Callable[..., Any]) -> Origin | None:
    """Find the plain function below decorators, AutoGraph, partials and methods; None for what has no Python code.

    A method inside a tf.function is bound to TensorFlow's `TfMethodTarget`, which knows the object.
    """
    inner: Any = function
    instance: Any = None
    for _ in range(100):
        if isinstance(inner, types.MethodType):
            bound: Any = inner.__self__
            instance = bound.target if type(bound).__name__ == "TfMethodTarget" else bound
            inner = inner.__func__
        elif hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        elif isinstance(inner, functools.partial):
            inner = inner.func
        elif isinstance(inner, types.FunctionType):
            return Origin(function=inner, instance=instance)
        else:
            inner = getattr(inner, "__call__", None)  # noqa: B004 - the bound method is wanted
            if not isinstance(inner, types.MethodType):
                return None
    return None


def read_cells(function: types.FunctionType) -> dict[str, Part]:
    """Give what a function takes from outside: its closure, and globals that are plain values."""
    code = function.__code__
    found = {name: value for name in _global_names(code) if isinstance(value := function.__globals__.get(name), PLAIN)}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # empty so far
            continue
    return {name: read_value(value) for name, value in found.items()}


@functools.lru_cache(maxsize=1000)
def _global_names(code: types.CodeType) -> frozenset[str]:
    return frozenset(i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL")


def read_arguments(parameters: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Part]:
    """Give the parts of all parameters of a `FunctionType`; a value that is its default says so."""
    found: dict[str, Part] = {}
    for name, parameter in parameters.items():
        if parameter.type_constraint is not None:
            found |= _walk(name, parameter.type_constraint)
        part = found.get(name)
        if part is not None and part.kind == LITERAL and name in defaults and defaults[name] is part.value:
            found[name] = Part(kind=LITERAL, text=f"{part.text} (default)", value=part.value)
    return found


def read_value(value: Any) -> Part:
    """Give the part of a Python value, such as a variable of a closure."""
    if isinstance(value, PLAIN) or (isinstance(value, tuple) and all(isinstance(item, PLAIN) for item in value)):
        return Part(kind=LITERAL, text=_short(value), value=value)
    name = type(value).__name__
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        name = f"{name} {_dtype(value)}{shape_text(_shape(value))}"
    return Part(kind=REFERENCE, text=name, value=refer(value))


def refer(value: Any) -> Any:
    """Give a weak reference; a number of its own to what takes none, such as a list."""
    try:
        return weakref.ref(value)
    except TypeError:
        return id(value)


def _walk(path: str, constraint: Any) -> Iterator[tuple[str, Part]]:
    text, items = _container(constraint)
    if text:
        yield path, Part(kind=CONTAINER, text=text)
        for key, item in items:
            yield from _walk(path + key, item)
    else:
        yield path, _leaf(constraint)


def _container(constraint: Any) -> tuple[str, list[tuple[str, Any]]]:
    """Give text and items of a container; an empty text for everything else."""
    name = type(constraint).__name__
    if name == "Attrs":
        return _container(constraint.named_attributes)
    if name == "NamedTuple":
        names = constraint.attribute_names
        items = zip(names, constraint.attributes.components, strict=True)
        return f"{constraint.type_name}({', '.join(names)})", [(f".{key}", item) for key, item in items]
    if name == "Dict":
        keys = ", ".join(repr(key) for key in constraint.mapping)
        return f"dict with {keys or 'no keys'}", [(f"[{key!r}]", item) for key, item in constraint.mapping.items()]
    if name in {"Tuple", "List", "CustomNestTraceType"}:
        components = (constraint.components_tuple if name == "List" else constraint).components
        kind = constraint.value_type.__name__ if name == "CustomNestTraceType" else name.lower()
        return f"{kind} of {len(components)}", [(f"[{i}]", item) for i, item in enumerate(components)]
    return "", []


def _leaf(constraint: Any) -> Part:
    name = type(constraint).__name__
    if name == "Literal":
        nan = type(constraint.value) is object  # TensorFlow's marker, since a NaN equals nothing
        return Part(kind=LITERAL, text="nan" if nan else _short(constraint.value), value=constraint.value)
    if name == "Weakref":
        value = constraint.placeholder_value(None)
        return Part(kind=REFERENCE, text=type(value).__name__, value=refer(value))
    if hasattr(constraint, "shape") and hasattr(constraint, "dtype"):
        shape, dtype = _shape(constraint), _dtype(constraint)
        noun = "tensor" if name == "TensorSpec" else name.removesuffix("Spec")
        known = None if name == "TensorSpec" else constraint
        return Part(kind=TENSOR, text=f"{noun} {dtype}{shape_text(shape)}", value=known, shape=shape, dtype=dtype)
    return Part(kind=OTHER, text=_short(constraint), value=constraint)


def _shape(value: Any) -> tuple[int | None, ...] | None:
    shape = value.shape
    if getattr(shape, "rank", 0) is None:
        return None
    return tuple(None if size is None else int(size) for size in shape)


def _dtype(value: Any) -> str:
    return str(getattr(value.dtype, "name", value.dtype))


def shape_text(shape: tuple[int | None, ...] | None) -> str:
    """Write a shape as `[32,None]`, one of unknown rank as `[...]`."""
    return "[...]" if shape is None else f"[{','.join('None' if size is None else str(size) for size in shape)}]"


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def same(one: Part, other: Part) -> bool:
    """Tell whether TensorFlow takes two parts for the same: 1, 1.0 and True are."""
    if one.kind != other.kind:
        return False
    if one.kind == REFERENCE and isinstance(one.value, weakref.ref) and isinstance(other.value, weakref.ref):
        return one.value() is not None and (one.value() is other.value() or bool(one.value == other.value))
    if one.kind == CONTAINER:
        return one.text == other.text
    return (one.shape, one.dtype) == (other.shape, other.dtype) and bool(one.value == other.value)
