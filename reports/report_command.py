"""The command `tfbench report`: finished runs as tables or data."""

import argparse
import importlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfbench.bench.errors import BadInputError
from tfbench.bench.mode import MODES
from tfbench.bench.record import Run
from tfbench.reports import page_file

FORMATS = ("text", "markdown", "csv", "json", *page_file.FORMATS)
SUMMARY = "summary"
VIEWS = {
    "costs": "tfbench.reports.costs_view",
    "roofline": "tfbench.reports.roofline_view",
    "break-even": "tfbench.reports.breakeven_view",
    "retracing": "tfbench.reports.retracing_view",
    "calls": "tfbench.reports.calls_view",
    "loop": "tfbench.reports.loop_view",
    "profile": "tfbench.reports.profile_view",
    "ops": "tfbench.reports.ops_view",
    "ops-diff": "tfbench.reports.ops_diff_view",
    "steps": "tfbench.reports.steps_view",
    "scaling": "tfbench.reports.scaling_view",
    "communication": "tfbench.reports.communication_view",
    "per-core": "tfbench.reports.per_core_view",
    "claims": "tfbench.reports.claims_view",
}


def report(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print one run or several."""
    from tfbench.bench import store
    from tfbench.reports import frame, tables

    unknown = next((word for word in rest if word.startswith("-")), None)
    if unknown is not None:
        raise BadInputError(f"unknown option {unknown!r}: see --help")
    arguments.runs += rest  # what stands after an option
    written = page_file.wanted(arguments)
    if written and arguments.table != SUMMARY:
        raise BadInputError(f"--format {arguments.format} shows all tables: leave out --table {arguments.table}")
    view = None if arguments.table == SUMMARY else _view(arguments)
    paths = [Path(name) for name in arguments.runs] or [Path("results")]
    runs = [_with_baseline(store.load(path), arguments.baseline) for path in paths]
    if written:
        return _write(arguments, runs)
    if view is not None:
        return _report_view(arguments, view, runs)
    if arguments.format == "text":
        for loaded, path in zip(runs, paths, strict=True):
            tables.show(loaded, store.find(path), tables.make_console())
        return 0
    if arguments.format == "markdown":
        for loaded in runs:
            print(tables.markdown(loaded), end="")
    else:
        _print_frame(frame.summary_frame(runs), arguments.format)
    return 0


def _write(arguments: argparse.Namespace, runs: Sequence[Run]) -> int:
    """Write the page, or its charts."""
    from tfbench.reports import run_page

    if len(runs) > 1 or arguments.output:
        path = page_file.place(arguments, why="several runs have no folder of their own")
    else:
        path = (runs[0].folder or Path()) / (run_page.FILE if arguments.format == page_file.HTML else "charts")
    page_file.write(run_page.make(runs), path, arguments.format)
    return 0


def _view(arguments: argparse.Namespace) -> Any:
    """Give the view that is asked for; what it takes stands after the runs."""
    # Not at the top: they import pandas, which takes longer than the other commands do.
    from tfbench.reports import views

    view: views.View = importlib.import_module(VIEWS[arguments.table]).VIEW
    if not view.arguments:
        return view
    first = len(arguments.runs) - len(view.arguments)
    if first < 0:
        raise BadInputError(f"--table {view.name}: name {' and '.join(view.arguments)}, after the run if one is named")
    given = arguments.runs[first:]
    del arguments.runs[first:]
    return views.bind(view, given)


def _report_view(arguments: argparse.Namespace, view: Any, runs: Sequence[Run]) -> int:
    from tfbench.reports import tables, views

    if arguments.format == "text":
        for run in runs:
            views.show(view, run, tables.make_console())
    elif arguments.format == "markdown":
        print("\n".join(views.markdown(view, run) for run in runs), end="")
    else:
        _print_frame(views.to_frame(view, runs), arguments.format)
    return 0


def _print_frame(frame: Any, form: str) -> None:
    """Print a frame as CSV or JSON."""
    if form == "csv":
        print(frame.to_csv(index=False), end="")
    else:
        rows = frame.astype(object).where(frame.notna(), None).to_dict(orient="records")
        print(json.dumps(rows, indent=1, allow_nan=False))


def _with_baseline(run: Run, text: str | None) -> Run:
    """Give the run with another baseline: a mode, of each implementation itself, or `IMPLEMENTATION/MODE`."""
    if text is None:
        return run
    implementation, _, mode = text.rpartition("/")
    if mode not in MODES:
        raise BadInputError(f"--baseline {text}: write a mode ({', '.join(MODES)}), or implementation/mode")
    known = {(m.case.implementation, m.case.mode) for m in run.measurements}
    if not any(other == mode and name in {implementation, implementation or name} for name, other in known):
        there = ", ".join(sorted(f"{name}/{other}" for name, other in known))
        raise BadInputError(f"--baseline {text}: was not measured in {run.name}, which has {there or 'nothing'}")
    changed = (replace(m, baseline=(implementation or m.case.implementation, mode)) for m in run.measurements)
    return replace(run, measurements=tuple(changed))


def add(commands: Any) -> None:
    """Add the command to the parser."""
    reporter = commands.add_parser(
        "report", help="print finished runs", description="Print runs as tables or data.", allow_abbrev=False
    )
    reporter.add_argument("runs", nargs="*", metavar="RUN", help="run.json or its folder (default: results/latest)")
    reporter.add_argument(
        "--baseline", metavar="[IMPLEMENTATION/]MODE", help="compare with this instead of the workload's own baseline"
    )
    reporter.add_argument(
        "--table",
        choices=(SUMMARY, *VIEWS),
        default=SUMMARY,
        help="which table (default summary); ops-diff takes two cases after the runs, each by a part of its name",
    )
    reporter.add_argument(
        "--format", choices=FORMATS, default="text", help="default text; html is one page with all charts"
    )
    page_file.add_output(reporter, default="default report.html, or charts, in the run's folder")
    reporter.set_defaults(run=report)
