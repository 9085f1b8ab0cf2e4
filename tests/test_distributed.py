"""distributed: what cannot be done, and that TensorFlow really cannot. Real TensorFlow, in a process of its own."""

import subprocess
import sys
from typing import Any

import pytest
from tfbench.workloads import catalog, distributed

WHOLE = """
import tensorflow as tf
from tfbench.workloads import distributed
from tfbench.workloads.spec import DataSource, Job

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
job = Job(
    implementation="whole_step", params={"batch_size": 8, "scaling": "strong"}, mode="xla", wrap=tf.function,
    replicas=2, strategy=lambda: strategy, data=DataSource(kind="synthetic"),
)
program = distributed.build(job)
try:
    program.step(*program.inputs[0])
except tf.errors.InvalidArgumentError as error:
    print("REFUSED", str(error).splitlines()[0])
"""


@pytest.mark.tensorflow
def test_tensorflow_still_refuses_to_compile_a_whole_step_of_two_replicas() -> None:
    done = subprocess.run([sys.executable, "-c", WHOLE], capture_output=True, text=True, check=True, timeout=120)
    (line,) = done.stdout.splitlines()
    assert line.startswith("REFUSED Trying to access resource")
    assert "device:CPU:1 from device /job:localhost/replica:0/task:0/device:CPU:0" in line


@pytest.mark.parametrize(
    ("implementation", "params", "mode", "replicas", "reason"),
    [
        ("data_parallel", {"steps_per_execution": 9, "feed": "dataset"}, "xla", 2, ""),
        ("whole_step", {}, "xla", 1, ""),
        ("whole_step", {}, "xla", 2, "TensorFlow cannot compile a step of several replicas as a whole"),
        ("whole_step", {"feed": "dataset"}, "xla", 1, "XLA does not compile the reading of a tf.data iterator"),
        ("all_reduce", {}, "xla", 2, "XLA does not compile what goes between workers"),
        ("input", {}, "xla", 2, "XLA does not compile the reading of a tf.data iterator"),
        ("input", {}, "graph", 2, ""),
        ("compute", {}, "xla", 2, ""),
    ],
)
def test_what_cannot_be_done_says_why(
    implementation: str, params: dict[str, Any], mode: str, replicas: int, reason: str
) -> None:
    found = distributed.WORKLOAD.skip_reason(implementation, params, mode, replicas=replicas)
    assert found.startswith(reason) if reason else found == ""


def test_the_whole_step_is_there_for_xla_only() -> None:
    only = catalog.catalog()["distributed"].only
    assert [mode for name, mode in only if name == "whole_step"] == ["xla"]
    assert {name for name, _ in only} == {"data_parallel", "whole_step", "compute", "all_reduce", "input"}
