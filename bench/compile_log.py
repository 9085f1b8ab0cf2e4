"""Find XLA's compile log in a process that was not started for measuring: any test suite, any script."""

import functools
import os
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfbench.bench.compiling import LOGGING, Compiles

STDERR = Path("/proc/self/fd/2")
VMODULE, LEVEL = LOGGING


def ask(environment: MutableMapping[str, str]) -> None:
    """Ask for the log, where TensorFlow is not imported yet and nobody has asked for less or other logging."""
    if "tensorflow" not in sys.modules and environment.get(LEVEL, LOGGING[LEVEL]) == LOGGING[LEVEL]:
        environment.setdefault(VMODULE, LOGGING[VMODULE])


def probe() -> Any:
    """Be traced, or compiled, to prove that it is seen; no recorder counts it."""
    import tensorflow as tf

    return tf.constant(0) + 1


@contextmanager
def opened() -> Iterator[Compiles | None]:
    """Give XLA's compile log up to now, or None where this process does not write it to a file."""
    with _stderr() as log:
        if log is None or not _is_logging():
            yield None
        else:
            log.read()
            yield log


@contextmanager
def _stderr() -> Iterator[Compiles | None]:
    """Open the file that standard error goes to for reading; the process itself may only write to it."""
    try:
        descriptor = os.open(STDERR, os.O_RDONLY) if STDERR.is_file() else None
    except OSError:
        descriptor = None
    try:
        yield None if descriptor is None else Compiles(descriptor=descriptor)
    finally:
        if descriptor is not None:
            os.close(descriptor)


@functools.cache
def _is_logging() -> bool:
    """Tell whether compiles are logged, by compiling once: an environment set after the import has no effect."""
    import tensorflow as tf

    with _stderr() as log:
        if log is None or LOGGING[VMODULE] not in os.environ.get(VMODULE, ""):
            return False
        log.read()
        before = log.count
        tf.function(probe, autograph=False, jit_compile=True)()
        log.read()
        return bool(log.count > before)
