"""The page of runs: their verdicts first, then what each workload did, then what it was measured on."""

import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from tfbench.bench import files
from tfbench.bench.record import Run
from tfbench.reports import (
    claims_view,
    contents,
    data_tables,
    environment_section,
    page_html,
    run_sections,
    units,
    verdict_section,
    views,
)
from tfbench.reports.contents import Contents
from tfbench.reports.page import DataTable, Notes, Page, Section

FILE = "report.html"
FILTERS = ("run", "workload", "mode", "device")
FURTHER = ("claims", "steps", "communication", "loop")


def make(runs: Sequence[Run]) -> Page:
    """Make the page of one run or several."""
    several = len(runs) > 1
    prefixes = [f"{contents.slug(run.name)}-" if several else "" for run in runs]
    found = [
        contents.gather(run, prefix=p)
        for run, p in zip(runs, contents.unique(prefixes) if several else prefixes, strict=True)
    ]
    if several:
        sections = tuple(
            Section(
                heading=one.run.name,
                text=(_where(one.run),),
                sections=tuple(_sections(one)),
                tags={"run": (one.run.name,)},
            )
            for one in found
        )
    else:
        sections = tuple(_sections(found[0]))
    return Page(
        title=units.count(len(runs), "run") if several else _title(runs[0]),
        subtitle=() if several else (_where(runs[0]), _software(runs[0])),
        command=shlex.join(["tfbench", "report", *(str(run.folder or run.name) for run in runs), "--format", "html"]),
        filters=FILTERS,
        sections=sections,
    )


def write(run: Run, folder: Path) -> Path:
    """Write the page of a run into a folder; give its path.

    Raises:
        OSError: the folder cannot be written.
    """
    path = folder / FILE
    files.write_atomically(path, page_html.render(make([run])))
    return path


def _sections(found: Contents) -> Iterator[Section]:
    yield verdict_section.make(found)
    yield from run_sections.make(found)
    for section in (run_sections.roofline(found), *_further(found)):
        if section.items:
            yield section
    yield from environment_section.make(found)


def _further(found: Contents) -> Iterator[Section]:
    """Show the tables that have no chart."""
    for name in FURTHER:
        view, rows = contents.view(name), found.rows[name]
        if name == "loop" and len({row["n"] for row in rows}) < 2:
            rows = []
        if name == "claims" and all(row["verdict"] == claims_view.NOT_MEASURED for row in rows):
            rows = []
        notes = found.notes[name] if rows else ()
        same = views.unvarying(view.columns, rows)
        caption = f"{view.title}; {views.said_once(same, rows[0])}" if same else view.title
        table = data_tables.make([c for c in view.columns if c not in same], rows, caption=caption)
        items: tuple[DataTable | Notes, ...] = (table, *([Notes(texts=notes)] if notes else []))
        yield Section(heading=name.capitalize(), items=items if rows else ())


def _title(run: Run) -> str:
    """Name a run by where and when."""
    try:
        when = datetime.fromisoformat(run.started)
    except ValueError:
        return f"{run.host.name}, {run.started}"
    return f"{run.host.name}, {when.day} {when:%B %Y, %H:%M}{' UTC' if not when.utcoffset() else ''}"


def _where(run: Run) -> str:
    host = run.host
    return f"{host.cpu}, {len(host.affinity)} of {units.count(host.cores, 'core')}, {host.system}"


def _software(run: Run) -> str:
    labels = [f"{one.interpreter}: " if one.interpreter else "" for one in run.software]
    return "; ".join(
        f"{label}TensorFlow {one.tensorflow}, Keras {one.keras}, Python {one.python}"
        for label, one in zip(labels, run.software, strict=True)
    )
