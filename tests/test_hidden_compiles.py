"""Compiles that no trace shows, counted in two ways: XLA's log, and the modules that XLA dumps."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tfbench.bench import compiling

pytestmark = pytest.mark.tensorflow

SCRIPT = """
import json
import tensorflow as tf
from tfbench.bench import compiling

log, told = compiling.Compiles(descriptor=2), {}
open_length = tf.function(lambda x: x * 2.0, input_signature=[tf.TensorSpec([None])], jit_compile=True)
reshape = tf.function(lambda x, shape: tf.reshape(x, shape), jit_compile=True)
square = tf.function(lambda x: x * x, jit_compile=True)

def differentiate():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = square(x)
    tape.gradient(y, x)

def tell(name, function, *calls):
    log.read()
    before = log.count
    for call in calls:
        call()
    log.read()
    told[name] = [function.experimental_get_tracing_count(), log.functions[before:]]

tell("open length", open_length, *(lambda n=n: open_length(tf.ones([n])) for n in (2, 3, 5, 3)))
tell("reshape", reshape, *(lambda s=s: reshape(tf.ones([12]), tf.constant(s)) for s in ([3, 4], [2, 6], [3, 4])))
tell("gradient", square, differentiate, differentiate)
print(json.dumps({"told": told, "count": log.count, "seconds": log.seconds}))
"""


def test_log_and_dump_agree_on_every_compile(tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    flags = f"--xla_dump_to={dump} --xla_dump_hlo_as_text"
    with (tmp_path / "stderr").open("w+b") as stderr:
        done = subprocess.run(
            [sys.executable, "-P", "-c", SCRIPT],
            env={**os.environ, **compiling.LOGGING, "XLA_FLAGS": flags},
            stdout=subprocess.PIPE,
            stderr=stderr,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, (tmp_path / "stderr").read_text()[-2000:]
    found = json.loads(done.stdout)
    assert found["told"] == {
        "open length": [1, ["<lambda>"] * 3],
        "reshape": [1, ["<lambda>"] * 2],
        "gradient": [1, ["<lambda>", "<lambda> (gradient)"]],
    }
    modules = {path.name.split(".")[0] for path in dump.glob("module_*.before_optimizations.txt")}
    assert (found["count"], len(modules)) == (7, 7)
    assert 0.0 < found["seconds"] < 60.0
