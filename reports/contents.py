"""What a page needs of a run, gathered once: the rows of its tables, and names for its cases and figures."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from tfbench.bench.record import Measurement, Run
from tfbench.reports import (
    breakeven_view,
    calls_view,
    claims_view,
    communication_view,
    costs_view,
    frame,
    headlines,
    loop_view,
    ops_view,
    per_core_view,
    profile_view,
    retracing_view,
    roofline_view,
    scaling_view,
    steps_view,
    tables,
)
from tfbench.reports.headlines import Headline
from tfbench.reports.page import Tags
from tfbench.reports.views import Row, View

VIEWS = (
    *(costs_view.VIEW, roofline_view.VIEW, breakeven_view.VIEW, retracing_view.VIEW, calls_view.VIEW),
    *(profile_view.VIEW, ops_view.VIEW, scaling_view.VIEW, per_core_view.VIEW),
    *(communication_view.VIEW, loop_view.VIEW, steps_view.VIEW, claims_view.VIEW),
)
WITHOUT_PARAMS = ("retracing", "calls", "loop", "steps", "claims")  # tables that are not about comparison sets
LONGEST_SLUG = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSet:
    """Hold the cases of one workload and parameters, and their rows of the tables.

    Attributes:
        workload, params: what they have in common.
        measurements: the cases.
        slug: its name in the names of figures.
        names: of the cases within the set, by id.
        places: a short name for each place, by its label: what it differs in from the others; empty if it is alone.
        headlines: what is said of the cases.
        summary: their rows of the summary.
        rows: of each table, by its name; each row has the case's `name`.
        notes: what must be known before believing them.
    """

    workload: str
    params: str
    measurements: tuple[Measurement, ...]
    slug: str
    names: Mapping[str, str]
    places: Mapping[str, str]
    headlines: tuple[Headline, ...]
    summary: tuple[Row, ...]
    rows: Mapping[str, list[Row]]
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """Name it."""
        return f"{self.workload} {self.params}".strip()

    @property
    def tags(self) -> Tags:
        """Say what it is about."""
        return {
            "workload": (self.workload,),
            "mode": tuple(dict.fromkeys(m.case.mode for m in self.measurements)),
            "device": tuple(self.places),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Hold what a page shows of a run.

    Attributes:
        run: the run.
        summary: its cases, as `frame.summary_frame` has them.
        headlines: what it comes to.
        sets: the comparison sets that have a measurement, in the order of measuring.
        rows: of each table, by the name that `--table` knows it by; those that it prints.
        notes: what stands beside each of these tables.
        prefix: before the names of the run's figures, so that several runs fit on one page.
    """

    run: Run
    summary: pd.DataFrame
    headlines: tuple[Headline, ...]
    sets: tuple[ComparisonSet, ...]
    rows: Mapping[str, list[Row]]
    notes: Mapping[str, tuple[str, ...]]
    prefix: str = ""

    def places(self, workload: str) -> set[str]:
        """Give where a workload was measured."""
        return {m.case.placement.label for m in self.run.measurements if m.case.workload == workload}

    def name(self, headline: Headline) -> str:
        """Name an implementation in the whole run: with the parameters and the place in which others differ."""
        case = headline.members[0].case
        others = [dict(m.case.params) for m in self.run.measurements if m.case.workload == case.workload]
        telling = [f"{name}={value}" for name, value in case.params if len({one.get(name) for one in others}) > 1]
        parts = (
            *(case.workload, case.implementation),
            ",".join(telling),
            case.placement.label if len(self.places(case.workload)) > 1 else "",
        )
        return " ".join(part for part in parts if part)


def gather(run: Run, *, prefix: str = "") -> Contents:
    """Gather what a page shows of a run."""
    summary, told = frame.summary_frame([run]), tuple(headlines.of_run(run))
    rows = {view.name: list(view.shown(list(view.rows(run)))) for view in VIEWS}
    members: dict[tuple[str, str], list[Measurement]] = {}
    for m in run.measurements:
        members.setdefault((m.case.workload, m.case.params_label), []).append(m)
    slugs = unique([slug(" ".join(part for part in key if part)) for key in members])
    return Contents(
        run=run,
        summary=summary,
        headlines=told,
        sets=tuple(
            _set(tuple(found), summary, told, rows, slug=f"{prefix}{short}")
            for found, short in zip(members.values(), slugs, strict=True)
        ),
        rows=rows,
        notes={view.name: tuple(view.notes(run)) for view in VIEWS},
        prefix=prefix,
    )


def _set(
    members: tuple[Measurement, ...],
    summary: pd.DataFrame,
    told: Sequence[Headline],
    rows: Mapping[str, list[Row]],
    *,
    slug: str,
) -> ComparisonSet:
    first, ids = members[0].case, [m.case.id for m in members]
    mine = summary[summary["case"].isin(ids)]  # a row for each measurement, in their order
    labels = [m.case.placement.label for m in members]
    places = dict(zip(labels, tables.place_texts(mine), strict=True))

    def name(row: Mapping[Any, Any]) -> str:
        parts = (row["implementation"], row["mode"], places.get(row["where"], row["where"]))
        return " ".join(str(part) for part in parts if part)

    def named(table: Sequence[Row]) -> list[Row]:
        key = first.workload, first.params_label
        # What has two modes is about the one that may be faster.
        own = ({"mode": row.get("fast"), **row} for row in table if (row["workload"], row["params"]) == key)
        return [{**row, "name": name(row)} for row in own]

    shown = [{**row, "where": label} for row, label in zip(tables.shown_rows(mine), labels, strict=True)]
    return ComparisonSet(
        workload=first.workload,
        params=first.params_label,
        measurements=members,
        slug=slug,
        names={row["case"]: name(row) for row in shown},
        places=places,
        headlines=tuple(one for one in told if one.members[0].case.id in ids),
        summary=tuple({**row, "name": name(row)} for row in shown),
        rows={table: named(found) for table, found in rows.items() if table not in WITHOUT_PARAMS},
        notes=tuple(tables.notes(mine)),
    )


def view(name: str) -> View:
    """Give a table's view by its name."""
    return next(one for one in VIEWS if one.name == name)


def slug(text: str) -> str:
    """Make a name of letters, digits and hyphens of any text."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:LONGEST_SLUG].rstrip("-") or "unnamed"


def unique(names: Sequence[str]) -> list[str]:
    """Give the names, with a number where one stands there before."""
    found: list[str] = []
    for name in names:
        number, free = 2, name
        while free in found:
            number, free = number + 1, f"{name}-{number}"
        found.append(free)
    return found
