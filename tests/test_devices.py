"""A worker's cores, GPUs and TPU. The chips are fakes: no test here has seen a real one."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tfbench.bench import devices
from tfbench.bench.case import Placement
from tfbench.bench.cluster import Seat

SCRIPT = """
import os
from tfbench.bench import devices
from tfbench.bench.case import Placement
devices.keep_to(devices.cores_of(Placement(threads={threads})))
print(len(os.sched_getaffinity(0)), min(os.sched_getaffinity(0)))
"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity")
@pytest.mark.parametrize("threads", [0, 1])
def test_a_confined_process_has_the_first_of_its_cores(threads: int) -> None:
    allowed = os.sched_getaffinity(0)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(threads=threads)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(threads or len(allowed)), str(min(allowed))]


@pytest.mark.parametrize(
    ("master", "service"),
    [
        ("grpc://10.0.0.2:8470", "grpc://10.0.0.2:8466"),
        ("10.0.0.2:8470", "grpc://10.0.0.2:8466"),
        ("grpc://[fe80::1]:8470", "grpc://[fe80::1]:8466"),
        ("local", ""),
        ("", ""),
    ],
)
def test_the_profiler_of_a_tpu_is_on_its_host(master: str, service: str) -> None:
    assert devices.profiler_service(master) == service


def test_each_worker_of_a_cluster_has_cores_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {2, 3, 5, 7}, raising=False)
    wide = Placement(strategy="multi_worker", replicas=2, threads=2)
    assert [devices.cores_of(wide, Seat(rank=rank, here=2)) for rank in (0, 1)] == [[2, 3], [5, 7]]
    assert devices.cores_of(Placement(strategy="multi_worker", replicas=4), Seat(rank=3, here=4)) == [7]
    with pytest.raises(
        devices.MissingDeviceError,
        match="5 workers with 1 core each, but this process may use 4: take fewer --replicas",
    ):
        devices.cores_of(Placement(strategy="multi_worker", replicas=5), Seat(here=5))


def test_a_scheduler_that_gave_each_worker_its_cores_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {5}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    second = Placement(strategy="multi_worker", replicas=2)
    assert devices.cores_of(second, Seat(rank=1, here=2, given=True)) == [5]
    with pytest.raises(devices.MissingDeviceError):  # this machine's own workers share what there is
        devices.cores_of(second, Seat(rank=1, here=2))


GPUS = ["GPU:0", "GPU:1"]
WIDE = Placement(device="gpu", strategy="multi_worker", replicas=2)


@pytest.mark.parametrize(
    ("placement", "seat", "seen", "taken"),
    [
        (Placement(device="gpu"), Seat(), GPUS, ["GPU:0"]),
        (Placement(device="gpu", strategy="mirrored", replicas=2), Seat(), GPUS, GPUS),
        (WIDE, Seat(rank=1, here=2), GPUS, ["GPU:1"]),  # two workers on one host
        (WIDE, Seat(rank=0, here=1, given=True), GPUS, ["GPU:0"]),  # one worker on each host
        (WIDE, Seat(rank=1, here=2, given=True), ["GPU:0"], ["GPU:0"]),  # a scheduler gave each worker its own
    ],
)
def test_each_replica_has_a_gpu_of_its_own(placement: Placement, seat: Seat, seen: list[str], taken: list[str]) -> None:
    assert list(devices.gpus_of(placement, seat, seen)) == taken


@pytest.mark.parametrize(
    ("placement", "seat", "message"),
    [
        (Placement(device="gpu"), Seat(), "1 GPU asked for, TensorFlow sees 0: check the driver, and install"),
        (Placement(device="gpu", strategy="mirrored", replicas=3), Seat(), "3 GPU asked for, TensorFlow sees 0"),
        (WIDE, Seat(rank=1, here=2), "2 GPU asked for, TensorFlow sees 0"),
    ],
)
def test_missing_gpus_are_said(placement: Placement, seat: Seat, message: str) -> None:
    with pytest.raises(devices.MissingDeviceError, match=message):
        devices.gpus_of(placement, seat, [])


class Calls:
    """Stands for a part of TensorFlow's configuration: notes what it is told, and answers from a table."""

    def __init__(self, answers: dict[str, object]) -> None:
        self.answers, self.calls = answers, []

    def __getattr__(self, name: str):
        if name == "experimental":
            return self

        def call(*arguments: object) -> object:
            self.calls.append((name, *arguments))
            return self.answers.get(name)

        return call


