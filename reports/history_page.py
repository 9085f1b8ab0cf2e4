"""The page of cases over many runs: their steps first, then a chart of each."""

from collections.abc import Iterator, Sequence

from tfbench.reports import charts_history, contents, history_view, units
from tfbench.reports.history import Series
from tfbench.reports.page import Cell, DataTable, Figure, Heading, Line, Notes, Page, Section

FILTERS = ("machine",)
MOST_DRAWN = 24
MOST_NAMED = 8
ALL_POINTS = 12_000  # of all charts
WIDE = 3  # so many charts have the whole width


def make(found: Sequence[Series], *, threshold: float, last: int, command: str) -> Page:
    """Make the page of series.

    Args:
        found: the series.
        threshold: steps of less than this share are none.
        last: so many points of a series are in its table.
        command: that makes the page.
    """
    known = [series for series in found if charts_history.dated(series)]
    drawn = sorted(known, key=largest, reverse=True)[:MOST_DRAWN]
    points = [point for series in found for point in series.points]
    days = sorted(f"{point.started:%Y-%m-%d}" for point in points if point.started is not None)
    runs = units.count(len({point.run for point in points}), "run")
    return Page(
        title=f"History of {found[0].name if len(found) == 1 else f'{len(found):,} series'}",
        subtitle=(f"{runs}, {days[0]} to {days[-1]}" if days else runs,),
        command=command,
        filters=FILTERS,
        sections=(
            Section(heading="Steps", items=tuple(_steps(found, threshold))),
            Section(heading="Times", items=(*_left_out(found, drawn), *_figures(drawn, last))),
        ),
    )


def largest(series: Series) -> float:
    """Give the largest step of a series, as a logarithm; 0 without any."""
    return max((abs(change.logs.middle) for change in series.changes), default=0.0)


def _steps(found: Sequence[Series], threshold: float) -> Iterator[Notes | DataTable]:
    yield Notes(texts=tuple(history_view.notes(found, threshold)))
    lines = []
    for series in found:
        for change in series.changes:
            texts = history_view.change_cells(series, change)
            values: list[float | str] = [*texts[:3], change.logs.middle, change.logs.p_value, *texts[5:]]
            cells = (Cell(text=text, value=value) for text, value in zip(texts, values, strict=True))
            lines.append(Line(cells=tuple(cells), tags={"machine": (series.machine,)}))
    if lines:
        yield DataTable(
            caption="Where the time of a case changed its level",
            headings=tuple(Heading(text=text, right=text == "p") for text in history_view.CHANGES),
            lines=tuple(lines),
        )


def _left_out(found: Sequence[Series], drawn: Sequence[Series]) -> Iterator[Notes]:
    """Say which series have no chart."""
    there = {id(series) for series in drawn}
    missing = [f"{series.name} on {series.machine}" for series in found if id(series) not in there]
    if missing:
        more = f", and {len(missing) - MOST_NAMED:,} more" if len(missing) > MOST_NAMED else ""
        yield Notes(
            texts=(
                f"drawn: {len(drawn)} of {len(found):,} series, the largest steps first; --case chooses others",
                f"not drawn: {', '.join(missing[:MOST_NAMED])}{more}",
            )
        )


def _figures(drawn: Sequence[Series], last: int) -> Iterator[Figure]:
    slugs = contents.unique([contents.slug(f"history {series.name} {series.machine}") for series in drawn])
    for series, slug in zip(drawn, slugs, strict=True):
        yield charts_history.chart(
            series,
            name=slug,
            table=points_table(series, last),
            tags={"machine": (series.machine,)},
            wide=len(drawn) <= WIDE,
            most=min(charts_history.MOST_POINTS, ALL_POINTS // len(drawn)),
        )


def points_table(series: Series, last: int) -> DataTable:
    """Make the table of the last points of a series."""
    shown = series.points[-last:]
    lines = [
        Line(
            cells=(
                *(Cell(text=t, value=t) for t in row[:4]),
                Cell(text=row[4], value=point.seconds),
                *map(_text, row[5:]),
            )
        )
        for row, point in zip(history_view.point_rows(series, last), shown, strict=True)
    ]
    of = f"The last {len(shown):,} of {units.count(len(series.points), 'run')}"
    return DataTable(
        caption=of if len(shown) < len(series.points) else "All runs",
        headings=tuple(
            Heading(text=text or "remark", right=text in {"median", history_view.POINTS[5]})
            for text in history_view.POINTS
        ),
        lines=tuple(lines),
    )


def _text(text: str) -> Cell:
    return Cell(text=text, value=text)
