"""The sections of a page about workloads: how fast, what the first call costs, what retraces, what each core gives."""

from collections.abc import Callable, Iterator, Sequence

from tfbench.reports import (
    breakeven,
    breakeven_view,
    case_costs,
    charts_calls,
    charts_ledger,
    charts_profile,
    charts_retracing,
    charts_roofline,
    charts_rounds,
    charts_scaling,
    charts_speedups,
    contents,
    costs_view,
    data_tables,
    headlines,
    tables,
)
from tfbench.reports.contents import ComparisonSet, Contents
from tfbench.reports.page import DataTable, Figure, Item, Notes, Section
from tfbench.reports.views import Row

PAYING_BACK = (
    "Time in all is that of so many calls, the first one with its trace and compile included. At a ring a mode that "
    "cost more at first has paid back; the line through it is the 95 % interval."
)
INSIDE = (
    "From a trace of some steps, taken after all timing. Time is by the clock: an instant belongs to the operations "
    "that run in it, to TensorFlow's runtime only if none does, and to Python only if TensorFlow does nothing."
)
COMMON = ("workload", "params")  # columns that a set's heading says


def make(found: Contents) -> Iterator[Section]:
    """Make a section for each comparison set."""
    told: set[str] = set()
    most = charts_rounds.share(found.run.measurements)
    for one in found.sets:
        parts = [speed(one, most), first_call(found, one)]
        if one.workload not in told:
            parts.append(retracing(found, one))
        parts += [inside(found, one), scaling(found, one), steadiness(one, most)]
        told.add(one.workload)
        yield Section(heading=one.title, sections=tuple(part for part in parts if part.items), tags=one.tags)


def _table(one: ComparisonSet, name: str, rows: Sequence[Row], *, bars: Sequence[str] = ()) -> DataTable:
    """Make a table of a set's rows, without the columns that say the same everywhere."""
    view = contents.view(name)
    without = [*COMMON, *(["where"] if len(one.tags["device"]) < 2 else [])]
    columns = [column for column in view.columns if column.name not in without]
    return data_tables.make(columns, rows, caption=view.title, bars=bars)


def _by(rows: Sequence[Row], *names: str) -> dict[tuple[str, ...], list[Row]]:
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(str(row[name]) for name in names), []).append(row)
    return found


def _tags(one: ComparisonSet, rows: Sequence[Row]) -> dict[str, tuple[str, ...]]:
    modes, places = (tuple(dict.fromkeys(str(row[name]) for row in rows)) for name in ("mode", "where"))
    return {"workload": (one.workload,), "mode": modes, "device": places}


def _with_place(one: ComparisonSet, name: str, place: str) -> str:
    return f"{name} ({one.places[place]})" if one.places.get(place) else name


def speed(one: ComparisonSet, most: int) -> Section:
    """Show how fast the cases are: the table of the summary, speed-ups, and all rounds."""
    rows = one.summary
    summary = data_tables.make(tables.columns(rows), rows, caption=f"Steady state and first call of {one.title}")
    items: list[Item] = [summary]
    if one.notes:
        items.append(Notes(title="Before you believe it", texts=one.notes))
    base = next((row["name"] for row in rows if row["case"] == row["baseline"]), None)
    if base is not None and len(rows) > 1:
        items.append(
            charts_speedups.chart(rows, name=f"speedups-{one.slug}", baseline=base, table=summary, tags=one.tags)
        )
    return Section(
        heading="How fast", items=(*items, *_rounds(one, most, charts_rounds.spread, "rounds")), tags=one.tags
    )


def _rounds(one: ComparisonSet, most: int, chart: Callable[..., Figure], word: str) -> list[Figure]:
    drawn = charts_rounds.rows(one.measurements, one.names, most=most)
    if not drawn:
        return []
    count, there = sum(len(row["s"]) for row in drawn), charts_rounds.total(one.measurements)
    left_out = f" Drawn are {count:,} of {there:,} rounds, the longest among them." if count < there else ""
    return [
        chart(
            drawn,
            name=f"{word}-{one.slug}",
            data_name=f"rounds-{one.slug}",
            table=charts_rounds.table(one.measurements, one.names),
            left_out=left_out,
            tags=one.tags,
        )
    ]


def first_call(found: Contents, one: ComparisonSet) -> Section:
    """Show the cold ledger, and how many calls make up for it."""
    costs = _table(one, "costs", one.rows["costs"])
    figures: list[Item] = [charts_ledger.chart(one.summary, name=f"ledger-{one.slug}", table=costs, tags=one.tags)]
    even = one.rows["break-even"]
    for number, headline in enumerate(one.headlines):
        case = headline.members[0].case
        if len(headline.members) > 1:
            mine = [
                row
                for row in even
                if (row["implementation"], row["where"]) == (case.implementation, case.placement.label)
            ]
            figures.append(
                charts_calls.totals(
                    headline.members,
                    name=f"totals-{one.slug}-{number + 1}",
                    title=f"Time in all: {_with_place(one, case.implementation, case.placement.label)}",
                    caption=f"Least in all: {headlines.ladder(headline)}.",
                    table=_table(one, "break-even", mine),
                    tags={**one.tags, "device": (case.placement.label,)},
                )
            )
    text = (PAYING_BACK,) if len(figures) > 1 else ()
    names = tuple(costs_view.case_name(m.case) for m in one.measurements)
    notes = tuple(note for note in found.notes["costs"] if note.startswith(names))
    notes += (breakeven_view.UNTIL,) if any(row["verdict"] == breakeven.UNTIL for row in even) else ()
    figures += [Notes(texts=notes, tags=one.tags)] if notes else []
    return Section(heading="The first call, and when it has paid back", text=text, items=tuple(figures), tags=one.tags)


