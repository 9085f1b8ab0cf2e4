"""AutoGraph's conversions, forgotten between cases."""

import subprocess
import sys
from pathlib import Path

import pytest

REAL = """
import tensorflow as tf
from tensorflow.python.autograph.impl import api
from tfbench.bench import conversions

def step(x):
    for _ in tf.range(2):
        x += 1.0
    return x

converted = []
transform = api._TRANSPILER.transform_ast

def note(node, context):
    converted.append(context.info.source_code)
    return transform(node, context)

api._TRANSPILER.transform_ast = note

def trace():
    tf.function(step)(tf.ones(3))
    return sum("def step" in code for code in converted)

print("COUNTS", trace(), trace(), conversions.forget(), trace())
"""


@pytest.mark.tensorflow
def test_code_that_was_traced_before_is_converted_again_only_once_it_is_forgotten(tmp_path: Path) -> None:
    script = tmp_path / "script.py"  # AutoGraph wants to read the source
    script.write_text(REAL, encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert "COUNTS 1 1 True 2" in done.stdout
