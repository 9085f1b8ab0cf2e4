"""Digest the code of a workload, so that runs of different code are not taken for the same work."""

import ast
import hashlib
import inspect
import sys
from pathlib import Path
from types import ModuleType

from tfbench.workloads.spec import Workload

INTERFACE = ("spec", "catalog", "content")


def _module(workload: Workload) -> ModuleType | None:
    return sys.modules.get(inspect.unwrap(workload.build).__module__)


def _imported(source: str, package: str) -> list[str]:
    """Name the modules of the same package that a source imports."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = f"{package}." if node.level else ""
            base = f"{start}{node.module or ''}".rstrip(".")
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    inside = (name for name in names if package and name.startswith(f"{package}."))
    return [name for name in inside if name.rpartition(".")[2] not in INTERFACE]


def _code(source: str) -> str:
    """Give the lines that hold code: what differs in comments, blank lines or line ends alone is the same."""
    lines = (line.rstrip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))


def digest(workload: Workload) -> str:
    """Give the SHA-256 of a workload's module and of the modules of its own package that it imports, 16 digits.

    What it measures from other packages, TensorFlow or the user's own library, is not part of it: that may change
    and be compared. Empty if the source cannot be read.
    """
    first = _module(workload)
    if first is None:
        return ""
    package, found = first.__package__ or "", {}
    waiting = [first.__name__]
    while waiting:
        name = waiting.pop()
        module = sys.modules.get(name)
        if name in found or module is None or not getattr(module, "__file__", None):
            continue
        try:
            source = Path(str(module.__file__)).read_text(encoding="utf-8")
            waiting += _imported(source, package)
        except (OSError, ValueError, SyntaxError):
            return ""
        found[name] = _code(source)
    own = first.__name__
    texts = [found.pop(own, "")] + [f"{name}\n{found[name]}" for name in sorted(found)]
    return hashlib.sha256("\n\0".join(texts).encode()).hexdigest()[:16] if texts[0] else ""
