"""One option of a run, for pytest and for `tfbench run` alike, and how its text is read."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfbench.bench.errors import BadInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Describe one option.

    Attributes:
        name: without dashes and prefix.
        help: one line for `--help`.
        metavar: what stands for its value; empty for a switch.
        many: may be given more than once, and as a comma list.
        words: its values may hold commas: several are recorded as words of a shell's line.
        shared: has no `tf-` prefix under pytest either.
        section: under which heading of `--help` it stands; empty for the common one.
    """

    name: str
    help: str
    metavar: str = ""
    many: bool = False
    words: bool = False
    shared: bool = False
    section: str = ""

    @property
    def destination(self) -> str:
        """Give the attribute that a parser stores it in."""
        return f"tf_{self.name.replace('-', '_')}"

    def record(self, value: Any) -> str:
        """Write a value that was given as the text that a run keeps."""
        if not isinstance(value, list):
            return str(value)
        return shlex.join(value) if self.words else ",".join(value)

    def given(self, text: str) -> Any:
        """Give back the value that `record` wrote.

        Raises:
            ValueError: its quotes are not closed.
        """
        if not self.metavar:
            return text == "True"
        if not self.many:
            return text
        return shlex.split(text) if self.words else [text]


def words(raw: Mapping[str, Any], name: str) -> list[str]:
    """Read all that was given for an option, comma lists taken apart."""
    given: list[str] = raw.get(name) or []
    return [part.strip() for text in given for part in text.split(",") if part.strip()]


def path(text: str, name: str) -> Path:
    """Read a path; `~` is the user's home.

    Raises:
        BadInputError: that home is not known.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise BadInputError(f"--{name} {text}: {error}") from error


def whole(text: str, name: str, least: int = 1) -> int:
    """Read a whole number.

    Raises:
        BadInputError: it is none, or below the least.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) < least:
        raise BadInputError(f"--{name} {text}: give a whole number of at least {least}")
    return int(text)
