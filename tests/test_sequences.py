"""The built-in call sequences in real workers: traces, compiles and causes are what is known by construction."""

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import calls, options, recording, selection, store
from tfbench.bench.calls import Sequence
from tfbench.bench.process import MEMORY
from tfbench.bench.record import Run
from tfbench.bench.scheduler import Settings
from tfbench.workloads.catalog import catalog

pytestmark = pytest.mark.tensorflow

PER_REPLICA = f"{calls.SHAPE} {calls.STRUCTURE}"
# Traces and compiles in each call as written, then fixed, and the kind, or kinds, of the causes.
ONCE = (1, 0, 0, 0)
EACH = (1, 1, 1, 0)
NONE = (0, 0, 0, 0)
KNOWN: dict[tuple[str, str, str], tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...], str]] = {
    ("sum_loop", "python_int", "graph"): (EACH, NONE, ONCE, NONE, calls.VALUE),
    ("sum_loop", "python_int", "xla"): (EACH, EACH, ONCE, ONCE, calls.VALUE),
    ("sum_loop", "other_dtype", "graph"): ((1, 1, 0, 0), NONE, ONCE, NONE, calls.DTYPE),
    ("sum_loop", "other_dtype", "xla"): ((1, 1, 0, 0), (1, 1, 0, 0), ONCE, ONCE, calls.DTYPE),
    ("sum_loop", "keyword_left_out", "graph"): ((1, 1, 0), NONE[:3], ONCE[:3], NONE[:3], calls.VALUE),
    ("sum_loop", "keyword_left_out", "xla"): ((1, 1, 0), (1, 1, 0), ONCE[:3], ONCE[:3], calls.VALUE),
    ("sum_loop", "tensor_range", "xla"): (ONCE, EACH, ONCE, ONCE, ""),
    ("sum_loop", "tensor_length", "xla"): (ONCE, EACH, ONCE, ONCE, ""),
    ("fashion_mnist", "last_batch", "graph"): ((1, 0, 1, 0), NONE, ONCE, NONE, calls.SHAPE),
    ("fashion_mnist", "last_batch", "xla"): ((1, 0, 1, 0), (1, 0, 1, 0), ONCE, ONCE, calls.SHAPE),
    ("fashion_mnist", "learning_rate", "graph"): (EACH[:3], NONE[:3], ONCE[:3], NONE[:3], calls.VALUE),
    ("fashion_mnist", "learning_rate", "xla"): (EACH[:3], EACH[:3], ONCE[:3], ONCE[:3], calls.VALUE),
    ("fashion_mnist", "fresh_function", "graph"): (EACH[:3], NONE[:3], ONCE[:3], NONE[:3], calls.FUNCTION),
    ("fashion_mnist", "fresh_function", "xla"): (EACH[:3], EACH[:3], ONCE[:3], ONCE[:3], calls.FUNCTION),
    ("layer_norm", "lengths", "graph"): (EACH, NONE, ONCE, NONE, calls.SHAPE),
    ("layer_norm", "open_lengths", "xla"): (ONCE, EACH, ONCE, ONCE, ""),
    ("layer_norm", "list", "graph"): (EACH, NONE, ONCE, NONE, calls.STRUCTURE),
    ("layer_norm", "list", "xla"): (EACH, EACH, ONCE, ONCE, calls.STRUCTURE),
    ("layer_norm", "new_object", "graph"): (EACH[:3], NONE[:3], ONCE[:3], NONE[:3], calls.OBJECT),
    ("layer_norm", "new_object", "xla"): (EACH[:3], EACH[:3], ONCE[:3], ONCE[:3], calls.OBJECT),
    ("distributed", "last_batch", "graph"): ((1, 1, 0), NONE[:3], ONCE[:3], NONE[:3], PER_REPLICA),
    # One replica: the step, and in it the function that XLA compiles.
    ("distributed", "last_batch", "xla"): ((2, 2, 0), (1, 1, 0), (2, 0, 0), ONCE[:3], PER_REPLICA),
    ("layer_norm", "changed_closure", "graph"): (ONCE[:3], NONE[:3], ONCE[:3], NONE[:3], ""),
    ("layer_norm", "changed_closure", "xla"): (ONCE[:3], ONCE[:3], ONCE[:3], ONCE[:3], ""),
}


class Quiet:
    """An observer that has nothing to show."""

    def aside(self, cases: Any, what: str) -> None:
        """Hear that a worker starts."""

    def message(self, message: dict[str, Any]) -> None:
        """Hear what it says."""


@pytest.fixture(scope="module")
def recorded() -> dict[tuple[str, str, str, bool], Sequence]:
    """Run all sequences, a worker a workload."""
    found: dict[tuple[str, str, str, bool], Sequence] = {}
    known = catalog()
    for workload in known.values():
        choice = options.parse({"workload": [workload.name], "device": ["cpu"]})
        wanted = recording.wanted(workload, selection.select(known, choice))
        if wanted:
            made = recording.Recording(wanted, data=None, settings=Settings(timeout_s=120.0), observer=Quiet())
            made.run()
            assert made.notes == []
            found |= {(one.workload, one.name, one.mode, one.fixed): one for one in made.sequences}
    return found


def test_every_sequence_is_known_here(recorded) -> None:
    planned = {(w.name, s.name, mode) for w in catalog().values() for s in w.sequences for mode in s.modes}
    assert planned == KNOWN.keys()
    assert {(*key, fixed) for key in KNOWN for fixed in (False, True)} == recorded.keys()


