"""The charts of a page as files, without a browser: SVG, or PNG."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import vl_convert
from tfbench.bench import files
from tfbench.reports import charts, palette
from tfbench.reports.page import Figure, Page

SVG, PNG = "svg", "png"
WIDTH, WIDE = 560, 860  # of the plot, in pixels
SCALE = 2.0  # pixels of a PNG for each of these
PADDING = 12


def write(page: Page, folder: Path, form: str) -> list[Path]:
    """Write each chart of a page into a folder as `<name>.svg`, or `.png`; give their paths.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(figure, heading, folder, form) for heading, figure in _headed(page)]


def svg(figure: Figure, heading: str = "") -> str:
    """Draw a chart on light ground, under its title and what it is about."""
    spec: dict[str, Any] = {
        **figure.spec,
        "width": WIDE if figure.wide else WIDTH,
        "padding": PADDING,
        "title": {
            "text": figure.title,
            **({"subtitle": heading} if heading else {}),
            "anchor": "start",
            "frame": "group",
            "offset": 14,
            "fontSize": 13,
            "subtitleFontSize": 11,
            "color": charts.INK,
            "subtitleColor": charts.SOFT,
        },
        "config": {**charts.CONFIG, "background": charts.GROUND},
        "datasets": figure.data,
    }
    return palette.fixed(vl_convert.vegalite_to_svg(spec))


def _write(figure: Figure, heading: str, folder: Path, form: str) -> Path:
    path, drawn = folder / f"{figure.name}.{form}", svg(figure, heading)
    if form == SVG:
        files.write_atomically(path, drawn)
    else:
        path.write_bytes(vl_convert.svg_to_png(drawn, scale=SCALE))
    return path


def _headed(page: Page) -> Iterator[tuple[str, Figure]]:
    """Give each figure with what it is about: the heading above it, or the whole page."""
    for top in page.sections:
        heading = top.heading if "workload" in top.tags else page.title
        for section in top.walk():
            yield from ((heading, item) for item in section.items if isinstance(item, Figure))
