"""What a page is made of: sections of text, figures and tables. Nothing here knows what they show."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, ClassVar

Rows = Sequence[Mapping[str, Any]]
Tags = Mapping[str, Sequence[str]]
# What something is about, by the name of a filter: it is hidden where none of its values is chosen.


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Hold a cell of a table.

    Attributes:
        text: as it is shown.
        value: what the column is sorted by; None for what has no value, which comes last.
        share: from 0 to 1, drawn as a bar behind the text; None for no bar.
        link: a relative address that the text leads to, or empty.
    """

    text: str
    value: float | str | None = None
    share: float | None = None
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """Hold the head of a column: its text, and whether it is aligned to the right."""

    text: str
    right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Hold a row of a table, and what it is about."""

    cells: tuple[Cell, ...]
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTable:
    """Hold a table.

    Attributes:
        caption: what it shows.
        headings: of its columns; a cell of each line belongs to each.
        lines: its rows.
        folded: shows only its caption until it is asked for.
        tags: what all of it is about.
    """

    kind: ClassVar[str] = "table"
    caption: str
    headings: tuple[Heading, ...]
    lines: tuple[Line, ...]
    folded: bool = False
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Hold a chart.

    Attributes:
        name: unique in the page, and the name of its file as a picture: only letters, digits and hyphens.
        title: above it.
        caption: how to read it.
        spec: in Vega-Lite's words; its data are the names of `data`, its colours those of `palette`.
        data: the rows by name. Figures that share a name share the rows.
        filters: names of the filters that choose among its marks, each through the parameter `keep_<name>`.
        table: the same figures in words and numbers.
        wide: takes the whole width of the page.
        tags: what all of it is about.
    """

    kind: ClassVar[str] = "figure"
    name: str
    title: str
    caption: str
    spec: Mapping[str, Any]
    data: Mapping[str, Rows]
    filters: tuple[str, ...] = ()
    table: DataTable | None = None
    wide: bool = False
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Hold lines to be read beside tables and figures.

    Attributes:
        texts: one line each.
        title: above them, or empty.
        code: whether they are commands, shown as typed.
        tags: what all of them are about.
    """

    kind: ClassVar[str] = "notes"
    texts: tuple[str, ...]
    title: str = ""
    code: bool = False
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Hold one verdict: what is judged, what to do, and why.

    Attributes:
        group: what it belongs to, in parts, the most important first; verdicts of one group stand together.
        name: of what is judged in it.
        words: the sentence in pieces, each with the name of its colour, or empty for plain text.
        reasons: further sentences.
        tags: what it is about.
    """

    group: tuple[str, ...]
    name: str
    words: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...] = ()
    tags: Tags = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Give the sentence without colours."""
        return "".join(word for word, _ in self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """Hold verdicts, the page's first answer."""

    kind: ClassVar[str] = "verdicts"
    verdicts: tuple[Verdict, ...]
    tags: Tags = field(default_factory=dict)

    @property
    def groups(self) -> list[list[Verdict]]:
        """Give the verdicts of each group."""
        return [list(group) for _, group in groupby(self.verdicts, key=lambda verdict: verdict.group)]


Item = DataTable | Figure | Notes | Verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Hold a part of a page.

    Attributes:
        heading: of it.
        text: paragraphs below the heading.
        items: what it shows, in order.
        sections: parts of it.
        tags: what all of it is about.
    """

    heading: str
    text: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    sections: tuple["Section", ...] = ()
    tags: Tags = field(default_factory=dict)

    def walk(self) -> Iterator["Section"]:
        """Give the section and all those in it."""
        yield self
        for section in self.sections:
            yield from section.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Hold a whole page.

    Attributes:
        title: what it is about.
        subtitle: one line a thing: where, on what, when.
        command: the command that makes it.
        filters: names of the tags that can be chosen by.
        sections: its parts.
        footer: the last lines.
    """

    title: str
    subtitle: tuple[str, ...]
    command: str
    filters: tuple[str, ...]
    sections: tuple[Section, ...]
    footer: tuple[str, ...] = ()

    @property
    def figures(self) -> list[Figure]:
        """Give all figures in their order."""
        walked = (section for top in self.sections for section in top.walk())
        return [item for section in walked for item in section.items if isinstance(item, Figure)]

    @property
    def data(self) -> dict[str, Rows]:
        """Give the rows of all figures by name, those that they share once."""
        return {name: rows for figure in self.figures for name, rows in figure.data.items()}

    @property
    def choices(self) -> dict[str, list[str]]:
        """Give the values of each filter that has two or more."""
        found: dict[str, dict[str, None]] = {name: {} for name in self.filters}
        for tags in self._tags():
            for name in self.filters:
                found[name].update(dict.fromkeys(tags.get(name, ())))
        return {name: list(values) for name, values in found.items() if len(values) > 1}

    def _tags(self) -> Iterator[Tags]:
        for section in (section for top in self.sections for section in top.walk()):
            yield section.tags
            for item in section.items:
                yield item.tags
                table = item.table if isinstance(item, Figure) else item
                if isinstance(table, DataTable):
                    yield table.tags
                    yield from (line.tags for line in table.lines)
                elif isinstance(item, Verdicts):
                    yield from (verdict.tags for verdict in item.verdicts)
