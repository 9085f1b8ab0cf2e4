"""Read idx files, the format that Fashion-MNIST is published in (yann.lecun.com/exdb/mnist)."""

import gzip
import io
import math
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

UNSIGNED_BYTE = 8
MAX_AXES = 4
MAX_BYTES = 256 * 2**20  # five times the largest file of Fashion-MNIST: a small file may unpack to any size

Bytes = npt.NDArray[np.uint8]


def parse(content: bytes, name: str) -> Bytes:
    """Read the bytes of an unpacked idx file of unsigned bytes.

    Returns:
        An array with the shape that the header names.

    Raises:
        ValueError: it is not such a file, or its length is not what its header says; `name` stands in it.
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UNSIGNED_BYTE:
        raise ValueError(f"{name} is not an idx file of unsigned bytes")
    axes = content[3]
    start = 4 + 4 * axes
    if not 1 <= axes <= MAX_AXES or len(content) < start:
        raise ValueError(f"{name} is not an idx file: its header is cut off or names {axes} axes")
    sizes = tuple(int(size) for size in np.frombuffer(content, ">u4", axes, 4))
    expected = start + math.prod(sizes)
    if len(content) != expected:
        raise ValueError(
            f"{name} holds {len(content)} bytes, but its header {sizes} needs {expected}: it is truncated or damaged"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes)


def read(path: Path) -> Bytes:
    """Read an idx file, gzipped or not.

    Raises:
        ValueError: the file is truncated or not idx; the message names it.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if content[:2] == b"\x1f\x8b":
        content = unpack(content, str(path))
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path} holds more than {MAX_BYTES} bytes: it is not an idx file of Fashion-MNIST")
    return parse(content, str(path))


def unpack(content: bytes, name: str) -> bytes:
    """Unpack a gzip file, up to one byte more than any file of the data set has.

    Raises:
        ValueError: it is damaged; `name` stands in the message.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{name} is a damaged or truncated gzip file: {error}") from error
