"""Refuse a workload whose description cannot be meant, before anything asks it. No TensorFlow here."""

import re
from collections.abc import Iterator
from types import UnionType

from tfbench.workloads.spec import CallSequence, Parameter, Workload

MODES = ("eager", "graph", "xla")
NAME = re.compile(r"[A-Za-z0-9_]{1,60}")
LABEL = re.compile(r"[^\s,/\x00-\x1f]{1,60}")


def check(workload: Workload, origin: str) -> None:
    """Refuse it by the first field that is wrong.

    Raises:
        ValueError: `origin` and the workload's name stand in it.
    """
    wrong = next(_wrong(workload), None)
    if wrong is not None:
        raise ValueError(f"{origin}: workload {workload.name!r:.40}: {wrong}")


def _all(kind: type | UnionType, found: object) -> bool:
    return isinstance(found, tuple) and all(isinstance(item, kind) for item in found)


def _labels(found: object) -> bool:
    return isinstance(found, tuple) and all(isinstance(item, str) and LABEL.fullmatch(item) for item in found)


def _wrong(workload: Workload) -> Iterator[str]:
    yield from _wrong_fields(workload)
    yield from _wrong_parameters(workload)
    known = [(name, mode) for name in (*workload.implementations, *workload.parts) for mode in MODES]
    if workload.baseline not in {*known, *(("", mode) for mode in MODES)}:
        yield f"baseline: one of its implementations and a mode of {', '.join(MODES)}, as a tuple"
    if not isinstance(workload.only, tuple) or not all(pair in known for pair in workload.only):
        yield "only: a tuple of such pairs"


def _wrong_fields(workload: Workload) -> Iterator[str]:
    if not isinstance(workload.name, str) or not NAME.fullmatch(workload.name):
        yield "name: up to 60 letters, digits and underscores"
    for field in ("summary", "unit", "data", "group"):
        if not isinstance(getattr(workload, field), str):
            yield f"{field}: a text"
    for field in ("work", "build", "unsupported"):
        if not callable(getattr(workload, field)):
            yield f"{field}: a function"
    if not workload.implementations or not _labels(workload.implementations) or not _labels(workload.parts):
        yield "implementations and parts: tuples of names without spaces, commas and slashes, with one implementation"
    if not _all(CallSequence, workload.sequences):
        yield "sequences: a tuple of CallSequence"
    if not workload.replicas or not _all(int, workload.replicas) or min(workload.replicas) < 1:
        yield "replicas: a tuple of numbers from 1 on"


def _wrong_parameters(workload: Workload) -> Iterator[str]:
    if not _all(Parameter, workload.parameters):
        yield "parameters: a tuple of Parameter"
    for parameter in workload.parameters:
        if not isinstance(parameter.name, str) or not NAME.fullmatch(parameter.name):
            yield "a parameter's name: up to 60 letters, digits and underscores"
        if not parameter.values or not _all(int | float | str, parameter.values):
            yield f"parameter {parameter.name}: values: a tuple with at least one number or text"
        if not callable(parameter.parse):
            yield f"parameter {parameter.name}: parse: a function"
    if len({parameter.name for parameter in workload.parameters}) < len(workload.parameters):
        yield "parameters: two of them have one name"
