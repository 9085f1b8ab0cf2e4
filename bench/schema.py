"""Describe run.json as a JSON Schema, derived from the records by the rules of the codec."""

import dataclasses
import inspect
import re
import types
from typing import Any, Union, get_args, get_origin, get_type_hints

from tfbench.bench import codec, store
from tfbench.bench.record import SCHEMA, Measurement, Run

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DESCRIPTION = (
    f"A run of tfbench, schema {SCHEMA}: pytest-benchmark's JSON, with tfbench's records inside. Files of schema 1 are "
    "older: tfbench reads them, this does not describe them. Beyond this, tfbench refuses rounds without a block or "
    "a time, and a measurement without an invocation."
)
SCALARS = {str: "string", bool: "boolean", int: "integer", float: "number", types.NoneType: "null"}
NAMED = re.compile(r"    (\w+(?:, \w+)*): ")

Schema = dict[str, Any]


def document() -> Schema:
    """Give the JSON Schema of a whole run.json."""
    records: dict[str, Schema] = {}
    run = _record(Run, records)
    header = {key: value for key, value in run["properties"].items() if key != "measurements"}
    row = {store.KEY: _of(Measurement, records)}
    ours = {"schema": {"const": SCHEMA, "description": "version of what tfbench writes"}, **header}
    return {
        "$schema": DIALECT,
        "title": "tfbench's run.json",
        "description": DESCRIPTION,
        "type": "object",
        "required": ["benchmarks", store.KEY],
        "properties": {
            "machine_info": {"type": "object", "description": "pytest-benchmark's"},
            "commit_info": {"type": "object", "description": "pytest-benchmark's"},
            "benchmarks": {"type": "array", "description": "a row a measured case", "items": _row(row)},
            "datetime": {"type": "string", "description": "when the run started, ISO 8601 with the time zone"},
            "version": {"type": "string", "description": "of pytest-benchmark"},
            store.KEY: {**run, "properties": ours, "required": ["schema", *run["required"]]},
        },
        "$defs": records,
    }


def _row(ours: Schema) -> Schema:
    """Describe a row of pytest-benchmark's, which others may add to, by what tfbench needs of it."""
    extra = {"type": "object", "required": list(ours), "properties": ours}
    statistics = {"data": {"type": "array", "items": {"type": "number"}, "description": "seconds a call, a round each"}}
    return {
        "type": "object",
        "required": ["extra_info"],
        "properties": {
            "group": {"type": ["string", "null"], "description": "the comparison set"},
            "name": {"type": "string"},
            "extra_info": extra,
            "stats": {"type": "object", "description": "pytest-benchmark's, of one call", "properties": statistics},
        },
    }


def _of(kind: Any, records: dict[str, Schema]) -> Schema:
    """Describe a type as the codec reads it; records are described once, in `records`.

    Raises:
        TypeError: the codec knows no such type.
    """
    if kind is Any:
        return {}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in records:
            records[kind.__name__] = {}  # found while it is being described
            records[kind.__name__] = _record(kind, records)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    inner, origin = get_args(kind), get_origin(kind)
    if origin in {Union, types.UnionType}:
        return {"anyOf": [_of(one, records) for one in inner]}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(inner[1], records)}
    if origin is tuple:
        return {"type": "array", **_items(inner, records)}
    if kind not in SCALARS:
        raise TypeError(f"a record has a field of {kind!r}, which has no JSON Schema: say how in bench/schema.py")
    return {"type": SCALARS[kind]}


def _items(kinds: tuple[Any, ...], records: dict[str, Schema]) -> Schema:
    if kinds[1:] == (Ellipsis,):
        return {"items": _of(kinds[0], records)}
    items = [_of(one, records) for one in kinds]
    return {"prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _record(kind: type, records: dict[str, Schema]) -> Schema:
    hints, said, none = get_type_hints(kind), _attributes(kind), dataclasses.MISSING
    fields = codec.stored(kind)
    told = {f.name: {"description": said[f.name]} if f.name in said else {} for f in fields}
    return {
        "type": "object",
        "description": (inspect.getdoc(kind) or "").partition("\n")[0],
        "properties": {f.name: {**_of(hints[f.name], records), **told[f.name]} for f in fields},
        "required": [f.name for f in fields if f.default is none and f.default_factory is none],
        "additionalProperties": False,
    }


def _attributes(kind: type) -> dict[str, str]:
    """Read what a record's docstring says of each attribute, in one line."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in (inspect.getdoc(kind) or "").partition("Attributes:\n")[2].splitlines():
        new = NAMED.match(line)
        names = new[1].split(", ") if new else names
        for name in names:
            found[name] = line[new.end() :] if new else f"{found[name]} {line.strip()}".strip()
    return found
