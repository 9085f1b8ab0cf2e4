"""The colours of pages and pictures: each has a name, and a value for light and for dark ground.

A mode has one colour everywhere. Text has a contrast of at least 4.5 (WCAG 2.1, AA), marks of 3; modes, the phases
of a first call, and sides that are compared can be told apart with any kind of colour blindness (tests/test_palette.py
works both out).
"""

import re
from collections.abc import Mapping, Sequence

LIGHT = {
    "ground": "#ffffff",
    "panel": "#f5f5f3",
    "ink": "#1b1b1f",
    "soft": "#595961",
    "line": "#dfdfe3",
    "eager": "#cc3e06",
    "graph": "#1b4b9b",
    "xla": "#0d8568",
    "other": "#6d6d76",
    "build": "#8e8e99",
    "trace": "#b0578d",
    "compile": "#6b4fbb",
    "first-run": "#2b2b5e",
    "operations": "#0b5e8d",
    "python": "#b06e0e",
    "runtime": "#a18ab2",
    "all-reduce": "#820b14",
    "input": "#4d7a1f",
    "idle": "#d2d2d8",
    "side-a": "#2b59c8",
    "side-b": "#d0750a",
    "side-c": "#612422",
    "side-d": "#1e9dc8",
    "side-e": "#193578",
    "side-f": "#984a1a",
}
DARK = {
    "ground": "#17181a",
    "panel": "#212326",
    "ink": "#ececef",
    "soft": "#a9a9b2",
    "line": "#3a3c41",
    "eager": "#fb7a2a",
    "graph": "#6da4ec",
    "xla": "#8ce9d2",
    "other": "#a0a0aa",
    "build": "#7d7d88",
    "trace": "#d98ab8",
    "compile": "#a48cf0",
    "first-run": "#dcdcff",
    "operations": "#66d4eb",
    "python": "#fab41a",
    "runtime": "#9d5fd4",
    "all-reduce": "#dd274a",
    "input": "#9ccc65",
    "idle": "#4b4d53",
    "side-a": "#99a7f9",
    "side-b": "#ef9178",
    "side-c": "#926830",
    "side-d": "#6ef7f2",
    "side-e": "#1479b0",
    "side-f": "#eae637",
}
MODES = ("eager", "graph", "xla")
SIDES = ("side-a", "side-b", "side-c", "side-d", "side-e", "side-f")  # what is compared: machines, runs
SIDE_SHAPES = ("circle", "diamond", "square", "triangle-up", "cross", "triangle-down")
SHAPES = {"eager": "circle", "graph": "square", "xla": "triangle-up"}
_VARIABLE = re.compile(r"var\(--([a-z-]+)\)")


def variable(name: str) -> str:
    """Name a colour as a page does, which knows its ground only when it is shown."""
    return f"var(--{name})"


def of_mode(mode: str) -> str:
    """Give the colour of a mode; grey for one that nobody knows."""
    return variable(mode if mode in MODES else "other")


def shape_of(mode: str) -> str:
    """Give the mark of a mode: colour alone is not enough."""
    return SHAPES.get(mode, "diamond")


def of_side(number: int) -> tuple[str, str]:
    """Give the colour and the mark of one of several sides, counted from 0; no two of the first 36 share both."""
    return variable(SIDES[number % len(SIDES)]), SIDE_SHAPES[(number + number // len(SIDES)) % len(SIDE_SHAPES)]


def fixed(text: str, colours: Mapping[str, str] = LIGHT) -> str:
    """Put colours in the place of their names, for what knows no style sheet."""
    return _VARIABLE.sub(lambda found: colours.get(found[1], found[0]), text)


def declarations(colours: Mapping[str, str], names: Sequence[str] = tuple(LIGHT)) -> str:
    """Write the colours for a style sheet."""
    return "; ".join(f"--{name}: {colours[name]}" for name in names)
