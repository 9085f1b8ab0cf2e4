"""Do what the first worker of a cluster tells, call by call. Worker only."""

import threading
import time
import traceback
from importlib.metadata import version
from pathlib import Path

from tfbench.bench import crew, devices, group, ledger, protocol
from tfbench.bench.case import Case
from tfbench.bench.protocol import Request
from tfbench.workloads import catalog
from tfbench.workloads.spec import Program, Workload


def serve(request: Request, lead: int, answer: int) -> None:
    """Join the cluster as one of its other workers, and follow until told to stop."""
    beat(answer)
    try:
        _follow(request, lead, answer)
    except Exception as error:  # noqa: BLE001 - told to the first worker, whatever it is
        traceback.print_exc()
        protocol.send(answer, {"say": crew.FAILED, "message": f"failed: {type(error).__name__}: {error}"})


def beat(answer: int) -> None:
    """Say that this process runs, again and again: a stopped one does not."""

    def tell() -> None:
        while True:
            protocol.send(answer, {"say": crew.ALIVE})
            time.sleep(crew.BEAT_S)

    threading.Thread(target=tell, name="tfbench-beat", daemon=True).start()


def _follow(request: Request, lead: int, answer: int) -> None:
    known = catalog.catalog([Path(name) for name in request.files], request.own)
    protocol.send(answer, {"say": crew.HELLO, "tensorflow": version("tensorflow")})
    placed = devices.configure(request.cases[0].placement, cpu_model=request.cpu_model)
    with placed.scope():
        ledger.warm_up_process()
        follower = Follower(request, known, placed)
        for command in crew.commands(lead):
            try:
                follower.obey(command)
            except Exception as error:  # noqa: BLE001 - the first worker fails alike, or gives this one the blame
                traceback.print_exc()
                said = f"failed: {type(error).__name__}: {group.first_line(error)}"
                protocol.send(answer, {"say": crew.FAILED, "message": said})


class Follower:
    """Build, trace and call the same programs as the first worker, in the same order."""

    def __init__(self, request: Request, known: dict[str, Workload], placed: devices.Devices) -> None:
        """Take what builds them."""
        self._cases: dict[str, Case] = {case.id: case for case in request.cases}
        self._request, self._known, self._placed = request, known, placed
        self._programs: dict[str, Program] = {}

    def obey(self, command: dict[str, object]) -> None:
        """Do what a command says."""
        case = self._cases[str(command["case"])]
        if command["do"] == crew.BUILD:
            job = group.make_job(case, self._request, self._placed)
            self._programs[case.id] = self._known[case.workload].build(job)
            return
        program = self._programs[case.id]
        if command["do"] == crew.TRACE:
            program.step.get_concrete_function(*program.inputs[0])  # type: ignore[attr-defined]
        elif command["do"] == crew.RESET and program.reset is not None:
            program.reset()
        elif command["do"] == crew.LOSSES and program.shard_losses is not None:
            program.shard_losses()
        elif command["do"] == crew.CALL:
            first, count = int(str(command["first"])), int(str(command["count"]))
            for i in range(first, first + count):
                program.step(*program.inputs[i % len(program.inputs)])
