"""idx files: read whole or refused by name."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tfbench.workloads import idx


@pytest.mark.parametrize("shape", [(6,), (2, 3), (2, 3, 4), (1, 2, 3, 4)])
def test_a_valid_file_gives_its_array(shape: tuple[int, ...], make_idx: Any) -> None:
    values = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    found = idx.parse(make_idx(values), "f")
    assert (found.shape, found.dtype, found.tolist()) == (shape, np.uint8, values.tolist())


def test_the_header_is_read_byte_by_byte() -> None:
    content = b"\x00\x00\x08\x02" + b"\x00\x00\x00\x02" + b"\x00\x00\x00\x03" + b"\x01\x02\x03\x04\x05\xff"
    assert idx.parse(content, "f").tolist() == [[1, 2, 3], [4, 5, 255]]


def test_a_file_without_elements_is_valid(make_idx: Any) -> None:
    assert idx.parse(make_idx(np.zeros((0, 28, 28))), "f").shape == (0, 28, 28)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00\x08",
        b"<html>404</html>",
        b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00\x00\x00\x00",
        b"\x01\x00\x08\x01\x00\x00\x00\x01\x00",
    ],
    ids=["empty", "3 bytes", "a web page", "floats", "wrong magic"],
)
def test_what_is_not_idx_of_bytes_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^my file is not an idx file of unsigned bytes$"):
        idx.parse(content, "my file")


@pytest.mark.parametrize(
    ("content", "axes"),
    [
        (b"\x00\x00\x08\x00", 0),
        (b"\x00\x00\x08\x05" + b"\x00\x00\x00\x01" * 5 + b"\x07", 5),
        (b"\x00\x00\x08\x02\x00\x00\x00\x01\x00", 2),
    ],
    ids=["no axes", "5 axes", "header cut off"],
)
def test_a_header_with_wrong_axes_is_refused(content: bytes, axes: int) -> None:
    with pytest.raises(ValueError, match=f"^my file is not an idx file: its header is cut off or names {axes} axes$"):
        idx.parse(content, "my file")


@pytest.mark.parametrize(("change", "length"), [(-1, 17), (-6, 12), (1, 19)])
def test_a_length_that_is_not_the_headers_is_refused(change: int, length: int, make_idx: Any) -> None:
    content = make_idx(np.zeros((2, 3)))
    wrong = content[:change] if change < 0 else content + b"\0" * change
    message = rf"^my file holds {length} bytes, but its header \(2, 3\) needs 18: it is truncated or damaged$"
    with pytest.raises(ValueError, match=message):
        idx.parse(wrong, "my file")


def test_a_header_with_huge_axes_is_refused_without_allocating() -> None:
    with pytest.raises(ValueError, match=r"^my file holds 20 bytes, but its header"):
        idx.parse(b"\x00\x00\x08\x04" + b"\xff" * 16, "my file")


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_is_read_gzipped_or_not(packed: bool, tmp_path: Path, make_idx: Any) -> None:
    content = make_idx([1, 2, 3])
    path = tmp_path / "labels"
    path.write_bytes(gzip.compress(content) if packed else content)
    assert idx.read(path).tolist() == [1, 2, 3]


def _cut(content: bytes) -> bytes:
    return content[:-10]


def _cut_early(content: bytes) -> bytes:
    return content[:5]


def _flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


def _break_stream(content: bytes) -> bytes:
    return content[:10] + b"\x07" + content[11:]  # a block of the reserved type 3


def _wrong_sum(content: bytes) -> bytes:
    return content[:-8] + bytes([content[-8] ^ 1]) + content[-7:]


def _tail(content: bytes) -> bytes:
    return content + b"tail"


@pytest.mark.parametrize("damage", [_cut, _cut_early, _flip, _break_stream, _wrong_sum, _tail])
def test_a_damaged_gzip_file_is_refused_by_name(damage: Any, tmp_path: Path, make_idx: Any) -> None:
    path = tmp_path / "labels.gz"
    values = np.random.default_rng(0).integers(0, 256, 1000)
    path.write_bytes(damage(gzip.compress(make_idx(values))))
    with pytest.raises(ValueError, match=f"^{path} is a damaged or truncated gzip file: "):
        idx.read(path)


def test_a_whole_gzip_file_with_a_truncated_content_is_refused_by_name(tmp_path: Path, make_idx: Any) -> None:
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(make_idx([1, 2, 3])[:-1]))
    with pytest.raises(ValueError, match=f"^{path} holds 10 bytes, .* needs 11"):
        idx.read(path)


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        idx.read(tmp_path / "missing")
