"""Charts of scaling: what each further replica or core gives, against the ideal."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
from tfbench.reports import charts, units
from tfbench.reports.page import DataTable, Figure, Rows, Tags

TITLES = {"threads": "Cores of one worker", "replicas": "Replicas"}
BESIDE = 1.03  # how far, as a factor


def _axes(drawn: Rows, *, axis: str, field: str, form: str) -> tuple[alt.X, alt.Y]:
    """Give logarithmic axes, on which what is ideal is straight."""
    widths = sorted({row["width"] for row in drawn})
    ticks = charts.log_ticks(row[field] for row in drawn)
    return (
        alt.X("at:Q", title=axis, scale=charts.log_scale(14), axis=alt.Axis(values=widths, format="d", grid=False)),
        alt.Y(f"{field}:Q", title=None, scale=charts.log_scale(10), axis=alt.Axis(format=form, values=ticks)),
    )


def _beside(rows: Sequence[Mapping[str, Any]], row: Mapping[str, Any], width: int) -> float:
    """Give where a width's mark stands: modes a little beside each other, so that all intervals are seen."""
    modes = list(dict.fromkeys(one["mode"] for one in rows))
    return charts.rounded(width * BESIDE ** (modes.index(row["mode"]) - (len(modes) - 1) / 2))


def gained(rows: Sequence[Mapping[str, Any]], *, name: str, title: str, table: DataTable, tags: Tags) -> Figure:
    """Draw the throughput over the narrowest width, with its interval, and the ideal.

    Args:
        rows: those of the table `scaling` of one implementation: a row for each mode and width.
        name: of the figure.
        title: above it.
        table: the same figures.
        tags: what the figure is about.
    """
    drawn = _drawn(rows)
    width, times = _axes(drawn, axis=str(rows[0]["axis"]), field="speedup", form="~g")
    dashed = charts.layer(f"{name}-ideal").mark_line(color=charts.SOFT, strokeDash=[4, 4], strokeWidth=1.5)
    return charts.figure(
        dashed.encode(x=width, y=alt.Y("ideal:Q")),
        _spans(f"{name}-points", drawn),
        *_lines(f"{name}-points", drawn, width, times, throughput="throughput"),
        name=name,
        title=title,
        caption="Throughput over that of the narrowest width, with its 95 % interval. The dashed line is ideal: twice "
        "as wide, twice as much.",
        data={
            f"{name}-points": drawn,
            f"{name}-ideal": [{"at": row["width"], "ideal": charts.rounded(row["times"])} for row in drawn],
        },
        height=220,
        filters=["mode"],
        table=table,
        tags=tags,
    )


def per_core(rows: Sequence[Mapping[str, Any]], *, name: str, title: str, table: DataTable, tags: Tags) -> Figure:
    """Draw the throughput of each core or accelerator over the width; rows of the table `per-core`."""
    drawn = [
        {
            "mode": row["mode"],
            "width": row["count"],
            "at": _beside(rows, row, row["count"]),
            "rate": charts.rounded(row["throughput_each"]),
            "text": f"{units.rate(row['throughput_each'])} {row['unit']}/s",
        }
        for row in rows
    ]
    width, _ = _axes(drawn, axis=f"{rows[0]['each']}s", field="rate", form="~s")
    rate = alt.Y("rate:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(format="~s", tickCount=5))
    return charts.figure(
        *_lines(name, drawn, width, rate, throughput="of each"),
        name=name,
        title=title,
        caption=f"{rows[0]['unit'].capitalize()} a second of each {rows[0]['each']}. Level is ideal; where it falls, "
        "further ones wait.",
        data={name: drawn},
        height=220,
        filters=["mode"],
        table=table,
        tags=tags,
    )


def _lines(name: str, drawn: Rows, width: alt.X, height: alt.Y, *, throughput: str) -> list[alt.Chart]:
    """Give a line for each mode, with its marks."""
    modes = [str(row["mode"]) for row in drawn]
    over = charts.layer(name, ["mode"]).encode(x=width, y=height)
    point = over.mark_point(filled=True, size=70, opacity=1)
    return [
        over.mark_line(strokeWidth=2).encode(color=charts.mode_colour(modes, legend=True)),
        point.encode(
            color=charts.mode_colour(modes, legend=True),
            shape=charts.mode_shape(modes, legend=True),
            tooltip=charts.tips("mode", "width", text=throughput),
        ),
    ]


def _spans(name: str, drawn: Rows) -> alt.Chart:
    """Give the intervals."""
    colour = charts.mode_colour((str(row["mode"]) for row in drawn), legend=True)
    span = charts.layer(name, ["mode"]).mark_rule(strokeWidth=2)
    return span.encode(x=alt.X("at:Q"), y=alt.Y("low:Q"), y2=alt.Y2("high:Q"), color=colour)


def _drawn(rows: Sequence[Mapping[str, Any]]) -> Rows:
    narrowest = min(row["width"] for row in rows)
    found = []
    for row in rows:
        if row["speedup"] is not None:
            ends = [row["speedup"] if row[end] is None else row[end] for end in ("speedup_low", "speedup_high")]
            found.append(
                {
                    "mode": row["mode"],
                    "width": row["width"],
                    "at": _beside(rows, row, row["width"]),
                    "times": row["width"] / narrowest,
                    "speedup": charts.rounded(row["speedup"]),
                    "low": charts.rounded(ends[0]),
                    "high": charts.rounded(ends[1]),
                    "text": f"{row['speedup']:.2f} [{ends[0]:.2f}, {ends[1]:.2f}]",
                }
            )
    return found
