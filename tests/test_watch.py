"""A watch around anybody's code, and pytest's limit: real TensorFlow in child processes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import calls, causes, compiling, retraces
from tfbench.bench.calls import Cause, RetraceLedger, Stale, Trace
from tfbench.bench.errors import BadInputError

WATCHED = """
import json, sys
import tensorflow as tf
from tensorflow.python.eager.polymorphic_function import tracing_compilation as private
from tfbench.bench import causes, tracing

found = {}
original = private._create_concrete_function
step = tf.function(lambda x: x * 2)
one, two, three, four = (tf.ones([n]) for n in (1, 2, 3, 4))


def shapes(ledger):
    return [[cause.after for cause in trace.causes] or "first" for trace in ledger.traces]


with tracing.watch() as ledger:
    step(one)
    found["while open"] = [len(ledger.traces), ledger.compiles, ledger.exact]
    found["replaced"] = private._create_concrete_function is not original
found["restored"] = private._create_concrete_function is original
step(two)
found["after the end"] = shapes(ledger)

with tracing.watch() as ledger:
    step(two)
    step(three)
found["traced before"] = shapes(ledger)

with tracing.watch() as outer:
    step(four)
    with tracing.watch() as inner:
        step(tf.ones([5]))
    step(tf.ones([6]))
found["nested"] = [shapes(outer), shapes(inner)]
found["restored after nesting"] = private._create_concrete_function is original

first, second = tracing.watch(), tracing.watch()
one_ledger, other_ledger = first.__enter__(), second.__enter__()
first.__exit__(None, None, None)
step(tf.ones([7]))
second.__exit__(None, None, None)
step(tf.ones([8]))
found["ended out of order"] = [shapes(one_ledger), shapes(other_ledger)]
private._create_concrete_function = original

try:
    with tracing.watch():
        raise KeyError("mine")
except KeyError:
    found["restored after an error"] = private._create_concrete_function is original

traces = tracing.install()
found["installed"] = [traces.count, traces.seconds, traces.exact, list(traces.events)]
with tracing.watch() as ledger:
    step(tf.ones([9]))
step(tf.ones([10]))
found["installed and watched"] = [traces.count, len(traces.events), len(ledger.traces), 0.0 < traces.seconds < 5.0]
found["library"] = traces.count
list(tf.data.Dataset.range(3).map(lambda n: n + 1))
found["library"] = [traces.count > found["library"], len(traces.events)]
private._create_concrete_function = original

explain = causes.explain
causes.explain = lambda *_: 1 / 0
with tracing.watch() as ledger:
    step(tf.ones([11]))
found["not explained"] = [cause.text for trace in ledger.traces for cause in trace.causes]
causes.explain = explain

clock = iter([0.0, 1.0, 11.0, 16.0]).__next__
inner = tf.function(lambda x: x + 1)
both = tf.function(lambda x: inner(x))
with tracing.watch(clock) as ledger:
    both(one)
found["own seconds"] = [trace.seconds for trace in ledger.traces]

del private._create_concrete_function
with tracing.watch() as ledger:
    pass
found["moved"] = [ledger.exact, str(ledger), tracing.install().exact]
print(json.dumps(found))
"""

COMPILED = """
import glob, json, os, sys
import tensorflow as tf
from tfbench.bench import tracing

dump, folder = sys.argv[1:]


@tf.function(jit_compile=True, input_signature=[tf.TensorSpec([None, 3])])
def double(x):
    return x * 2


def dumped():
    return len(glob.glob(f"{dump}/*.before_optimizations.txt"))


batches = [tf.ones([size, 3]) for size in (2, 5, 7, 2)]
with tracing.watch() as ledger:
    before = dumped()
    with tf.profiler.experimental.Profile(folder):
        for batch in batches:
            double(batch)
    modules = dumped() - before
