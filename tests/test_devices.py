"""A worker's cores, set before TensorFlow is imported; and the profiler of a TPU's host."""

import os
import subprocess
import sys

import pytest
from tfbench.bench import devices
from tfbench.bench.case import Placement
from tfbench.bench.cluster import Seat

SCRIPT = """
import os
from tfbench.bench import devices
from tfbench.bench.case import Placement
from tfbench.bench.case import Placement
devices.keep_to(devices.cores_of(Placement(threads={threads})))
print(len(os.sched_getaffinity(0)), min(os.sched_getaffinity(0)))
"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity")
@pytest.mark.parametrize("threads", [0, 1])
def test_a_confined_process_has_the_first_of_its_cores(threads: int) -> None:
    allowed = os.sched_getaffinity(0)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(threads=threads)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(threads or len(allowed)), str(min(allowed))]


@pytest.mark.parametrize(
    ("master", "service"),
    [
        ("grpc://10.0.0.2:8470", "grpc://10.0.0.2:8466"),
        ("10.0.0.2:8470", "grpc://10.0.0.2:8466"),
        ("grpc://[fe80::1]:8470", "grpc://[fe80::1]:8466"),
        ("local", ""),
        ("", ""),
    ],
)
def test_the_profiler_of_a_tpu_is_on_its_host(master: str, service: str) -> None:
    assert devices.profiler_service(master) == service


def test_each_worker_of_a_cluster_has_cores_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {2, 3, 5, 7}, raising=False)
    wide = Placement(strategy="multi_worker", replicas=2, threads=2)
    assert [devices.cores_of(wide, Seat(rank=rank, here=2)) for rank in (0, 1)] == [[2, 3], [5, 7]]
    assert devices.cores_of(Placement(strategy="multi_worker", replicas=4), Seat(rank=3, here=4)) == [7]
    with pytest.raises(
        devices.MissingDeviceError,
        match="5 workers with 1 core each, but this process may use 4: take fewer --replicas",
    ):
        devices.cores_of(Placement(strategy="multi_worker", replicas=5), Seat(here=5))
