"""Why a function is traced again: the cause is named right, and its fix makes the retrace go away."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import calls, causes, codec
from tfbench.bench.calls import Cause, Trace
from tfbench.bench.signatures import CONTAINER, LITERAL, OTHER, REFERENCE, TENSOR, Part, Signature

# Each scenario calls as users do, and once more with the fix; the functions of the two are apart.
SCENARIOS = """
import collections, functools, json, tempfile
import numpy as np, tensorflow as tf
from tfbench.bench import codec, tracing

SCENARIOS = {}
Point = collections.namedtuple("Point", "x y")


def scenario(function):
    SCENARIOS[function.__name__] = function
    return function


class Config:
    def __init__(self, factor):
        self.factor = factor


def batches(*sizes):
    return [tf.ones([size, 784]) for size in sizes]


@scenario
def smaller_batch(fixed):
    step = tf.function(lambda x: tf.reduce_sum(x))
    data = tf.data.Dataset.from_tensor_slices(tf.ones([88, 784])).batch(32, drop_remainder=fixed)
    for batch in data:
        step(batch)
    return step


@scenario
def smaller_batch_open(fixed):
    spec = [tf.TensorSpec([None, 784])] if fixed else None
    step = tf.function(lambda x: tf.reduce_sum(x), input_signature=spec)
    for batch in batches(32, 24):
        step(batch)
    return step


@scenario
def lengths(fixed):
    step = tf.function(lambda x: tf.reduce_sum(x), input_signature=[tf.TensorSpec([8, None])] if fixed else None)
    for length in (5, 9, 7, 5):
        step(tf.ones([8, length]))
    return step


@scenario
def lengths_reduced(fixed):
    step = tf.function(lambda x: tf.reduce_sum(x), reduce_retracing=fixed)
    for length in (5, 9, 7, 6):
        step(tf.ones([8, length]))
    return step


@scenario
def lengths_xla(fixed):
    step = tf.function(lambda x: tf.reduce_sum(x), jit_compile=True)
    for length in (5, 9, 7):
        x = tf.ones([8, length])
        step(tf.pad(x, [[0, 0], [0, 16 - length]]) if fixed else x)
    return step


@scenario
def rank(fixed):
    step = tf.function(lambda x: tf.reduce_sum(x))
    step(tf.ones([1, 4]))
    step(tf.ones([1, 4] if fixed else [4]))
    return step


@scenario
def learning_rate(fixed):
    step = tf.function(lambda x, rate: x * rate)
    for rate in (0.1, 0.01, 0.001, 0.1):
        step(tf.ones([]), tf.constant(rate) if fixed else rate)
    return step


@scenario
def flag(fixed):
    step = tf.function(lambda x, training: x * 2 if training else x)
    for training in (True, True if fixed else False):
        step(tf.ones([]), training)
    return step


@scenario
def dtype(fixed):
    step = tf.function(lambda x: x * 2)
    step(np.ones(3, np.float32))
    step(np.ones(3).astype(np.float32 if fixed else np.float64))
    return step


@scenario
def fresh_function(fixed):
    def double(x):
        return x * 2

    step = tf.function(double)
    for _ in range(3):
        step = step if fixed else tf.function(double)
        step(tf.ones([]))
    return step


@scenario
def fresh_closure(fixed):
    if fixed:
        step = tf.function(lambda x, factor: x * factor)
        for factor in (2.0, 3.0):
            step(tf.ones([]), tf.constant(factor))
        return step
    for factor in (2.0, 3.0):
        step = tf.function(lambda x: x * factor)
        step(tf.ones([]))
    return step


@scenario
def list_length(fixed):
    step = tf.function(lambda xs: tf.reduce_sum(tf.stack(xs) if isinstance(xs, list) else xs),
                       input_signature=[tf.TensorSpec([None, 3])] if fixed else None)
    for count in (2, 3):
        layers = [tf.ones([3])] * count
        step(tf.stack(layers) if fixed else layers)
    return step


