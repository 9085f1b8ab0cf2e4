"""Write the reference pages that the code itself knows: the command line and run.json. MkDocs calls this."""

import argparse
import html
import json
import re
from collections.abc import Iterator
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from tfbench.bench import plugin, schema
from tfbench.reports import cli

CLI_PAGE, SCHEMA_PAGE, SCHEMA_FILE = "reference/cli.md", "reference/run-json.md", "reference/run.schema.json"
MARK = "<!-- generated -->"
SHORT = 30
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")
FIRST = {"positional arguments": "argument", "options": "option"}


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the file with the schema."""
    files.append(File.generated(config, SCHEMA_FILE, content=json.dumps(schema.document(), indent=1)))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs names them
    """Put what is generated in the place of its mark."""
    makers = {CLI_PAGE: command_line, SCHEMA_PAGE: records}
    make = makers.get(page.file.src_uri)
    return markdown if make is None else markdown.replace(MARK, "\n".join(make()))


def cell(text: str) -> str:
    """Write a text into a cell of a table; what looks like an option stands as code."""
    plain = text.replace("%%", "%").replace("|", "\\|").replace("\n", " ")
    parts = re.split(r"(`[^`]*`)", plain)  # those in backquotes are code as they are
    return "".join(part if part[:1] == "`" else OPTION.sub(r"`\1`", part.replace("<", "&lt;")) for part in parts)


def code(words: str) -> str:
    """Write an option into a cell, where a short one stays in one line."""
    whole = ' style="white-space: nowrap"' if len(words) <= SHORT else ""
    return f"<code{whole}>{html.escape(words).replace('|', '&#124;')}</code>"


def table(rows: list[tuple[str, str]], first: str) -> Iterator[str]:
    """Write a table of two columns."""
    yield from (f"| {first} | what it does |", "| --- | --- |")
    yield from (f"| {left} | {cell(right)} |" for left, right in rows)
    yield ""


def command_line() -> Iterator[str]:
    """Write a section for each command, from its parser, and one for pytest's options, from the plugin."""
    parsers = commands(cli.make_parser())
    common = {option for action in parsers["run"]._actions for option in action.option_strings}  # noqa: SLF001
    for name, parser in parsers.items():
        yield from (f"## tfbench {name}", "", cell(parser.description or ""), "")
        yield from ("```text", usage(parser), "```", "")
        also = name != "run" and common <= set(parser._option_string_actions)  # noqa: SLF001
        if also:
            yield from ("It takes the options of [tfbench run](#tfbench-run), and:", "")
        yield from arguments(parser, known=common if also else set())
        if parser.epilog:
            yield from ("```text", parser.epilog.replace("%%", "%").strip(), "```", "")
    told = Told()
    plugin.pytest_addoption(told)  # type: ignore[arg-type]
    yield from ("## pytest -p tfbench.bench.plugin", "", "What it adds to pytest:", "")
    yield from table(told.rows, "option")


def arguments(parser: argparse.ArgumentParser, *, known: set[str]) -> Iterator[str]:
    """Write a table for each group of a command's arguments, known options left out."""
    for group in parser._action_groups:  # noqa: SLF001 - argparse tells its groups nowhere else
        actions = [action for action in group._group_actions if shown(action)]  # noqa: SLF001
        rows = [(left(one), one.help or "") for one in actions if not known.intersection(one.option_strings)]
        if rows and group.title not in FIRST:
            yield from (f"**{cell(group.title or '')}**", "")
        if rows:
            yield from table(rows, FIRST.get(group.title or "", "option"))


def usage(parser: argparse.ArgumentParser) -> str:
    """Give the usage in one line; options stand below it."""
    given = [one.metavar or one.dest for one in parser._actions if not one.option_strings]  # noqa: SLF001
    names = [f"[{name} ...]" for name in map(str, given)]
    return parser.usage or " ".join([parser.prog, *names, "[option ...]"])


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Give the parser of each command."""
    found = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001
    return dict(found.choices)


def shown(action: argparse.Action) -> bool:
    """Tell whether an option is worth a line."""
    return not isinstance(action, argparse._HelpAction) and action.help != argparse.SUPPRESS  # noqa: SLF001


def left(action: argparse.Action) -> str:
    """Write an option with what stands for its value."""
    choices = ",".join(map(str, action.choices)) if action.choices else ""
    value = f"{{{choices}}}" if choices else action.metavar or ""
    value = value if isinstance(value, str) else " ".join(value)
    if not action.option_strings and action.nargs in {"*", "?"}:
        value = f"[{value}]"
    words = " ".join([*([", ".join(action.option_strings)] if action.option_strings else []), value]).strip()
    return code(words)


class Told:
    """Stand in for pytest's parser, and write down the options that a plugin adds."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []

    def getgroup(self, *_names: str) -> "Told":
        """Give the group: this, too."""
        return self

    def addoption(self, flag: str, **details: Any) -> None:
        """Take an option in."""
        self.rows.append((code(f"{flag} {details.get('metavar') or ''}".strip()), details.get("help", "")))


def records() -> Iterator[str]:
    """Write a section for each record of the schema."""
    document = schema.document()
    run = document["properties"][schema.store.KEY]
    for name, record in {"tfbench": run, **document["$defs"]}.items():
        yield from (f"## {name}", "", record["description"], "", "| field | type | meaning |", "| --- | --- | --- |")
        for field, told in record["properties"].items():
            need = "" if field in record["required"] else " (may be missing)"
            yield f"| {code(field)} | {kind(told)}{need} | {cell(told.get('description', ''))} |"
        yield ""


def kind(told: dict[str, Any]) -> str:
    """Write a type of the schema for people, records as links."""
    if "$ref" in told:
        name = told["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in told:
        return " or ".join(kind(one) for one in told["anyOf"])
    if "prefixItems" in told:
        return f"list of {', '.join(kind(one) for one in told['prefixItems'])}"
    if "items" in told:
        return f"list of {kind(told['items'])}"
    if "additionalProperties" in told:
        return f"object of {kind(told['additionalProperties'])}"
    return str(told.get("type", told.get("const", "any")))
