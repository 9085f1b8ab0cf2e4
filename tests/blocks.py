"""The fenced blocks of Markdown files: what they hold, and the commands of those that are shell."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
# What `make calibrate` writes is one of them.
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
TITLE = re.compile(r'title="([^"]+)"')
ASSIGNMENT = re.compile(r"[A-Z_][A-Z0-9_]*=")
# A command that starts others: what follows its own options is one, too.
LAUNCHERS = {"srun": ("-n", "-N", "-c", "--ntasks", "--nodes"), "taskset": ("-c",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Hold one fenced block.

    Attributes:
        page: path of its file below the checkout.
        line: of its first line of content, from 1.
        language: as its fence says; empty for none.
        title: the file that it is to be saved as; empty for none.
        text: its content.
    """

    page: str
    line: int
    language: str
    title: str
    text: str

    @property
    def where(self) -> str:
        """Name it in test ids and tracebacks."""
        return f"{self.page}:{self.line}"


def read(text: str, page: str) -> Iterator[Block]:
    """Give the blocks of a Markdown text.

    Raises:
        ValueError: a fence stands in an indented block, where nothing would check it.
    """
    for token in MarkdownIt().parse(text):
        first = token.map[0] + 1 if token.map else 0
        if token.type == "code_block" and "```" in token.content:
            raise ValueError(f"{page}:{first}: a fence in an indented block")
        if token.type == "fence":
            language, _, rest = token.info.strip().partition(" ")
            title = TITLE.search(rest)
            yield Block(
                page=page, line=first + 1, language=language, title=title[1] if title else "", text=token.content
            )


def all_blocks() -> list[Block]:
    """Give the blocks of all pages."""
    return [block for page in PAGES for block in read(page.read_text(encoding="utf-8"), str(page.relative_to(ROOT)))]


def commands(text: str) -> Iterator[list[str]]:
    r"""Give the words of each command of a shell text, comments, redirections and assignments left out.

    >>> list(commands("A=1 tfbench list # all\nsrun -n 2 tfbench run x > y && make \\\n  test"))
    [['tfbench', 'list'], ['srun'], ['tfbench', 'run', 'x'], ['make', 'test']]
    """
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
        lexer.whitespace_split = True
        found: list[str] = []
        words = iter(lexer)
        for word in words:
            if word.startswith((">", "<")):
                next(words, None)
            elif set(word) <= set(";&|"):
                yield from _launched(found)
                found = []
            elif found or not ASSIGNMENT.match(word):
                found.append(word)
        yield from _launched(found)


def _launched(words: list[str]) -> Iterator[list[str]]:
    """Give a command, and before it those that start it."""
    while words and words[0] in LAUNCHERS:
        with_value, first = LAUNCHERS[words[0]], 1
        while first < len(words) and words[first].startswith("-"):
            first += 1 + (words[first] in with_value)
        yield words[:1]
        words = words[first:]
    if words:
        yield words
