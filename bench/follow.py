"""Do what the first worker of a cluster tells, call by call. Worker only."""

import os
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tfbench.bench import cluster, crew, devices, group, led, ledger, link, protocol
from tfbench.bench.case import Case
from tfbench.bench.protocol import Request
from tfbench.workloads import catalog
from tfbench.workloads.spec import Program, Workload

GRACE_S = 2.0


def serve(request: Request, lead: int, answer: int, addresses: tuple[str, ...], leave: Callable[[], None]) -> None:
    """Join the cluster as one of its other workers, and follow until told to stop, or until the first has gone.

    `leave` then ends the process while the strategy still stands: taken down, it would ask for the first one's health,
    and waits up to 10 s for one that has gone.
    """
    beat(answer)
    try:
        _follow(request, lead, answer, addresses, leave)
    except Exception as error:  # noqa: BLE001 - told to the first worker, whatever it is
        traceback.print_exc()
        tell(answer, {"say": crew.FAILED, "message": f"failed: {type(error).__name__}: {error}"})
        time.sleep(GRACE_S)  # this worker's end would be heard before what it said


def tell(answer: int, message: dict[str, Any]) -> None:
    """Say something to the first worker, which may have gone."""
    try:
        protocol.send(answer, message)
    except OSError:
        os._exit(1)


def beat(answer: int) -> None:
    """Say that this process runs, again and again: a stopped one does not."""

    def keep_telling() -> None:
        while True:
            tell(answer, {"say": crew.ALIVE})
            time.sleep(crew.BEAT_S)

    threading.Thread(target=keep_telling, name="tfbench-beat", daemon=True).start()


def commands(lead: int) -> Iterator[dict[str, Any]]:
    """Give what the first worker tells; once it has gone end the process, though it may wait in a collective."""
    heard: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def read() -> None:
        for command in crew.commands(lead):
            heard.put(command)
        heard.put(None)
        time.sleep(crew.GRACE_S)
        os._exit(1)

    threading.Thread(target=read, name="tfbench-lead", daemon=True).start()
    while (command := heard.get()) is not None:
        yield command


def _follow(request: Request, lead: int, answer: int, addresses: tuple[str, ...], leave: Callable[[], None]) -> None:
    placement = request.cases[0].placement
    seat = cluster.seat(addresses, request.worker, given=bool(request.cluster))
    devices.keep_to(devices.cores_of(placement, seat))
    known = catalog.catalog([Path(name) for name in request.files], request.own)
    tell(answer, crew.hello())
    placed = devices.configure(placement, cpu_model=request.cpu_model, seat=seat)
    with placed.scope():
        ledger.warm_up_process()
        follower = Follower(request, known, placed)
        for command in commands(lead):
            try:
                follower.obey(command)
            except Exception as error:  # noqa: BLE001 - the first worker fails alike, or gives this one the blame
                traceback.print_exc()
                said = f"failed: {type(error).__name__}: {group.first_line(error)}"
                tell(answer, {"say": crew.FAILED, "message": said})
        leave()


class Follower:
    """Build, trace and call the same programs as the first worker, in the same order."""

    def __init__(self, request: Request, known: dict[str, Workload], placed: devices.Devices) -> None:
        """Take what builds them."""
        self._cases: dict[str, Case] = {case.id: case for case in request.cases}
        self._request, self._known, self._placed = request, known, placed
        self._programs: dict[str, Program] = {}

    def obey(self, command: dict[str, Any]) -> None:
        """Do what a command says."""
        if command["do"] == led.ECHO:
            link.answer(command["host"], command["port"])
            return
        case = self._cases[command["case"]]
        if command["do"] == led.BUILD:
            job = group.make_job(case, self._request, self._placed)
            self._programs[case.id] = self._known[case.workload].build(job)
        else:
            self._act(command, self._programs[case.id])

    def _act(self, command: dict[str, Any], program: Program) -> None:
        if command["do"] == led.TRACE:
            program.step.get_concrete_function(*program.inputs[0])  # type: ignore[attr-defined]
        elif command["do"] == led.RESET and program.reset is not None:
            program.reset()
        elif command["do"] == led.LOSSES and program.shard_losses is not None:
            program.shard_losses()
        elif command["do"] == led.CALL:
            for i in range(command["first"], command["first"] + command["count"]):
                program.step(*program.inputs[i % len(program.inputs)])
