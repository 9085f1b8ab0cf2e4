"""What all charts share: their look, their axes, and how rows become a figure of a page."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt
from tfbench.reports import palette
from tfbench.reports.page import DataTable, Figure, Rows, Tags

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Helvetica, Arial, sans-serif"
INK, SOFT, LINE, GROUND = (palette.variable(name) for name in ("ink", "soft", "line", "ground"))
LABELS = {"fontSize": 11, "color": INK, "limit": 240}
# The page gives it to every chart; colours are named, so that light, dark and paper need no other chart.
CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "transparent",
    "aria": False,  # the figure around it has the words
    "mark": {"aria": False},
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "ticks": False,
        "gridColor": LINE,
        "labelColor": SOFT,
        "labelFontSize": 11,
        "labelLimit": 190,
        "labelPadding": 6,
        "titleColor": SOFT,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titlePadding": 8,
    },
    "axisX": {"labelFlush": False},
    "axisY": {"labelColor": INK, "titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleY": -10},
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": INK,
        "labelFontSize": 11,
        "labelLimit": 240,
        "symbolSize": 70,
        "columnPadding": 14,
    },
    "text": {"font": FONT, "fontSize": 11, "color": INK, "limit": 240},
    "range": {"category": [palette.variable(mode) for mode in palette.MODES]},
}
TIME_LABEL = (
    "datum.value >= 1 ? format(datum.value, ',') + ' s' : datum.value >= 0.000999 ? format(datum.value * 1e3, '~g')"
    " + ' ms' : datum.value >= 0.000000999 ? format(datum.value * 1e6, '~g') + ' µs' : datum.value == 0 ? '0' : "
    "format(datum.value * 1e9, '~g') + ' ns'"
)
DECADES_WITH_STEPS = 2.5  # a wider logarithmic axis has ticks at powers of ten only
DIGITS = 4  # of what is drawn: a screen shows no more


def rounded(value: float, digits: int = DIGITS) -> float:
    """Give a number with few digits: they are half of a page's size."""
    return float(f"{value:.{digits}g}")


def colour(domain: Sequence[str], colours: Sequence[str], field: str = "mode", *, legend: bool = False) -> alt.Color:
    """Give the colours of the values of a field."""
    scale = alt.Scale(domain=list(domain), range=list(colours))
    # Beside each other where there is room.
    columns = alt.Legend(columns=alt.ExprRef(f"width < 330 ? 2 : {max(1, len(domain))}"))
    return (
        alt.Color(f"{field}:N", scale=scale, legend=columns)
        if legend
        else alt.Color(f"{field}:N", scale=scale, legend=None)
    )


def mode_colour(modes: Iterable[str], *, legend: bool = False) -> alt.Color:
    """Give each mode its colour."""
    domain = list(dict.fromkeys(modes))
    return colour(domain, [palette.of_mode(mode) for mode in domain], legend=legend)


def mode_shape(modes: Iterable[str], *, legend: bool = False) -> alt.Shape:
    """Give each mode its mark."""
    domain = list(dict.fromkeys(modes))
    scale = alt.Scale(domain=domain, range=[palette.shape_of(mode) for mode in domain])
    return (
        alt.Shape("mode:N", scale=scale, legend=alt.Legend())
        if legend
        else alt.Shape("mode:N", scale=scale, legend=None)
    )


def log_scale(padding: int = 0) -> alt.Scale:
    """Give a logarithmic scale, with so many pixels left free at both ends."""
    return alt.Scale(type="log", nice=False, padding=padding)


def names_axis(field: str = "name", *, limit: int = 190) -> alt.Y:
    """Give the axis of named rows, in the order of the data."""
    axis = alt.Axis(labelLimit=limit, grid=False, domain=False)
    return alt.Y(f"{field}:N", sort=None, title=None, axis=axis)


def unnamed_axis(field: str = "name") -> alt.Y:
    """Give the axis of rows whose names stand above their bars, which leaves a phone room for these."""
    return alt.Y(f"{field}:N", sort=None, axis=None)


def above(rows: alt.Chart, field: str = "name", *, dy: int) -> alt.Chart:
    """Write the name of each row above its bar."""
    return rows.mark_text(align="left", baseline="middle", dy=dy, limit=alt.ExprRef("width")).encode(
        x=alt.value(0), y=unnamed_axis(), text=alt.Text(f"{field}:N")
    )


def layer(name: str, filters: Sequence[str] = ()) -> alt.Chart:
    """Give a chart of named rows, of which the page's filters choose."""
    chart = alt.Chart(alt.NamedData(name=name))
    for chosen in filters:
        chart = chart.transform_filter(f"indexof(keep_{chosen}, datum.{chosen}) >= 0")
    return chart


def figure(
    *layers: alt.Chart,
    name: str,
    title: str,
    caption: str,
    data: Mapping[str, Rows],
    height: int | alt.Step,
    filters: Sequence[str] = (),
    table: DataTable | None = None,
    wide: bool = False,
    tags: Tags | None = None,
) -> Figure:
    """Make a figure of layers over named rows, as wide as the page lets it be."""
    chart = alt.layer(
        *layers,
        width="container",
        height=height,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )
    # Not checked against the schema, which takes as long as all else together; tests do.
    spec: dict[str, Any] = chart.to_dict(validate=False)
    for what in ("config", "$schema"):  # the page has them once
        spec.pop(what, None)
    spec["params"] = [_keeping(chosen, data) for chosen in filters]
    return Figure(
        name=name,
        title=title,
        caption=caption,
        spec=spec,
        data=data,
        filters=tuple(filters),
        table=table,
        wide=wide,
        tags=tags or {},
    )


def _keeping(chosen: str, data: Mapping[str, Rows]) -> dict[str, Any]:
    """Give the parameter through which a filter chooses; at first all values are kept."""
    values = {str(row[chosen]): None for rows in data.values() for row in rows if chosen in row}
    return {"name": f"keep_{chosen}", "value": list(values)}


def rows_of(pixels: int) -> alt.Step:
    """Make each named row so high, however many there are."""
    return alt.Step(pixels, **{"for": "position"})


def tips(*fields: str, **titles: str) -> list[alt.Tooltip]:
    """Give what is shown of a mark under the pointer: fields by their own names, then those with a title."""
    named = [alt.Tooltip(f"{field}:N") for field in fields]
    return named + [alt.Tooltip(f"{field}:N", title=title) for field, title in titles.items()]


def log_ticks(values: Iterable[float]) -> list[float]:
    """Give round numbers for a logarithmic axis: powers of ten, and 2 and 5 times those where there is room."""
    known = [value for value in values if value > 0]
    if not known:
        return [1.0]
    low, high = math.floor(math.log10(min(known))) - 1, math.ceil(math.log10(max(known))) + 1
    steps = (1, 2, 5) if math.log10(max(known) / min(known)) < DECADES_WITH_STEPS else (1,)
    return [rounded(step * 10.0**power) for power in range(low, high + 1) for step in steps]