found = {"traces": len(ledger.traces), "log": ledger.compiles, "modules": modules}
found["public"] = double.experimental_get_tracing_count()
if os.environ.get("XLA_FLAGS"):
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    (path,) = glob.glob(f"{folder}/**/*.xplane.pb", recursive=True)
    with open(path, "rb") as file:
        space = xplane_pb2.XSpace.FromString(file.read())
    names = [p.event_metadata[e.metadata_id].name for p in space.planes for line in p.lines for e in line.events]
    found["events"] = names.count("CpuCompiler::CompileCpuExecutable")
print(json.dumps(found))
"""

SUITE = """
import pytest
import tensorflow as tf


@tf.function
def step(x, rate=0.5):
    return tf.reduce_sum(x) * rate


def test_steady():
    step(tf.ones([4, 2]))
    step(tf.ones([4, 2]))


def test_once_more():
    step(tf.ones([8, 2]))
    step(tf.ones([6, 2]))


def test_too_often():
    for size in (12, 11, 10):
        step(tf.ones([size, 2]))


@pytest.mark.parametrize("size", [20, 21, 22])
def test_other_tests_do_not_count(size):
    step(tf.ones([size, 2]))


def test_fails_by_itself():
    for size in (32, 31, 30):
        step(tf.ones([size, 2]))
    assert step is None


def test_makes_variables():
    kept = []

    @tf.function
    def made(x):
        if not kept:
            kept.append(tf.Variable(1.0))
        return x * kept[0]

    made(tf.ones([]))


def test_nothing():
    pass
"""


def child(
    *arguments: str, stderr: Any = subprocess.PIPE, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python with an environment set before it starts."""
    return subprocess.run(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        timeout=300,
        check=False,
        cwd=cwd,
        env=os.environ | environment,
    )


@pytest.fixture(scope="module")
def watched() -> dict[str, Any]:
    """Watch all sorts of code in one child."""
    done = child("-c", WATCHED)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("while open", [1, None, True]),
        ("replaced", True),
        ("restored", True),
        ("after the end", ["first"]),
        ("traced before", [["[3]"]]),
        ("nested", [[["[4]"], ["[5]"], ["[6]"]], [["[5]"]]]),
        ("restored after nesting", True),
        ("ended out of order", [[], [["[7]"]]]),
        ("restored after an error", True),
        ("installed", [0, 0.0, True, []]),
        ("installed and watched", [2, 2, 1, True]),
        ("library", [True, 2]),
        ("own seconds", [6.0, 10.0]),
        ("moved", [False, "traces cannot be counted with this TensorFlow", False]),
    ],
)
def test_a_watch_sees_what_is_traced_inside_it_and_leaves_nothing_behind(watched, name: str, expected: Any) -> None:
    assert watched[name] == expected


@pytest.mark.tensorflow
def test_what_cannot_be_explained_breaks_no_call(watched) -> None:
    expected = "the reason could not be read from TensorFlow's signatures; fix: ZeroDivisionError: division by zero"
    assert watched["not explained"] == [expected]


