"""What goes into a call and what comes out. In a child, where TensorFlow is imported."""

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.tensorflow

CODE = """
import collections, json
import keras, numpy as np, tensorflow as tf
from tfbench.bench import shapes
one = tf.constant(1.0)
Pair = collections.namedtuple("Pair", "second first")
found = {
    "tensors": shapes.describe((tf.zeros([32, 784]), tf.zeros([32], tf.int32)), one),
    "nothing in": shapes.describe((), one),
    "nothing out": shapes.describe((one,), None),
    "arrays": shapes.describe((np.zeros((2, 3)), np.uint8(1)), np.zeros(0, np.complex64)),
    "values": shapes.describe((3, 0.5, "text", True), b"x"),
    "nested": shapes.describe(([one, (tf.zeros([2]), one)],), {"b": tf.zeros([5], tf.bool), "a": [one]}),
    "named": shapes.describe((Pair(second=tf.zeros([2]), first=one),), one),
    "variables": shapes.describe((tf.Variable([1.0, 2.0]), keras.Variable([1.0])), one),
    "short floats": shapes.describe((tf.zeros([2], tf.bfloat16), tf.zeros([1, 1], tf.float16)), one),
    "ragged": shapes.describe((tf.ragged.constant([[1.0, 2.0], [3.0]]),), one),
    "open": shapes.describe((tf.TensorSpec([None, 3]),), one),
}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def described() -> dict[str, str]:
    """Describe all calls in one child."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: Any = json.loads(done.stdout.splitlines()[-1])
    return dict(found)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("tensors", "float32[32,784] int32[32] -> float32[]"),
        ("nothing in", " -> float32[]"),
        ("nothing out", "float32[] -> NoneType"),
        ("arrays", "float64[2,3] uint8[] -> complex64[0]"),
        ("values", "int float str bool -> bytes"),
        ("nested", "float32[] float32[2] float32[] -> float32[] bool[5]"),
        ("named", "float32[2] float32[] -> float32[]"),
        ("variables", "float32[2] float32[1] -> float32[]"),
        ("short floats", "bfloat16[2] float16[1,1] -> float32[]"),
        ("ragged", "float32[3] int64[3] -> float32[]"),
        ("open", "float32[?,3] -> float32[]"),
    ],
)
def test_a_call_is_described_by_types_and_shapes_in_order(described: dict[str, str], call: str, text: str) -> None:
    assert described[call] == text
