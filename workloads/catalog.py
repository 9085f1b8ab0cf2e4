"""Which workloads there are: built-in, installed, from files, and of plain code. Never imports TensorFlow by itself."""

import functools
import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

from tfbench.workloads import claims, distributed, fashion_mnist, layer_norm, sum_loop, validity
from tfbench.workloads.own import NOTHING, Own, workloads_of
from tfbench.workloads.spec import Workload

BUILT_IN = (
    sum_loop.WORKLOAD,
    fashion_mnist.WORKLOAD,
    layer_norm.WORKLOAD,
    distributed.WORKLOAD,
    *claims.WORKLOADS,
)
ENTRY_POINTS = "tfbench.workloads"


def _checked(found: object, origin: str) -> tuple[Workload, ...]:
    if not isinstance(found, tuple) or not all(isinstance(item, Workload) for item in found):
        raise ValueError(f"{origin} must define WORKLOADS as a tuple of tfbench.workloads.spec.Workload")
    for workload in found:
        validity.check(workload, origin)
    return found


@functools.cache
def from_file(path: Path) -> tuple[Workload, ...]:
    """Run a workload file (it is code), once, and give its `WORKLOADS`.

    Raises:
        ValueError: the file is missing, raises, or defines no such tuple; the message names it.
    """
    if not path.is_file():
        raise ValueError(f"workload file {path} does not exist")
    name = f"tfbench_workloads_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"workload file {path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ValueError(f"workload file {path} raised {type(error).__name__}: {error}") from error
    return _checked(getattr(module, "WORKLOADS", None), f"workload file {path}")


def installed() -> Iterable[Workload]:
    """Load the workloads that installed packages name as entry points."""
    for point in metadata.entry_points(group=ENTRY_POINTS):
        source = f"entry point {point.name} ({point.value})"
        try:
            found = point.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise ValueError(f"{source} raised {type(error).__name__}: {error}") from error
        yield from _checked(found, source)


def catalog(files: Sequence[Path] = (), own: Own = NOTHING) -> dict[str, Workload]:
    """Give every workload by name: built-in, installed, those of the files, then those made of plain code.

    Raises:
        ValueError: a name stands twice, a workload has the name of a group, a file or entry point does not give
            workloads, or plain code is not where it should be.
    """
    found: dict[str, Workload] = {}
    from_files = (workload for path in files for workload in from_file(path))
    for workload in (*BUILT_IN, *installed(), *from_files, *workloads_of(own)):
        if workload.name in found:
            raise ValueError(f"workload {workload.name!r} is defined twice: rename one of them")
        found[workload.name] = workload
    for name in sorted({workload.group for workload in found.values()} & found.keys()):
        raise ValueError(f"workload {name!r} has the name of a group: rename it")
    return found
