"""Options, workload files and idx files with whatever in them: read, or refused in one line."""

import gzip
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tfbench.bench import flags
from tfbench.bench.errors import BadInputError
from tfbench.reports import cli
from tfbench.workloads import idx

CHECKS = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
FUZZ = settings(max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=CHECKS)
VALUES = st.text(max_size=8) | st.sampled_from(
    [
        "eager",
        "xla",
        "sum_loop",
        "n=1",
        "0",
        "1,2",
        "-1",
        "1e5",
        "cpu",
        "2%",
        "ring",
        "a=/bin/true",
        "=",
        ",",
        "~x",
        "\0",
    ]
)
FLAGS = st.sampled_from(
    [*(f"--{option.name}" for option in flags.OPTIONS), "--json", "--table", "--format", "--baseline", "--gate", "--by"]
)
WORDS = st.lists(FLAGS | VALUES | st.tuples(FLAGS, VALUES).map("=".join), max_size=3)


@FUZZ
@given(command=st.sampled_from(["list", "list", "report", "compare", "nothing"]), words=WORDS)
@example(command="report", words=["a\nb"])
@example(command="list", words=["--mode", "x\x1b[31m\r\n"])
@example(command="list", words=["--resume", "\0"])
def test_a_command_line_does_its_work_or_is_refused_in_one_line(
    command: str, words: list[str], capsys: Any, tmp_path: Path
) -> None:
    os.chdir(tmp_path)
    code = cli.main([command, *words])
    said = capsys.readouterr().err.splitlines()
    assert code in {0, 2}
    assert code == 0 or (len(said) == 1 and said[0].startswith("tfbench: "))


@pytest.fixture(autouse=True)
def _same_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path.cwd())


def read(content: bytes, folder: Path) -> bool:
    """Read an idx file; tell whether it was accepted, or refused by name."""
    path = folder / "file"
    path.write_bytes(content)
    try:
        found = idx.read(path)
    except ValueError as error:
        said = str(error)
    else:
        return found.size > 0 or 0 in found.shape
    assert said.startswith(f"{path} ")
    assert "\n" not in said
    return True


HEADER = st.tuples(st.just(b"\0\0"), st.sampled_from([b"\x08", b"\x09"]), st.integers(0, 6).map(lambda n: bytes([n])))


@FUZZ
@given(
    header=HEADER,
    sizes=st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 4), max_size=4),
    rest=st.binary(max_size=64),
)
def test_an_idx_file_is_read_or_refused(
    header: tuple[bytes, ...], sizes: list[int], rest: bytes, tmp_path: Path
) -> None:
    content = b"".join(header) + b"".join(size.to_bytes(4, "big") for size in sizes) + rest
    assert read(content, tmp_path)


@FUZZ
@given(content=st.binary(max_size=64), place=st.integers(0, 80), value=st.integers(0, 255))
def test_a_gzip_file_with_one_wrong_byte_is_read_or_refused(
    content: bytes, place: int, value: int, tmp_path: Path
) -> None:
    packed = bytearray(gzip.compress(b"\0\0\x08\x01" + len(content).to_bytes(4, "big") + content))
    packed[place % len(packed)] = value
    assert read(bytes(packed), tmp_path)


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idx, "MAX_BYTES", 1000)
    path = tmp_path / "bomb"
    for content in (gzip.compress(bytes(10**7)), bytes(1001)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"^{path} holds more than 1000 bytes"):
            idx.read(path)


FIELDS = {
    "name": "'w'",
    "summary": "'s'",
    "implementations": "('a',)",
    "parameters": "(Parameter(name='n', values=(1,), parse=int),)",
    "unit": "'e'",
    "work": "lambda p, r: 1",
    "build": "lambda j: None",
    "baseline": "('a', 'eager')",
    "unsupported": "lambda *a: None",
    "data": "''",
    "replicas": "(1,)",
    "sequences": "()",
    "group": "''",
    "parts": "()",
    "only": "()",
}
ODD = st.sampled_from(
    [
        *(
            "3",
            "None",
            "''",
            "'a b'",
            "'../x'",
            "'a\\nb'",
            "'w' * 99",
            "()",
            "'ab'",
            "(3,)",
            "(0,)",
            "((1,),)",
            "{}",
            "[]",
        ),
        *(
            "('z', 'eager')",
            "('a', 'jit')",
            "(('a', 'eager'),)",
            "lambda *a: 1 / 0",
            "lambda *a: [1]",
            "lambda *a: 'no\\nno'",
        ),
        *("(Parameter(name='n', values=(), parse=int),)", "(Parameter(name='n', values=([1],), parse=int),)"),
        *(
            "(Parameter(name='n', values=(1,), parse=lambda t: 1 / 0),)",
            "(Parameter(name='', values=(1,), parse=int),)",
        ),
        *(
            "(Parameter(name='n', values=(1,), parse=lambda t: [t]),)",
            "(Parameter(name='n', values=(1,), parse=int),) * 2",
        ),
    ]
)
SOURCES = st.text(max_size=30) | st.sampled_from(
    [
        "\0",
        "def",
        "WORKLOADS = 3",
        "WORKLOADS = (1,)",
        "raise ValueError('a\\nb')",
        "1 / 0",
        "import nowhere",
        "(" * 300,
    ]
)


def listed(source: str, folder: Path, capsys: Any) -> tuple[int, list[str]]:
    """List the cases of a workload file; give the exit code and the lines of stderr."""
    path = folder / "mine.py"
    path.write_bytes(source.encode("utf-8", "surrogatepass"))
    code = cli.main(["list", "w", "--workloads", str(path), "--device", "cpu", "--param", "n=1"])
    return code, capsys.readouterr().err.splitlines()


@FUZZ
@given(field=st.sampled_from(sorted(FIELDS)), value=ODD)
def test_a_workload_with_an_odd_field_is_listed_or_refused(field: str, value: str, capsys: Any, tmp_path: Path) -> None:
    fields = {**FIELDS, field: value}
    written = ", ".join(f"{name}={text}" for name, text in fields.items())
    source = f"from tfbench.workloads.spec import Parameter, Workload\nWORKLOADS = (Workload({written}),)\n"
    code, said = listed(source, tmp_path, capsys)
    assert (code, len(said)) in {(0, 1), (2, 1)}, said


@FUZZ
@given(source=SOURCES)
def test_a_file_of_whatever_is_refused(source: str, capsys: Any, tmp_path: Path) -> None:
    code, said = listed(source, tmp_path, capsys)
    assert (code, len(said)) == (2, 1), said


def test_an_error_is_one_line_whatever_the_user_has_named() -> None:
    assert str(BadInputError("no \x1b[31m\nhere é")) == "no \\x1b[31m\\nhere é"
