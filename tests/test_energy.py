"""Energy as the machine's meters tell it: made-up counters of processors, a made-up NVML and a made-up nvidia-smi."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest
from tfbench.bench import conditions, energy
from tfbench.bench.conditions import Reading, Watch
from tfbench.bench.energy import Counter, Energy, Sampler

Zone = Callable[..., Path]


def write(path: Path, text: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n", encoding="ascii")
    return path


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """Give the function that writes a zone of the power capping framework and gives its counter."""

    def make(folder: str, name: str, energy_uj: object, range_uj: object = 262_143_328_850) -> Path:
        place = tmp_path / "sys/class/powercap" / folder
        write(place / "name", name)
        write(place / "max_energy_range_uj", range_uj)
        return write(place / "energy_uj", energy_uj)

    return make


@pytest.fixture
def no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take NVML and nvidia-smi away, where there are any."""
    monkeypatch.setitem(sys.modules, "pynvml", None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def told(meters: Iterator[Any] | list[Any]) -> list[tuple[str, float | None]]:
    return [(meter.name, meter.stop()) for meter in meters]


def test_each_processor_and_its_memory_count_once(zone: Zone, tmp_path: Path) -> None:
    counters = {
        "package-0": zone("intel-rapl:0", "package-0", 1_000_000),
        "package-1": zone("intel-rapl:1", "package-1", 2_000_000),
        "dram": zone("intel-rapl:0:2", "dram", 3_000_000),
        "core": zone("intel-rapl:0:0", "core", 4_000_000),
        "psys": zone("intel-rapl:2", "psys", 5_000_000),
        "mmio": zone("intel-rapl-mmio:0", "package-0", 6_000_000),
    }
    meters = list(energy.processors(tmp_path))
    for i, path in enumerate(counters.values()):
        write(path, int(path.read_text()) + 500_000 * 2**i)
    assert told(meters) == [("package-0", 0.5), ("dram", 2.0), ("package-1", 1.0)]


def test_a_counter_that_began_again_has_gone_on(zone: Zone, tmp_path: Path) -> None:
    path = zone("intel-rapl:0", "package-0", 9_000_000, range_uj=10_000_000)
    (meter,) = energy.processors(tmp_path)
    write(path, 500_000)
    assert meter.stop() == 1.5


def test_a_counter_without_an_end_that_went_back_counts_as_nothing() -> None:
    values = iter([5.0, 3.0])
    assert Counter("odd", lambda: next(values)).stop() == 0.0


@pytest.mark.parametrize("broken", ["energy_uj", "max_energy_range_uj"])
def test_a_counter_that_may_not_be_read_is_none(broken: str, zone: Zone, tmp_path: Path, monkeypatch: Any) -> None:
    zone("intel-rapl:0", "package-0", 1)
    real = Path.read_text

    def refuse(path: Path, **more: Any) -> str:
        if path.name == broken:
            raise PermissionError(13, "Permission denied")
        return real(path, **more)

    monkeypatch.setattr(Path, "read_text", refuse)
    assert list(energy.processors(tmp_path)) == []


def test_without_the_framework_there_are_no_meters(tmp_path: Path) -> None:
    assert list(energy.processors(tmp_path)) == []


def test_older_kernels_tell_amds_sockets_by_themselves(tmp_path: Path) -> None:
    folder = tmp_path / "sys/class/hwmon/hwmon3"
    write(folder / "name", "amd_energy")
    write(tmp_path / "sys/class/hwmon/hwmon1/name", "k10temp")
    for i, label in enumerate(("Ecore000", "Esocket0", "Esocket1"), start=1):
        write(folder / f"energy{i}_label", label)
        write(folder / f"energy{i}_input", 1_000_000)
    meters = list(energy.processors(tmp_path))
    for i in (1, 2, 3):
        write(folder / f"energy{i}_input", 1_000_000 + i * 250_000)
    assert told(meters) == [("Esocket0", 0.5), ("Esocket1", 0.75)]


class FakeNvml(ModuleType):
    """Stand for nvidia-ml-py: millijoules by GPU."""

    class NVMLError(Exception):
        """Stand for its errors."""

    def __init__(self, millijoules: dict[str, int]) -> None:
        super().__init__("pynvml")
        self.millijoules = millijoules

    def nvmlInit(self) -> None:  # noqa: N802 - its name
        """Begin."""

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:  # noqa: N802
        """Give a GPU."""
        return self._handle(str(index))

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802
        """Give a GPU."""
        return self._handle(uuid)

    def _handle(self, name: str) -> str:
        if name not in self.millijoules:
            raise self.NVMLError("not found")
        return name

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:  # noqa: N802
        """Read a GPU's counter."""
        if self.millijoules[handle] < 0:
            raise self.NVMLError("GPU is lost")
        return self.millijoules[handle]


@pytest.fixture
def nvml(no_gpus: None, monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    """Put a made-up NVML with three GPUs in the place of the real one."""
    found = FakeNvml({"0": 1_000, "1": 2_000, "GPU-77": 3_000})
    monkeypatch.setitem(sys.modules, "pynvml", found)
    return found


@pytest.mark.parametrize(
    ("visible", "count", "wanted"),
    [
        (None, 1, [("GPU 0", 0.5)]),
        (None, 2, [("GPU 0", 0.5), ("GPU 1", 1.0)]),
        ("1", 1, [("GPU 1", 1.0)]),
        ("GPU-77,0", 2, [("GPU GPU-77", 4.0), ("GPU 0", 0.5)]),
        ("1,0", 1, [("GPU 1", 1.0)]),
    ],
)
def test_the_gpus_that_a_worker_uses_are_read(
    visible: str | None, count: int, wanted: list[tuple[str, float]], nvml: FakeNvml, monkeypatch: Any
) -> None:
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    meters = list(energy.gpus(count))
    nvml.millijoules = {"0": 1_500, "1": 3_000, "GPU-77": 7_000}
    assert told(meters) == wanted


def test_a_gpu_that_is_lost_tells_nothing(nvml: FakeNvml) -> None:
    (meter,) = energy.gpus(1)
    nvml.millijoules["0"] = -1
    assert meter.stop() is None


@pytest.mark.usefixtures("no_gpus")
def test_without_nvml_and_nvidia_smi_there_are_no_meters() -> None:
    assert list(energy.gpus(1)) == []


SMI = """#!{python}
import sys, time
with open("{folder}/arguments", "w") as file:
    file.write(" ".join(sys.argv[1:]))
for _ in range(2):
    print("{first}", flush=True)
    print("{second}", flush=True)
open("{folder}/ready", "w").close()
time.sleep(60)
"""


@pytest.fixture
def smi(no_gpus: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the function that puts a made-up nvidia-smi into the PATH, and gives its folder."""

    def make(first: str, second: str) -> Path:
        folder = tmp_path / "smi"
        folder.mkdir()
        path = folder / "nvidia-smi"
        path.write_text(SMI.format(python=sys.executable, folder=folder, first=first, second=second))
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return folder

    return make


def wait_for(path: Path) -> None:
    import time

    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} never came")


def test_without_nvml_nvidia_smi_is_asked_for_the_power_and_ended(smi: Any) -> None:
    folder = smi("100.5", "199.5")
    times = iter([10.0, 14.0])
    sampler = Sampler("GPU 0,1", ["0", "1"], clock=lambda: next(times))
    wait_for(folder / "ready")
    assert sampler.stop() == 150.0 * 2 * 4.0  # mean power of a GPU, two of them, four seconds
    assert (folder / "arguments").read_text() == (
        "--query-gpu=power.draw --format=csv,noheader,nounits --id=0,1 --loop-ms=200"
    )
    assert not psutil.pid_exists(sampler._process.pid)


def test_a_gpu_that_does_not_tell_its_power_tells_nothing(smi: Any) -> None:
    folder = smi("[N/A]", "[N/A]")
    (meter,) = energy.gpus(1)
    wait_for(folder / "ready")
    assert (meter.name, meter.stop()) == ("GPU 0", None)


def test_gpus_without_a_counter_are_sampled(nvml: FakeNvml, smi: Any) -> None:
    nvml.millijoules["0"] = -1
    folder = smi("50", "50")
    (meter,) = energy.gpus(1)
    assert isinstance(meter, Sampler)
    wait_for(folder / "ready")
    assert meter.stop() > 0.0


def counter(name: str, *values: float) -> Counter:
    given = iter(values)
    return Counter(name, lambda: next(given))


def test_what_all_meters_tell_is_added_up() -> None:
    meters = [counter("package-0", 1.0, 3.5), counter("GPU 0", 10.0, 30.0)]
    assert energy.stop(meters) == Energy(joules=22.5, source="package-0, GPU 0")


def test_no_meters_and_counters_that_stand_still_tell_nothing() -> None:
    assert energy.stop([]) is None
    assert energy.stop([counter("package-0", 7.0, 7.0)]) is None


def test_if_one_of_several_cannot_be_read_nothing_is_told() -> None:
    def fail() -> float:
        if used.pop():
            raise OSError("gone")
        return 0.0

    used = [True, False]
    assert energy.stop([counter("package-0", 1.0, 3.5), Counter("dram", fail)]) is None


@pytest.mark.parametrize("gpus", [0, 1])
def test_a_watch_tells_the_energy_between_its_readings(
    gpus: int, zone: Zone, nvml: FakeNvml, tmp_path: Path, monkeypatch: Any
) -> None:
    path = zone("intel-rapl:0", "package-0", 1_000_000)
    readings = iter(Reading(wall_s=wall_s, busy_s=0.0, steal_s=0.0, worker_s=0.0, throttled=0) for wall_s in (5.0, 9.0))
    monkeypatch.setattr(energy, "ROOT", tmp_path)
    monkeypatch.setattr(conditions, "read", lambda *_: next(readings))
    watch = Watch(77, [0], gpus=gpus)
    write(path, 81_000_000)
    nvml.millijoules["0"] += 20_000
    found = watch.conditions()
    wanted = (80.0, "package-0") if not gpus else (100.0, "package-0, GPU 0")
    assert (found.energy_j, found.energy_source, found.energy_s) == (*wanted, 4.0)


def test_a_watch_that_is_closed_leaves_no_process(smi: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(energy, "ROOT", tmp_path)
    smi("1", "1")
    watch = Watch(os.getpid(), [0], gpus=1)
    (child,) = psutil.Process().children()
    watch.close()
    watch.close()
    assert not child.is_running()


def test_this_machine_can_be_asked() -> None:
    found = Watch(os.getpid(), [0]).conditions()
    assert found.energy_j is None or found.energy_j > 0.0
    assert (found.energy_s > 0.0) == (found.energy_j is not None)