@pytest.mark.parametrize("fixed", [False, True], ids=["as written", "fixed"])
@pytest.mark.parametrize("key", KNOWN, ids=" ".join)
def test_traces_and_compiles_are_those_known_by_construction(recorded, key: tuple[str, str, str], fixed: bool) -> None:
    sequence = recorded[(*key, fixed)]
    traces, compiles = KNOWN[key][2:4] if fixed else KNOWN[key][:2]
    assert tuple(len(call.traces) for call in sequence.calls) == traces
    assert tuple(call.compiles for call in sequence.calls) == compiles


@pytest.mark.parametrize("key", KNOWN, ids=" ".join)
def test_the_cause_of_each_retrace_is_named(recorded, key: tuple[str, str, str]) -> None:
    traces = [trace for call in recorded[(*key, False)].calls for trace in call.traces]
    again = [trace for trace in traces if not trace.first]
    assert len(traces) - len(again) == len({trace.function for trace in traces})
    assert all(trace.causes == () for trace in traces if trace.first)
    assert all(trace.causes != () for trace in again)
    assert all(cause.kind in KNOWN[key][4] for trace in again for cause in trace.causes)


@pytest.mark.parametrize("key", KNOWN, ids=" ".join)
def test_the_fix_leaves_one_trace_of_each_function(recorded, key: tuple[str, str, str]) -> None:
    traces = [trace for call in recorded[(*key, True)].calls for trace in call.traces]
    assert len(traces) == len({trace.function for trace in traces})
    assert all((trace.first, trace.causes) == (True, ()) for trace in traces)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (("sum_loop", "python_int", "graph"), "argument limit: python value 1000 became 2000"),
        (("sum_loop", "other_dtype", "xla"), "argument limit: dtype int32 became int64"),
        (("fashion_mnist", "last_batch", "xla"), "argument x: shape [32,28,28] became [24,28,28]"),
        (("fashion_mnist", "learning_rate", "graph"), "argument learning_rate: python value 0.01 became 0.009"),
        (("layer_norm", "lengths", "graph"), "argument x: shape [17,64] became [23,64]"),
        (("layer_norm", "list", "graph"), "argument parts: structure list of 2 became list of 3"),
    ],
    ids=str,
)
def test_the_reason_says_what_became_of_what(recorded, key: tuple[str, str, str], reason: str) -> None:
    traces = [trace for call in recorded[(*key, False)].calls for trace in call.traces]
    assert next(trace for trace in traces if not trace.first).causes[0].reason == reason


@pytest.mark.parametrize("mode", ["graph", "xla"])
def test_a_stale_closure_is_told(recorded, mode: str) -> None:
    notes = {
        fixed: [call.note for call in recorded["layer_norm", "changed_closure", mode, fixed].calls]
        for fixed in (False, True)
    }
    assert notes == {False: ["", *["stale: answers with scale=1"] * 2], True: ["", "", ""]}


def test_times_and_memory_are_told(recorded) -> None:
    done = [call for sequence in recorded.values() for call in sequence.calls]
    assert all(0.0 < call.seconds < 60.0 for call in done)
    assert all((call.compile_s > 0.0) == (call.compiles > 0) for call in done)
    assert all(0.0 < trace.seconds < call.seconds for call in done for trace in call.traces)
    assert all(call.rss_bytes is not None for call in done)
    assert sum(call.rss_bytes for call in done) > 0
    assert math.isfinite(sum(call.compile_s for call in done))


def test_a_small_batch_has_24_rows(recorded) -> None:
    labels = [call.label for call in recorded["fashion_mnist", "last_batch", "graph", False].calls]
    assert labels == [
        "batch 1717 of 32 rows",
        "batch 1718 of 32 rows",
        "batch 1719 of 24 rows",
        "batch 1 of 32 rows",
    ]


OWN = """
import dataclasses, os, signal
from tfbench.workloads import spec, sum_loop

def kill(job, *, fixed):
    return [("a call that ends the process", lambda: os.kill(os.getpid(), signal.SIGKILL))]

SEQUENCES = (
    *(one for one in sum_loop.WORKLOAD.sequences if one.name == "python_int"),
    spec.CallSequence(name="deadly", summary="", fix="", build=kill),
)
WORKLOADS = (dataclasses.replace(sum_loop.WORKLOAD, name="own", sequences=SEQUENCES),)
"""


def tfbench(*arguments: str, cwd: Path) -> Run:
    """Run the command line as a user does, and give the run."""
    (cwd / "own.py").write_text(OWN, encoding="utf-8")
    options = ["--implementation", "vectorized", "--invocations", "1", "--budget", "0.2", "--workloads", "own.py"]
    command = [sys.executable, "-c", "from tfbench.reports.cli import entry; entry()", "run", "own", *options]
    done = subprocess.run([*command, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return store.load(cwd / "results")


def test_a_run_records_the_ledger_and_a_worker_that_dies_costs_it_only_a_note(tmp_path: Path) -> None:
    run = tfbench("--mode", "graph", "--param", "n=100,200", cwd=tmp_path)
    assert [(one.workload, one.name, one.mode, one.fixed) for one in run.sequences] == [
        ("own", "python_int", "graph", False),
        ("own", "python_int", "graph", True),
    ]
    assert run.ledger_notes == (
        f"retrace ledger of own, calls deadly graph as written: the worker was ended by SIGKILL{MEMORY}",
    )
    assert (len(run.measurements), run.failures, run.status) == (2, (), "complete")


@pytest.mark.parametrize("arguments", [["--mode", "graph", "--quick"], ["--mode", "eager"]], ids=" ".join)
def test_a_first_look_and_a_run_without_compiled_modes_have_no_ledger(tmp_path: Path, arguments: list[str]) -> None:
    run = tfbench(*arguments, cwd=tmp_path)
    assert (run.sequences, run.ledger_notes, len(run.measurements)) == ((), (), 1)
