"""A page, or its charts, as files: what the options `--format` and `--output` of several commands mean."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfbench.bench.errors import BadInputError
from tfbench.reports import units

if TYPE_CHECKING:
    from tfbench.reports.page import Page

HTML, PICTURES = "html", ("svg", "png")
FORMATS = (HTML, *PICTURES)


def wanted(arguments: argparse.Namespace) -> bool:
    """Tell whether a page or its charts are asked for.

    Raises:
        BadInputError: an output is named for a format that is printed.
    """
    written = arguments.format in FORMATS
    if arguments.output and not written:
        raise BadInputError(f"--output is for --format {HTML}, {' and '.join(PICTURES)}: redirect the others with >")
    return written


def place(arguments: argparse.Namespace, *, why: str) -> Path:
    """Give where the page goes, which has no place of its own for a reason.

    Raises:
        BadInputError: the user does not say.
    """
    if not arguments.output:
        raise BadInputError(f"{why}: say where it goes with --output PATH")
    return Path(arguments.output)


def write(page: "Page", path: Path, form: str) -> None:
    """Write the page to a file, or its charts into a folder, and say where.

    Raises:
        BadInputError: it cannot be written.
    """
    from tfbench.bench import files
    from tfbench.reports import page_html, pictures

    try:
        if form == HTML:
            files.write_atomically(path, page_html.render(page))
            print(path)
        else:
            print(f"{units.count(len(pictures.write(page, path, form)), 'chart')} in {path}")
    except OSError as error:
        raise BadInputError(f"{path} cannot be written: {error.strerror or error}; say where with --output") from error


def add_output(parser: Any, *, default: str = "") -> None:
    """Add the option that says where pages and pictures go."""
    told = f" ({default})" if default else ""
    parser.add_argument("-o", "--output", metavar="PATH", help=f"the file of html, or the folder of svg and png{told}")
