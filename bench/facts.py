"""Gather what `tfbench doctor` judges: TensorFlow's devices, cores, clocks, noise, packages. TensorFlow in a child."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import psutil
from tfbench.bench import codec, devices, noise, packages
from tfbench.bench.conditions import Watch
from tfbench.bench.environment import affinity
from tfbench.bench.machine import Conditions
from tfbench.bench.noise import Noise
from tfbench.bench.packages import Packages
from tfbench.bench.software import timer_step_s

ROOT = Path("/")
TIMEOUT_S = 60.0
WATCH_S = 1.0  # the system counts CPU time in steps of 10 ms
# Makes TensorFlow name the libraries that it cannot load. Its own message names none.
LOGGING = {"TF_CPP_MIN_LOG_LEVEL": "0", "TF_CPP_VMODULE": "dso_loader=1"}

_UNLOADED = re.compile(r"Could not load dynamic library '([^']+)'")
_COMPLAINT = re.compile(r"^[EWF]\d{4} [^\]]*\] (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Hold what TensorFlow sees.

    Attributes:
        tensorflow: its version.
        import_s: how long it and Keras took to import.
        keras_backend: what Keras computes with.
        cuda: whether TensorFlow is built for NVIDIA's GPUs.
        devices: how many physical devices it sees of each type.
        gpus: the names of its GPUs.
        missing: the libraries that a GPU takes and that cannot be loaded.
        complaints: its warnings and errors.
    """

    tensorflow: str
    import_s: float
    keras_backend: str
    cuda: bool
    devices: dict[str, int]
    gpus: tuple[str, ...]
    missing: tuple[str, ...]
    complaints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Say why TensorFlow could not be asked."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """Hold which accelerators the system shows, without TensorFlow.

    Attributes:
        kinds: kinds of device, as `devices.present` gives them.
        nvidia: NVIDIA's GPUs that have a driver.
        nvidia_pci: NVIDIA's GPUs on the PCI bus, with a driver or not.
        visible: the environment's CUDA_VISIBLE_DEVICES, or None where it is not set.
    """

    kinds: tuple[str, ...]
    nvidia: int
    nvidia_pci: int
    visible: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """Hold how many logical cores the machine has, which this process may use, and its quota in cores' time."""

    logical: int
    usable: tuple[int, ...]
    quota: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Hold what sets the processor's clock: the governors in use, and whether it may go beyond its base clock."""

    governors: tuple[str, ...]
    turbo: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Hold the folder that results would go to."""

    folder: Path
    writable: bool
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Hold everything that is judged; `conditions` are those while the noise was measured."""

    tensorflow: Seen | Broken
    hardware: Hardware
    cores: Cores
    clock: Clock
    conditions: Conditions
    timer_s: float
    noise: Noise
    packages: Packages
    disk: Disk


def understand(code: int, output: str, log: str) -> Seen | Broken:
    """Read what the child has printed and what TensorFlow has logged in it."""
    last = (output.strip().splitlines() or [""])[-1]
    if code:
        ended = f"by {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"with exit code {code}"
        said = (log.strip().splitlines() or [""])[-1]
        return Broken(reason=f"its process was ended {ended}" + (f": {said}" if code > 0 and said else ""))
    try:
        answer = json.loads(last)
        if "error" in answer:
            return Broken(reason=str(answer["error"]))
        seen = codec.decode(Seen, answer)
    except (ValueError, TypeError):
        return Broken(reason=f"its process said {last!r:.80}")
    missing = dict.fromkeys((*_UNLOADED.findall(log), *seen.missing))
    return replace(seen, missing=tuple(missing), complaints=tuple(_COMPLAINT.findall(log)))


