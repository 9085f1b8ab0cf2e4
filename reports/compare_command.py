"""The command `tfbench compare`: one run with itself, or with others."""

import argparse
import json
from pathlib import Path
from typing import Any

from tfbench.bench import options, store
from tfbench.bench.errors import BadInputError
from tfbench.reports import verdict

FORMATS = ("text", "markdown", "csv", "json")
BY = ("run", "host", "tensorflow", "commit", "mode", "implementation", "device", "replicas", "interpreter")
DESCRIPTION = """Compare runs from other days, commits, TensorFlow versions or machines, or the sides of one run.
A speed-up above 1 means that the new side is faster; its 95 % interval is over invocations, so measure with at least
2 a side, better 5. A workload whose code, parameters or data changed is not compared. Different hosts are compared as
hardware and never gated."""
EPILOG = """exit code: 0 nothing worse than the gate, 1 a regression, 2 unusable input.
examples: tfbench compare results/before results/after --gate 5%   |   tfbench compare results/latest --by mode"""


def compare(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Compare and print; 1 if the gate is broken."""
    if rest:
        raise BadInputError(f"unknown option {rest[0]!r}: see --help")
    gate = options.share(arguments.gate, "gate") if arguments.gate is not None else None
    # A gate below the threshold must not be held up by it.
    threshold = min(verdict.THRESHOLD, gate or verdict.THRESHOLD)
    if arguments.threshold is not None:
        threshold = options.share(arguments.threshold, "threshold")
    if len(arguments.runs) < 2 and arguments.by == "run":
        raise BadInputError("one run has no other to be compared with: name a second, or choose --by mode")
    runs = [store.load(Path(name)) for name in arguments.runs]

    from tfbench.reports import compare as comparing
    from tfbench.reports import compare_tables, tables

    report = comparing.make(
        runs, by=arguments.by, gate=gate, threshold=threshold, same_host=arguments.same_host, base=arguments.base
    )
    if arguments.format == "text":
        compare_tables.show(report, tables.make_console())
    elif arguments.format == "markdown":
        print(compare_tables.markdown(report), end="")
    elif arguments.format == "csv":
        print(compare_tables.to_frame(report).to_csv(index=False), end="")
    else:
        print(json.dumps(compare_tables.to_json(report), indent=1, allow_nan=False))
    return 1 if report.regressions or (report.gate is not None and report.broken) else 0


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "compare",
        usage="tfbench compare BASE [NEW ...] [option ...]",
        help="compare runs, or the sides of one run",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run.json or its folder, the base first")
    parser.add_argument("--gate", metavar="PERCENT", help="fail if a case is slower by more than this, such as 5%%")
    parser.add_argument("--by", choices=BY, default="run", help="what the sides differ in (default run)")
    parser.add_argument("--base", metavar="VALUE", help="the base side, with --by (default: the first value)")
    parser.add_argument(
        "--threshold", metavar="PERCENT", help="differences below this do not matter (default 5%%, or the gate if less)"
    )
    parser.add_argument(
        "--same-host", action="store_true", help="hosts of the same hardware are one, whatever their names"
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="default text")
    parser.set_defaults(run=compare)
