"""The command `tfbench schema`: what stands in run.json, for other programs."""

import argparse
import json
from typing import Any

from tfbench.bench import schema
from tfbench.bench.errors import BadInputError


def show(_arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print the JSON Schema of run.json."""
    if rest:
        raise BadInputError(f"unknown option {rest[0]!r}: see --help")
    print(json.dumps(schema.document(), indent=1))
    return 0


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "schema",
        help="print the JSON Schema of run.json",
        description="Print the JSON Schema (draft 2020-12) of the run.json that this version writes.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=show)