@scenario
def keyword_left_out(fixed):
    def scaled(x, factor=3.0):
        return x * factor

    step = tf.function(scaled)
    step(tf.ones([]), factor=tf.constant(2.0) if fixed else 2.0)
    step(tf.ones([]), **({"factor": tf.constant(3.0)} if fixed else {}))
    return step


@scenario
def optional_left_out(fixed):
    def masked(x, mask=None):
        return x if mask is None else x * mask

    step = tf.function(masked)
    step(tf.ones([3]), mask=tf.ones([3]))
    step(tf.ones([3]), **({"mask": tf.ones([3])} if fixed else {}))
    return step


@scenario
def new_object(fixed):
    step = tf.function(lambda x, config: x * config.factor)
    kept = Config(2.0)
    for _ in range(3):
        step(tf.ones([]), kept if fixed else Config(2.0))
    return step


@scenario
def new_method_owner(fixed):
    class Layer:
        @tf.function
        def call(self, x):
            return x * 2

    layer = Layer()
    for _ in range(2):
        layer.call(tf.ones([]))
        if not fixed:
            del layer
            layer = Layer()
    layer.call(tf.ones([]))


@scenario
def two_layers(fixed):
    class Layer:
        @tf.function
        def call(self, x):
            return x * 2

    for layer in [Layer(), Layer()]:
        layer.call(tf.ones([]))


@scenario
def variables(fixed):
    class Model(tf.Module):
        weight = None

        @tf.function
        def call(self, x):
            if self.weight is None:
                self.weight = tf.Variable(2.0)
            return x * self.weight

    model = Model()
    if fixed:
        model.weight = tf.Variable(2.0)
    model.call(tf.ones([]))
    model.call(tf.ones([]))


@scenario
def context(fixed):
    step = tf.function(lambda x: x * 2)
    scope = tf.distribute.MirroredStrategy(["CPU:0"]).scope
    if not fixed:
        step(tf.ones([]))
    with scope():
        step(tf.ones([]))
        step(tf.ones([]))
    return step


@scenario
def saved(fixed):
    class Model(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([])])
        def call(self, x):
            return x * 2

    model = Model()
    model.call(tf.ones([]))
    if not fixed:
        with tempfile.TemporaryDirectory() as folder:
            tf.saved_model.save(model, folder)


@scenario
def nested_structure(fixed):
    step = tf.function(lambda batch: tf.reduce_sum(batch["pair"][1].y))
    for size in (3, 3 if fixed else 4):
        one = tf.ones([2])
        step({"pair": (one, Point(x=one, y=tf.ones([size, 2, size])))})
    return step


@scenario
def keys(fixed):
    step = tf.function(lambda batch: batch["image"])
    step({"image": tf.ones([])})
    step({"image": tf.ones([])} if fixed else {"image": tf.ones([]), "label": tf.ones([])})
    return step


@scenario
def variable_and_tensor(fixed):
    step = tf.function(lambda x: x * 2)
    step(tf.ones([]))
    step(tf.constant(2.0) if fixed else tf.Variable(2.0))
    return step


@scenario
def more_arguments(fixed):
    step = tf.function(lambda *xs: xs[0])
    step(tf.ones([]))
    step(*[tf.ones([])] * (1 if fixed else 2))
    return step


@scenario
def nearest(fixed):
    step = tf.function(lambda x, rate: tf.reduce_sum(x) * rate)
    for size, rate in [(32, 1.5), (24, 2.5), (16, 1.5 if fixed else 2.5)]:
        step(tf.ones([size, 4]), rate)
    return step


@scenario
def equal_values(fixed):
    step = tf.function(lambda x, n: x * n)
    for n in (1, 1.0, True):
        step(tf.ones([]), n)
    return step


@scenario
def two_changes(fixed):
    step = tf.function(lambda x, rate: tf.reduce_sum(x))
    step(tf.ones([2]), 0.5)
    step(tf.ones([2] if fixed else [3], tf.float32 if fixed else tf.float64), 0.5 if fixed else 0.25)
    return step


