"""The other workers of a cluster as the first one knows them: its children, or come from other hosts. Worker only."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tfbench.bench import codec, protocol
from tfbench.bench.protocol import Request

HERE = "here"
HELLO_S = 5.0  # for a connection to say whose it is
LONGEST_HELLO = 4096


@dataclass(slots=True, kw_only=True)
class Member:
    """Hold another worker.

    Attributes:
        index: in the cluster, from 1; the first, which holds this, is 0.
        lead, answer: descriptors that tell it what to do, and in which it answers: pipes, or one socket.
        process: the child; None for a worker of another host.
        started, heard: when it was started or came, and when it last said anything, by the monotonic clock.
        joined: whether it has said hello.
        suspected: when it is to be blamed for what it said went wrong there, by the same clock; None if nothing did.
        message: what it said.
        told: how many things all had been told to do by then.
        pending: the beginning of a line of which the rest has not come yet.
    """

    index: int
    lead: int
    answer: int
    process: subprocess.Popen[bytes] | None = None
    started: float
    heard: float
    joined: bool = False
    suspected: float | None = None
    message: str = ""
    told: int = 0
    pending: bytes = b""


def join_cluster(index: int, addresses: Sequence[str], environment: MutableMapping[str, str]) -> None:
    """Tell TensorFlow which worker of which cluster this process is; before it is imported."""
    cluster = {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": index}}
    environment["TF_CONFIG"] = json.dumps(cluster)


def start(request: Request, index: int, addresses: Sequence[str]) -> Member:
    """Start a worker on this machine."""
    read_lead, lead = os.pipe()
    answer, write_answer = os.pipe()
    environment = dict(os.environ)
    join_cluster(index, addresses, environment)
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


def admit(listener: int, request: Request, wanted: Sequence[int]) -> Member | None:
    """Take a waiting connection of a worker of another host, and hand it the request.

    Returns:
        None for one that says nothing sensible, or is not wanted: it is closed, and a worker then comes again.
    """
    with socket.socket(fileno=os.dup(listener)) as door:
        connection, _ = door.accept()
    index = hear_index(connection)
    try:
        if index in wanted:
            protocol.send(connection.fileno(), codec.encode(replace(request, worker=index)))
            now, descriptor = time.monotonic(), connection.detach()
            return Member(index=index, lead=descriptor, answer=descriptor, started=now, heard=now)
    except OSError:  # it has gone meanwhile
        pass
    connection.close()
    return None


def hear_index(connection: socket.socket) -> int:
    """Hear which worker is at the other end; 0, which is none of the others, if that is not said at once."""
    connection.settimeout(HELLO_S)
    try:
        with connection.makefile("rb", buffering=0) as lines:
            said = json.loads(lines.readline(LONGEST_HELLO))
        index = int(said["worker"]) if said["say"] == HERE else 0
    except (OSError, ValueError, TypeError, KeyError):
        index = 0
    connection.settimeout(None)
    return index
