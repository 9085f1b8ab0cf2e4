"""Find runs and stores by a path or an address: folders here, or remote ones through fsspec (s3://, gs://, ...)."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tfbench.bench import store
from tfbench.bench.errors import BadInputError

EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}  # what to install tfbench with, by protocol
# What is put there appears as a whole or not at all; elsewhere a file grows in sight while it is written.
OBJECT_STORES = frozenset({*EXTRAS, "abfs", "abfss", "az", "adl", "oss", "memory"})


@dataclass(frozen=True, slots=True)
class Remote:
    """Name a file on a remote file system.

    Attributes:
        system: fsspec's file system.
        path: the file's path on it.
        address: the file as the user would write it.
    """

    system: Any
    path: str
    address: str

    def __str__(self) -> str:
        return self.address


File = Path | Remote


def contents(files: Sequence[Remote]) -> list[bytes]:
    """Read remote files of one file system, all at once where it can do that.

    Raises:
        FileNotFoundError: one of them is not there.
        BadInputError: they cannot be read.
    """
    with trying(f"cannot read {files[0]}"):
        found = files[0].system.cat([file.path for file in files])
        return [found[file.path] for file in files]


@dataclass(frozen=True, slots=True)
class Folder:
    """Name a folder, here or elsewhere.

    Attributes:
        system: fsspec's file system; None for this machine's own.
        path: its path there.
        address: as the user wrote it.
    """

    system: Any
    path: str
    address: str

    def __truediv__(self, name: str) -> File:
        """Name a file in it."""
        if self.system is None:
            return Path(self.path) / name
        return Remote(self.system, str(PurePosixPath(self.path) / name), f"{self.address.rstrip('/')}/{name}")

    def matches(self, pattern: str) -> list[str]:
        """Give the files that match, in order, relative to the folder; `latest` and other links are left out.

        Raises:
            BadInputError: the folder cannot be read; one that is not there has no files.
        """
        with trying(f"cannot read {self.address}"):
            return self._matches(pattern)

    def _matches(self, pattern: str) -> list[str]:
        if self.system is None:
            root = Path(self.path)
            found = (path for path in root.glob(pattern) if path.parent == root or not path.parent.is_symlink())
            return sorted(str(path.relative_to(root)) for path in found)
        self.system.invalidate_cache()  # another process may have written
        top = "/" + self.path.strip("/")
        names = ("/" + name.strip("/") for name in self.system.glob(f"{self.path.rstrip('/')}/{pattern}"))
        return sorted(str(PurePosixPath(name).relative_to(top)) for name in names)


def folder(address: str) -> Folder:
    """Understand a path or an address.

    Raises:
        BadInputError: there is no such protocol, or a package for it is missing.
    """
    protocol, separator, rest = address.partition("://")
    if not separator:
        return Folder(None, os.fspath(Path(address)), address)
    if protocol in {"file", "local"}:
        return Folder(None, rest or "/", address)
    from fsspec.core import url_to_fs

    try:
        system, path = url_to_fs(address)
    except ImportError as error:
        extra = EXTRAS.get(protocol)
        step = f"pip install tfbench[{extra}]" if extra else str(error)
        raise BadInputError(f"{address}: a package for {protocol}:// is missing: {step}") from error
    except (ValueError, OSError) as error:
        step = "write a path, or an address such as s3://bucket/results"
        raise BadInputError(f"{address}: {reason(error)}; {step}") from error
    return Folder(system, path, address)


@contextmanager
def trying(text: str) -> Iterator[None]:
    """Say in one line why something could not be read or written: each file system has errors of its own.

    Raises:
        FileNotFoundError: it is not there, which may be as it should.
        BadInputError: anything else.
    """
    try:
        yield
    except (BadInputError, FileNotFoundError):
        raise
    except Exception as error:
        raise BadInputError(f"{text}: {reason(error)}") from error


def runs(address: str) -> list[File]:
    """Give the run.json files that a path or an address stands for: a file, a run's folder, or a folder of runs.

    Raises:
        BadInputError: there are none.
    """
    place = folder(address)
    if address.endswith(".json"):
        return [_file(place)]
    names = place.matches(store.FILE) or place.matches(f"*/{store.FILE}")
    if not names:
        raise BadInputError(f"{address} holds no runs: name a run.json, its folder, or a folder of runs")
    return [place / name for name in names]


def _file(place: Folder) -> File:
    return Path(place.path) if place.system is None else Remote(place.system, place.path, place.address)


def reason(error: Exception) -> str:
    """Say why a file could not be read, in one line."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split())


def each_run(addresses: list[str]) -> Iterator[File]:
    """Give the files of several addresses, each once."""
    seen: set[str] = set()
    for address in addresses:
        for file in runs(address):
            name = os.path.realpath(file) if isinstance(file, Path) else str(file)
            if name not in seen:
                seen.add(name)
                yield file
