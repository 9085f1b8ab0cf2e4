"""Clusters that TF_CONFIG describes: the same command on each "host", here all on this machine. Real TensorFlow."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tfbench.bench import crew, store

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="two workers need two cores"),
]
FAULTS = Path(__file__).with_name("faulty_clusters.py")
COMMAND = [sys.executable, "-c", "from tfbench.reports.cli import entry; entry()", "run"]


class Hosts:
    """Two hosts of a cluster."""

    def __init__(self, folder: Path) -> None:
        self.addresses, self.folder = crew.free_addresses(2), folder
        self.port = crew.free_addresses(1)[0].rpartition(":")[2]
        self.started: list[subprocess.Popen[str]] = []

    def start(self, index: int, *options: str) -> subprocess.Popen[str]:
        """Start the command on one of them."""
        task = {"cluster": {"worker": self.addresses}, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(task), "TFBENCH_CLUSTER_PORT": self.port}
        environment["TFBENCH_TEST_BEGUN"] = str(self.folder)
        process = subprocess.Popen(
            [*COMMAND, *options, "--out", str(self.folder / str(index))],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self.started.append(process)
        return process


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    found = Hosts(tmp_path)
    yield found
    for process in found.started:
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.kill()
        process.communicate()


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """Give the worker processes of a host."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if any(word.endswith("bootstrap.py") for word in child.cmdline()):
                found.append(child.pid)
    return found


def test_the_first_measures_the_others_join_and_leave_with_it(hosts: Hosts, images_folder: Path) -> None:
    options = ("distributed", "--quick", "--timing-only", "--mode", "graph,xla", "--implementation", "data_parallel")
    options = (*options, "--fashion-mnist", str(images_folder))
    second, first = hosts.start(1, *options), hosts.start(0, *options)
    text, _ = first.communicate(timeout=200)
    other, _ = second.communicate(timeout=30)
    assert (first.returncode, second.returncode) == (0, 0), f"{text}\n{other}"
    run = store.load(hosts.folder / "0")
    assert run.cluster == f"TF_CONFIG: {', '.join(hosts.addresses)}"
    placed = {(m.case.mode, m.case.placement.label) for m in run.measurements}
    assert placed == {(mode, f"cpu-multi_worker-{n}") for mode in ("graph", "xla") for n in ("1", "2", "1-threads-2")}
    assert {len(m.shard_losses) for m in run.measurements} == {1, 2}
    assert not (hosts.folder / "1").exists()
    assert "worker 2 of 2: the run is over: complete; worker 1 has written it" in other


def start_both(hosts: Hosts) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    """Start a run of a minute, the second host before the first, and wait until both are in the middle of it."""
    chosen = ("faulty_cluster", "--workloads", str(FAULTS), "--implementation", "lasting", "--mode", "eager")
    options = (*chosen, "--replicas", "2", "--timing-only", "--budget", "600", "--invocations", "1")
    second, first = hosts.start(1, *options), hosts.start(0, *options)
    wait_for(lambda: all((hosts.folder / f"worker-{index}").exists() for index in range(2)), 90)
    return second, first


def wait_for(condition: object, seconds: float) -> None:
    """Wait until it holds."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came so far"
        time.sleep(0.1)


def test_a_killed_worker_of_another_host_is_named_and_its_host_goes_on_to_the_end(hosts: Hosts) -> None:
    second, first = start_both(hosts)
    for pid in workers_of(second):
        os.kill(pid, signal.SIGKILL)
    first.communicate(timeout=60)
    other, _ = second.communicate(timeout=60)
    (failure,) = store.load(hosts.folder / "0").failures
    assert failure.message == f"worker 2 of 2 at {hosts.addresses[1]} ended early, or cannot be reached any more"
    assert (first.returncode, second.returncode) == (1, 0)
    assert "the worker was ended by SIGKILL" in other


def test_a_first_host_that_is_gone_ends_the_others(hosts: Hosts) -> None:
    second, first = start_both(hosts)
    left = workers_of(first)
    first.kill()
    other, _ = second.communicate(timeout=90)
    assert second.returncode == 2
    assert f"127.0.0.1:{hosts.port} does not answer" in other
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in left), 10)
