"""Start a worker in any Python, whether tfbench is installed there or not: `python -P bootstrap.py IN OUT`.

The worker so is of this very tfbench, also in an environment with another TensorFlow, or another tfbench.
"""

import importlib.machinery
import importlib.util
import runpy
import sys
from pathlib import Path

FOLDERS = Path(__file__).resolve().parents[1]


def provide(name: str, *folders: Path) -> None:
    """Make a package of these folders, whatever else is installed under its name."""
    spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder) for folder in folders]
    sys.modules[name] = importlib.util.module_from_spec(spec)
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, sys.modules[name])


if __name__ == "__main__":
    provide("tfbench")
    for part in ("bench", "workloads"):
        provide(f"tfbench.{part}", FOLDERS / part)
    runpy.run_module("tfbench.bench.worker", run_name="__main__", alter_sys=True)
