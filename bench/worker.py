"""The child process that imports TensorFlow and measures: `python bootstrap.py IN OUT`.

IN and OUT are inherited pipe descriptors. The request is one JSON line on IN; IN then stays open, and
its end means that the parent is gone. Answers are JSON lines on OUT. Stdout is nobody's; stderr is a file.
"""

import importlib
import json
import os
import shutil
import signal
import sys
import threading
import traceback
from dataclasses import replace
from functools import partial
from pathlib import Path

from tfbench.bench import (
    cluster,
    codec,
    devices,
    follow,
    group,
    ledger,
    member,
    modules,
    profiling,
    protocol,
    sequences,
    software,
    strategies,
    visit,
)
from tfbench.bench.case import MULTI_WORKER
from tfbench.bench.crew import Crew
from tfbench.bench.protocol import SCRATCH_PREFIX, Request
from tfbench.workloads import catalog

TASKS = {protocol.MEASURE: group.measure, protocol.SEQUENCES: sequences.run, protocol.PROFILE: profiling.run}


def _read_line(descriptor: int) -> bytes:
    data = b""
    while not data.endswith(b"\n"):
        part = os.read(descriptor, 65536)
        if not part:
            _end_without_parent()
        data += part
    return data


def _end_without_parent() -> None:
    """Remove the folder that the parent made and can no longer remove, and end this whole process group."""
    scratch = Path(os.environ.get("TMPDIR", ""))
    if scratch.name.startswith(SCRATCH_PREFIX):
        for _ in range(5):  # the measuring thread may still be writing into it
            shutil.rmtree(scratch, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _die_with_parent(descriptor: int) -> None:
    """End once the parent is gone, however it went."""

    def wait() -> None:
        while os.read(descriptor, 4096):
            pass
        _end_without_parent()

    threading.Thread(target=wait, name="tfbench-parent-watch", daemon=True).start()


def start_crew(request: Request, stages: group.Stages) -> Crew:
    """Start the other workers of a cluster, and join it; where one goes wrong it is the failure of the case at hand."""

    def fail(message: str) -> None:
        said = {"case": stages.case_id, "stage": stages.stage, "type": "worker", "message": message}
        stages.say({"say": protocol.FAILURE, **said})
        os._exit(0)  # the failure is told

    wide, there = request.cases[0].placement.replicas, len(request.cluster)
    if there and wide > there:
        raise strategies.MissingDeviceError(f"{wide} workers asked for, the cluster has {there}: take fewer --replicas")
    led = Crew(request, fail)
    member.join_cluster(0, led.addresses, os.environ)
    return led


def seat_of(request: Request) -> cluster.Seat:
    """Give the place of the first worker among those on its host: all of them, where the cluster is of this machine."""
    wide = request.cases[0].placement.replicas
    if request.cluster:
        return cluster.seat(request.cluster[:wide], 0, given=True)
    return cluster.Seat(here=wide)


def serve(request: Request, say: group.Say) -> None:
    """Import TensorFlow, set the devices up, and measure."""
    stages = group.Stages(say)
    stages.enter("", "import")
    placement = request.cases[0].placement
    seat = seat_of(request)
    cores = devices.cores_of(placement, seat)
    led = start_crew(request, stages) if placement.strategy == MULTI_WORKER else None
    devices.keep_to(cores)
    if request.task == protocol.PROFILE:
        modules.dump(os.environ)
    known = catalog.catalog([Path(name) for name in request.files], request.own)
    importlib.import_module("tensorflow")
    stages.enter("", "devices")
    if led is not None:
        led.wait_joined(lambda: stages.enter("", "devices"))
    placed = replace(devices.configure(placement, cpu_model=request.cpu_model, seat=seat), crew=led)
    stages.enter("", "warm-up")
    with placed.scope():
        meters = group.make_meters(placed)
        found = software.software(
            interpreter=request.cases[0].placement.interpreter, traces_counted=meters.traces.exact
        )
        say({"say": protocol.SOFTWARE, **codec.encode(found)})
        ledger.warm_up_process()
        TASKS[request.task](request, known, placed, meters, say)
    if led is not None:
        led.leave()


def _serve_or_tell(request: Request, say: group.Say) -> None:
    """Serve; what goes wrong outside any case is told as the failure of all of them."""
    try:
        (visit.serve if request.first else serve)(request, say)
    except strategies.MissingDeviceError as error:
        say({"say": protocol.SKIP, "reason": str(error)})
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - told to the parent, whatever it is
        traceback.print_exc()
        kind, message = type(error).__name__, group.first_line(error)
        say({"say": protocol.FAILURE, "case": "", "stage": "", "type": kind, "message": message})


def main(arguments: list[str]) -> int:
    """Serve one request."""
    descriptor, out = int(arguments[0]), int(arguments[1])
    request = codec.decode(Request, json.loads(_read_line(descriptor)))
    if request.worker and not request.first:
        addresses = tuple(json.loads(os.environ["TF_CONFIG"])["cluster"]["worker"])
        follow.serve(request, descriptor, out, addresses, lambda: os._exit(0))
        return 0
    _die_with_parent(descriptor)
    try:
        _serve_or_tell(request, partial(protocol.send, out))
    except BrokenPipeError:  # nobody listens
        _end_without_parent()
    sys.stderr.flush()
    return 0


if __name__ == "__main__":
    # At once: TensorFlow's own clean-up can take seconds, or hang.
    os._exit(main(sys.argv[1:]))
