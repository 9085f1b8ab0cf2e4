"""Vega and vega-embed as one script for pages, bundled once and kept for later."""

import functools
import os
from importlib.metadata import version
from pathlib import Path

import vl_convert
from tfbench.bench import files

PACKAGE = "vl-convert-python"


@functools.cache
def script() -> str:
    """Give the script; bundling takes some seconds, so it is kept in the user's cache folder, a file each version."""
    path = folder() / f"vega-{version(PACKAGE)}.js"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        made = str(vl_convert.javascript_bundle(None))  # type: ignore[arg-type]  # its stub forgets the default
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomically(path, made)
    except OSError:
        pass  # it is bundled anew the next time
    return made


def folder() -> Path:
    """Give where it is kept: `$XDG_CACHE_HOME/tfbench`, or `~/.cache/tfbench`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "tfbench"
