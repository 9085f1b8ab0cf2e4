"""Make texts of somebody else's file safe to print: what steers a terminal is written out instead."""

import re
from typing import Any

# Control characters of both kinds, marks that turn the direction of writing or end a line, and halves of UTF-16 pairs.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Write what steers a terminal as Python does: escape becomes `\x1b`, a new line `\n`."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def in_values(value: Any) -> Any:
    """Make all texts in JSON values printable, names of fields included.

    Raises:
        RecursionError: the values are nested too deep.
    """
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [item if isinstance(item, float | int) else in_values(item) for item in value]
    if isinstance(value, dict):
        return {printable(name): in_values(item) for name, item in value.items()}
    return value
