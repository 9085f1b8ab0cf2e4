"""Measure what plain sockets reach between two processes of this machine. Worker only."""

import os
import socket
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing

from tfbench.bench.crew import HOST
from tfbench.bench.extras import Link

PINGS, MESSAGES = 200, 20
MESSAGE_BYTES = 1_000_000

# Answers a byte to each message; it may run on any core, as another worker would.
ECHO = """
import os, socket, sys
os.sched_setaffinity(0, range(os.cpu_count()))
one = socket.create_connection((sys.argv[1], int(sys.argv[2])))
one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for size in [1] * int(sys.argv[3]) + [int(sys.argv[5])] * int(sys.argv[4]):
    left = size
    while left:
        left -= len(one.recv(min(left, 1 << 20)))
    one.send(b"x")
"""


def measure(clock: Callable[[], float]) -> Link:
    """Give latency and bandwidth: medians over messages that another process confirms."""
    with closing(socket.socket()) as server:
        server.bind((HOST, 0))
        server.listen(1)
        server.settimeout(10.0)
        port = str(server.getsockname()[1])
        arguments = [HOST, port, str(PINGS), str(MESSAGES), str(MESSAGE_BYTES)]
        with subprocess.Popen([sys.executable, "-S", "-c", ECHO, *arguments]) as other:  # noqa: S603 - this interpreter
            one, _ = server.accept()
            with closing(one):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                latency_s = statistics.median(_confirmed(one, b"x", clock) for _ in range(PINGS)) / 2
                message = os.urandom(MESSAGE_BYTES)
                whole_s = statistics.median(_confirmed(one, message, clock) for _ in range(MESSAGES))
            other.wait(10.0)
    return Link(byte_per_s=MESSAGE_BYTES / max(whole_s - latency_s, 1e-9), latency_s=latency_s)


def _confirmed(one: socket.socket, message: bytes, clock: Callable[[], float]) -> float:
    """Send a message and wait for the byte that confirms it; give the seconds."""
    start = clock()
    one.sendall(message)
    one.recv(1)
    return clock() - start
