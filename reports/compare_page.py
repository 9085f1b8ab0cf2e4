"""The page of a comparison of sides: what the gate says, the speed-ups of each new side, and the table of its cases."""

from collections.abc import Iterator, Sequence

from tfbench.reports import charts_machines, compare_tables, contents, units
from tfbench.reports.charts_machines import Gain
from tfbench.reports.compare import Comparison, Report
from tfbench.reports.page import Cell, DataTable, Heading, Item, Line, Notes, Page, Section, Tags
from tfbench.reports.sides import named

FILTERS = ("workload",)


def make(report: Report, *, command: str) -> Page:
    """Make the page of a comparison; `command` makes it."""
    groups = compare_tables.grouped(report)
    slugs = contents.unique([contents.slug(f"speedups {named(label)}") for label, _ in groups])
    concluded, notes = compare_tables.conclusion(report), compare_tables.notes(report)
    told = tuple(line for line in notes if line not in concluded)
    sections = (
        Section(heading="Gate", items=_lines(concluded)),
        *(
            Section(heading=compare_tables.title(report, label), items=tuple(_items(report, label, group, slug)))
            for (label, group), slug in zip(groups, slugs, strict=True)
        ),
        Section(heading="Notes", items=_lines(told)),
    )
    return Page(
        title=f"{', '.join(named(label) for label in report.labels)} against {named(report.base)}",
        subtitle=(f"{units.count(len(report.comparisons), 'case')}, by {report.by}",),
        command=command,
        filters=FILTERS,
        sections=tuple(section for section in sections if section.items),
    )


def _lines(texts: Sequence[str]) -> tuple[Notes, ...]:
    return (Notes(texts=tuple(texts)),) if texts else ()


def _items(report: Report, label: str, group: Sequence[Comparison], slug: str) -> Iterator[Item]:
    """Give a chart for each workload, since the page is filtered by it, then the table."""
    workloads = list(dict.fromkeys(one.pair.base.case.workload for one in group))
    for workload, short in zip(workloads, contents.unique([contents.slug(one) for one in workloads]), strict=True):
        gains = [
            Gain(name=one.pair.name, side=named(label), mode="", found=one.found, verdict=one.verdict)
            for one in group
            if one.found is not None and one.pair.base.case.workload == workload
        ]
        if gains:
            yield charts_machines.speedups(
                gains,
                [named(report.base), *map(named, report.labels)],
                name=f"{slug}-of-{short}",
                title=f"Speed-up of {workload}",
                against=named(report.base),
                table=charts_machines.table(gains, f"Speed-ups over {named(report.base)}"),
                tags={"workload": (workload,)},
            )
    yield _table(report, label, group)


def _table(report: Report, label: str, group: Sequence[Comparison]) -> DataTable:
    return DataTable(
        caption=f"Times of a call, and how many times faster {named(label)} is than {named(report.base)}",
        headings=tuple(Heading(text=text, right=0 < i < 4) for i, text in enumerate(compare_tables.HEADERS)),
        lines=tuple(_line(one, report) for one in group),
    )


def _line(one: Comparison, report: Report) -> Line:
    texts = compare_tables.cells(one, report)
    times = [compare_tables.call_s(entry.measurement) for entry in (one.pair.base, one.pair.new)]
    values = [texts[0], *times, one.found.ratio if one.found else None, texts[4]]
    tags: Tags = {"workload": (one.pair.base.case.workload,)}
    return Line(cells=tuple(Cell(text=t, value=v) for t, v in zip(texts, values, strict=True)), tags=tags)
