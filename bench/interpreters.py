"""Refuse a Python that no worker could run in, before anything is measured."""

import json
import subprocess

from tfbench.bench.errors import BadInputError

OLDEST = (3, 11)
NEEDED = ("tensorflow", "keras", "numpy")
QUESTION = f"""
import importlib.util, json, sys
missing = [name for name in {NEEDED!r} if importlib.util.find_spec(name) is None]
print(json.dumps([list(sys.version_info[:2]), missing]))
"""


def check(label: str, path: str) -> None:
    """Ask a Python for its version and what it lacks.

    Raises:
        BadInputError: it does not run, is too old, or has no TensorFlow.
    """
    name = f"--python {label}={path}"
    try:
        done = subprocess.run(  # noqa: S603 - the user named it
            [path, "-c", QUESTION], capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL
        )
        version, missing = json.loads(done.stdout.splitlines()[-1])
    except OSError as error:
        raise BadInputError(f"{name}: cannot be run: {error.strerror or error}") from error
    except (subprocess.SubprocessError, ValueError, IndexError) as error:
        raise BadInputError(f"{name}: is not a Python that answers: {error}") from error
    if tuple(version) < OLDEST:
        raise BadInputError(f"{name}: is Python {version[0]}.{version[1]}; workers need 3.11 or newer")
    if missing:
        raise BadInputError(f"{name}: lacks {', '.join(missing)}: install it there with pip")
