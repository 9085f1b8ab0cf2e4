"""Where the files of a run lie, and how they are written. Workers use it, too: it needs nothing that is installed."""

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path

PROFILES = "profiles"
LONGEST_NAME = 160


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace a file in one step: a reader or a kill sees the old or the new one, never a part."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def lock(folder: Path) -> int:
    """Keep a folder for this process until the descriptor is closed, or the process is gone however it went.

    A file system without locks gives a descriptor, too: there nobody is kept out.

    Raises:
        BlockingIOError: another process has it.
        OSError: it cannot be opened.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:  # no locks here
        pass
    return descriptor


def remove_partials(path: Path) -> None:
    """Remove what kills in the middle of `write_atomically` have left beside a file."""
    for partial in path.parent.glob(f".{path.name}.*.partial"):
        with contextlib.suppress(OSError):
            partial.unlink()


def case_folder(case_id: str) -> str:
    """Name the folder of a case in `profiles/`: its id, made a safe file name; two ids never share one."""
    safe = "".join(c if (c.isascii() and c.isalnum()) or c in "-_.=," else "_" for c in case_id).lstrip(".")
    if safe == case_id and len(safe) <= LONGEST_NAME:
        return safe
    digest = hashlib.sha256(case_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{safe[:LONGEST_NAME]}-{digest}"
