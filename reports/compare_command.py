"""The command `tfbench compare`: one run with itself, or with others."""

import argparse
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfbench.bench import options, store
from tfbench.bench.errors import BadInputError
from tfbench.bench.record import Run
from tfbench.reports import page_file, verdict

if TYPE_CHECKING:
    from tfbench.reports.compare import Report

FORMATS = ("text", "markdown", "csv", "json", *page_file.FORMATS)
NO_FOLDER = "a comparison has no folder of its own"
MACHINE = "machine"
BY = ("run", "host", "tensorflow", "commit", "mode", "implementation", "device", "replicas", "threads", "interpreter")
DESCRIPTION = """Compare runs from other days, commits, TensorFlow versions or machines, or the sides of one run.
A speed-up above 1 means that the new side is faster; its 95 % interval is over invocations, so measure with at least
2 a side, better 5. A workload whose code, parameters or data changed is not compared. Runs of several machines, or of
several devices, are shown side by side, a column a machine: --by machine says so, --by run compares the runs instead.
With a gate, different hosts are told as hardware and never gated."""
EPILOG = """exit code: 0 nothing worse than the gate, 1 a regression, 2 unusable input or nothing to gate.
examples:
  tfbench compare results/before results/after --gate 5%
  tfbench compare results/latest --by mode
  tfbench compare cpu.json gpu.json --against cpu-host --price cpu-host=0.1 --price gpu-host=0.5"""


def compare(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Compare and print; 1 if the gate is broken, 2 if there is nothing that it could be applied to."""
    if rest:
        raise BadInputError(f"unknown option {rest[0]!r}: see --help")
    gate = options.share(arguments.gate, "gate") if arguments.gate is not None else None
    # A gate below the threshold must not be held up by it.
    threshold = min(verdict.THRESHOLD, gate or verdict.THRESHOLD)
    if arguments.threshold is not None:
        threshold = options.share(arguments.threshold, "threshold")
        if gate is not None and threshold > gate:
            told = f"--threshold {arguments.threshold} is above --gate {arguments.gate}"
            raise BadInputError(f"{told}: what does not matter cannot be a regression; take one of at most the gate")
    prices = _prices(arguments.price or [])
    path = page_file.place(arguments, why=NO_FOLDER) if page_file.wanted(arguments) else None
    runs = [store.load(Path(name)) for name in arguments.runs]
    if len(arguments.runs) < 2 and arguments.by in {None, "run"} and not (prices or arguments.against):
        raise BadInputError("one run has no other to be compared with: name a second, or choose --by mode")
    if _of_machines(arguments, runs, prices):
        return _compare_machines(arguments, runs, prices, path)

    from tfbench.reports import compare as comparing

    report = comparing.make(
        runs,
        by=arguments.by or "run",
        gate=gate,
        threshold=threshold,
        same_host=arguments.same_host,
        base=arguments.base,
    )
    _show(report, arguments, path)
    if report.gate is not None and not report.applied:
        return 2
    return 1 if report.regressions or (report.gate is not None and report.broken) else 0


def _show(report: "Report", arguments: argparse.Namespace, path: Path | None) -> None:
    from tfbench.reports import compare_tables, tables

    if path is not None:
        from tfbench.reports import compare_page

        page_file.write(compare_page.make(report, command=_command(arguments)), path, arguments.format)
    elif arguments.format == "text":
        compare_tables.show(report, tables.make_console())
    elif arguments.format == "markdown":
        print(compare_tables.markdown(report), end="")
    elif arguments.format == "csv":
        print(compare_tables.to_frame(report).to_csv(index=False), end="")
    else:
        print(json.dumps(compare_tables.to_json(report), indent=1, allow_nan=False))


def _command(arguments: argparse.Namespace) -> str:
    """Give the command that makes a page of sides."""
    told = {name: getattr(arguments, name) for name in ("by", "base", "gate", "threshold")}
    options = [word for name, value in told.items() if value is not None for word in (f"--{name}", value)]
    options += ["--same-host"] * arguments.same_host
    return shlex.join(["tfbench", "compare", *arguments.runs, *options, "--format", "html"])


def _prices(texts: Sequence[str]) -> dict[str, float]:
    """Read `HOST=USD_PER_HOUR`; a host's name may hold an equals sign, a number does not."""
    found: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if not (equals and name) or not 0.0 <= value < float("inf"):
            raise BadInputError(f"--price {text}: write it as host=dollars an hour, such as vm=0.096")
        found[name] = value
    return found


def _of_machines(arguments: argparse.Namespace, runs: Sequence[Run], prices: dict[str, float]) -> bool:
    """Tell whether machines are to be compared: where it was said, or runs of several are given and nothing was."""
    asked = arguments.by == MACHINE or bool(prices) or arguments.against is not None
    others = {"--gate": arguments.gate, "--base": arguments.base, "--threshold": arguments.threshold}
    given = next((name for name, value in others.items() if value is not None), "--same-host" * arguments.same_host)
    if asked and (given or arguments.by not in {None, MACHINE}):
        raise BadInputError(f"machines are compared without {given or '--by ' + arguments.by}: leave one of them out")

    from tfbench.reports import hardware

    return asked or (arguments.by is None and not given and hardware.differ(runs))


def _compare_machines(
    arguments: argparse.Namespace, runs: Sequence[Run], prices: dict[str, float], path: Path | None
) -> int:
    from tfbench.reports import hardware, hardware_frame, hardware_tables, tables

    found = hardware.make(runs, against=arguments.against, prices=prices)
    if path is not None:
        from tfbench.reports import hardware_page

        page_file.write(hardware_page.make(found), path, arguments.format)
    elif arguments.format == "text":
        hardware_tables.show(found, tables.make_console())
    elif arguments.format == "markdown":
        print(hardware_tables.markdown(found), end="")
    elif arguments.format == "csv":
        print(hardware_frame.to_frame(found).to_csv(index=False), end="")
    else:
        print(json.dumps(hardware_frame.to_json(found), indent=1, allow_nan=False))
    return 0


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "compare",
        usage="tfbench compare BASE [NEW ...] [option ...]",
        help="compare runs, or the sides of one run",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run.json or its folder, the base first")
    parser.add_argument("--gate", metavar="PERCENT", help="fail if a case is slower by more than this, such as 5%%")
    parser.add_argument("--by", choices=(*BY, MACHINE), help="what the sides differ in (default run, or machine)")
    parser.add_argument("--base", metavar="VALUE", help="the base side, with --by (default: the first value)")
    parser.add_argument(
        "--threshold", metavar="PERCENT", help="differences below this do not matter (default 5%%, or the gate if less)"
    )
    parser.add_argument(
        "--same-host", action="store_true", help="hosts of the same hardware are one, whatever their names"
    )
    parser.add_argument("--against", metavar="HOST", help="the machine that all are compared with (default the first)")
    parser.add_argument("--price", metavar="HOST=USD", action="append", help="dollars an hour of a machine or host")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default text; html is one page with charts")
    page_file.add_output(parser)
    parser.set_defaults(run=compare)
