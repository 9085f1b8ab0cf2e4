"""The socket to which a cluster's other workers come, with real connections on this machine."""

import json
import os
import socket
import threading
from typing import Any

import pytest
from tfbench.bench import crew, member, reception
from tfbench.bench.cluster import Cluster
from tfbench.bench.errors import BadInputError
from tfbench.bench.protocol import Request
from tfbench.bench.reception import Reception


@pytest.fixture
def port() -> int:
    (address,) = crew.free_addresses(1)
    return int(address.rpartition(":")[2])


def cluster_of(port: int, workers: int) -> Cluster:
    addresses = tuple(f"127.0.0.1:{100 + i}" for i in range(workers))
    return Cluster(source="TF_CONFIG", addresses=addresses, index=0, port=port)


def come(port: int, said: bytes) -> socket.socket:
    """Come as a worker that says this."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10.0)
    connection.sendall(said)
    return connection


def here(index: int) -> bytes:
    return json.dumps({"say": "here", "worker": index}).encode() + b"\n"


def heard(connection: socket.socket) -> Any:
    """Give what a worker hears; None if it is turned away."""
    with connection, connection.makefile() as lines:
        line = lines.readline()
    return json.loads(line) if line else None


def test_the_others_are_told_that_the_run_is_over_also_those_that_come_late(port: int) -> None:
    door = Reception(cluster_of(port, 3))
    early = come(port, here(2))
    late: list[Any] = []
    thread = threading.Thread(target=lambda: late.append(heard(come(port, here(1)))))
    timer = threading.Timer(0.2, thread.start)
    timer.start()
    door.dismiss("complete")
    timer.join()
    thread.join()
    assert [heard(early), *late] == [{"do": "over", "status": "complete"}] * 2
    with pytest.raises(ConnectionRefusedError):
        come(port, here(1))


def test_those_that_never_come_are_not_waited_for_without_end(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "DISMISS_S", 0.2)
    Reception(cluster_of(port, 2)).dismiss("complete")


def test_a_taken_port_is_refused_with_the_way_out(port: int) -> None:
    door = Reception(cluster_of(port, 2))
    with pytest.raises(
        BadInputError, match=f"cannot listen on 127.0.0.1:{port} .* another port with TFBENCH_CLUSTER_PORT"
    ):
        Reception(cluster_of(port, 2))
    door.close()


def test_a_wanted_worker_is_let_in_with_its_request_and_others_are_turned_away(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member, "HELLO_S", 0.2)
    door = Reception(cluster_of(port, 3))
    said = (here(2), b"GET / HTTP/1.1\n", b"", b'{"say": "here"}\n', here(1))
    connections = [come(port, words) for words in said]
    found = [member.admit(door.fileno(), Request(cases=(), seed=7), [1]) for _ in said]
    assert [one and one.index for one in found] == [None, None, None, None, 1]
    assert [heard(one) for one in connections[:-1]] == [None] * 4
    with connections[-1].makefile() as lines:
        request = json.loads(lines.readline())
    assert (request["worker"], request["seed"]) == (1, 7)
    door.close()
    connections[-1].close()
    os.close(found[-1].lead)