def ask_tensorflow(*, start: Sequence[str] = (), timeout_s: float = TIMEOUT_S) -> Seen | Broken:
    """Import TensorFlow in a child process, or run the command `start`, and give what it sees."""
    command = start or [sys.executable, "-P", str(Path(__file__).with_name("doctor_worker.py"))]
    try:
        done = subprocess.run(  # noqa: S603 - this package, in this interpreter
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            env={**os.environ, **LOGGING},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Broken(reason=f"its process said nothing for {timeout_s:g} s")
    return understand(done.returncode, done.stdout, done.stderr)


def _text(path: Path) -> str:
    """Read a small file; empty where there is none."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8").strip()
    return ""


def hardware(root: Path = ROOT) -> Hardware:
    """Look for accelerators."""
    nodes = list((root / "dev").glob("nvidia[0-9]*"))
    pci = [path for path in (root / "sys/bus/pci/devices").glob("*") if _text(path / "vendor") == "0x10de"]
    return Hardware(
        kinds=devices.present(),
        nvidia=len(nodes or list((root / "proc/driver/nvidia/gpus").glob("*"))),
        nvidia_pci=sum(_text(path / "class").startswith("0x03") for path in pci),  # display controllers
        visible=os.environ.get("CUDA_VISIBLE_DEVICES"),
    )


def _groups(root: Path) -> Iterator[Path]:
    """Give the folders of this process's control groups that may limit its CPU time, and of those above them."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / controllers  # version 2 has no controllers here
        inside = PurePosixPath(group.lstrip("/"))
        yield from (top / part for part in (inside, *inside.parents))


def quota(root: Path = ROOT) -> float | None:
    """Give how many cores' time the control group may use (cgroup versions 1 and 2), or None without a limit."""
    found = []
    for folder in _groups(root):
        limit = _text(folder / "cpu.max").split() or [
            _text(folder / "cpu.cfs_quota_us"),
            _text(folder / "cpu.cfs_period_us"),
        ]
        with contextlib.suppress(ValueError):  # "max", or no such file
            found.append(int(limit[0]) / int(limit[1]))
    return min((cores for cores in found if cores > 0), default=None)


def clock_settings(root: Path = ROOT) -> Clock:
    """Read the governors and whether turbo is on, where the system tells."""
    cpu = root / "sys/devices/system/cpu"
    governors = {_text(path) for path in cpu.glob("cpu[0-9]*/cpufreq/scaling_governor")} - {""}
    turbo = {"0": True, "1": False}.get(_text(cpu / "intel_pstate/no_turbo"))
    boost = {"0": False, "1": True}.get(_text(cpu / "cpufreq/boost"))
    return Clock(governors=tuple(sorted(governors)), turbo=boost if turbo is None else turbo)


def disk(folder: Path) -> Disk:
    """Look at the folder that results would go to, or the one it would be made in."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    return Disk(folder=folder, writable=os.access(there, os.W_OK), free_bytes=psutil.disk_usage(str(there)).free)


def _listen(seconds: float, clock: Callable[[], float]) -> tuple[Noise, Conditions]:
    """Measure the noise, and what else the machine does meanwhile: a hypervisor only takes time that is wanted."""
    watch = Watch(os.getpid(), affinity())
    times = noise.repeat(seconds, clock)
    time.sleep(max(0.0, WATCH_S - seconds))
    return noise.summarise(times, seconds=seconds), watch.conditions()


def _packages(seen: Seen | Broken) -> Packages:
    """Look at the packages; TensorFlow may be installed under another name, such as tensorflow-cpu."""
    found = packages.gather()
    if isinstance(seen, Broken):
        return found
    return replace(found, installed={"tensorflow": seen.tensorflow, **found.installed})


def gather(
    *, seconds: float, clock: Callable[[], float] = time.perf_counter, tell: Callable[[str], None] = lambda _: None
) -> Facts:
    """Gather everything; `tell` hears what is going on.

    Args:
        seconds: how long the noise is measured.
        clock: the clock that rounds are timed with.
        tell: hears what takes a while.
    """
    load_1m = psutil.getloadavg()[0]  # before anything here adds to it
    tell("importing TensorFlow in a child process")
    seen = ask_tensorflow()
    tell(f"repeating a fixed loop for {seconds:g} s")
    noise_found, conditions = _listen(seconds, clock)
    return Facts(
        tensorflow=seen,
        hardware=hardware(),
        cores=Cores(logical=os.cpu_count() or 1, usable=affinity(), quota=quota()),
        clock=clock_settings(),
        conditions=replace(conditions, load_1m=round(load_1m, 2)),
        timer_s=timer_step_s(clock),
        noise=noise_found,
        packages=_packages(seen),
        disk=disk(Path("results")),
    )
