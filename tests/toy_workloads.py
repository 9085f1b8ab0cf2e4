"""Workloads whose worker needs no TensorFlow: what it says is made up, everything around it is real.

A workload file, and the Python that its workers run in: `--workloads toy_workloads.py --python toy=WRAPPER`, with a
wrapper as `write_python` makes it. The worker is tfbench's own but for what it measures.
"""

import os
import platform
import random
import shlex
import sys
import time
from importlib import metadata
from pathlib import Path

from tfbench.workloads.spec import Job, Parameter, Program, Workload, positive_int

BLOCKS = 5
PAUSE_S = 0.01  # of each stage and each round


def build(_job: Job) -> Program:
    """Build nothing: no worker of TensorFlow's ever comes here."""
    raise NotImplementedError


def workload(name: str, *values: int) -> Workload:
    """Describe a toy with a comparison set for each value."""
    return Workload(
        name=name,
        summary="a toy",
        implementations=("by_hand",),
        parameters=(Parameter(name="n", values=values, parse=positive_int),),
        unit="elements",
        work=lambda params, _replicas: int(params["n"]),
        build=build,
        baseline=("by_hand", "eager"),
    )


WORKLOADS = (workload("first_toy", 1, 2), workload("second_toy", 1))


def serve(request, say):
    """Say of every case that it was opened and timed, after short pauses; XLA fails where a file `fail` lies."""
    from tfbench.bench import codec, machine, protocol, record, timing

    def enter(case_id, stage):
        say({"say": protocol.STAGE, "case": case_id, "stage": stage})
        time.sleep(PAUSE_S)

    rng = random.Random(request.order_seed)
    software = machine.Software(
        python=platform.python_version(),
        **{name: metadata.version(name) for name in ("tensorflow", "keras", "numpy")},
        onednn=False,
        xla_flags="",
        tf_xla_flags="",
        intra_op_threads=0,
        inter_op_threads=0,
        eager_async=False,
        traces_counted=True,
        devices=(),
        interpreter=request.cases[0].placement.interpreter,
    )
    enter("", "import")
    say({"say": protocol.SOFTWARE, **codec.encode(software)})
    ledger = record.Ledger(
        build_s=0.1, trace_s=0.0, compile_s=0.0, first_run_s=0.1, first_call_s=0.1, traces=0, compiles=0
    )
    check = record.Check(calls=1, max_abs_error=0.0, max_rel_error=0.0)
    opened = []
    for case in request.cases:
        enter(case.id, "build")
        if Path("fail").exists() and case.mode == "xla":
            say(
                {"say": protocol.FAILURE, "case": case.id, "stage": "build", "type": "ValueError", "message": "told to"}
            )
            continue
        opened.append(case)
        said = {"ledger": codec.encode(ledger), "check": codec.encode(check), "iterations": 1, "sync_s": 0.0}
        said |= {
            "data": "",
            "caution": "",
            "reduced_bytes": 0,
            "shard_losses": [],
            "unit": "",
            "work": 0,
            "device": "toy",
            "shapes": "",
        }
        say({"say": protocol.READY, "case": case.id, **said})
    for block in range(BLOCKS):
        for case in opened:
            enter(case.id, protocol.ROUND)
            seconds = 0.001 + 0.0001 * rng.random()
            say({"say": protocol.ROUND, "id": case.id, "block": block, "seconds": seconds, "fate": timing.KEPT})
    say({"say": protocol.END, "peak_rss_bytes": 1024, "peak_device_bytes": None, "pace_s": 0.001})


def write_python(folder: Path) -> Path:
    """Write the program that stands for the toy's Python; give its path."""
    path = folder / "toy-python"
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(__file__)} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def main(arguments: list[str]) -> None:
    """Answer a question as the Python that runs this does; else be tfbench's worker with another `serve`."""
    if arguments[0] == "-c":
        os.execv(sys.executable, [sys.executable, *arguments])
    from tfbench.bench import worker

    worker.serve = serve
    os._exit(worker.main(arguments[-2:]))


if __name__ == "__main__":
    main(sys.argv[1:])