@pytest.mark.tensorflow
def test_an_open_dimension_is_traced_once_and_compiled_for_each_shape_by_every_count(tmp_path: Path) -> None:
    environment = {**compiling.LOGGING, "XLA_FLAGS": f"--xla_dump_to={tmp_path / 'dump'}"}
    with (tmp_path / "log").open("w") as log:
        done = child("-c", COMPILED, str(tmp_path / "dump"), str(tmp_path / "profile"), stderr=log, **environment)
    assert done.returncode == 0, (tmp_path / "log").read_text()[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {"traces": 1, "public": 1, "log": 3, "modules": 3, "events": 3}


@pytest.mark.tensorflow
def test_without_a_log_that_can_be_read_compiles_are_unknown(tmp_path: Path) -> None:
    done = child("-c", COMPILED, str(tmp_path), str(tmp_path / "profile"), **compiling.LOGGING)
    assert json.loads(done.stdout.splitlines()[-1])["log"] is None


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run a user's test suite with at most one retrace a test."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "test_user.py").write_text(SUITE, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    options = ["-p", "tfbench.bench.plugin", "-p", "no:cacheprovider", "-rA"]
    done = child("-m", "pytest", *options, "--tf-max-retraces", "1", "test_user.py", cwd=folder)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.tensorflow
def test_a_limit_fails_the_tests_that_trace_too_often_and_only_those(limited: str) -> None:
    failed = [line.split(" - ")[0] for line in limited.splitlines() if line.startswith("FAILED")]
    assert failed == ["FAILED test_user.py::test_too_often", "FAILED test_user.py::test_fails_by_itself"]
    assert "2 failed, 7 passed" in limited


@pytest.mark.tensorflow
def test_the_failure_names_function_place_cause_and_fix(limited: str) -> None:
    lines = limited.splitlines()
    head = "test_user.py::test_too_often: tf.functions were traced again 2 times, and --tf-max-retraces allows 1"
    at = lines.index(head)
    assert "  step (" in lines[at + 1]
    assert "test_user.py:6), " in lines[at + 1]
    change = (
        "argument x: shape [12,2] became [11,2]; fix: drop_remainder=True, or input_signature with a None dimension"
    )
    assert lines[at + 2] == f"    {change}"
    assert "argument x: shape [11,2] became [10,2]" in lines[at + 4]


@pytest.mark.tensorflow
def test_a_test_that_fails_by_itself_says_its_own_reason(limited: str) -> None:
    assert "test_fails_by_itself: tf.functions" not in limited


@pytest.mark.parametrize("text", ["-1", "", "x", "1.5", "1e3", "٣"])
def test_the_limit_is_a_whole_number(text: str) -> None:
    with pytest.raises(BadInputError, match="give a whole number of at least 0"):
        retraces.limit(text)


def test_no_retrace_may_be_allowed() -> None:
    assert retraces.limit("0").most == 0


CAUSE = Cause(kind=calls.SHAPE, argument="x", before="[2]", after="[3]", fix="pad")


def trace(name: str, *causes: Cause, seconds: float = 0.25) -> Trace:
    return Trace(function=name, file="a.py", line=3, seconds=seconds, first=not causes, causes=causes)


def ledger(*traces: Trace, stale: tuple[Stale, ...] = (), compiles: int | None = None) -> RetraceLedger:
    return RetraceLedger(list(traces), lambda: list(stale), lambda: compiles, exact=True)


def test_the_first_trace_of_a_function_in_a_test_and_tensorflows_own_are_free() -> None:
    variables = Cause(kind=calls.VARIABLES, argument="", before="", after="", fix="build")
    saving = Cause(kind=calls.CONTEXT, argument="", before="a", after="b", fix=causes.SAVING)
    own = trace("g", variables), trace("g", saving)
    seen = ledger(trace("f", CAUSE), trace("g"), trace("f", CAUSE), *own, trace("g", CAUSE))
    assert [found.function for found in retraces.count(seen)] == ["f", "g"]


def test_a_ledger_reads_as_a_table() -> None:
    closure = Cause(kind=calls.CLOSURE, argument="rate", before="1", after="2", fix="pass it")
    stale = Stale(function="g", file="b.py", line=7, cause=closure)
    assert str(ledger(trace("f"), trace("f", CAUSE, seconds=0.5), stale=(stale,), compiles=2)).splitlines() == [
        "traces: 2 in 0.750 s, retraces: 1, compiles: 2",
        "  f (a.py:3)  0.250 s  first",
        "  f (a.py:3)  0.500 s  again",
        "    argument x: shape [2] became [3]; fix: pad",
        "  g (b.py:7)  not traced again",
        "    closure rate: 1 became 2 after the trace, and calls still use 1; fix: pass it",
    ]


def test_a_closed_ledger_asks_no_more() -> None:
    answers = [3, 2]
    seen = RetraceLedger([], list, answers.pop, exact=True)
    assert seen.compiles == 2
    seen.close()
    assert (seen.compiles, seen.compiles) == (3, 3)
