"""Print the lines of `tfbench doctor`: level, topic, what was found, and below it the next step."""

import textwrap
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text
from tfbench.bench import doctor
from tfbench.bench.doctor import Line

STYLES = {doctor.OK: "green", doctor.WARNING: "yellow", doctor.PROBLEM: "bold red"}
LEVEL_WIDTH = max(len(level) for level in STYLES)
MIN_TEXT_WIDTH = 30
UNBREAKABLE = "\N{NO-BREAK SPACE}%"


def rows(line: Line, *, topic_width: int, width: int | None) -> list[str]:
    """Lay a line out in columns, its next step below the text; `width` None does not wrap."""
    head = f"{line.level:<{LEVEL_WIDTH}}  {line.topic:<{topic_width}}  "
    parts = [(head, line.text)]
    if line.next_step:
        parts.append((f"{' ' * len(head)}-> ", line.next_step))
    if width is None:
        return [f"{first}{text}" for first, text in parts]
    return [row for first, text in parts for row in _wrap(first, text, max(width, len(head) + MIN_TEXT_WIDTH))]


def _wrap(first: str, text: str, width: int) -> list[str]:
    """Wrap a text, further rows below its own begin; a number keeps its percent sign."""
    found = textwrap.wrap(
        text.replace(" %", UNBREAKABLE),
        width,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [row.replace(UNBREAKABLE, " %") for row in found]


def summary(lines: Sequence[Line]) -> str:
    """Count problems and warnings."""
    problems, warnings = (sum(line.level == level for line in lines) for level in (doctor.PROBLEM, doctor.WARNING))
    return f"{doctor.count(problems, 'problem')}, {doctor.count(warnings, 'warning')}"


def show(lines: Sequence[Line], console: Console) -> None:
    """Print the lines, in colour and wrapped on a terminal."""
    topic_width = max(len(line.topic) for line in lines)
    for line in lines:
        for i, row in enumerate(
            rows(line, topic_width=topic_width, width=console.width if console.is_terminal else None)
        ):
            text = Text(row)
            if i == 0:
                text.stylize(STYLES[line.level], 0, len(line.level))
            console.print(text, soft_wrap=True)
    console.print(summary(lines), markup=False, highlight=False)
