"""XLA's compile log, read from a real file."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tfbench.bench import compiling
from tfbench.bench.compiling import Compiles

PREFIX = "2026-11-01 12:00:00.000001: I tensorflow/compiler/jit/device_compilation_profiler.cc:104] "
LINE = (
    PREFIX
    + "Compiled __inference_step_12[_XlaMustCompile=true] 1 times, compile time: 250000 us, cumulative: 250000 us"
)
AGAIN = (
    PREFIX
    + "Compiled __inference_step_12[_XlaMustCompile=true] 2 times, compile time: 500000 us, cumulative: 750000 us"
)
OTHER = "2026-11-01 12:00:00.000002: I external/local_xla/xla/service/service.cc:163] XLA service initialized"


class Log:
    """A log file that is written at its end and read from elsewhere."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()
        self.descriptor = os.open(path, os.O_RDONLY)

    def write(self, text: str) -> None:
        """Append the text."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(text)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path / "stderr")
    yield made
    os.close(made.descriptor)


def test_an_empty_log_has_no_compiles(log: Log) -> None:
    compiles = Compiles(descriptor=log.descriptor)
    compiles.read()
    assert (compiles.count, compiles.seconds) == (0, 0.0)


def test_compiles_and_their_seconds_are_added_up(log: Log) -> None:
    compiles = Compiles(descriptor=log.descriptor)
    log.write(f"{OTHER}\n{LINE}\nnonsense\n{AGAIN}\n")
    compiles.read()
    assert (compiles.count, compiles.seconds) == (2, 0.75)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("__inference_step_12", "step"),
        ("__inference_step_12[_XlaMustCompile=true]", "step"),
        ("__inference_run_it_2_23", "run_it_2"),
        ("__inference_<lambda>_15", "<lambda>"),
        ("__forward_step_37", "step"),
        ("__inference___backward_step_33_38", "step (gradient)"),
        ("cluster_0", "cluster_0"),
    ],
)
def test_a_compile_is_of_the_python_function(log: Log, name: str, function: str) -> None:
    compiles = Compiles(descriptor=log.descriptor)
    log.write(f"{PREFIX}Compiled {name} 1 times, compile time: 250000 us, cumulative: 250000 us\n")
    compiles.read()
    assert compiles.functions == [function]


def test_a_line_is_counted_once(log: Log) -> None:
    compiles = Compiles(descriptor=log.descriptor)
    log.write(f"{LINE}\n")
    compiles.read()
    compiles.read()
    log.write(f"{AGAIN}\n")
    compiles.read()
    assert (compiles.count, compiles.seconds) == (2, 0.75)


@pytest.mark.parametrize("cut", [1, 60, len(LINE) - 25, len(LINE) - 1, len(LINE)])
def test_a_half_written_line_waits_for_its_end(log: Log, cut: int) -> None:
    compiles = Compiles(descriptor=log.descriptor)
    log.write(f"{AGAIN}\n{LINE[:cut]}")
    compiles.read()
    before = (compiles.count, compiles.seconds)
    log.write(f"{LINE[cut:]}\n")
    compiles.read()
    assert (before, compiles.count, compiles.seconds) == ((1, 0.5), 2, 0.75)


def test_reading_leaves_the_place_of_the_descriptor_alone(log: Log) -> None:
    log.write(f"{LINE}\n")
    Compiles(descriptor=log.descriptor).read()
    assert os.lseek(log.descriptor, 0, os.SEEK_CUR) == 0


def test_bytes_that_are_no_text_do_no_harm(log: Log, tmp_path: Path) -> None:
    (tmp_path / "stderr").write_bytes(b"\xff\xfe\n" + LINE.encode() + b"\n")
    compiles = Compiles(descriptor=log.descriptor)
    compiles.read()
    assert compiles.count == 1


@pytest.mark.parametrize(("line", "found"), [(LINE, True), (OTHER, False), ("Compiled x 1 times", False), ("", False)])
def test_only_the_log_that_was_asked_for_is_known_as_such(line: str, found: bool) -> None:
    assert compiling.is_log_line(line) is found


def test_the_environment_asks_for_the_profilers_log_only() -> None:
    wanted = {"TF_CPP_VMODULE": "device_compilation_profiler=1", "TF_CPP_MIN_LOG_LEVEL": "0"}
    assert wanted == compiling.LOGGING
