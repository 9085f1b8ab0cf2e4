"""The command `tfbench doctor`: whether this machine can give trustworthy benchmarks."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from tfbench.bench.errors import BadInputError

SECONDS = 5.0


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise BadInputError(f"--seconds {text}: give a number above 0")
    return value


def _gather(seconds: float) -> Any:
    """Gather the facts; a terminal hears what takes so long."""
    from rich.console import Console
    from tfbench.bench import facts

    console = Console(stderr=True)
    if not console.is_terminal:
        return facts.gather(seconds=seconds)
    # A spinner that turns faster would be part of the noise.
    with console.status("", refresh_per_second=1) as status:
        return facts.gather(seconds=seconds, tell=status.update)


def run(arguments: argparse.Namespace, rest: Sequence[str]) -> int:
    """Print one line a topic; give the exit code: 1 if there is a problem."""
    from rich.console import Console
    from tfbench.bench import codec, doctor
    from tfbench.reports import doctor_lines

    if rest:
        raise BadInputError(f"unknown option {rest[0]!r}: see --help")
    lines = doctor.examine(_gather(_seconds(arguments.seconds)))
    if arguments.format == "json":
        sys.stdout.write(f"{json.dumps(codec.encode(lines), indent=1)}\n")
    else:
        doctor_lines.show(lines, Console())
    return int(any(line.level == doctor.PROBLEM for line in lines))


def add(commands: Any) -> None:
    """Add the command to the subparsers of `tfbench`."""
    parser = commands.add_parser(
        "doctor",
        help="tell whether this machine can give trustworthy numbers",
        description=(
            "Look at TensorFlow's devices, and at the cores, clocks, noise and packages of this machine. "
            "Each line is ok, a warning or a problem with its next step; the exit code is 1 if there is a problem."
        ),
        allow_abbrev=False,
    )
    parser.add_argument("--seconds", metavar="S", default=f"{SECONDS:g}", help="time for the noise (default 5)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default text")
    parser.set_defaults(run=run)
