"""The table `ops-diff`: which types of operation vanish, appear, shrink or grow from one case to another."""

from collections.abc import Iterator
from dataclasses import dataclass

from tfbench.bench.errors import BadInputError
from tfbench.bench.record import Run
from tfbench.reports import costs_view, ops, ops_view, units
from tfbench.reports.ops import Profiled
from tfbench.reports.views import Column, Row, View

VANISHED, APPEARED, SHRANK, GREW, SAME = "vanished", "appeared", "shrank", "grew", "same"
NOTABLE = 0.1  # relative change of a type's time below which it is the same
SHOWN = 20


@dataclass(slots=True)
class Sum:
    """Hold how often the operations of a type run in a step, and their part of it in seconds."""

    count: float = 0.0
    wall_s: float = 0.0


def by_type(one: Profiled) -> dict[tuple[str, str], Sum]:
    """Add up the operations of each kind and type: their names differ from mode to mode.

    Fusions are told apart by what they fuse, which their names say.
    """
    found: dict[tuple[str, str], Sum] = {}
    for operation in one.table.operations:
        type_ = operation.type if operation.type != "fusion" else operation.name.partition(".")[0]
        total = found.setdefault((operation.kind, type_), Sum())
        total.count += operation.count
        total.wall_s += operation.wall_s
    return found


def change(before: Sum | None, after: Sum | None) -> str:
    """Say what became of a type of operation."""
    if before is None or after is None:
        return APPEARED if before is None else VANISHED
    if abs(after.wall_s - before.wall_s) <= NOTABLE * max(before.wall_s, after.wall_s):
        return SAME
    return SHRANK if after.wall_s < before.wall_s else GREW


def pick(found: list[Profiled], name: str) -> Profiled:
    """Find a case by its id, or a part of it that no other has.

    Raises:
        BadInputError: there is none, or more than one.
    """
    ids = [one.profile.case_id for one in found]
    hits = [case_id for case_id in ids if case_id == name] or [case_id for case_id in ids if name in case_id]
    if len(hits) == 1:
        return found[ids.index(hits[0])]
    if not ids:
        raise BadInputError("the run has no profiles: measure with tfbench run --profile")
    what = f"means {len(hits)} cases" if hits else "is no profiled case"
    raise BadInputError(f"{name!r:.200} {what}: name one of {', '.join(hits or ids)}")


def rows(run: Run, before: str, after: str) -> Iterator[Row]:
    """Give a row for each type of operation, those whose time changed most first."""
    found = ops.load(run)[0]
    sides = [by_type(pick(found, name)) for name in (before, after)]
    nothing = Sum()

    def gained(key: tuple[str, str]) -> float:
        return sides[1].get(key, nothing).wall_s - sides[0].get(key, nothing).wall_s

    for key in sorted({**sides[0], **sides[1]}, key=lambda key: (-abs(gained(key)), key)):
        one, other = sides[0].get(key), sides[1].get(key)
        yield {
            "kind": key[0],
            "type": key[1],
            "change": change(one, other),
            "before_count": one.count if one else 0.0,
            "after_count": other.count if other else 0.0,
            "before_s": one.wall_s if one else 0.0,
            "after_s": other.wall_s if other else 0.0,
            "gained_s": gained(key),
        }


def notes(run: Run, before: str, after: str) -> list[str]:
    """Say what is compared, and how many operations each runs."""
    found = ops.load(run)[0]
    told = []
    for word, one in (("from", pick(found, before)), ("to", pick(found, after))):
        work = costs_view.percent(one.share(*ops.WORK))
        step, count = units.seconds(one.table.step_s), units.count(round(one.work_count), "operation")
        told.append(f"{word} {one.profile.case_id}: {step} a step, {work} of it in {count}")
    return [*told, *ops.missing(run)]


VIEW = View(
    name="ops-diff",
    title=f"What became of the operations of a step, by type: the {SHOWN} that changed most",
    arguments=("CASE_A", "CASE_B"),
    columns=(
        *(Column(name=name, dtype="string", header=name) for name in ("kind", "type", "change")),
        Column(
            name="before_count",
            dtype="float64",
            header="a step before",
            write=lambda row: ops_view.number(row["before_count"]),
            right=True,
        ),
        Column(
            name="after_count",
            dtype="float64",
            header="after",
            write=lambda row: ops_view.number(row["after_count"]),
            right=True,
        ),
        ops_view.seconds_column("before_s", "time before"),
        ops_view.seconds_column("after_s", "after"),
        ops_view.seconds_column("gained_s", "change"),
    ),
    rows=rows,
    shown=lambda all_rows: all_rows[:SHOWN],
    notes=notes,
)