@pytest.fixture
def fake_config(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Give a TensorFlow whose configuration sees two GPUs."""
    details = {"device_name": "NVIDIA H100", "compute_capability": (9, 0)}
    config = Calls({"list_physical_devices": GPUS, "get_device_details": details, "get_memory_info": {"peak": 7.0}})
    monkeypatch.setitem(sys.modules, "tensorflow", SimpleNamespace(config=config))
    return config


def test_a_gpu_worker_sees_its_gpus_only_and_lets_their_memory_grow(fake_config: Calls) -> None:
    placed = devices.configure(Placement(device="gpu", strategy="mirrored", replicas=2), cpu_model="a CPU")
    assert placed.name == "NVIDIA H100 (compute capability 9.0)"
    assert fake_config.calls[:4] == [
        ("list_physical_devices", "GPU"),
        ("set_memory_growth", "GPU:0", True),
        ("set_memory_growth", "GPU:1", True),
        ("set_visible_devices", GPUS, "GPU"),
    ]
    assert placed.peak_bytes() == 7


def test_a_cpu_worker_hides_the_gpus_and_keeps_to_its_threads(fake_config: Calls) -> None:
    fake_config.threading = fake_config
    devices.configure(Placement(threads=2), cpu_model="a CPU")
    assert fake_config.calls == [("set_visible_devices", [], "GPU"), ("set_intra_op_parallelism_threads", 2)]


class FakeTpu:
    """TensorFlow's TPU interface, with a TPU of so many cores, or none."""

    def __init__(self, cores: int) -> None:
        self.built: list[tuple[object, ...]] = []
        self.tpu = SimpleNamespace(
            experimental=SimpleNamespace(
                initialize_tpu_system=lambda _resolver: "topology",
                DeviceAssignment=SimpleNamespace(build=lambda topology, num_replicas: (topology, num_replicas)),
            )
        )
        self.config = SimpleNamespace(
            experimental_connect_to_cluster=lambda _resolver: None,
            list_logical_devices=lambda _kind: [SimpleNamespace(name=f"TPU:{i}") for i in range(cores)],
        )
        self.distribute = SimpleNamespace(
            cluster_resolver=SimpleNamespace(TPUClusterResolver=self.resolve if cores else self.refuse),
            TPUStrategy=lambda resolver, experimental_device_assignment: self.built.append(
                (resolver.master(), experimental_device_assignment)
            ),
        )

    def resolve(self) -> object:
        """Find it."""
        return SimpleNamespace(master=lambda: "grpc://10.0.0.2:8470")

    def refuse(self) -> object:
        """Find none."""
        raise ValueError("Please provide a TPU Name to connect to.\nmore")


def test_a_tpu_is_used_with_as_many_cores_as_replicas(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeTpu(8)
    monkeypatch.setitem(sys.modules, "tensorflow", fake)
    placed = devices.configure(Placement(device="tpu", strategy="tpu", replicas=2), cpu_model="a CPU")
    placed.strategy()
    placed.strategy()
    assert fake.built == [("grpc://10.0.0.2:8470", ("topology", 2))]
    assert (placed.name, placed.profiler) == ("TPU with 8 cores", "grpc://10.0.0.2:8466")


@pytest.mark.parametrize(
    ("cores", "replicas", "message"),
    [
        (0, 1, "no TPU could be reached: Please provide a TPU Name to connect to."),
        (8, 16, "16 replicas asked for, the TPU has 8 cores"),
    ],
)
def test_a_tpu_that_is_missing_or_too_small_is_said(
    cores: int, replicas: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", FakeTpu(cores))
    with pytest.raises(devices.MissingDeviceError) as caught:
        devices.configure(Placement(device="tpu", strategy="tpu", replicas=replicas), cpu_model="a CPU")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("nodes", "environment", "found"),
    [
        ([], {}, ("cpu",)),
        (["/dev/nvidia0"], {}, ("cpu", "gpu")),
        (["/dev/kfd"], {}, ("cpu", "gpu")),
        (["/dev/accel0"], {}, ("cpu", "tpu")),
        ([], {"TPU_NAME": "mine"}, ("cpu", "tpu")),
    ],
)
def test_devices_are_found_without_tensorflow(
    nodes: list[str], environment: dict[str, str], found: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TPU_NAME", "COLAB_TPU_ADDR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Path, "exists", lambda self: str(self) in nodes)
    monkeypatch.setattr(Path, "glob", lambda _self, _pattern: iter(()))
    assert devices.present() == found
