"""The commands `tfbench import` and `tfbench history`: many runs in a store, and cases followed over them."""

import argparse
import json
import shlex
from collections.abc import Sequence
from typing import Any

from tfbench.bench import option, options
from tfbench.bench.errors import BadInputError
from tfbench.reports import page_file

FORMATS = ("text", "markdown", "csv", "json", *page_file.FORMATS)
LAST = "20"
NO_FOLDER = "a history has no folder of its own"
HISTORY = """Follow cases over many runs, in order of time, and find the steps: where the time of a case changed, by
how much, and between which commits. A step takes three runs that agree; single outliers are none. Runs on different
machines, in different interpreters and of different work are series of their own. Reads runs, folders of runs and
stores, here or remote (s3://bucket/results, gs://...)."""
IMPORT = """Add runs to a store: a folder of Parquet files, here or remote, that holds the summary of each case of many
runs. A run that is there already is not added twice. Several processes may add to a store at once."""


def history(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print the history of cases."""
    _refuse(rest)
    path = page_file.place(arguments, why=NO_FOLDER) if page_file.wanted(arguments) else None
    threshold = options.share(arguments.threshold, "threshold") if arguments.threshold is not None else None
    last = option.whole(arguments.last, "last")
    addresses = [*arguments.places, *(arguments.store or [])] or ["results"]

    from tfbench.reports import history as following
    from tfbench.reports import history_view, tables

    threshold = following.THRESHOLD if threshold is None else threshold
    found = following.series(
        following.read(addresses, part=arguments.case), same_host=arguments.same_host, threshold=threshold
    )
    if path is not None:
        from tfbench.reports import history_page

        page = history_page.make(found, threshold=threshold, last=last, command=_command(arguments, addresses))
        page_file.write(page, path, arguments.format)
    elif arguments.format == "text":
        history_view.show(found, tables.make_console(), threshold=threshold, last=last)
    elif arguments.format == "markdown":
        print(history_view.markdown(found, threshold=threshold, last=last), end="")
    elif arguments.format == "csv":
        print(history_view.to_frame(found).to_csv(index=False), end="")
    else:
        print(json.dumps(history_view.to_json(found), indent=1, allow_nan=False))
    return 0


def _command(arguments: argparse.Namespace, addresses: Sequence[str]) -> str:
    """Give the command that makes a page."""
    last = arguments.last if arguments.last != LAST else None
    told = {"--case": arguments.case, "--threshold": arguments.threshold, "--last": last}
    options = [word for name, value in told.items() if value for word in (name, value)]
    options += ["--same-host"] * arguments.same_host
    return shlex.join(["tfbench", "history", *addresses, *options, "--format", "html"])


def import_runs(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Add runs to a store, and say how many."""
    _refuse(rest)

    from tfbench.reports import archive, places, skim, units

    place = places.folder(arguments.store)
    files = list(places.each_run(arguments.runs))
    added, there = archive.add(place, skim.read(files))
    old = f"; {units.count(there, 'run')} there already" if there else ""
    print(f"{units.count(added, 'run')} added to {arguments.store}{old}")
    return 0


def _refuse(rest: list[str]) -> None:
    if rest:
        raise BadInputError(f"unknown option {rest[0]!r}: see --help")


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    importer = commands.add_parser("import", help="add runs to a store of many", description=IMPORT, allow_abbrev=False)
    importer.add_argument("runs", nargs="+", metavar="RUN", help="run.json, its folder, or a folder of runs")
    importer.add_argument("--store", metavar="DIR", required=True, help="the store; made if it is not there")
    importer.set_defaults(run=import_runs)
    follower = commands.add_parser(
        "history", help="follow cases over many runs", description=HISTORY, allow_abbrev=False
    )
    follower.add_argument("places", nargs="*", metavar="PLACE", help="runs, folders of runs, stores (default results)")
    follower.add_argument("--store", metavar="DIR", action="append", help="a store; the same as to name it")
    follower.add_argument("--case", metavar="PART", default="", help="only cases with this in their names")
    follower.add_argument("--threshold", metavar="PERCENT", help="smaller steps are none (default 2%%)")
    follower.add_argument("--last", metavar="N", default=LAST, help=f"list so many runs of a case (default {LAST})")
    follower.add_argument(
        "--same-host", action="store_true", help="hosts of the same hardware are one, whatever their names"
    )
    follower.add_argument(
        "--format", choices=FORMATS, default="text", help="default text; html is one page with charts"
    )
    page_file.add_output(follower)
    follower.set_defaults(run=history)
