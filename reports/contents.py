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
    tables,
)
from tfbench.reports.headlines import Headline
from tfbench.reports.page import Tags
from tfbench.reports.views import Row, View

VIEWS = (
    *(costs_view.VIEW, roofline_view.VIEW, breakeven_view.VIEW, retracing_view.VIEW, calls_view.VIEW),
    *(profile_view.VIEW, ops_view.VIEW, scaling_view.VIEW, per_core_view.VIEW),
    *(communication_view.VIEW, loop_view.VIEW),
)
LONGEST_SLUG = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Hold what a page shows of a run.

    Attributes:
        run: the run.
        summary: its cases, as `frame.summary_frame` has them.
        headlines: what it comes to.
        rows: of each table, by the name that `--table` knows it by; those that it prints.
        notes: what stands beside each of these tables.
        prefix: before the names of the run's figures, so that several runs fit on one page.
    """

    run: Run
    summary: pd.DataFrame
    headlines: tuple[Headline, ...]
    rows: Mapping[str, list[Row]]
    notes: Mapping[str, tuple[str, ...]]
    prefix: str = ""

    def places(self, workload: str) -> set[str]:
        """Give where a workload was measured."""
        return {m.case.placement.label for m in self.run.measurements if m.case.workload == workload}

    def name(self, headline: Headline) -> str:
        """Name an implementation in the whole run: with its parameters and place where others have other ones."""
        case = headline.members[0].case
        params = {m.case.params_label for m in self.run.measurements if m.case.workload == case.workload}
        places = self.places(case.workload)
        parts = (
            *(case.workload, case.implementation),
            case.params_label if len(params) > 1 else "",
            case.placement.label if len(places) > 1 else "",
        )
        return " ".join(part for part in parts if part)

    @property
    def sets(self) -> list["ComparisonSet"]:
        """Give the comparison sets that have a measurement, in the order of measuring."""
        found: dict[tuple[str, str], list[Measurement]] = {}
        for m in self.run.measurements:
            found.setdefault((m.case.workload, m.case.params_label), []).append(m)
        slugs = unique([slug(" ".join(part for part in key if part)) for key in found])
        return [
            ComparisonSet(
                contents=self, workload=key[0], params=key[1], measurements=tuple(members), slug=f"{self.prefix}{short}"
            )
            for (key, members), short in zip(found.items(), slugs, strict=True)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSet:
    """Hold the cases of one workload and parameters.

    Attributes:
        contents: of the whole run.
        workload, params: what they have in common.
        measurements: the cases.
        slug: its name in the names of figures.
    """

    contents: Contents
    workload: str
    params: str
    measurements: tuple[Measurement, ...]
    slug: str

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
            "device": tuple(dict.fromkeys(m.case.placement.label for m in self.measurements)),
        }

    def label(self, row: Mapping[Any, Any]) -> str:
        """Name a case, a row of a table, within the set."""
        parts = (row["implementation"], row["mode"], self.places.get(row["where"], row["where"]))
        return " ".join(str(part) for part in parts if part)

    @property
    def places(self) -> dict[str, str]:
        """Give a short name for each place, by its label: what it differs in from the others, empty if it is alone."""
        labels = [m.case.placement.label for m in self.measurements]
        return dict(zip(labels, tables.place_texts(self._mine), strict=True))

    @property
    def _mine(self) -> pd.DataFrame:
        """Give the set's part of the summary: a row for each measurement, in their order."""
        return self.contents.summary[self.contents.summary["case"].isin([m.case.id for m in self.measurements])]

    @property
    def names(self) -> dict[str, str]:
        """Give the name of each case by its id."""
        return {
            m.case.id: self.label(
                {"implementation": m.case.implementation, "mode": m.case.mode, "where": m.case.placement.label}
            )
            for m in self.measurements
        }

    @property
    def summary(self) -> list[Row]:
        """Give the set's rows of the summary, named."""
        places = {m.case.id: m.case.placement.label for m in self.measurements}
        rows = tables.shown_rows(self._mine)
        return [{**row, "where": places[row["case"]], "name": self.names[row["case"]]} for row in rows]

    def rows(self, table: str) -> list[Row]:
        """Give the set's rows of a table, named."""
        mine = (
            {"mode": row.get("fast"), **row}  # what has two modes is about the one that may be faster
            for row in self.contents.rows[table]
            if (row["workload"], row["params"]) == (self.workload, self.params)
        )
        return [{**row, "name": self.label(row)} for row in mine]


def gather(run: Run, *, prefix: str = "") -> Contents:
    """Gather what a page shows of a run."""
    return Contents(
        run=run,
        summary=frame.summary_frame([run]),
        headlines=tuple(headlines.of_run(run)),
        rows={view.name: list(view.shown(list(view.rows(run)))) for view in VIEWS},
        notes={view.name: tuple(view.notes(run)) for view in VIEWS},
        prefix=prefix,
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
