"""Run Python blocks of documentation in a process of its own: a JSON list of pages on stdin, what went wrong on stdout.

A page is `{"folder": ..., "blocks": [{"where": ..., "line": ..., "text": ...}, ...]}`. Its blocks run in its folder one
after the other and see each other's names.
"""

import contextlib
import doctest
import io
import json
import linecache
import os
import sys
import traceback
from pathlib import Path
from typing import Any


def run_page(page: dict[str, Any]) -> list[str]:
    """Run the blocks of a page; give an entry for each that raises or prints something else than its examples say."""
    os.chdir(page["folder"])
    names: dict[str, Any] = {"__name__": "__main__"}
    found = []
    for block in page["blocks"]:
        try:
            wrong = run_examples(block, names) if ">>>" in block["text"] else run_text(block, names)
        except Exception:  # noqa: BLE001 - whatever a block raises is told
            wrong = traceback.format_exc()
        if wrong:
            found.append(f"{block['where']}\n{wrong}")
    forget(Path(page["folder"]))
    return found


def run_text(block: dict[str, Any], names: dict[str, Any]) -> str:
    """Run a block that is plain code; from a file, since AutoGraph wants to read it."""
    path = Path(f"block_{block['line']}.py").absolute()
    path.write_text(block["text"], encoding="utf-8")
    exec(compile(block["text"], str(path), "exec"), names)
    return ""


def run_examples(block: dict[str, Any], names: dict[str, Any]) -> str:
    """Run a block of `>>>` examples, and give how their output differs."""
    test = doctest.DocTestParser().get_doctest(block["text"], names, block["where"], block["where"], block["line"])
    said: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(optionflags=flags, verbose=False).run(test, out=said.append, clear_globs=False)
    names.update(test.globs)
    return "".join(said)


def forget(folder: Path) -> None:
    """Forget the modules of a page: the next one may have others of the same names."""
    linecache.clearcache()
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


if __name__ == "__main__":
    sys.path.insert(0, "")
    pages = json.load(sys.stdin)
    with contextlib.redirect_stdout(io.StringIO()):
        result = [entry for page in pages for entry in run_page(page)]
    json.dump(result, sys.stdout)
