"""Come to the first worker of a cluster from another host, and follow it for as long as it wants. Worker only."""

import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tfbench.bench import cluster, codec, follow, led, member, protocol
from tfbench.bench.protocol import Request

TRY_S = 0.5
KEEPALIVE = {"TCP_KEEPIDLE": 20, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}  # a host that has lost power is gone in 50 s


class NotThereError(Exception):
    """Say that the first worker's host is not there."""


def come(first: str, patience_s: float) -> socket.socket:
    """Connect to the first worker's host; it may be started a little later.

    Raises:
        NotThereError: it did not answer in time.
    """
    host, port = cluster.split(first)
    end = time.monotonic() + patience_s
    while True:
        try:
            connection = socket.create_connection((host, port), timeout=5.0)
        except OSError as error:
            if time.monotonic() > end:
                raise NotThereError(f"{first} does not answer ({error.strerror or error})") from error
            time.sleep(TRY_S)
            continue
        connection.settimeout(None)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        return connection


def serve(request: Request, say: Callable[[dict[str, Any]], None]) -> None:
    """Come, say which worker this is, and do what is wanted; say whether the whole run is over."""
    connection = come(request.first, request.patience_s)
    protocol.send(connection.fileno(), {"say": member.HERE, "worker": request.worker})
    told = read_line(connection)
    if told.get("do") == led.OVER:
        say({"say": protocol.END, "over": True, "status": str(told.get("status", ""))})
        return
    if told:
        theirs = codec.decode(Request, told, "the first worker's request")
        mine = replace(theirs, first="", **{name: getattr(request, name) for name in OWN})
        say({"say": protocol.FOLLOWING, "cases": [case.id for case in mine.cases]})
        addresses = mine.cluster[: mine.cases[0].placement.replicas]
        member.join_cluster(mine.worker, addresses, os.environ)
        follow.serve(mine, connection.fileno(), connection.fileno(), addresses, lambda: leave(say))
    else:
        time.sleep(TRY_S)  # not wanted just now
    leave(say)


def leave(say: Callable[[dict[str, Any]], None]) -> None:
    """Say that the first worker needs this one no more, and end."""
    say({"say": protocol.END, "over": False})
    os._exit(0)


# What each host knows best itself: nothing that is run or read here is named by another host.
OWN = ("files", "own", "data_kind", "data_folder", "cpu_model")


def read_line(connection: socket.socket) -> dict[str, Any]:
    """Read one JSON line byte by byte, since what follows is for others; empty if the other side has gone."""
    data = b""
    while not data.endswith(b"\n"):
        try:
            part = connection.recv(1)
        except OSError:
            part = b""
        if not part:
            return {}
        data += part
    found = json.loads(data)
    return found if isinstance(found, dict) else {}
