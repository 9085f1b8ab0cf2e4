"""The command `tfbench new`: a starting file that runs as it is."""

import argparse
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from tfbench.bench.errors import BadInputError

FUNCTION, WORKLOAD = "function", "workload"
RUN = {
    FUNCTION: "tfbench run {file}:train_step --args {file}:make_batch --quick",
    WORKLOAD: "tfbench run {file} --quick",
}
DESCRIPTION = """Write a commented starting file that runs as it is. A workload describes a piece of work: ways to
write it, its sizes, and the right answer. A function is any step of yours with what makes its arguments: nothing in its
file is special to tfbench. Nothing is ever overwritten."""


def new(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Write the file and say how to run it."""
    if rest:
        raise BadInputError(f"unknown option {rest[0]!r}: see --help")
    path = Path(arguments.file).expanduser()
    name = checked_name(path)
    template = Template((files("tfbench.reports") / "starts" / f"{arguments.kind}.txt").read_text(encoding="utf-8"))
    text = template.substitute(file=path.name, name=name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise BadInputError(f"{path} exists already: name another file, nothing was written") from error
    except OSError as error:
        raise BadInputError(f"{path} cannot be written: {error.strerror or error}") from error
    print(f"{path} is written; measure it with\n  {RUN[arguments.kind].format(file=path)}")
    return 0


def checked_name(path: Path) -> str:
    """Give the name of the workload in a file.

    Raises:
        BadInputError: the file's name could not be imported, or is that of another workload.
    """
    from tfbench.workloads.catalog import catalog

    if path.suffix != ".py" or not path.stem.isidentifier():
        raise BadInputError(f"{path}: name a Python file that can be imported, such as my_workload.py")
    if path.stem in catalog():
        raise BadInputError(f"{path}: there is a workload {path.stem!r} already: choose another name")
    return path.stem


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "new",
        usage="tfbench new FILE.py [--function | --workload]",
        help="write a starting file of your own",
        description=DESCRIPTION,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE.py", help="the file to write")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--function", dest="kind", action="store_const", const=FUNCTION, help="a plain function")
    kinds.add_argument("--workload", dest="kind", action="store_const", const=WORKLOAD, help="a workload (default)")
    parser.set_defaults(run=new, kind=WORKLOAD)
