"""Read what energy the machine takes: the processors' own counters (RAPL), and those of NVIDIA's GPUs. No TensorFlow.

The counters tell of whole processors and boards, whoever uses them, and of no memory or fans beyond that.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

ROOT = Path("/")
MICRO, MILLI = 1e-6, 1e-3
SAMPLE_MS = 200
PATIENCE_S = 5.0


class Meter(Protocol):
    """Measure energy from the time it was made on."""

    name: str

    def stop(self) -> float | None:
        """Give the energy since then in joules; None where it could not be read."""


class Counter:
    """Read a counter of joules twice."""

    def __init__(self, name: str, read: Callable[[], float], *, wraps_j: float = 0.0) -> None:
        """Take the first reading.

        Args:
            name: of what is counted.
            read: gives the counter in joules; OSError and ValueError where it cannot.
            wraps_j: where the counter begins again at 0; 0 if it does not.
        """
        self.name = name
        self._read, self._wraps_j = read, wraps_j
        self._start = read()

    def stop(self) -> float | None:
        """Take the second reading; a counter that went back has begun again once."""
        with contextlib.suppress(OSError, ValueError):
            energy = self._read() - self._start
            return energy + self._wraps_j if energy < 0 <= energy + self._wraps_j else max(0.0, energy)
        return None


class Sampler:
    """Let `nvidia-smi` tell the power of GPUs every so often, in a process of its own, and take the mean."""

    def __init__(self, name: str, gpus: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        """Start it; OSError where it cannot be run."""
        self.name = name
        self._clock, self._start, self._gpus = clock, clock(), len(gpus)
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - open until it stops
        query = ["nvidia-smi", "--query-gpu=power.draw", "--format=csv,noheader,nounits"]
        self._process = subprocess.Popen(  # noqa: S603 - NVIDIA's own tool, as the user's PATH has it
            [*query, f"--id={','.join(gpus)}", f"--loop-ms={SAMPLE_MS}"],
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=subprocess.DEVNULL,
        )

    def stop(self) -> float | None:
        """End it, and give mean power times duration."""
        elapsed_s = self._clock() - self._start
        self._process.terminate()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with self._said:
            self._said.seek(0)
            lines = self._said.read().split()
        with contextlib.suppress(ValueError):  # "[N/A]"
            return fmean(map(float, lines)) * self._gpus * elapsed_s if lines else None
        return None


def _number(path: Path) -> float:
    return float(path.read_text(encoding="ascii"))


def _text(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="ascii").strip()
    return ""


def processors(root: Path = ROOT) -> Iterator[Meter]:
    """Give the meters of the processors that may be read: most systems let only root do so.

    Linux has a zone `package-N` for each processor and in it one for its memory, `dram`, which it does not count; both
    on Intel's and on AMD's. Other zones are parts of these, or the same again. Older kernels tell AMD's by themselves.
    """
    found: list[Meter] = []
    for zone in sorted((root / "sys/class/powercap").glob("intel-rapl:*")):
        name = _text(zone / "name")
        if name.startswith("package") or name == "dram":
            with contextlib.suppress(OSError, ValueError):
                wraps_j = _number(zone / "max_energy_range_uj") * MICRO
                found.append(Counter(name, _of_file(zone / "energy_uj"), wraps_j=wraps_j))
    yield from found or _amd(root)


def _of_file(path: Path) -> Callable[[], float]:
    return lambda: _number(path) * MICRO


def _amd(root: Path) -> Iterator[Meter]:
    """Give the meters of the driver `amd_energy`: one for each socket, beside those of its cores."""
    for folder in sorted((root / "sys/class/hwmon").glob("hwmon*")):
        labels = sorted(folder.glob("energy*_label")) if _text(folder / "name") == "amd_energy" else []
        for label in labels:
            name = _text(label)
            if name.startswith("Esocket"):
                with contextlib.suppress(OSError, ValueError):
                    yield Counter(name, _of_file(label.with_name(label.name.replace("_label", "_input"))))


def gpus(count: int) -> Iterator[Meter]:
    """Give the meters of so many GPUs: the first of those that CUDA_VISIBLE_DEVICES names, or of all."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [str(i) for i in range(count)] if visible is None else visible.split(",")[:count]
    if not names:
        return
    with contextlib.suppress(Exception):  # NVML's errors are of its own kinds, and any means: ask nvidia-smi
        yield from _nvml(names)
        return
    if shutil.which("nvidia-smi"):
        with contextlib.suppress(OSError):
            yield Sampler(f"GPU {','.join(names)}", names)


def _nvml(names: Sequence[str]) -> list[Meter]:
    """Give NVML's meters, from nvidia-ml-py where it is installed; GPUs older than Volta have none."""
    import pynvml

    pynvml.nvmlInit()

    def counter(name: str) -> Counter:
        by_index = name.isdigit()
        handle: Any = (
            pynvml.nvmlDeviceGetHandleByIndex(int(name)) if by_index else pynvml.nvmlDeviceGetHandleByUUID(name)
        )

        def read() -> float:
            try:
                return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) * MILLI)
            except pynvml.NVMLError as error:
                raise OSError(str(error)) from error

        return Counter(f"GPU {name}", read)

    return [counter(name) for name in names]


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """Hold what the meters told.

    Attributes:
        joules: of all of them together.
        source: their names.
    """

    joules: float
    source: str


def start(gpu_count: int = 0) -> list[Meter]:
    """Start all meters there are: of the processors, and of so many GPUs. The GPUs' alone would leave out the rest."""
    return [*processors(ROOT), *(gpus(gpu_count) if gpu_count else ())]


def stop(meters: Sequence[Meter]) -> Energy | None:
    """Stop the meters and add up what they tell; None where one of them cannot be read, or nothing was counted."""
    told = [(meter.name, meter.stop()) for meter in meters]
    joules = [energy for _, energy in told if energy is not None]
    if len(joules) < len(told) or not sum(joules):
        return None
    return Energy(joules=round(sum(joules), 3), source=", ".join(name for name, _ in told))
