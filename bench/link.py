"""Measure what plain sockets reach between the first two workers of a cluster. Worker only."""

import os
import socket
from collections.abc import Callable
from contextlib import closing

from tfbench.bench import led
from tfbench.bench.crew import Crew
from tfbench.bench.extras import Link

PINGS, MESSAGES = 200, 20
MESSAGE_BYTES = 1_000_000
WAIT_S = 10.0


def measure(crew: Crew, clock: Callable[[], float]) -> Link:
    """Give latency and bandwidth: of the fastest of the messages, which the second worker confirms."""
    family = socket.AF_INET6 if ":" in crew.host else socket.AF_INET
    with closing(socket.create_server((crew.host, 0), family=family)) as server:
        server.settimeout(WAIT_S)
        crew.tell_second(led.ECHO, host=crew.host, port=server.getsockname()[1])
        one, _ = server.accept()
        with closing(one):
            one.settimeout(WAIT_S)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            latency_s = min(_confirmed(one, b"x", clock) for _ in range(PINGS)) / 2
            message = os.urandom(MESSAGE_BYTES)
            whole_s = min(_confirmed(one, message, clock) for _ in range(MESSAGES))
    return Link(byte_per_s=MESSAGE_BYTES / max(whole_s - latency_s, 1e-9), latency_s=latency_s)


def answer(host: str, port: int) -> None:
    """Answer a byte to each message of the first worker."""
    with closing(socket.create_connection((host, port), WAIT_S)) as one:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for size in (1,) * PINGS + (MESSAGE_BYTES,) * MESSAGES:
            left = size
            while left:
                part = len(one.recv(min(left, 1 << 20)))
                if not part:
                    return
                left -= part
            one.sendall(b"x")


def _confirmed(one: socket.socket, message: bytes, clock: Callable[[], float]) -> float:
    """Send a message and wait for the byte that confirms it; give the seconds."""
    start = clock()
    one.sendall(message)
    one.recv(1)
    return clock() - start
