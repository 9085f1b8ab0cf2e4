"""Where the workers of other hosts come to: a listening socket of the first worker's host, open for a whole run.

Each of its worker processes inherits the socket and lets in whom it needs; the others wait. No TensorFlow here.
"""

import socket
import time

from tfbench.bench import cluster, led, member, protocol
from tfbench.bench.cluster import Cluster
from tfbench.bench.errors import BadInputError

BACKLOG = 1024
DISMISS_S = 15.0


class Reception:
    """Listen for as many others as the cluster has."""

    def __init__(self, found: Cluster) -> None:
        """Open the socket, on the address by which the others know this host.

        Raises:
            BadInputError: it cannot be opened.
        """
        host, port = found.first
        self._others = set(range(1, len(found.addresses)))
        try:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            self._door = socket.create_server(address[:2], family=family, backlog=BACKLOG)
        except OSError as error:
            raise BadInputError(
                f"cannot listen on {host}:{port} for the cluster's other workers: {error.strerror or error}; "
                f"choose another port with {cluster.PORT}, on all hosts"
            ) from error

    def fileno(self) -> int:
        """Give the descriptor for a worker to inherit."""
        return self._door.fileno()

    def close(self) -> None:
        """Close the socket, without a word to anybody."""
        self._door.close()

    def dismiss(self, status: str) -> None:
        """Tell the others that the run is over, and how it ended; wait a while for those that are still to come."""
        end = time.monotonic() + DISMISS_S
        with self._door:
            while self._others and (left := end - time.monotonic()) > 0:
                self._door.settimeout(left)
                try:
                    connection, _ = self._door.accept()
                except OSError:
                    return
                with connection:
                    self._others.discard(member.hear_index(connection))
                    try:
                        protocol.send(connection.fileno(), {"do": led.OVER, "status": status})
                    except OSError:
                        continue
