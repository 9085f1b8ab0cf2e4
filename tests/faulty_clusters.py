"""A distributed workload whose second worker goes wrong, one fault each. Read by tests as a workload file."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
from tfbench.workloads.spec import Job, Program, Workload

FAULTS = ("fine", "killed", "stopped", "raises", "both_raise", "first_raises", "never_joins", "leaves", "lasting")
LASTING_AFTER = 10  # calls: the first ones and the checks are over


def index() -> int:
    """Give which worker this is; 0 outside a cluster."""
    return json.loads(os.environ.get("TF_CONFIG", '{"task": {"index": 0}}'))["task"]["index"]


def go_wrong(fault: str) -> None:
    """Do in the second worker what the fault is named for."""
    if fault == "both_raise" or (fault == "raises" and index() == 1):
        raise ValueError(f"worker {index()} does not like this")
    if index() == 1 and fault in {"killed", "stopped"}:
        os.kill(os.getpid(), signal.SIGKILL if fault == "killed" else signal.SIGSTOP)
    if index() == 0 and fault == "first_raises":
        raise ValueError("the first worker does not like this")
    if index() == 1 and fault == "leaves":
        os._exit(3)


def last() -> None:
    """Say that this worker is in the middle of its calls, and take long from there on."""
    Path(os.environ["TFBENCH_TEST_BEGUN"], f"worker-{index()}").touch()
    time.sleep(1)


def build(job: Job) -> Program:
    """Build a step that sums a 1 of each replica, and goes wrong in its third call, or later."""
    import tensorflow as tf

    strategy, calls = job.strategy(), 0
    wrong = 6 if job.implementation == "first_raises" else 3  # in the middle of what was announced
    if job.implementation == "hangs" and index() == 1:
        time.sleep(3600)
    summed = tf.function(lambda x: strategy.reduce("SUM", strategy.run(lambda value: value, args=(x,)), axis=None))

    def step(x):
        nonlocal calls
        calls += 1
        if calls == wrong:
            go_wrong(job.implementation)
        if calls > LASTING_AFTER and job.implementation == "lasting":
            last()
        return summed(x)

    return Program(
        step=step,
        inputs=((tf.constant(1.0),),),
        expected=lambda: [np.float32(job.replicas)],
        rtol=0.0,
        atol=0.0,
    )


WORKLOADS = (
    Workload(
        name="faulty_cluster",
        summary="its second worker goes wrong",
        implementations=FAULTS,
        parameters=(),
        unit="elements",
        work=lambda _params, replicas: replicas,
        build=build,
        baseline=("fine", "eager"),
        replicas=(1, 2),
    ),
)
if os.environ.get("TFBENCH_TEST_NEVER_JOINS") and index() == 1:
    time.sleep(3600)
