"""Real clusters of two workers on this machine: answers, and workers that go wrong. Real TensorFlow."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from tfbench.bench import protocol, store
from tfbench.bench.record import Run
from tfbench.reports import communication

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="two workers need two cores"),
]
FAULTS = Path(__file__).with_name("faulty_clusters.py")


def processes() -> set[int]:
    """Give the workers that the test at hand has started, by what pytest left in their environment."""
    mine, test = str(Path(protocol.__file__).with_name("bootstrap.py")), "PYTEST_CURRENT_TEST"
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if mine in process.cmdline() and process.environ().get(test) == os.environ[test]:
                found.add(process.pid)
    return found


def run(out: Path, *options: str, **environment: str) -> Run:
    """Run the command line; no worker may be left."""
    command = [sys.executable, "-c", "from tfbench.reports.cli import entry; entry()", "run", *options]
    command += ["--placement", "multi_worker", "--quick", "--timing-only", "--out", str(out)]
    subprocess.run(command, capture_output=True, text=True, check=False, timeout=200, env={**os.environ, **environment})
    assert processes() == set()
    return store.load(out)


def faulty(out: Path, implementation: str, *options: str, **environment: str) -> Any:
    """Run one fault in eager mode on two workers; give its failure."""
    chosen = ["faulty_cluster", "--workloads", str(FAULTS), "--implementation", implementation]
    found = run(out, *chosen, "--mode", "eager", "--replicas", "2", *options, **environment)
    assert found.measurements == ()
    (failure,) = found.failures
    return failure


def test_two_workers_answer_like_one_on_the_joined_batch_in_every_mode(tmp_path: Path, images_folder: Path) -> None:
    chosen = ["distributed", "--replicas", "1,2", "--param", "batch_size=63", "--param", "scaling=strong"]
    found = run(tmp_path, *chosen, "--fashion-mnist", str(images_folder))
    assert found.failures == ()
    assert {(m.case.mode, m.case.placement.label) for m in found.measurements} == {
        (mode, f"cpu-multi_worker-{wide}") for mode in ("eager", "graph", "xla") for wide in ("1", "2", "1-threads-2")
    }
    errors = [m.invocations[0].check.max_rel_error for m in found.measurements]
    assert max(errors) < 1e-3  # 32 and 31 examples, against 63 in one NumPy replica


def test_two_workers_read_their_own_parts_of_a_pipeline_and_do_several_steps_a_call(
    tmp_path: Path, images_folder: Path
) -> None:
    chosen = ["distributed", "--replicas", "2", "--mode", "graph", "--param", "batch_size=63", "--param"]
    chosen += ["scaling=strong"]
    ways = ["--param", "steps_per_execution=1,3", "--param", "feed=dataset"]
    found = run(tmp_path, *chosen, *ways, "--fashion-mnist", str(images_folder))
    assert found.failures == ()
    errors = {m.case.id.split("-")[1]: m.invocations[0].check.max_abs_error for m in found.measurements}
    assert errors["input"] == 0.0  # 32 examples of each batch, in order
    assert max(errors.values()) < 1e-3
    (split,) = communication.splits(found.measurements)
    assert split.reads
    assert split.input is not None
    assert [m.work_per_call for m in found.measurements if "steps_per_execution=3" in m.case.params_label] == [189]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("killed", "worker 2 of 2 ended early, with exit code -9"),
        ("leaves", "worker 2 of 2 ended early, with exit code 3"),
        ("stopped", "worker 2 of 2 said nothing for 8 s: it is stopped, or hangs"),
        ("raises", "worker 2 of 2 failed: ValueError: worker 1 does not like this"),
        ("both_raise", "worker 0 does not like this"),
    ],
)
def test_a_worker_that_goes_wrong_is_named(tmp_path: Path, fault: str, message: str) -> None:
    failure = faulty(tmp_path, fault)
    assert failure.message == message


def test_a_first_worker_that_raises_within_a_round_costs_its_own_case_only(tmp_path: Path) -> None:
    chosen = ["faulty_cluster", "--workloads", str(FAULTS), "--implementation", "first_raises,fine", "--mode", "eager"]
    found = run(tmp_path, *chosen, "--replicas", "2")
    assert [(f.case.implementation, f.message) for f in found.failures] == [
        ("first_raises", "the first worker does not like this")
    ]
    assert [m.case.implementation for m in found.measurements] == ["fine"]


def test_a_worker_that_never_joins_is_named(tmp_path: Path) -> None:
    failure = faulty(tmp_path, "fine", TFBENCH_TEST_NEVER_JOINS="1")
    assert (failure.stage, failure.message) == ("devices", "worker 2 of 2 did not join the cluster within 30 s")


def test_more_workers_than_cores_are_a_skip_with_the_reason(tmp_path: Path) -> None:
    cores = len(os.sched_getaffinity(0))
    chosen = ["faulty_cluster", "--workloads", str(FAULTS), "--implementation", "fine", "--mode", "eager"]
    found = run(tmp_path, *chosen, "--replicas", str(cores + 1))
    (skip,) = found.skips
    assert skip.reason.startswith(f"{cores + 1} workers with 1 core each, but this process may use {cores}: take fewer")
