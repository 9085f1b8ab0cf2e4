"""The operations of a graph, before and after Grappler."""

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from tfbench.bench import graphs


def fake(nodes: int, *functions: int) -> Any:
    library = SimpleNamespace(function=[SimpleNamespace(node_def=["op"] * size) for size in functions])
    definition = SimpleNamespace(node=["op"] * nodes, library=library)
    return SimpleNamespace(graph=SimpleNamespace(as_graph_def=lambda: definition))


def test_the_operations_of_called_functions_count_once_each() -> None:
    assert graphs.count_ops(fake(5, 2, 3)) == 10


def test_what_is_no_concrete_function_has_no_operations() -> None:
    assert graphs.count_ops(None) is None


REAL = """
import tensorflow as tf
from tfbench.bench import graphs
inner = tf.function(lambda x: x * 2.0)
def step(x):
    return inner(x) + inner(x) + tf.constant(2.0) * tf.constant(3.0)
function = tf.function(step)
x = tf.ones(3)
function(x)
concrete = function.get_concrete_function(x)
print("OPS", graphs.count_ops(concrete), graphs.count_optimized_ops(concrete, (x,)))
print("AGAIN", graphs.count_optimized_ops(concrete, (x,)))
"""


@pytest.mark.tensorflow
def test_grappler_folds_constants_and_inlines_functions() -> None:
    # Before: the input, two calls, two additions, two constants, their product and the answer are 9; the function
    # that both calls share has a constant, a product and an answer. Grappler makes one constant of three operations.
    done = subprocess.run([sys.executable, "-c", REAL], capture_output=True, text=True, timeout=300, check=False)
    found = {line.split()[0]: [int(n) for n in line.split()[1:]] for line in done.stdout.splitlines()}
    before, after = found["OPS"]
    assert before == 9 + 3, done.stderr[-2000:]
    assert 5 <= after < 9
    assert found["AGAIN"] == [after]
