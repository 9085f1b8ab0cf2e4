"""Make run files that nobody would write: every field of the right type and any value, or damaged at random."""

import contextlib
import dataclasses
import importlib
import io
import types
from collections.abc import Callable
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from rich.console import Console
from tfbench.bench.case import Case, Placement
from tfbench.bench.errors import BadInputError
from tfbench.bench.machine import Host
from tfbench.bench.mode import MODES
from tfbench.bench.profile import Profile
from tfbench.bench.record import SCHEMA, Invocation, Measurement, Run
from tfbench.reports import compare, compare_tables, frame, report_command, tables, views

WORDS = st.sampled_from(
    ["eager", "graph", "xla", "by_hand", "library", "toy", "sum_loop", "claims", "n", "cpu", "multi_worker", "compute"]
)
TEXTS = WORDS | st.text(max_size=8)
FLOATS = st.floats(-1e30, 1e30) | st.sampled_from([0.0, 1e-3, 1.0, 5e-324])
INTS = st.integers(-2, 3) | st.integers(-(2**53), 2**53)
SCALARS = st.none() | st.booleans() | INTS | st.floats() | TEXTS
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)


def _whole_rounds(fields: dict[str, Any]) -> dict[str, Any]:
    times = [min(max(abs(seconds), 1e-3), 1e9) for seconds in fields["round_s"]]
    blocks = (fields["blocks"] + [1, 2, 3])[: len(times)]
    return {**fields, "round_s": times, "blocks": blocks, "iterations": max(1, abs(fields["iterations"]) % 10**9)}


def _above_0(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, **{name: abs(fields[name]) or 1.0 for name in ("plain_s", "traced_s")}}


def _some_work(fields: dict[str, Any]) -> dict[str, Any]:
    done = [{**one, "index": i} for i, one in enumerate(fields["invocations"], start=1)]
    return {**fields, "work_per_call": max(1, abs(fields["work_per_call"]) % 2**40), "invocations": done}


def _some_cores(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "cores": max(1, abs(fields["cores"]) % 100), "affinity": fields["affinity"] or [0]}


def _known_mode(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "mode": MODES[len(fields["mode"]) % 3]}


def _positive(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: max(1, abs(value) % 100) if isinstance(value, int) else value for name, value in fields.items()}


# What a record refuses by itself is refused alike for all: most files are to get further.
REPAIRS: dict[Any, Callable[[dict[str, Any]], dict[str, Any]]] = {
    Invocation: _whole_rounds,
    Profile: _above_0,
    Measurement: _some_work,
    Host: _some_cores,
    Case: _known_mode,
    Placement: _positive,
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Give JSON values that have the type of a record's field."""
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        stored = [f for f in dataclasses.fields(kind) if f.metadata.get("stored", True)]
        needed = {f.name: values(hints[f.name]) for f in stored if f.default is dataclasses.MISSING}
        other = {f.name: values(hints[f.name]) for f in stored if f.name not in needed}
        return st.fixed_dictionaries(needed, optional=other).map(REPAIRS.get(kind, lambda fields: fields))
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return st.one_of(*(values(one) for one in arguments))
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(values(arguments[0]), min_size=arguments[0] in {Invocation, float}, max_size=3)
        return st.tuples(*(values(one) for one in arguments)).map(list)
    if origin is dict:
        return st.dictionaries(TEXTS, values(arguments[1]), max_size=2)
    scalars = {float: FLOATS, int: INTS, bool: st.booleans(), str: TEXTS, types.NoneType: st.none(), Any: SCALARS}
    return scalars[kind]


def files() -> st.SearchStrategy[dict[str, Any]]:
    """Give run files whose fields all have their types."""
    header, row = values(Run), values(Measurement)

    def whole(parts: tuple[dict[str, Any], list[dict[str, Any]]]) -> dict[str, Any]:
        fields = {name: value for name, value in parts[0].items() if name != "measurements"}
        rows = [{"extra_info": {"tfbench": one}} for one in parts[1]]
        return {"benchmarks": rows, "tfbench": {"schema": SCHEMA, **fields}}

    return st.tuples(header, st.lists(row, max_size=4)).map(whole)


def damaged(content: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """Give a copy of JSON in which something, anywhere, is another value, or is not there."""
    if isinstance(content, dict) and content and draw(st.integers(0, 9)):
        name = draw(st.sampled_from(sorted(content)))
        if not draw(st.integers(0, 9)):
            return {key: value for key, value in content.items() if key != name}
        return {**content, name: damaged(content[name], draw)}
    if isinstance(content, list) and content and draw(st.integers(0, 9)):
        place = draw(st.integers(0, len(content) - 1))
        return [*content[:place], damaged(content[place], draw), *content[place + 1 :]]
    return draw(ANYTHING)


def show_all(run: Run) -> None:
    """Make every report of a run; bad input is the only error allowed."""
    other = dataclasses.replace(run, name=f"{run.name} again")
    console = Console(file=io.StringIO(), width=200)
    parts: list[Callable[[], Any]] = [
        lambda: tables.show(run, "run.json", console),
        lambda: frame.rounds_frame([run]),
        lambda: compare_tables.markdown(compare.make([run, other], same_host=True)),
    ]
    for name in report_command.VIEWS:
        view = views.bind(
            importlib.import_module(report_command.VIEWS[name]).VIEW, ["a", "b"][: 2 if name == "ops-diff" else 0]
        )
        parts += [lambda view=view: views.show(view, run, console), lambda view=view: views.to_frame(view, [run])]
    for part in parts:
        with contextlib.suppress(BadInputError):
            part()
