"""Refuse a Python that no worker could run in, before anything is measured."""

import json
import os
import subprocess

from tfbench.bench.errors import BadInputError

OLDEST = (3, 11)
NEEDED = ("tensorflow", "keras", "numpy")
QUESTION = f"""
import importlib.util, json, sys
missing = [name for name in {NEEDED!r} if importlib.util.find_spec(name) is None]
print(json.dumps([list(sys.version_info[:2]), missing]))
"""

VERSIONS = f"""
import json, platform
from importlib import metadata
found = {{"python": platform.python_version()}}
for name in {NEEDED!r}:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        others = metadata.packages_distributions().get(name)
        found |= {{name: metadata.version(others[0])}} if others else {{}}
print(json.dumps(found))
"""


def versions(path: str) -> dict[str, str]:
    """Ask a Python for its version and those of what workers need, as installed; nothing where it does not answer."""
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - the user named it, or runs it
            [path, "-c", VERSIONS],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=True,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
        found = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return {}
    return {str(name): str(version) for name, version in found.items()}


def check(label: str, path: str) -> None:
    """Ask a Python for its version and what it lacks.

    Raises:
        BadInputError: it does not run, is too old, or has no TensorFlow.
    """
    name = f"--python {label}={path}"
    try:
        # Without the current folder on its path, as a worker runs: older ones do not know -P.
        environment = {**os.environ, "PYTHONSAFEPATH": "1"}
        done = subprocess.run(  # noqa: S603 - the user named it
            [path, "-c", QUESTION],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
    except OSError as error:
        raise BadInputError(f"{name}: cannot be run: {error.strerror or error}") from error
    except subprocess.TimeoutExpired as error:
        raise BadInputError(f"{name}: does not answer within 60 s; is it a Python?") from error
    try:
        (major, minor), missing = json.loads(done.stdout.splitlines()[-1])
        version, lacking = (int(major), int(minor)), ", ".join(missing)
        done.check_returncode()
    except (ValueError, TypeError, IndexError, subprocess.CalledProcessError) as error:
        said = f"exit code {done.returncode}, {done.stdout!r:.60}"
        raise BadInputError(f"{name}: is not a Python that answers: {said}") from error
    if version < OLDEST:
        raise BadInputError(f"{name}: is Python {major}.{minor}; workers need 3.11 or newer")
    if lacking:
        raise BadInputError(f"{name}: lacks {lacking}: install it there with pip")
