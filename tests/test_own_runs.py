"""A user's own code, measured by the command line as a user does. Real workers, real TensorFlow."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import store
from tfbench.bench.mode import MODES
from tfbench.bench.record import Run
from tfbench.reports import frame

pytestmark = pytest.mark.tensorflow

HELPER = """
import tensorflow as tf
weight = tf.Variable(1.0)
"""
MODEL = """
import numpy as np
import tensorflow as tf
import helper

calls = tf.Variable(0)
SIZE = 12

def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((helper.weight * x - y) ** 2)
    helper.weight.assign_sub(0.1 * tape.gradient(loss, helper.weight))
    calls.assign_add(1)
    return loss

def broken_step(x, y):
    raise ValueError("not today")

def make_batch():
    rng = np.random.default_rng()  # another one each time: the modes must get the same all the same
    return tf.constant(rng.normal(size=SIZE), tf.float32), tf.ones([SIZE])

def power(x, k):
    return tf.reduce_sum(x**k)

def powers():
    return [(tf.ones([SIZE]), k) for k in (1, 2, 3)]

def build():
    import keras
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(4), keras.layers.Dense(3)])

if __name__ == "__main__":
    raise SystemExit("this was run as a script")
"""


@pytest.fixture
def tfbench(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give the function that runs the command line in a folder with the files above."""
    (tmp_path / "helper.py").write_text(HELPER, encoding="utf-8")
    (tmp_path / "my_model.py").write_text(MODEL, encoding="utf-8")

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from tfbench.reports.cli import entry; entry()", *arguments]
        known = {k: v for k, v in os.environ.items() if k != "PYTEST_ADDOPTS"}
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=300,
            check=False,
            env={**known, **environment},
        )

    return run


def measured(done: subprocess.CompletedProcess[str], folder: Path) -> Run:
    assert done.returncode == 0, done.stdout + done.stderr
    return store.load(folder / "results")


def test_a_plain_function_runs_in_all_modes_with_all_tables_and_one_that_raises_fails_alone(
    tfbench: Any, tmp_path: Path
) -> None:
    options = ["--invocations", "1", "--budget", "0.3", "--profile"]
    done = tfbench("run", "my_model.py:train_step", "my_model.py:broken_step", "--args", "make_batch", *options)
    assert done.returncode == 1, done.stdout + done.stderr
    run = store.load(tmp_path / "results")
    assert {measurement.case.id for measurement in run.measurements} == {
        f"my_model-train_step-{mode}-cpu" for mode in MODES
    }
    for measurement in run.measurements:
        assert (measurement.work_per_call, measurement.unit) == (12, "examples")
        assert measurement.shapes == "float32[12] float32[12] -> float32[]"
        assert measurement.caution == "compared with its own eager run, to 0.001 of the largest value"
        assert len(measurement.content) == 16
    traces = {m.case.mode: m.invocations[0].ledger.traces for m in run.measurements}
    assert traces == {"eager": 0, "graph": 1, "xla": 1}
    assert {(f.case.implementation, f.case.mode, f.stage) for f in run.failures} == {
        ("broken_step", mode, "first call") for mode in MODES
    }
    assert all("not today" in failure.message for failure in run.failures)
    assert {profile.case_id for profile in run.profiles} == {m.case.id for m in run.measurements}
    for table in ("costs", "break-even", "roofline", "profile", "ops"):
        done = tfbench("report", "--table", table, "--format", "json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout), table


def test_batches_that_trace_a_function_again_are_told_with_cause_and_fix(tfbench: Any, tmp_path: Path) -> None:
    done = tfbench("run", "my_model.py:power", "--args", "my_model.py:powers", "--mode", "eager,graph", "--quick")
    assert done.returncode == 0, done.stdout + done.stderr
    eager, graph = store.load(tmp_path / "results").measurements
    told = "traced 2 times more after the first call: argument k: python value 1 became 2, fix: pass it as a tensor"
    assert told in graph.caution
    assert told in done.stdout
    assert "traced" not in eager.caution
    (columns,) = (line.split() for line in done.stdout.splitlines() if line.startswith("Name (time in"))
    assert columns[4:] == ["Min", "Median", "Max", "Rounds"]


def test_a_keras_model_is_measured_for_inference_and_training(tfbench: Any, tmp_path: Path) -> None:
    options = ["--quick", "--budget", "0.3", "--timing-only", "--threads", "1"]
    run = measured(tfbench("run", "--keras", "my_model.py:build", "--batch-size", "4", *options), tmp_path)
    rows = frame.summary_frame([run])
    assert [(row.params, row.implementation, row.mode) for row in rows.itertuples()] == [
        ("batch_size=4", name, mode) for name in ("inference", "training") for mode in MODES
    ]
    assert set(rows["threads"]) == {1}
    for row in rows.itertuples():
        assert row.baseline == f"my_model-{row.implementation}-{row.params}-eager-cpu-threads-1"
    assert "unequal work" not in " ".join(rows["warnings"])


PACKAGE = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "tfbench-tiny"
version = "1.0"

[project.entry-points."tfbench.workloads"]
tiny = "tiny_package:WORKLOADS"
"""
WORKLOADS = """
from tfbench.workloads import spec

def build(job):
    import tensorflow as tf
    return spec.Program(step=job.wrap(lambda x: x + 1.0), inputs=((tf.constant(1.0),),), expected=lambda: [2.0])

WORKLOADS = (spec.Workload(name="tiny", implementations=("plain",), build=build),)
"""


def test_the_workloads_of_an_installed_package_are_there_by_name(tfbench: Any, tmp_path: Path) -> None:
    source, site = tmp_path / "package", tmp_path / "site"
    source.mkdir()
    (source / "pyproject.toml").write_text(PACKAGE, encoding="utf-8")
    (source / "tiny_package.py").write_text(WORKLOADS, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*pip, "--target", site, source], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "tiny-plain-eager-cpu" in tfbench("list", "--device", "cpu", PYTHONPATH=str(site)).stdout
    done = tfbench("run", "tiny", "--benchmark-disable", PYTHONPATH=str(site))
    assert "3 passed" in done.stdout, done.stdout + done.stderr
