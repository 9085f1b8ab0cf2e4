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

from tfbench.bench import codec, crew, devices, follow, group, ledger, modules, profiling, protocol, sequences, software
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

    led = Crew(request, fail)
    crew.join_cluster(0, led.addresses, os.environ)
    return led


def serve(request: Request, say: group.Say) -> None:
    """Import TensorFlow, set the devices up, and measure."""
    stages = group.Stages(say)
    stages.enter("", "import")
    placement = request.cases[0].placement
    cores = devices.cores_of(placement)
    led = start_crew(request, stages) if placement.strategy == MULTI_WORKER else None
    devices.keep_to(cores)
    if request.task == protocol.PROFILE:
        modules.dump(os.environ)
    known = catalog.catalog([Path(name) for name in request.files], request.own)
    importlib.import_module("tensorflow")
    stages.enter("", "devices")
    if led is not None:
        led.wait_joined()
    placed = replace(devices.configure(placement, cpu_model=request.cpu_model), crew=led)
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
        serve(request, say)
    except devices.MissingDeviceError as error:
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
    if request.worker:
        devices.keep_to(devices.cores_of(request.cases[0].placement, request.worker))
        follow.serve(request, descriptor, out)
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