def retracing(found: Contents, one: ComparisonSet) -> Section:
    """Show what the workload's call sequences traced and compiled."""
    sequences = [s for s in found.run.sequences if s.workload == one.workload]
    if not sequences:
        return Section(heading="Retracing")
    modes = tuple(dict.fromkeys(s.mode for s in sequences))
    tags = {"workload": (one.workload,), "mode": modes}
    view = contents.view("calls")
    rows = [row for row in found.rows["calls"] if row["workload"] == one.workload]
    by_call = data_tables.make([c for c in view.columns if c.name != "workload"], rows, caption=view.title, folded=True)
    view = contents.view("retracing")
    rows = [row for row in found.rows["retracing"] if row["workload"] == one.workload]
    summed = data_tables.make([c for c in view.columns if c.name != "workload"], rows, caption=view.title)
    chart = charts_retracing.chart(sequences, name=f"retracing-{one.slug}", table=summed, tags=tags)
    notes = tuple(note for note in found.notes["retracing"] if note.startswith(f"{one.workload} "))
    items: list[Item] = [chart, by_call]
    if notes:
        items.append(Notes(title="Causes and fixes", texts=notes, tags=tags))
    return Section(heading="Retracing", items=tuple(items), tags=tags)


def inside(found: Contents, one: ComparisonSet) -> Section:
    """Show what a step's time goes to."""
    rows = one.rows["profile"]
    if not rows:
        return Section(heading="Inside a step")
    items: list[Item] = [
        charts_profile.parts(rows, name=f"parts-{one.slug}", table=_table(one, "profile", rows), tags=_tags(one, rows))
    ]
    notes = [note for name in ("profile", "ops") for note in found.notes[name]]
    for number, ((name, place), mine) in enumerate(_by(one.rows["ops"], "implementation", "where").items()):
        start = f"{' '.join(part for part in (one.workload, name, one.params) if part)} ({place}): "
        items.append(
            charts_profile.operations(
                mine,
                name=f"ops-{one.slug}-{number + 1}",
                title=f"Top operations: {_with_place(one, name, place)}",
                caption=next(
                    (f"In operations: {note.removeprefix(start)}." for note in notes if note.startswith(start)), ""
                ),
                table=_table(one, "ops", mine, bars=["share"]),
                tags=_tags(one, mine),
            )
        )
    names = tuple(costs_view.case_name(m.case) for m in one.measurements)
    told = tuple(dict.fromkeys(note for note in notes if note.startswith(names)))
    if told:
        items.append(Notes(texts=told, tags=one.tags))
    return Section(heading="Inside a step", text=(INSIDE,), items=tuple(items), tags=one.tags)


def scaling(found: Contents, one: ComparisonSet) -> Section:
    """Show what each further core or replica gives."""
    figures: list[Figure] = []
    per_core = one.rows["per-core"]
    for number, ((name, axis), mine) in enumerate(_by(one.rows["scaling"], "implementation", "axis").items()):
        end = f"{one.slug}-{number + 1}"
        figures.append(
            charts_scaling.gained(
                mine,
                name=f"scaling-{end}",
                title=f"{charts_scaling.TITLES.get(axis, axis)}: {name}",
                table=_table(one, "scaling", mine),
                tags=_tags(one, mine),
            )
        )
        places = {row["where"] for row in mine}
        each = [row for row in per_core if row["implementation"] == name and row["where"] in places]
        figures.append(
            charts_scaling.per_core(
                each,
                name=f"per-core-{end}",
                title=f"Throughput of each: {name}",
                table=_table(one, "per-core", each),
                tags=_tags(one, each),
            )
        )
    notes = found.notes["scaling"] if figures else ()
    return Section(heading="Scaling", items=(*figures, *([Notes(texts=notes)] if notes else [])), tags=one.tags)


def steadiness(one: ComparisonSet, most: int) -> Section:
    """Show whether the time of a call drifted."""
    return Section(heading="Steadiness", items=tuple(_rounds(one, most, charts_rounds.drift, "drift")), tags=one.tags)


def roofline(found: Contents) -> Section:
    """Show how near XLA's modules come to what the device can do."""
    several = len(found.sets) > 1
    rows = [
        {**row, "name": " ".join(part for part in (row["workload"] if several else "", row["implementation"]) if part)}
        for one in found.sets
        for row in one.rows["roofline"]
    ]
    drawn = [row for row in rows if row["flops"] and row["bytes_accessed"] and row["flop_per_s"]]
    view = contents.view("roofline")
    if not drawn:
        return Section(heading="Roofline")
    table = data_tables.make(view.columns, rows, caption=view.title)
    tops = case_costs.ceilings(found.run.measurements)
    tags = {name: tuple(dict.fromkeys(str(row[c]) for row in rows)) for name, c in data_tables.TAGGED.items()}
    chart = charts_roofline.chart(drawn, tops, name=f"{found.prefix}roofline", table=table, tags=tags)
    return Section(heading="Roofline", items=(chart, Notes(texts=found.notes["roofline"])), tags=tags)
