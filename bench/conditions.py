"""Watch how busy the machine is while a worker times its rounds. In the parent; no TensorFlow here."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from tfbench.bench import energy
from tfbench.bench.energy import Energy
from tfbench.bench.machine import Conditions

CPU_FOLDER = Path("/sys/devices/system/cpu")
CGROUP_FOLDERS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/cpu"))
IDLE = ("idle", "iowait", "steal", "guest", "guest_nice")  # Linux counts guests as user time, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Hold the machine's counters at one moment.

    Attributes:
        wall_s: the clock.
        busy_s: time that the cores in question spent on any process.
        steal_s: time that the hypervisor took from them.
        worker_s: CPU time of the worker and the processes it has started, all their threads.
        throttled: events of slowing down so far.
        clock_mhz: clock of each core, where told.
    """

    wall_s: float
    busy_s: float
    steal_s: float
    worker_s: float
    throttled: int
    clock_mhz: tuple[float, ...] = ()


def _count(path: Path) -> int:
    """Read a file that holds one number; 0 where there is none."""
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text(encoding="ascii"))
    return 0


def throttled(cpu_folder: Path = CPU_FOLDER, cgroup_folders: Sequence[Path] = CGROUP_FOLDERS) -> int:
    """Count how often the processor was too hot, or the control group at the end of its quota, since boot."""
    count = sum(_count(path) for path in cpu_folder.glob("cpu[0-9]*/thermal_throttle/core_throttle_count"))
    for folder in cgroup_folders:
        with contextlib.suppress(OSError, ValueError):
            lines = (folder / "cpu.stat").read_text(encoding="ascii").splitlines()
            count += sum(int(line.split()[1]) for line in lines if line.startswith("nr_throttled "))
    return count


def _clocks(cores: Sequence[int]) -> tuple[float, ...]:
    try:
        every = psutil.cpu_freq(percpu=True)
    except (OSError, NotImplementedError, AttributeError):
        return ()
    return tuple(every[core].current for core in cores if core < len(every) and every[core].current)


def _used_s(pid: int) -> float:
    """Give the CPU time of a worker and of those it leads here: the others of a cluster are its children."""
    total = 0.0
    with contextlib.suppress(psutil.Error):
        worker = psutil.Process(pid)
        for process in (worker, *worker.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                used = process.cpu_times()
                total += used.user + used.system
    return total


def read(pid: int, cores: Sequence[int]) -> Reading:
    """Read all counters now; a worker that is gone has used no more CPU than nothing."""
    times = psutil.cpu_times(percpu=True)
    own = [times[core]._asdict() for core in cores if core < len(times)]
    return Reading(
        wall_s=time.monotonic(),
        busy_s=sum(seconds for core in own for name, seconds in core.items() if name not in IDLE),
        steal_s=sum(core.get("steal", 0.0) for core in own),
        worker_s=_used_s(pid),
        throttled=throttled(),
        clock_mhz=_clocks(cores),
    )


def between(start: Reading, end: Reading, *, cores: int, load_1m: float) -> Conditions:
    """Give the conditions between two readings, shares of all the time that so many cores had."""
    available = max(end.wall_s - start.wall_s, 1e-9) * cores
    others = (end.busy_s - start.busy_s) - (end.worker_s - start.worker_s)
    # An idle core is slow on purpose: the fastest one tells what the busy ones get.
    clocks = [max(reading.clock_mhz) for reading in (start, end) if reading.clock_mhz]
    return Conditions(
        load_1m=round(load_1m, 2),
        others_share=round(min(1.0, max(0.0, others / available)), 4),
        steal_share=round(min(1.0, max(0.0, (end.steal_s - start.steal_s) / available)), 4),
        throttled=max(0, end.throttled - start.throttled),
        clock_mhz=(min(clocks), max(clocks)) if clocks else None,
    )


class Watch:
    """Watch from now on, the cores that a worker may use, and the energy that the machine takes."""

    def __init__(self, pid: int, cores: Sequence[int], *, gpus: int = 0) -> None:
        """Take the first reading; `gpus` is how many of them the worker uses."""
        self._pid, self._cores = pid, tuple(cores)
        self._start = read(pid, cores)
        self._meters = energy.start(gpus)

    def conditions(self) -> Conditions:
        """Take a second reading and give what lies between; the worker must not be reaped yet."""
        end, told = read(self._pid, self._cores), self.close()
        found = between(self._start, end, cores=len(self._cores), load_1m=psutil.getloadavg()[0])
        if told is None:
            return found
        watched_s = round(end.wall_s - self._start.wall_s, 3)
        return replace(found, energy_j=told.joules, energy_source=told.source, energy_s=watched_s)

    def close(self) -> Energy | None:
        """Stop the meters, which may be processes, and give what they told; None the second time."""
        meters, self._meters = self._meters, []
        return energy.stop(meters)
