"""The crew of a cluster's first worker: the others, led in step, watched, and ended together. Worker only.

The first worker measures; the others do what it tells them to, call by call, since a collective operation waits
for all. On this machine they share its process group, so that whoever ends it ends them; those of other hosts come to
a listening socket, and end with their connection.
"""

import json
import os
import selectors
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.metadata import version
from typing import Any

from tfbench.bench import led, member, protocol
from tfbench.bench.member import Member
from tfbench.bench.protocol import Request

HOST = "127.0.0.1"
BEAT_S = 1.0
SILENT_S = 8.0  # without a beat a worker is taken for stopped; TensorFlow's own patience ends at 10 s, and names none
ARRIVE_S = 120.0  # for workers of other hosts to come: people start them by hand
JOIN_S = 30.0  # to import TensorFlow and say hello
GRACE_S = 5.0  # for the first worker to fail of itself when another did, and for all to leave
ALIVE, FAILED, HELLO = "alive", "failed", "hello"


def free_addresses(count: int) -> list[str]:
    """Find free ports of this machine, all different: they are held open together until all are found."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [f"{HOST}:{one.getsockname()[1]}" for one in sockets]


class Crew:
    """Lead the other workers of a cluster. The first worker holds it.

    Attributes:
        addresses: of the TensorFlow of each worker that takes part, this one's first.
    """

    def __init__(self, request: Request, fail: Callable[[str], None]) -> None:
        """Start them, or wait for them in a thread; `fail` is told there which went wrong and how, for good."""
        self._size = request.cases[0].placement.replicas
        self._request, self._fail, self._told, self._leaving = request, fail, 0, False
        self._begun = time.monotonic()
        self._members: dict[int, Member] = {}
        self.addresses = request.cluster[: self._size] or tuple(free_addresses(self._size))
        if not request.cluster:
            for index in range(1, self._size):
                self._members[index] = member.start(request, index, self.addresses)
        threading.Thread(target=self._watch, name="tfbench-crew", daemon=True).start()

    @property
    def others(self) -> int:
        """Give how many workers there are beside this one."""
        return self._size - 1

    @property
    def host(self) -> str:
        """Give the name under which the others reach this host."""
        return self.addresses[0].rpartition(":")[0].strip("[]")

    def wait_joined(self, waiting: Callable[[], None] = lambda: None) -> None:
        """Wait until all others have said hello: TensorFlow waits for them in a way that lets no other thread run.

        `waiting` is called every second or so.
        """
        said = time.monotonic()
        while len(self._members) < self._size - 1 or not all(one.joined for one in list(self._members.values())):
            time.sleep(0.01)
            if time.monotonic() - said > BEAT_S:
                said = time.monotonic()
                waiting()

    def tell(self, do: str, **more: Any) -> None:
        """Tell all others to do something."""
        self._told += 1
        for one in self._members.values():
            protocol.send(one.lead, {"do": do, **more})

    def tell_second(self, do: str, **more: Any) -> None:
        """Tell the second worker alone to do something."""
        self._told += 1
        protocol.send(self._members[1].lead, {"do": do, **more})

    def leave(self) -> None:
        """Let all others end, and wait for them: a worker that left early would cut what others do."""
        self._leaving = True
        self.tell(led.STOP)
        for one in self._members.values():
            self._wait_gone(one)

    def _wait_gone(self, one: Member) -> None:
        if one.process is None:
            with socket.socket(fileno=os.dup(one.answer)) as connection:
                connection.settimeout(GRACE_S)
                try:
                    while connection.recv(65536):  # its last beats, then its end
                        pass
                except OSError:
                    return
            return
        try:
            one.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            one.process.kill()

    def _watch(self) -> None:
        """Let the others in, and look after them: whoever does not come, ends, fails or falls silent."""
        with selectors.DefaultSelector() as selector:
            for one in self._members.values():
                selector.register(one.answer, selectors.EVENT_READ, one)
            if self._request.cluster and self._size > 1:
                selector.register(self._request.listener, selectors.EVENT_READ)
            while not self._leaving and selector.get_map():
                for key, _ in selector.select(BEAT_S):
                    if key.data is None:
                        self._admit(selector)
                    else:
                        self._hear(key.data, selector)
                self._check(time.monotonic())

    def _admit(self, selector: selectors.BaseSelector) -> None:
        """Let a worker of another host in; the last one closes the door."""
        found = member.admit(self._request.listener, self._request, self._missing())
        if found is not None:
            self._members[found.index] = found
            selector.register(found.answer, selectors.EVENT_READ, found)
        if not self._missing():
            selector.unregister(self._request.listener)

    def _missing(self) -> list[int]:
        return [index for index in range(1, self._size) if index not in self._members]

    def _check(self, now: float) -> None:
        for index in self._missing():
            if now - self._begun > ARRIVE_S:
                where = self.addresses[index]
                self._blame(index, f"at {where} did not come within {ARRIVE_S:g} s: start the same command there")
        for one in list(self._members.values()):
            if now - one.heard > SILENT_S:
                self._blame(one.index, f"said nothing for {SILENT_S:g} s: it is stopped, or hangs")
            if not one.joined and now - one.started > JOIN_S:
                self._blame(one.index, f"did not join the cluster within {JOIN_S:g} s")
            if one.suspected is not None and now > one.suspected:
                one.suspected = None
                if one.told == self._told:
                    self._blame(one.index, one.message)

    def _hear(self, one: Member, selector: selectors.BaseSelector) -> None:
        try:
            data = os.read(one.answer, 65536)
        except OSError:  # a connection that was reset
            data = b""
        one.heard = time.monotonic()
        if not data:
            selector.unregister(one.answer)
            self._ended(one, selector)
        *lines, one.pending = (one.pending + data).split(b"\n")
        try:
            for line in lines:
                self._take(one, json.loads(line))
        except (ValueError, TypeError, KeyError):
            self._blame(one.index, f"said {lines[0]!r:.80}, which is not understood")

    def _ended(self, one: Member, selector: selectors.BaseSelector) -> None:
        if self._leaving:
            return
        if one.process is not None:
            self._blame(one.index, f"ended early, with exit code {one.process.wait(GRACE_S)}")
        if one.joined:
            self._blame(one.index, f"at {self.addresses[one.index]} ended early, or cannot be reached any more")
        # It was gone before it began: another one will come in its place.
        if not self._missing():
            selector.register(self._request.listener, selectors.EVENT_READ)
        del self._members[one.index]
        os.close(one.answer)

    def _take(self, one: Member, message: dict[str, Any]) -> None:
        if message["say"] == HELLO:
            for name in ("tensorflow", "tfbench"):
                if message[name] != (mine := known_version(name)):
                    self._blame(one.index, f"has {name} {message[name]}, the first has {mine}: install the same")
            one.joined = True
        if message["say"] == FAILED:
            # The first worker may well have failed alike, and gone on.
            one.suspected, one.told, one.message = time.monotonic() + GRACE_S, self._told, message["message"]

    def _blame(self, index: int, what: str) -> None:
        if not self._leaving:
            self._fail(f"worker {index + 1} of {self._size} {what}")


def known_version(name: str) -> str:
    """Give the version of an installed package; empty for one that is not installed."""
    try:
        return version(name)
    except ImportError:
        return ""


def hello() -> dict[str, Any]:
    """Give what a worker says once it is ready to join."""
    return {"say": HELLO, **{name: known_version(name) for name in ("tensorflow", "tfbench")}}


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
            if command["do"] == led.STOP:
                return
            yield command