@scenario
def inside_the_library(fixed):
    import keras
    model = keras.Sequential([keras.layers.Input([2]), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = tf.ones([6, 2]), tf.ones([6, 1])
    model.fit(x, y, batch_size=4, verbose=0)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    list(tf.data.Dataset.range(4).map(lambda n: n + 1).filter(lambda n: n > 1))
    tf.map_fn(lambda n: n + 1, tf.range(3))


@scenario
def unwrapped(fixed):
    def logged(function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args)
        return wrapper

    @logged
    def decorated(x):
        return x * 2

    class Called:
        def __call__(self, x):
            return x * 2

    def partly(a, x):
        return x * a

    for function in (decorated, Called(), functools.partial(partly, 2.0)):
        tf.function(function)(tf.ones([]))


@scenario
def inner_function(fixed):
    inner = tf.function(lambda x: x * 2)
    outer = tf.function(lambda x: inner(x) + tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: -x))
    with tf.GradientTape() as tape:
        x = tf.Variable([1.0, 2.0])
        y = outer(tf.identity(x))
    tape.gradient(y, x)


@scenario
def failing(fixed):
    def refuse(x, n):
        if n == 1:
            raise ValueError("not this")
        return x

    step = tf.function(refuse)
    for n in (1, 2):
        try:
            step(tf.ones([]), n)
        except ValueError:
            pass


@scenario
def recursive(fixed):
    @tf.function
    def down(x, n):
        return x if n == 0 else down(x, n - 1) + 1.0

    down(tf.ones([]), 2)


@scenario
def closure(fixed):
    factor, kept = 2.0, tf.constant(1.0)
    step = tf.function(lambda x, f: x * (f if fixed else factor) + kept)
    answers = [float(step(tf.ones([]), tf.constant(factor)))]
    factor = 3.0
    answers.append(float(step(tf.ones([]), tf.constant(factor))))
    assert answers == ([3.0, 4.0] if fixed else [3.0, 3.0]), answers
    return step


found = {}
for name, run in SCENARIOS.items():
    for fixed in (False, True):
        with tracing.watch() as ledger:
            step = run(fixed)
        found[f"{name} fixed" if fixed else name] = {
            "traces": codec.encode(ledger.traces),
            "stale": codec.encode(ledger.stale) if step is not None else [],
            "public": step.experimental_get_tracing_count() if step is not None else None,
        }
print(json.dumps(found))
"""

VARIABLES = "variables were made in the first call, so it is traced once more without"
CONTEXT = "the same arguments in another context"
CROSS = "in_cross_replica_context"

# What each scenario must give: the causes of its traces after the first, in order, without their fixes.
RETRACES: dict[str, list[list[str]]] = {
    "smaller_batch": [["argument x: shape [32,784] became [24,784]"]],
    "smaller_batch_open": [["argument x: shape [32,784] became [24,784]"]],
    "lengths": [["argument x: shape [8,5] became [8,9]"], ["argument x: shape [8,9] became [8,7]"]],
    "lengths_reduced": [
        ["argument x: shape [8,5] became [8,9]"],
        ["argument x: shape [8,9] became [8,7]"],
        ["argument x: shape [8,7] became [8,6]"],
    ],
    "lengths_xla": [["argument x: shape [8,5] became [8,9]"], ["argument x: shape [8,9] became [8,7]"]],
    "rank": [["argument x: rank [1,4] became [4]"]],
    "learning_rate": [
        ["argument rate: python value 0.1 became 0.01"],
        ["argument rate: python value 0.01 became 0.001"],
    ],
    "flag": [["argument training: python value True became False"]],
    "dtype": [["argument x: dtype float32 became float64"]],
    "fresh_function": [["a new tf.function over the same code"]] * 2,
    "fresh_closure": [["a new tf.function over the same code, closure factor: 2.0 became 3.0"]],
    "list_length": [["argument xs: structure list of 2 became list of 3"]],
    "keyword_left_out": [["argument factor: python value 2.0 became 3.0 (default)"]],
    "optional_left_out": [["argument mask: structure tensor float32[3] became None (default)"]],
    "new_object": [["argument config: object Config became another Config"]] * 2,
    "new_method_owner": [["argument self: object Layer became another Layer"]] * 2,
    "two_layers": [],
    "variables": [[VARIABLES]],
    "context": [[f"{CONTEXT}, {CROSS}=False became {CROSS}=True"]],
    "saved": [[f"{CONTEXT}, variable_policy=None became variable_policy=<VariablePolicy.NONE: None>"]],
    "nested_structure": [["argument batch['pair'][1].y: shape [3,2,3] became [4,2,4]"]],
    "keys": [["argument batch: structure dict with 'image' became dict with 'image', 'label'"]],
    "variable_and_tensor": [["argument x: structure tensor float32[] became Variable float32[]"]],
    "more_arguments": [["argument xs_1: structure left out became tensor float32[]"]],
    "nearest": [
        ["argument x: shape [32,4] became [24,4]", "argument rate: python value 1.5 became 2.5"],
        ["argument x: shape [24,4] became [16,4]"],
    ],
    "equal_values": [],
    "two_changes": [
        [
            "argument x: shape [2] became [3]",
            "argument x: dtype float32 became float64",
            "argument rate: python value 0.5 became 0.25",
        ],
    ],
    "closure": [],
}
# What is still traced again with the fix.
FIXED: dict[str, list[list[str]]] = {
    "lengths_reduced": [["argument x: shape [8,5] became [8,None]"]],
    "nearest": [*RETRACES["nearest"][:1], ["argument x: shape [32,4] became [16,4]"]],
}

Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the scenarios where AutoGraph can read them."""
    path = tmp_path_factory.mktemp("scenarios") / "scenarios.py"
    path.write_text(SCENARIOS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found(path: Path) -> Found:
    """Run all scenarios in one child."""
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    result: Found = json.loads(done.stdout.splitlines()[-1])
    return result


def traces(found: Found, name: str) -> list[Trace]:
    """Give the traces of a scenario as records."""
    return [codec.decode(Trace, trace) for trace in found[name]["traces"]]


def reasons(found: Found, name: str) -> list[list[str]]:
    """Give the reasons of each trace that is not a first one."""
    return [[cause.reason for cause in trace.causes] for trace in traces(found, name) if not trace.first]


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", RETRACES)
def test_the_causes_of_all_retraces_are_named(found, name: str) -> None:
    assert reasons(found, name) == RETRACES[name]


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", RETRACES)
def test_the_fix_makes_the_retraces_go_away(found, name: str) -> None:
    left = RETRACES[name] if name == "two_layers" else FIXED.get(name, [])
    assert reasons(found, f"{name} fixed") == left


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", RETRACES)
def test_there_are_as_many_traces_as_tensorflow_itself_counts(found, name: str) -> None:
    if name.startswith("fresh"):  # TensorFlow counts for each tf.function alone
        assert (len(traces(found, name)), found[name]["public"]) == (len(RETRACES[name]) + 1, 1)
    elif found[name]["public"] is not None:
        assert len(traces(found, name)) == found[name]["public"]
        assert len(traces(found, f"{name} fixed")) == found[f"{name} fixed"]["public"]


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("smaller_batch", "drop_remainder=True, or input_signature with a None dimension"),
        ("lengths", "input_signature or reduce_retracing=True with a None dimension"),
        ("lengths_xla", causes.PAD),
        ("rank", "give it one rank: tf.expand_dims or tf.reshape before the call"),
        (
            "learning_rate",
            "pass it as a tensor instead of a Python number, such as tf.constant(0.01), or as a tf.Variable",
        ),
        ("dtype", "cast to one dtype before the call, such as float32"),
        ("fresh_function", "make the function once, outside of the loop"),
        ("fresh_closure", "make the function once, outside of the loop, and pass factor as a tensor argument"),
        ("list_length", "stack the list into a tensor with tf.stack, or always pass the same structure"),
        ("optional_left_out", "give it in every call, in the same way"),
        ("new_object", "keep one object and pass it in every call, or give its class __eq__ and __hash__"),
        ("variables", causes.VARIABLES_FIRST),
        ("context", causes.ONE_CONTEXT),
        ("saved", causes.SAVING),
    ],
)
def test_the_fix_that_is_named_is_the_one_that_helps(found, name: str, fix: str) -> None:
    retrace = next(trace for trace in traces(found, name) if not trace.first)
    assert retrace.causes[0].fix == fix


