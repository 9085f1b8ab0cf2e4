"""A worker's cores, set before TensorFlow is imported; and the profiler of a TPU's host."""

import os
import subprocess
import sys

import pytest
from tfbench.bench import devices

SCRIPT = """
import os
from tfbench.bench import devices
from tfbench.bench.case import Placement
devices.confine(Placement(threads={threads}))
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
    [("grpc://10.0.0.2:8470", "grpc://10.0.0.2:8466"), ("", ""), ("local", "")],
)
def test_the_profiler_of_a_tpu_is_on_its_host(master: str, service: str) -> None:
    assert devices.profiler_service(master) == service
