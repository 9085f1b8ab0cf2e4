"""The command line: `tfbench run`, `list`, `report`, `compare`, `import`, `history` and the rest."""

import argparse
import difflib
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from tfbench.bench import codec, flags, options, resume
from tfbench.bench.errors import BadInputError
from tfbench.reports import (
    compare_command,
    doctor,
    history_command,
    new_command,
    report_command,
    schema_command,
    tensorboard_command,
)

USAGE_ERROR = 4  # pytest's
NEARLY = 0.85  # share of letters in common: no option of pytest is so near to one of ours
BAD_INPUT = 2

RUN = """Measure workloads in all modes, and print a table for each. Without names: those that tfbench brings.
Options not listed here go to pytest, such as -k, --benchmark-json or --benchmark-columns."""
RUN_EXAMPLES = """examples:
  tfbench run sum_loop --param n=10000 --mode eager,xla
  tfbench run my_workload.py                                  a file of tfbench new
  tfbench run my_model.py:train_step --args my_model.py:make_batch
  tfbench run --keras my_model.py:build_model --batch-size 8,32"""

Command = Callable[[argparse.Namespace, list[str]], int]


def _add_options(parser: argparse.ArgumentParser) -> None:
    names = dict.fromkeys(option.section for option in flags.OPTIONS if option.section)
    sections: dict[str, Any] = {"": parser, **{name: parser.add_argument_group(name) for name in names}}
    for option in flags.OPTIONS:
        details: dict[str, Any] = {"dest": option.destination, "help": option.help}
        if not option.metavar:
            details["action"] = "store_true"
        else:
            details |= {"action": "append" if option.many else "store", "metavar": option.metavar}
        sections[option.section].add_argument(f"--{option.name}", **details)


def _split(rest: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split what the parser left over: names of workloads, then, from the first dash on, pytest's own."""
    first = next((i for i, word in enumerate(rest) if word.startswith("-")), len(rest))
    return list(rest[:first]), list(rest[first:])


def _raw(arguments: argparse.Namespace, workloads: Sequence[str]) -> dict[str, Any]:
    values = {option.name: getattr(arguments, option.destination) for option in flags.OPTIONS}
    if workloads:
        values["workload"] = [*(values["workload"] or []), *workloads]
    return values


def pytest_arguments(arguments: argparse.Namespace, rest: Sequence[str]) -> list[str]:
    """Translate the options of `tfbench run` into those of pytest."""
    # Not from the plugin's module: pytest wants to be the first to import that.
    suite_file = Path(str(files("tfbench.bench.suite"))) / "bench_workloads.py"
    found = ["-p", "tfbench.bench.plugin", "-p", "tfbench.reports.terminal", "--noconftest", "-q", "--no-header"]
    found += ["-c", str(suite_file.with_name("pytest.ini")), "--rootdir", str(suite_file.parents[2])]
    workloads, rest = _split(rest)
    values = _raw(arguments, workloads)
    for option in flags.OPTIONS:
        flag = f"--{option.name}" if option.shared else f"--tf-{option.name}"
        value = values[option.name]
        if value is True:
            found.append(flag)
        elif value:
            found += [f"{flag}={text}" for text in (value if isinstance(value, list) else [value])]
    # The file first: an option such as --benchmark-compare would take it for its value.
    return [*found, str(suite_file), *rest]


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Measure, as a thin call of pytest; what is not known here goes on to pytest."""
    import pytest

    _refuse_misspelt(rest)
    # Of the tests that call us; pytest-benchmark would take this run for one of pytest-xdist's and measure nothing.
    os.environ.pop("PYTEST_XDIST_WORKER", None)
    code = int(pytest.main(pytest_arguments(arguments, rest)))
    return BAD_INPUT if code == USAGE_ERROR else code


def _refuse_misspelt(rest: Sequence[str]) -> None:
    """Refuse what is nearly an option of ours: pytest, which gets what is not ours, would only say what it is not.

    Raises:
        BadInputError: with the option that was meant.
    """
    for word in rest:
        name = word.partition("=")[0]
        near = difflib.get_close_matches(name, [f"--{option.name}" for option in flags.OPTIONS], n=1, cutoff=NEARLY)
        if name.startswith("--") and near:
            raise BadInputError(f"unknown option {name}: did you mean {near[0]}?")


def list_cases(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print the cases that the options choose, without TensorFlow."""
    from tfbench.bench import cluster, selection
    from tfbench.reports import units
    from tfbench.workloads.catalog import catalog

    workloads, rest = _split(rest)
    _refuse(rest)
    choice = options.parse(resume.fill(_raw(arguments, workloads)))
    try:
        known = catalog(choice.files, choice.own)
    except ValueError as error:
        raise BadInputError(str(error)) from error
    found = cluster.find(os.environ)
    cases = selection.select(known, choice, len(found.addresses) if found else 0)
    if choice.resume:
        cases = resume.Resumption(choice).planned(cases)
    reasons = [
        known[case.workload].skip_reason(
            case.implementation, dict(case.params), case.mode, replicas=case.placement.replicas
        )
        for case in cases
    ]
    if arguments.json:
        rows = [{"id": c.id, **codec.encode(c), "skip": reason} for c, reason in zip(cases, reasons, strict=True)]
        print(json.dumps(rows, indent=1))
        return 0
    for case, reason in zip(cases, reasons, strict=True):
        print(f"{case.id}  (skipped: {reason})" if reason else case.id)
    several = units.count(len({case.workload for case in cases}), "workload")
    print(f"{units.count(len(cases), 'case')} of {several}", file=sys.stderr)
    return 0


def _refuse(rest: Sequence[str]) -> None:
    if rest:
        raise BadInputError(f"unknown option {rest[0]!r}: see --help")


class Parser(argparse.ArgumentParser):
    """A parser whose every rejection is one line."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            BadInputError: always.
        """
        raise BadInputError(f"{message}: see {self.prog.split(' [')[0]} --help")


def make_parser() -> argparse.ArgumentParser:
    """Build the parser; what each command does stands in its `--help`."""
    parser = Parser(
        prog="tfbench", description="Benchmark TensorFlow code in eager, tf.function and XLA mode.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    runner = commands.add_parser(
        "run",
        usage="tfbench run [WORKLOAD | FILE.py | FILE.py:FUNCTION ...] [option ...] [pytest option ...]",
        help="measure workloads and print the tables",
        description=RUN,
        epilog=RUN_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_options(runner)
    runner.set_defaults(run=run)
    lister = commands.add_parser(
        "list",
        usage="tfbench list [WORKLOAD | FILE.py | FILE.py:FUNCTION ...] [option ...]",
        help="print the cases that would run",
        description="Print the cases that these options choose, and why some would be skipped.",
        allow_abbrev=False,
    )
    _add_options(lister)
    lister.add_argument("--json", action="store_true", help="print records instead of names")
    lister.set_defaults(run=list_cases)
    report_command.add(commands)
    compare_command.add(commands)
    history_command.add(commands)
    doctor.add(commands)
    tensorboard_command.add(commands)
    new_command.add(commands)
    schema_command.add(commands)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run a command; give the exit code: 0 fine, 1 a case failed or all were skipped, 2 bad input or interrupted."""
    try:
        parsed, rest = make_parser().parse_known_args(arguments)
        command: Command = parsed.run
        return command(parsed, rest)
    except BadInputError as error:
        print(f"tfbench: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:  # before there is a run: what is measured is kept by the run itself
        print("tfbench: interrupted", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def entry() -> None:
    """Run the command line as the program `tfbench`."""
    sys.exit(main(sys.argv[1:]))
