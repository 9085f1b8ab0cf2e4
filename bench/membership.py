"""The part that this process has in a run: it measures, alone or as a cluster's first worker, or only takes part."""

import sys

from tfbench.bench import guest
from tfbench.bench.cluster import Cluster
from tfbench.bench.errors import BadInputError
from tfbench.bench.guest import Visit
from tfbench.bench.options import Choice
from tfbench.bench.protocol import Request
from tfbench.bench.reception import Reception


class Membership:
    """Hold the cluster, if there is one, and on its first worker's host the place where the others come to.

    Attributes:
        found: the cluster; None without one.
    """

    def __init__(self, found: Cluster | None) -> None:
        """Take the cluster; nothing is opened before `join`."""
        self.found = found
        self._reception: Reception | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Give the addresses of all workers; none without a cluster."""
        return self.found.addresses if self.found else ()

    @property
    def follows(self) -> bool:
        """Tell whether the first worker of a cluster measures, and this process only takes part."""
        return self.found is not None and self.found.index > 0

    @property
    def listener(self) -> int:
        """Give the descriptor of the socket to which the others come; -1 where there is none."""
        return self._reception.fileno() if self._reception else -1

    def join(self, choice: Choice) -> None:
        """Take one's place.

        Raises:
            BadInputError: an option does not go with a cluster, or the socket cannot be opened.
        """
        if self.found is None:
            return
        if choice.interpreters:
            raise BadInputError("--python: a cluster's workers run in the Python that each was started with; leave it")
        if not self.follows:
            self._reception = Reception(self.found)

    def attend(self, request: Request) -> Visit:
        """Take part until the run is over; the request says what this host's workers need to know of it."""
        assert self.found is not None, "only then does it follow"
        return guest.attend(request, self.found, lambda line: print(f"tfbench: {line}", file=sys.stderr))  # noqa: T201

    def dismiss(self, status: str) -> None:
        """Let the other workers go: the run is over."""
        if self._reception is not None:
            self._reception.dismiss(status)
            self._reception = None
