"""Workloads that go wrong in the worker, one fault each, and one that does not. Read by tests as a workload file."""

import os
import signal
import sys

import numpy as np
from tfbench.workloads.spec import Job, Program, Workload


def fault(name):
    """Do what the fault is named for; `print` writes rubbish and goes on."""
    if name == "raise":
        raise RuntimeError("the first line of the reason\nand a second one")
    if name == "sigkill":
        print("about to be killed", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if name == "exit":
        sys.exit(0)
    if name == "leak":
        leak()
    if name == "print":
        print('{"say": "end"}\nrubbish', flush=True)


def leak():
    """Take memory until there is none left; 6 GB without an end mean that nobody has set a limit."""
    taken = []
    while len(taken) < 6000:
        taken.append(b"x" * 1_000_000)
    raise RuntimeError("there is no limit to memory")


def build(job: Job) -> Program:
    """Build a step that adds 1, with its fault."""
    import tensorflow as tf

    calls = 0

    def step(x):
        nonlocal calls
        calls += 1
        if job.implementation in {"raise", "sigkill", "segfault", "exit", "print", "leak"}:
            fault(job.implementation)
        if job.implementation == "late" and calls > 40:
            raise ValueError("wrong after forty calls")
        return x + (2.0 if job.implementation == "wrong" else 1.0)

    def retracing(x):
        return tf.function(step)(x)

    return Program(
        step=retracing if job.implementation == "retrace" else job.wrap(step),
        inputs=((tf.constant([1.0]),),),
        expected=lambda: [np.array([2.0])],
        rtol=1e-6,
        atol=1e-6,
    )


def workload(name: str, *implementations: str) -> Workload:
    """Describe a workload of these faults."""
    return Workload(
        name=name,
        summary="goes wrong",
        implementations=implementations,
        parameters=(),
        unit="elements",
        work=lambda _params, _replicas: 1,
        build=build,
        baseline=("fine", "eager"),
    )


WORKLOADS = (
    workload("faulty", "fine", "raise", "sigkill", "segfault", "exit", "print", "wrong", "late", "retrace"),
    workload("healthy", "fine"),
    workload("leaking", "fine", "leak"),
)
