"""Name machines: the host, and of it the cores that a run could use, or its accelerator.

One host is several machines here, so that it can be compared with itself: pinned to one core against all, or its GPU
against its processor. `vm/1-core` and `vm/2-cores`, `box/gpu`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tfbench.bench.case import CPU
from tfbench.bench.errors import BadInputError

GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Hold what tells a machine from others.

    Attributes:
        host: its name.
        cpu: its processor.
        cores: how many logical cores it has.
        usable: how many of them a run could use.
        memory_gib: memory, rounded.
        device: kind of device that was measured: `cpu`, `gpu` or `tpu`.
        device_name: what the accelerator calls itself; empty for a CPU.
    """

    host: str
    cpu: str
    cores: int
    usable: int
    memory_gib: int
    device: str = CPU
    device_name: str = ""

    @property
    def name(self) -> str:
        """Name it by its host and what of it was used."""
        cores = "1-core" if self.usable == 1 else f"{self.usable}-cores"
        return f"{self.host}/{cores if self.device == CPU else self.device}"


def names(machines: Iterable[Machine]) -> dict[Machine, str]:
    """Give each machine a name of its own, in order: of two that are alike in it the second is `name#2`."""
    found: dict[Machine, str] = {}
    for machine in machines:
        if machine not in found:
            alike = sum(other.name == machine.name for other in found)
            found[machine] = f"{machine.name}#{alike + 1}" if alike else machine.name
    return found


def chosen(text: str, known: dict[Machine, str], option: str) -> list[Machine]:
    """Give the machines that a user names: one by its name, or all of a host.

    Raises:
        BadInputError: there is none.
    """
    found = [machine for machine, name in known.items() if name == text]
    found = found or [machine for machine in known if machine.host == text]
    if not found:
        raise BadInputError(f"--{option} {text}: there is no such machine; choose from {', '.join(known.values())}")
    return found
