"""Digest the code of a workload, so that runs of different code are not taken for the same work."""

import ast
import functools
import hashlib
import importlib.util
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tfbench.workloads.spec import Workload

# What every workload stands on, and none is defined by.
INTERFACE = {f"tfbench.workloads.{name}" for name in ("spec", "catalog", "content")}
CALLS = "tfbench.workloads.sequences_"  # beside the cases: no case is measured with them


def _own(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the function that decorators and `functools.partial` stand around."""
    while isinstance(function, functools.partial):
        function = function.func
    found: Callable[..., Any] = inspect.unwrap(function)
    return found


def _imported(source: str, package: str) -> Iterator[str]:
    """Name what a module of this package imports anywhere, functions included, if it may be a module of the package."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            yield from (base, *(f"{base}.{alias.name}" for alias in node.names))


def _file(name: str) -> Path | None:
    """Find the source of a module without running it; None if there is no such module."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    found = spec.origin if spec is not None else None
    return Path(found) if found and found.endswith(".py") else None


def _code(source: str) -> str:
    """Give the lines that hold code: what differs in whole lines of comment, blank ones or line ends is the same."""
    lines = (line.rstrip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))


def digest(workload: Workload) -> str:
    """Give the SHA-256 of a workload's module and of the modules of its own package that it imports, 16 digits.

    What it measures from other packages, TensorFlow or the user's own library, is not part of it: that may change
    and be compared. Empty if the source cannot be read. Where the workload says itself what defines it, that counts.
    """
    if workload.content:
        return _short(workload.content)
    build = _own(workload.build)
    try:
        first = Path(inspect.getsourcefile(build) or "")
        package = getattr(inspect.getmodule(build), "__package__", None) or ""
        found = {"": _code(first.read_text(encoding="utf-8"))}
        waiting = list(_imported(first.read_text(encoding="utf-8"), package)) if package else []
        top = package.partition(".")[0] if package != "tfbench.workloads" else package
        while waiting:
            name = waiting.pop()
            beside = name in INTERFACE or name.startswith(CALLS)
            path = None if name in found or beside or not f"{name}.".startswith(f"{top}.") else _file(name)
            if path is None or path == first:
                continue
            source = path.read_text(encoding="utf-8")
            found[name] = _code(source)
            own_package = name if path.name == "__init__.py" else name.rpartition(".")[0]
            waiting += _imported(source, own_package)
    except (OSError, TypeError, ValueError, SyntaxError, ImportError):
        return ""
    texts = [found.pop(""), *(f"{name}\n{found[name]}" for name in sorted(found))]
    return _short("\n\0".join(texts)) if texts[0] else ""


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
