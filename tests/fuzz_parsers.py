"""Fuzz the two parsers of files, run.json (its bytes, and edits of a whole one) and idx: `make fuzz`. Needs atheris.

Any error but the one that a parser promises is a finding: libFuzzer keeps the input that caused it and stops.
"""

import gzip
import json
import os
import site
import sys
import tempfile
from pathlib import Path

import atheris

site.addsitedir(os.environ["TFBENCH_SITE"])  # atheris lives in an environment of its own

with atheris.instrument_imports(include=["tfbench.bench.codec", "tfbench.bench.store", "tfbench.workloads.idx"]):
    from tfbench.bench import store
    from tfbench.workloads import idx

from tfbench.bench.errors import BadRunError

import conftest


def one_line(error: Exception) -> None:
    """Raise an error unless its message is one line."""
    if "\n" in str(error):
        raise AssertionError("more than one line") from error


def value(provider: atheris.FuzzedDataProvider) -> object:
    """Give any scalar, or something small and empty."""
    kind = provider.ConsumeIntInRange(0, 6)
    if kind < 3:
        return (provider.ConsumeInt(9), provider.ConsumeFloat(), provider.ConsumeUnicode(12))[kind]
    return (None, True, [], {})[kind - 3]


def edited(content: object, provider: atheris.FuzzedDataProvider) -> object:
    """Give a copy of JSON in which something is another value, is not there, or stands twice."""
    if isinstance(content, dict) and content and provider.ConsumeIntInRange(0, 7):
        name = sorted(content)[provider.ConsumeIntInRange(0, len(content) - 1)]
        if not provider.ConsumeIntInRange(0, 7):
            return {key: item for key, item in content.items() if key != name}
        return {**content, name: edited(content[name], provider)}
    if isinstance(content, list) and content and provider.ConsumeIntInRange(0, 7):
        place = provider.ConsumeIntInRange(0, len(content) - 1)
        if not provider.ConsumeIntInRange(0, 7):
            return content + content[place:]
        return [*content[:place], edited(content[place], provider), *content[place + 1 :]]
    return value(provider)


def try_edits(data: bytes) -> None:
    """Take the bytes as edits of a whole run, and read what they make of it."""
    provider = atheris.FuzzedDataProvider(data)
    content: object = WHOLE
    while provider.remaining_bytes():
        content = edited(content, provider)
    try:
        store.from_json(content, "f.json")
    except BadRunError as error:
        one_line(error)


def try_run(data: bytes) -> None:
    """Read the bytes as run.json."""
    path = Path(tempfile.gettempdir()) / "tfbench-fuzz-run.json"
    path.write_bytes(data)
    try:
        store.load(path)
    except BadRunError as error:
        one_line(error)


def try_idx(data: bytes) -> None:
    """Read the bytes as an idx file, and packed if they begin so."""
    path = Path(tempfile.gettempdir()) / "tfbench-fuzz-idx"
    path.write_bytes(data)
    try:
        idx.read(path)
    except ValueError as error:
        one_line(error)


WHOLE = json.loads(json.dumps(store.to_json(conftest.Records().full_run(), {}, {})))


def seed(folder: Path) -> None:
    """Write first inputs, so that it need not find the formats by itself."""
    (folder / "run").write_text(json.dumps(WHOLE), encoding="utf-8")
    header = b"\0\0\x08\x02" + (2).to_bytes(4, "big") * 2
    (folder / "idx").write_bytes(header + b"abcd")
    (folder / "gzip").write_bytes(gzip.compress(header + b"abcd"))


TARGETS = {"run": try_run, "edits": try_edits, "idx": try_idx}


def main() -> None:
    """Fuzz the named parser; further arguments are libFuzzer's, such as -max_total_time=300."""
    corpus = Path(tempfile.mkdtemp(prefix="tfbench-fuzz-"))
    seed(corpus)
    name, *more = sys.argv[1:]
    atheris.Setup([sys.argv[0], *more, str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