@pytest.mark.tensorflow
def test_a_closure_that_changed_is_no_retrace_but_is_said_to_be_stale(found) -> None:
    (stale,) = found["closure"]["stale"]
    assert stale["function"] == "closure.<locals>.<lambda>"
    assert codec.decode(Cause, stale["cause"]).text == (
        "closure factor: 2.0 became 3.0 after the trace, and calls still use 2.0; "
        "fix: pass it as an argument, or keep it in a tf.Variable"
    )
    # With the argument the closure is not used any more; no other scenario that goes on calling is stale.
    assert [name for name, given in found.items() if given["stale"] and "fresh" not in name] == [
        "closure",
        "closure fixed",
    ]


@pytest.mark.tensorflow
def test_functions_of_tensorflow_and_keras_are_not_the_users(found) -> None:
    assert traces(found, "inside_the_library") == []


@pytest.mark.tensorflow
def test_a_trace_names_the_users_own_function_below_decorators_and_objects(found, path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    names = ["unwrapped.<locals>.decorated", "unwrapped.<locals>.Called.__call__", "unwrapped.<locals>.partly"]
    found_traces = traces(found, "unwrapped")
    assert [trace.function for trace in found_traces] == names
    assert {trace.file for trace in found_traces} == {str(path)}
    starts = ["    @logged", "        def __call__(self, x):", "    def partly(a, x):"]
    assert [lines[trace.line - 1] for trace in found_traces] == starts


@pytest.mark.tensorflow
def test_a_function_inside_another_has_its_own_trace_after_it_and_gradients_have_none(found) -> None:
    outer, inner = traces(found, "inner_function")
    assert outer.line == inner.line + 1
    assert (outer.first, inner.first) == (True, True)
    assert outer.seconds > 0.0
    assert inner.seconds > 0.0


@pytest.mark.tensorflow
def test_a_trace_that_fails_is_none(found) -> None:
    assert [trace.first for trace in traces(found, "failing")] == [True]


@pytest.mark.tensorflow
def test_a_recursive_function_is_traced_in_the_order_of_its_calls(found) -> None:
    assert [trace.first for trace in traces(found, "recursive")] == [True, False, False]
    expected = ["argument n: python value 2 became 1", "argument n: python value 1 became 0"]
    assert reasons(found, "recursive") == [[text] for text in expected]


def value(given: Any) -> Part:
    return Part(kind=LITERAL, text=repr(given), value=given)


def tensor(*shape: int | None, dtype: str = "float32") -> Part:
    return Part(kind=TENSOR, text="tensor", shape=shape, dtype=dtype)


def container(text: str) -> Part:
    return Part(kind=CONTAINER, text=text)


class Owner:
    """Stands for a tf.function."""


def signature(owner: Any, arguments: dict[str, Part], **changes: Any) -> Signature:
    fields: dict[str, Any] = {"owner": lambda: owner, "arguments": arguments, "cells": {}, "context": {}}
    return Signature(**fields | changes)


def test_equal_arguments_differ_in_nothing() -> None:
    one = {"x": tensor(2, None), "n": value(1), "flag": value(1.0)}
    other = {"x": tensor(2, None), "n": value(True), "flag": value(1)}
    assert causes.differences(one, other, xla=False) == ()


def test_below_a_container_that_differs_nothing_is_named() -> None:
    before = {"xs": container("list of 1"), "xs[0]": tensor(1), "xsmall": value(1)}
    after = {"xs": container("list of 2"), "xs[0]": tensor(2), "xs[1]": tensor(2), "xsmall": value(2)}
    found = causes.differences(before, after, xla=False)
    assert [(cause.kind, cause.argument) for cause in found] == [(calls.STRUCTURE, "xs"), (calls.VALUE, "xsmall")]


@pytest.mark.parametrize(
    ("before", "after", "fix"),
    [
        (tensor(32, 4), tensor(24, 4), causes.SMALLER_XLA),
        (tensor(24, 4), tensor(32, 4), causes.PAD),
        (tensor(32, 4), tensor(24, 5), causes.PAD),
        (tensor(32), tensor(24), causes.PAD),
        (tensor(32, 4), tensor(None, 4), causes.OPENED),
        (tensor(None, 4), tensor(None, 5), causes.PAD),
    ],
)
def test_for_xla_an_open_dimension_is_no_fix(before: Part, after: Part, fix: str) -> None:
    (found,) = causes.differences({"x": before}, {"x": after}, xla=True)
    assert found.fix == fix


@pytest.mark.parametrize(
    ("before", "after", "kind", "fix"),
    [
        (value("sum"), value("mean"), calls.VALUE, "pass it with the same value: each value is a trace"),
        (value(None), value("mean"), calls.VALUE, "pass it with the same value: each value is a trace"),
        (tensor(), value(None), calls.STRUCTURE, causes.EVERY_CALL),
        (tensor(), container("list of 2"), calls.STRUCTURE, causes.SAME_STRUCTURE),
        (
            Part(kind=OTHER, text="a", value=1),
            Part(kind=OTHER, text="b", value=2),
            calls.STRUCTURE,
            causes.SAME_STRUCTURE,
        ),
        (
            Part(kind=REFERENCE, text="A", value=1),
            Part(kind=REFERENCE, text="B", value=2),
            calls.OBJECT,
            causes.ONE_OBJECT,
        ),
    ],
)
def test_kind_and_fix_follow_from_what_changed_to_what(before: Part, after: Part, kind: str, fix: str) -> None:
    (found,) = causes.differences({"a": before}, {"a": after}, xla=False)
    assert (found.kind, found.fix) == (kind, fix)


def test_a_number_in_place_of_a_tensor_is_a_python_value() -> None:
    (found,) = causes.differences({"a": tensor()}, {"a": value(0.5)}, xla=False)
    assert found.kind == calls.VALUE
    assert "tf.constant(0.5)" in found.fix


def test_the_first_trace_of_a_code_has_no_causes() -> None:
    assert causes.explain(signature(Owner(), {}), []) == (True, ())


def test_a_function_for_xla_is_apart_from_the_same_without() -> None:
    assert causes.explain(signature(Owner(), {}, xla=True), [signature(Owner(), {})]) == (True, ())


def test_of_equally_near_traces_the_latest_is_compared_with() -> None:
    owner = Owner()
    earlier = [signature(owner, {"n": value(n)}) for n in (1, 2, 3)]
    (cause,) = causes.explain(signature(owner, {"n": value(4)}), earlier)[1]
    assert (cause.before, cause.after) == ("3", "4")


def test_fewer_dimensions_that_differ_are_nearer() -> None:
    owner = Owner()
    earlier = [signature(owner, {"x": tensor(32, 4)}), signature(owner, {"x": tensor(32, 9)})]
    (cause,) = causes.explain(signature(owner, {"x": tensor(24, 4)}), earlier)[1]
    assert (cause.before, cause.after) == ("[32,4]", "[24,4]")


def test_a_cause_says_itself_in_one_line() -> None:
    cause = Cause(kind=calls.SHAPE, argument="x", before="[32,784]", after="[24,784]", fix=causes.SMALLER)
    expected = (
        "argument x: shape [32,784] became [24,784]; fix: drop_remainder=True, or input_signature with a None dimension"
    )
    assert cause.text == expected


def test_records_go_through_json() -> None:
    cause = Cause(kind=calls.VALUE, argument="n", before="1", after="2", fix="none")
    trace = Trace(function="f", file="a.py", line=1, seconds=0.5, first=False, causes=(cause,))
    call = calls.Call(label="n=2", seconds=1.0, traces=(trace,), compiles=1, compile_s=0.25, rss_bytes=4096)
    sequence = calls.Sequence(workload="w", mode="xla", name="numbers", fix="tensor", fixed=False, calls=(call,))
    assert codec.decode(calls.Sequence, json.loads(json.dumps(codec.encode(sequence)))) == sequence
