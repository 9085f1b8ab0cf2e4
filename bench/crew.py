"""The other workers of a cluster on this machine: started, led in step, watched, and ended together. Worker only.

The first worker measures; the others do what it tells them to, call by call, since a collective operation waits
for all. They share its process group, so that whoever ends it ends them.
"""

import json
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tfbench.bench import codec, protocol
from tfbench.bench.case import Case
from tfbench.bench.protocol import Request
from tfbench.workloads.spec import Program

HOST = "127.0.0.1"
BEAT_S = 1.0
SILENT_S = 8.0  # without a beat a worker is taken for stopped; TensorFlow's own patience ends at 10 s, and names none
JOIN_S = 30.0  # to import TensorFlow and say hello
GRACE_S = 5.0  # for the first worker to fail of itself when another did, and for all to leave
BUILD, TRACE, CALL, RESET, LOSSES, STOP = "build", "trace", "call", "reset", "losses", "stop"
ALIVE, FAILED, HELLO = "alive", "failed", "hello"


def free_addresses(count: int) -> list[str]:
    """Find free ports of this machine, all different: they are held open together until all are found."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [f"{HOST}:{one.getsockname()[1]}" for one in sockets]


def join_cluster(index: int, addresses: Sequence[str], environment: MutableMapping[str, str]) -> None:
    """Tell TensorFlow which worker of which cluster this process is; before it is imported."""
    cluster = {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": index}}
    environment["TF_CONFIG"] = json.dumps(cluster)


@dataclass(slots=True)
class Member:
    """Hold another worker.

    Attributes:
        index: in the cluster, from 1; the first, which holds this, is 0.
        process: the child.
        lead, answer: descriptors of the pipes that tell it what to do, and in which it answers.
        started, heard: when it was started, and when it last said anything, by the monotonic clock.
        joined: whether it has said hello.
    """

    index: int
    process: subprocess.Popen[bytes]
    lead: int
    answer: int
    started: float
    heard: float
    joined: bool = False


class Crew:
    """Lead the other workers of a cluster. The first worker holds it."""

    def __init__(self, request: Request, fail: Callable[[str], None]) -> None:
        """Start them; `fail` is told, in a thread, which of them went wrong and how, and does not come back."""
        placement = request.cases[0].placement
        self.addresses = free_addresses(placement.replicas)
        self._size, self._fail, self._told, self._leaving = placement.replicas, fail, 0, False
        self._members = [self._start(request, index) for index in range(1, placement.replicas)]
        threading.Thread(target=self._watch, name="tfbench-crew", daemon=True).start()

    def _start(self, request: Request, index: int) -> Member:
        read_lead, lead = os.pipe()
        answer, write_answer = os.pipe()
        environment = dict(os.environ)
        join_cluster(index, self.addresses, environment)
        process = subprocess.Popen(  # noqa: S603 - this package, in this interpreter
            [sys.executable, "-P", str(Path(__file__).with_name("bootstrap.py")), str(read_lead), str(write_answer)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(read_lead, write_answer),
            env=environment,
        )
        os.close(read_lead)
        os.close(write_answer)
        protocol.send(lead, codec.encode(replace(request, worker=index)))
        now = time.monotonic()
        return Member(index=index, process=process, lead=lead, answer=answer, started=now, heard=now)

    def wait_joined(self) -> None:
        """Wait until all others have said hello: TensorFlow waits for them in a way that lets no other thread run."""
        while not all(member.joined for member in self._members):
            time.sleep(0.01)

    def tell(self, do: str, **more: Any) -> None:
        """Tell all others to do something."""
        self._told += 1
        for member in self._members:
            protocol.send(member.lead, {"do": do, **more})

    def leave(self) -> None:
        """Let all others end, and wait for them: a worker that left early would cut what others do."""
        self._leaving = True
        self.tell(STOP)
        for member in self._members:
            try:
                member.process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                member.process.kill()

    def _watch(self) -> None:
        """Look after the others: whoever ends, fails or falls silent."""
        with selectors.DefaultSelector() as selector:
            for member in self._members:
                selector.register(member.answer, selectors.EVENT_READ, member)
            while not self._leaving and selector.get_map():
                for key, _ in selector.select(BEAT_S):
                    self._hear(key.data, selector)
                for member in self._members:
                    self._check(member, time.monotonic())

    def _check(self, member: Member, now: float) -> None:
        if now - member.heard > SILENT_S:
            self._blame(member, f"said nothing for {SILENT_S:g} s: it is stopped, or hangs")
        if not member.joined and now - member.started > JOIN_S:
            self._blame(member, f"did not join the cluster within {JOIN_S:g} s")

    def _hear(self, member: Member, selector: selectors.BaseSelector) -> None:
        data = os.read(member.answer, 65536)
        member.heard = time.monotonic()
        if not data:
            selector.unregister(member.answer)
            if not self._leaving:
                self._blame(member, f"ended early, with exit code {member.process.wait(GRACE_S)}")
        for line in data.splitlines():
            self._take(member, json.loads(line))

    def _take(self, member: Member, message: dict[str, Any]) -> None:
        if message["say"] == HELLO:
            member.joined = True
            if message["tensorflow"] != version("tensorflow"):
                self._blame(member, f"has TensorFlow {message['tensorflow']}, the first has {version('tensorflow')}")
        if message["say"] == FAILED:
            told = self._told
            time.sleep(GRACE_S)  # the first worker may well have failed alike, and gone on
            if told == self._told:
                self._blame(member, message["message"])

    def _blame(self, member: Member, what: str) -> None:
        if not self._leaving:
            self._fail(f"worker {member.index + 1} of {self._size} {what}")


@dataclass(slots=True)
class LedStep:
    """Call a step in all workers at once: each call here is told to the others first, or many before they begin."""

    step: Callable[..., Any]
    tell: Callable[..., None]
    case_id: str
    places: dict[int, int] = field(default_factory=dict)
    announced: int = 0

    def __call__(self, *arguments: Any) -> Any:
        """Call it here, and there."""
        if self.announced:
            self.announced -= 1
        else:
            self.tell(CALL, case=self.case_id, first=self.places[id(arguments[0])], count=1)
        return self.step(*arguments)

    def announce(self, count: int) -> None:
        """Tell the others of so many calls with the inputs in turn, so that none waits for word of the next."""
        self.announced = count
        self.tell(CALL, case=self.case_id, first=0, count=count)

    def __getattr__(self, name: str) -> Any:
        """Give what a tf.function has beside being called; tracing must happen in all workers alike."""
        found = getattr(self.step, name)
        if name != "get_concrete_function":
            return found

        def trace(*arguments: Any) -> Any:
            self.tell(TRACE, case=self.case_id)
            return found(*arguments)

        return trace


def lead(program: Program, case: Case, tell: Callable[..., None]) -> Program:
    """Give the program with all that it does done in all workers."""
    places = {id(arguments[0]): i for i, arguments in enumerate(program.inputs)}

    def reset() -> None:
        tell(RESET, case=case.id)
        assert program.reset is not None, "only then is this one in its place"
        program.reset()

    def losses() -> Sequence[tuple[float, int]]:
        tell(LOSSES, case=case.id)
        assert program.shard_losses is not None, "only then is this one in its place"
        return program.shard_losses()

    return replace(
        program,
        step=LedStep(program.step, tell, case.id, places),
        reset=None if program.reset is None else reset,
        shard_losses=None if program.shard_losses is None else losses,
    )


def commands(descriptor: int) -> Iterator[dict[str, Any]]:
    """Give what the first worker tells, until it says stop or is gone."""
    pending = b""
    while True:
        data = os.read(descriptor, 65536)
        if not data:
            return
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            command = json.loads(line)
            if command["do"] == STOP:
                return
            yield command
