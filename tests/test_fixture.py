"""The fixture `tf_benchmark` in a user's own tests, in a pytest of their own. TensorFlow is real."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import fixture

TESTS = """
import pytest
import tensorflow as tf

x = tf.ones([64, 64])
quick = {"budget_s": 0.2}


def step(x):
    return tf.nn.softmax(x @ x)


@pytest.mark.parametrize("size", [8, 16])
def test_sizes(tf_benchmark, size):
    result = tf_benchmark(step, x[:size, :size], modes=("graph", "xla"), **quick)
    assert result.median_s("xla") > 0
    assert result.retraces == 0
    assert result.compiles == 1


@pytest.mark.benchmark(group="mine")
def test_grouped(tf_benchmark):
    tf_benchmark(step, x, modes=("eager",), **quick)


def test_batches(tf_benchmark):
    result = tf_benchmark(step, batches=[(x,), (x[:8, :8],)], modes=("graph",), **quick)
    print(result)
    assert result.retraces == 0
"""


def run(
    folder: Path, *options: str, **environment: str
) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    """Run a file of tests as a user does, warnings being errors; give also pytest-benchmark's rows."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-W",
        "error",
        "-p",
        "tfbench.bench.plugin",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [*command, "--benchmark-json=out.json", *options, "test_mine.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**{k: v for k, v in os.environ.items() if k not in {"PYTEST_ADDOPTS", "TF_CPP_VMODULE"}}, **environment},
    )
    path = folder / "out.json"
    content = path.read_text(encoding="utf-8") if path.exists() else ""
    return done, json.loads(content)["benchmarks"] if content else []


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Give the function that writes a file of tests and gives its folder."""

    def give(text: str) -> Path:
        (tmp_path / "test_mine.py").write_text(text, encoding="utf-8")
        return tmp_path

    return give


@pytest.mark.tensorflow
def test_tests_assert_on_what_was_measured_and_each_mode_is_a_row(write: Callable[[str], Path]) -> None:
    done, rows = run(write(TESTS))
    assert "3 passed" in done.stdout, done.stdout + done.stderr
    assert "1 failed" in done.stdout
    assert "assert 1 == 0" in done.stdout
    assert "argument x: shape [64,64] became [8,8]" in done.stdout  # of what the failed test printed
    assert [(row["name"], row["group"], row["param"]) for row in rows] == [
        ("test_sizes[8-graph]", "test_sizes[8]", "8-graph"),
        ("test_sizes[8-xla]", "test_sizes[8]", "8-xla"),
        ("test_sizes[16-graph]", "test_sizes[16]", "16-graph"),
        ("test_sizes[16-xla]", "test_sizes[16]", "16-xla"),
        ("test_grouped[eager]", "mine", "eager"),
        ("test_batches[graph]", "test_batches", "graph"),
    ]
    assert rows[1]["fullname"] == "test_mine.py::test_sizes[8-xla]"
    assert rows[1]["params"] == {"size": 8, "mode": "xla"}
    for row in rows:
        (invocation,) = row["extra_info"]["tfbench"]["invocations"]
        assert row["stats"]["data"] == [seconds / invocation["iterations"] for seconds in invocation["round_s"]]
        assert row["name"] in done.stdout


SMALL = """
import tensorflow as tf

def test_one(tf_benchmark):
    result = tf_benchmark(lambda x: x + 1.0, tf.ones([3]), modes=("eager", "xla"), budget_s=0.2)
    assert result.compiles is None

def test_wrong(tf_benchmark):
    tf_benchmark(lambda x: x + (1.0 if tf.executing_eagerly() else 2.0), tf.ones([3]), modes=("graph",))

def test_twice(tf_benchmark):
    for _ in range(2):
        tf_benchmark(lambda x: x + 1.0, tf.ones([3]), modes=("eager",), budget_s=0.2)
"""


@pytest.mark.tensorflow
def test_what_goes_wrong_fails_its_test_with_one_clear_line(write: Callable[[str], Path]) -> None:
    done, rows = run(write(SMALL), "--tb=line", TF_CPP_MIN_LOG_LEVEL="2")  # so that XLA logs no compile
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert "2 failed" in done.stdout
    assert "WrongAnswerError: graph mode: call 1, output 0: 3, expected 2" in done.stdout
    assert "BadInputError: tf_benchmark measures one function a test" in done.stdout
    assert [row["name"] for row in rows] == ["test_one[eager]", "test_one[xla]", "test_twice[eager]"]


@pytest.mark.tensorflow
def test_with_benchmark_disable_answers_are_compared_and_nothing_is_timed(write: Callable[[str], Path]) -> None:
    done, rows = run(write(SMALL), "--benchmark-disable", "-rs", "-k", "one or wrong")
    assert "1 failed, 1 skipped" in done.stdout, done.stdout + done.stderr
    assert fixture.DISABLED in done.stdout
    assert rows == []


def test_a_mode_stands_in_a_tests_name_as_a_parameter_does() -> None:
    found = [fixture.in_mode(name, "xla") for name in ("test_step", "test_step[32]", "a.py::test_step[x]")]
    assert found == ["test_step[xla]", "test_step[32-xla]", "a.py::test_step[x-xla]"]
