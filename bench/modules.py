"""Keep the modules that XLA compiles for a case, before and after its optimisations, as it dumps them. Worker only."""

import re
import shutil
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

DUMP = "xla-dump"
STAGES = {"before_optimizations.txt": "before", "after_optimizations.txt": "after"}
MOST_BYTES = 2_000_000  # of one text
MOST_TEXTS = 40


def folder() -> Path:
    """Give the folder that XLA dumps into: inside the worker's own folder for temporary files."""
    return Path(tempfile.gettempdir()) / DUMP


def dump(environment: MutableMapping[str, str]) -> None:
    """Have XLA dump its modules from now on; it reads this when TensorFlow is imported."""
    flags = f"--xla_dump_to={folder()} --xla_dump_hlo_as_text"
    environment["XLA_FLAGS"] = f"{environment.get('XLA_FLAGS', '')} {flags}".strip()


def clear() -> None:
    """Forget what was dumped so far: it is another case's."""
    shutil.rmtree(folder(), ignore_errors=True)


def keep(target: Path) -> list[str]:
    """Move the texts of the dumped modules into a folder, which is made only if there are any.

    Returns:
        What was left out or cut.
    """
    found = [path for path in sorted(folder().glob("*")) if stage(path.name)]
    notes = [f"{len(found)} texts of modules: only {MOST_TEXTS} are kept"] if len(found) > MOST_TEXTS else []
    for path in found[:MOST_TEXTS]:
        target.mkdir(parents=True, exist_ok=True)
        name = short_name(path.name)
        size = path.stat().st_size
        with path.open("rb") as file:
            text = file.read(MOST_BYTES)
        if size > MOST_BYTES:
            text += b"\n// cut by tfbench\n"
            notes.append(f"{name} has {size / 1e6:.0f} MB: cut at {MOST_BYTES / 1e6:.0f} MB")
        (target / name).write_bytes(text)
    return notes


def stage(name: str) -> str:
    """Tell whether a dumped file is the module before or after the optimisations; empty for others."""
    return next((word for ending, word in STAGES.items() if name.endswith(ending)), "")


def short_name(name: str) -> str:
    """Name a kept text: `0001.inference_step_795.before.txt`."""
    parts = re.match(r"module_(\d+)\.(?:a_)?(.+?)(?:__XlaMustCompile.*)?\.", name)
    number, function = parts.groups() if parts else ("0000", "module")
    safe = re.sub(r"[^A-Za-z0-9_]", "_", function)[:80]
    return f"{number}.{safe}.{stage(name)}.txt"
