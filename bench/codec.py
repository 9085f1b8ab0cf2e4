"""Turn records into plain JSON values and back, strictly: a wrong type is an error that names the field."""

import dataclasses
import sys
import types
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")
NOT_STORED = {"stored": False}  # metadata of a field that only readers set
LARGEST = 2**63  # whole numbers in tables have 64 bits


def encode(value: Any) -> Any:
    """Give the JSON values of a record: objects for dataclasses, lists for tuples."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in _stored(value)}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    return value


def _stored(record: Any) -> list[dataclasses.Field[Any]]:
    return [f for f in dataclasses.fields(record) if f.metadata.get("stored", True)]


def decode(kind: type[Record], value: Any, where: str = "") -> Record:
    """Build a record of JSON values.

    Raises:
        ValueError: a field is missing, unknown, of another type, or not a finite number; `where` is its path.
    """
    result: Record = _decode(kind, value, where or getattr(kind, "__name__", "value"))
    return result


def _decode(kind: Any, value: Any, where: str) -> Any:
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _record(kind, value, where)
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        return _union(get_args(kind), value, where)
    if origin is tuple:
        return _tuple(get_args(kind), value, where)
    if origin is dict:
        _expect(isinstance(value, dict), value, "an object", where)
        return {str(k): _decode(get_args(kind)[1], item, f"{where}.{k}") for k, item in value.items()}
    return _scalar(kind, value, where)


def _record(kind: type, value: Any, where: str) -> Any:
    _expect(isinstance(value, dict), value, "an object", where)
    hints, fields = get_type_hints(kind), _stored(kind)
    unknown = sorted(set(value) - {f.name for f in fields})
    none = dataclasses.MISSING
    missing = [f.name for f in fields if f.name not in value and f.default is none and f.default_factory is none]
    if unknown or missing:
        raise ValueError(f"{where}: {'unknown' if unknown else 'missing'} field {(unknown or missing)[0]!r}")
    return kind(**{name: _decode(hints[name], item, f"{where}.{name}") for name, item in value.items()})


def _union(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and types.NoneType in kinds:
        return None
    reasons = []
    for kind in kinds:
        if kind is not types.NoneType:
            try:
                return _decode(kind, value, where)
            except ValueError as error:
                reasons.append(str(error))
    raise ValueError(reasons[0])


def _tuple(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    _expect(isinstance(value, list), value, "a list", where)
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_decode(kinds[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    _expect(len(value) == len(kinds), value, f"a list of {len(kinds)}", where)
    return tuple(_decode(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, value, strict=True)))


def _scalar(kind: Any, value: Any, where: str) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float:
        _expect(number and abs(value) <= sys.float_info.max, value, "a finite number", where)
        return float(value)
    if kind is int:
        _expect(number and isinstance(value, int) and -LARGEST <= value < LARGEST, value, "a whole number", where)
        return value
    _expect(isinstance(value, kind), value, kind.__name__, where)
    return value


def _expect(holds: bool, value: Any, wanted: str, where: str) -> None:  # noqa: FBT001 - a check, not a switch
    if not holds:
        raise ValueError(f"{where}: expected {wanted}, found {value!r:.60}")
