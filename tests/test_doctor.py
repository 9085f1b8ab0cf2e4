"""Facts become one line a topic: ok, warning or problem, each of the latter with its next step."""

from dataclasses import replace
from pathlib import Path

import pytest
from tfbench.bench import doctor
from tfbench.bench.facts import Broken, Clock, Cores, Disk, Facts, Hardware, Seen
from tfbench.bench.machine import Conditions
from tfbench.bench.noise import Noise
from tfbench.bench.packages import Packages

SEEN = Seen(
    tensorflow="2.21.0",
    import_s=2.5,
    keras_backend="tensorflow",
    cuda=True,
    devices={"CPU": 1},
    gpus=(),
    missing=("libcudart.so.12", "libcuda.so.1"),
)
NO_GPU = Hardware(kinds=("cpu",), nvidia=0, nvidia_pci=0, visible=None)
ONE_GPU = Hardware(kinds=("cpu", "gpu"), nvidia=1, nvidia_pci=1, visible=None)
QUIET = Conditions(load_1m=0.5, others_share=0.01, steal_share=0.0, throttled=0)
STEADY = Noise(
    seconds=5.0, times=1000, median_s=138e-6, iqr_share=0.02, slow_share=0.001, lost_share=0.01, spread_share=0.015
)
INSTALLED = {
    "tensorflow": "2.21.0",
    "keras": "3.15.1",
    "numpy": "2.4.6",
    "tensorboard": "2.21.0",
    "tensorboard-plugin-profile": "2.24.2",
    "xprof": "2.24.2",
}
PACKAGES = Packages(installed=INSTALLED, requires={"tfbench": ("tensorflow<2.22,>=2.21",)}, profile_tab=("xprof",))
FACTS = Facts(
    tensorflow=SEEN,
    hardware=NO_GPU,
    cores=Cores(logical=4, usable=(0, 1, 2, 3), quota=None),
    clock=Clock(governors=("performance",), turbo=True),
    conditions=QUIET,
    timer_s=4e-8,
    noise=STEADY,
    packages=PACKAGES,
    disk=Disk(folder=Path("results"), writable=True, free_bytes=5 * 10**9),
)


def judged(topic: str, **changes) -> tuple[str, str, str]:
    """Give level, text and next step of a topic, some facts changed."""
    (line,) = [line for line in doctor.examine(replace(FACTS, **changes)) if line.topic == topic]
    return line.level, line.text, line.next_step


def test_a_good_machine_is_ok_in_every_topic() -> None:
    lines = doctor.examine(FACTS)
    assert [(line.topic, line.level, line.next_step) for line in lines] == [
        (topic, "ok", "")
        for topic in (
            "tensorflow",
            "devices",
            "cores",
            "governor",
            "load",
            "timer",
            "noise",
            "versions",
            "tensorboard",
            "profile plugin",
            "disk",
        )
    ]


BAD_FACTS = [
    {"tensorflow": Broken(reason="it hung")},
    {"hardware": ONE_GPU},
    {"cores": Cores(logical=4, usable=(1,), quota=None)},
    {"clock": Clock(governors=("powersave",), turbo=None)},
    {"conditions": replace(QUIET, throttled=1)},
    {"timer_s": 1e-3},
    {"noise": replace(STEADY, spread_share=0.5)},
    {"packages": Packages(installed={}, requires={"a": ("b>=1",)}, profile_tab=())},
    {"disk": Disk(folder=Path("results"), writable=False, free_bytes=0)},
]


@pytest.mark.parametrize("changes", BAD_FACTS, ids=lambda changes: next(iter(changes)))
def test_what_is_not_ok_has_a_next_step(changes) -> None:
    lines = doctor.examine(replace(FACTS, **changes))
    assert any(line.level != "ok" for line in lines)
    assert [line for line in lines if (line.level == "ok") == bool(line.next_step)] == []


def test_a_tensorflow_that_cannot_be_imported_is_a_problem_with_its_reason() -> None:
    level, text, step = judged("tensorflow", tensorflow=Broken(reason="its process was ended by SIGILL"))
    assert (level, text) == ("problem", "cannot be imported: its process was ended by SIGILL")
    assert 'python -P -c "import tensorflow, keras"' in step
    level, text, _ = judged("devices", tensorflow=Broken(reason="it hung"), hardware=ONE_GPU)
    assert (level, text) == ("warning", "the system shows cpu and gpu; what TensorFlow sees is not known")


def test_keras_on_another_backend_is_a_problem() -> None:
    level, text, step = judged("tensorflow", tensorflow=replace(SEEN, keras_backend="jax"))
    assert (level, text) == ("problem", "2.21.0, imported with Keras in 2.5 s, which runs on jax")
    assert "KERAS_BACKEND=tensorflow" in step


def test_without_a_gpu_missing_libraries_do_not_matter() -> None:
    assert judged("devices") == ("ok", "CPU only: no GPU found on this machine", "")


@pytest.mark.parametrize(
    ("missing", "named", "step"),
    [
        (
            ("libcudnn.so.9", "libcudart.so.12"),
            "libcudnn.so.9, libcudart.so.12",
            'pip install "tfbench[cuda]"',
        ),
        (
            ("libcuda.so.1",),
            "libcuda.so.1",
            "install NVIDIA's driver, or start the container with --gpus all",
        ),
        (
            ("libcudart.so.12", "libcuda.so.1"),
            "libcuda.so.1, libcudart.so.12",
            'install NVIDIA\'s driver, or start the container with --gpus all; pip install "tfbench[cuda]"',
        ),
    ],
)
def test_a_gpu_that_tensorflow_cannot_use_is_a_problem_that_names_the_libraries(missing, named, step) -> None:
    found = judged("devices", hardware=ONE_GPU, tensorflow=replace(SEEN, missing=missing))
    assert found == ("problem", f"TensorFlow sees none of 1 NVIDIA GPU: cannot load {named}", step)


def test_a_build_for_the_cpu_on_a_machine_with_gpus_is_a_problem() -> None:
    two = replace(ONE_GPU, nvidia=2)
    level, text, step = judged("devices", hardware=two, tensorflow=replace(SEEN, cuda=False, missing=()))
    assert (level, text) == ("problem", "TensorFlow sees none of 2 NVIDIA GPUs: this build is for the CPU only")
    assert "tfbench[cuda]" in step


def test_with_all_libraries_there_tensorflows_own_complaint_is_the_cause() -> None:
    said = "failed call to cuInit: CUDA_ERROR_NO_DEVICE"
    level, text, step = judged(
        "devices", hardware=ONE_GPU, tensorflow=replace(SEEN, missing=(), complaints=(said, "more"))
    )
    assert (level, text) == ("problem", f"TensorFlow sees none of 1 NVIDIA GPU: {said}")
    assert "nvidia-smi" in step
    level, text, step = judged("devices", hardware=ONE_GPU, tensorflow=replace(SEEN, missing=()))
    assert (level, text) == ("problem", "TensorFlow sees none of 1 NVIDIA GPU: it does not say why")
    assert "TF_CPP_MAX_VLOG_LEVEL=1" in step


@pytest.mark.parametrize("visible", ["", "-1"])
def test_gpus_hidden_on_purpose_are_a_warning(visible: str) -> None:
    level, text, step = judged("devices", hardware=replace(ONE_GPU, visible=visible))
    assert (level, step) == ("warning", "unset CUDA_VISIBLE_DEVICES to use them")
    assert text == f"TensorFlow sees none of 1 NVIDIA GPU: CUDA_VISIBLE_DEVICES={visible!r} hides them"


def test_gpus_that_tensorflow_sees_are_named() -> None:
    seen = replace(SEEN, gpus=("NVIDIA H200", "NVIDIA H200"), missing=())
    assert judged("devices", tensorflow=seen, hardware=replace(ONE_GPU, nvidia=2)) == ("ok", "2 GPUs: NVIDIA H200", "")


def test_fewer_gpus_than_there_are_is_a_warning_unless_asked_for() -> None:
    seen = replace(SEEN, gpus=("A",))
    level, text, step = judged("devices", tensorflow=seen, hardware=replace(ONE_GPU, nvidia=4))
    assert (level, text) == ("warning", "TensorFlow sees 1 of 4 GPUs: A")
    assert "nvidia-smi" in step
    found = judged("devices", tensorflow=seen, hardware=replace(ONE_GPU, nvidia=4, visible="2"))
    assert found == ("ok", "TensorFlow sees 1 of 4 GPUs: A (CUDA_VISIBLE_DEVICES=2)", "")


def test_a_gpu_that_only_tensorflow_sees_must_be_named() -> None:
    found = judged("devices", tensorflow=replace(SEEN, gpus=("A",)))
    assert found == ("warning", "1 GPU: A; --device auto misses it", "name it: tfbench run --device gpu")


@pytest.mark.parametrize(
    ("there", "level", "text"),
    [
        (
            replace(NO_GPU, nvidia_pci=2),
            "warning",
            "CPU only: 2 NVIDIA GPUs on the PCI bus, but no driver is loaded",
        ),
        (
            replace(NO_GPU, kinds=("cpu", "gpu")),
            "warning",
            "CPU only: an AMD GPU is there, but TensorFlow's own wheels are for NVIDIA",
        ),
        (
            replace(NO_GPU, kinds=("cpu", "tpu")),
            "ok",
            "CPU and TPU; TensorFlow connects to the TPU only in a run",
        ),
    ],
)
def test_accelerators_out_of_reach_are_told(there: Hardware, level: str, text: str) -> None:
    assert judged("devices", hardware=there)[:2] == (level, text)


IN_SPITE = "TensorFlow starts threads for 1 all the same, and all stop when the quota is used up"


@pytest.mark.parametrize(
    ("cores", "level", "text"),
    [
        (Cores(logical=4, usable=(0, 1, 2, 3), quota=4.0), "ok", "4 of 4 cores usable, a quota of 4"),
        (Cores(logical=4, usable=(0, 1), quota=None), "ok", "2 of 4 cores usable, no quota"),
        (
            Cores(logical=4, usable=(2,), quota=None),
            "warning",
            "1 of 4 cores usable, no quota; TensorFlow starts threads for these only",
        ),
        (
            Cores(logical=1, usable=(0,), quota=0.5),
            "warning",
            f"1 of 1 core usable, a quota of 0.5; {IN_SPITE}",
        ),
    ],
)
def test_few_cores_or_a_quota_below_them_is_a_warning(cores: Cores, level: str, text: str) -> None:
    assert judged("cores", cores=cores)[:2] == (level, text)


@pytest.mark.parametrize(("quota", "chosen"), [(2.5, "4,5"), (0.5, "4")])
def test_for_a_quota_the_next_step_names_usable_cores(quota: float, chosen: str) -> None:
    _, _, step = judged("cores", cores=Cores(logical=8, usable=(4, 5, 6, 7), quota=quota))
    assert step == f"raise the quota, or use as many cores as it allows: taskset -c {chosen} tfbench ..."


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        (Clock(governors=(), turbo=None), ("ok", "not told (virtual machine?)", "")),
        (Clock(governors=("performance",), turbo=None), ("ok", "performance", "")),
        (Clock(governors=("performance",), turbo=False), ("ok", "performance, turbo off", "")),
        (
            Clock(governors=("performance", "powersave"), turbo=True),
            (
                "warning",
                "performance, powersave, turbo on: the clock follows the load",
                "sudo cpupower frequency-set -g performance",
            ),
        ),
    ],
)
def test_a_governor_that_lowers_the_clock_is_a_warning(clock: Clock, expected: tuple[str, str, str]) -> None:
    assert judged("governor", clock=clock) == expected


@pytest.mark.parametrize(
    ("changes", "level", "step"),
    [
        ({"others_share": 0.10, "steal_share": 0.02, "load_1m": 5.0}, "ok", ""),
        ({"others_share": 0.11}, "warning", "see with top what runs, and stop it or wait"),
        ({"load_1m": 5.1}, "warning", "see with top what runs, and stop it or wait"),
        ({"steal_share": 0.03}, "warning", "the host is shared: take a machine with cores of its own"),
        ({"throttled": 3}, "warning", "throttled by heat or by a quota: cool the processor, raise the quota"),
    ],
)
def test_a_busy_machine_is_a_warning(changes, level: str, step: str) -> None:
    found = judged("load", conditions=replace(QUIET, **changes))
    assert (found[0], found[2]) == (level, step)


def test_the_load_says_who_takes_the_time() -> None:
    _, text, _ = judged("load", conditions=replace(QUIET, throttled=2))
    assert text == "other processes 1.0 % of 4 cores, hypervisor 0.0 %, load average 0.5, throttled 2 times"


@pytest.mark.parametrize(
    ("step_s", "level", "text"),
    [
        (0.0, "ok", "not told"),
        (9.9e-7, "ok", "the clock moves in steps of 990 ns"),
        (1e-6, "warning", "the clock moves in steps of 1 µs"),
        (9.9e-5, "warning", "the clock moves in steps of 99 µs"),
        (0.0156, "problem", "the clock moves in steps of 15.6 ms"),
    ],
)
def test_a_coarse_clock_is_a_warning_or_a_problem(step_s: float, level: str, text: str) -> None:
    assert judged("timer", timer_s=step_s)[:2] == (level, text)


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({"spread_share": 0.05, "slow_share": 0.05, "lost_share": 0.10}, "ok"),
        ({"spread_share": 0.06}, "warning"),
        ({"slow_share": 0.06}, "warning"),
        ({"lost_share": 0.11}, "warning"),
        ({"spread_share": 0.31}, "problem"),
        ({"lost_share": 0.31}, "problem"),
    ],
)
def test_noise_is_a_warning_and_a_problem_where_it_is_extreme(changes, level: str) -> None:
    assert judged("noise", noise=replace(STEADY, **changes))[0] == level


def test_the_noise_is_given_in_numbers() -> None:
    expected = (
        "equal work: drift 1.5 % in 5 s, IQR 2.0 %, 0.1 % over 1.5 x the median of 138 µs, 1.0 % of the time lost"
    )
    assert judged("noise")[1] == expected


def packages(installed=INSTALLED, tab=("xprof",), **requires) -> Packages:
    return Packages(installed=installed, requires=requires, profile_tab=tab)


def test_versions_that_fit_are_named() -> None:
    assert judged("versions") == ("ok", "tensorflow 2.21.0, keras 3.15.1, numpy 2.4.6 fit each other", "")


def test_versions_that_do_not_fit_are_a_warning_with_the_command() -> None:
    found = packages({"tensorflow": "2.20.0"}, tfbench=("tensorflow<2.22,>=2.21",), xprof=("gviz-api>=1.10",))
    assert judged("versions", packages=found) == (
        "warning",
        "tfbench needs tensorflow<2.22,>=2.21, found 2.20.0; xprof needs gviz-api>=1.10, found none",
        'pip install "tensorflow<2.22,>=2.21" "gviz-api>=1.10"',
    )


def test_of_many_that_do_not_fit_the_first_are_told() -> None:
    found = packages({}, xprof=("a", "b", "c", "d", "e"))
    level, text, step = judged("versions", packages=found)
    assert text == "xprof needs a, found none; xprof needs b, found none; xprof needs c, found none; and 2 more"
    assert (level, step) == ("warning", 'pip install "a" "b" "c" "d" "e"')


@pytest.mark.parametrize(
    ("versions", "level", "text", "step"),
    [
        ({"tensorflow": "2.21.0", "tensorboard": "2.21.3"}, "ok", "2.21.3", ""),
        (
            {"tensorflow": "2.21.0", "tensorboard": "2.20.0"},
            "warning",
            "2.20.0 belongs to another TensorFlow than 2.21.0",
            'pip install "tensorboard==2.21.*"',
        ),
        (
            {"tensorflow": "2.21.0"},
            "warning",
            "not installed, and TensorFlow no longer brings it: profiles cannot be shown",
            'pip install "tensorboard==2.21.*"',
        ),
        (
            {},
            "warning",
            "not installed, and TensorFlow no longer brings it: profiles cannot be shown",
            "pip install tensorboard",
        ),
    ],
)
def test_tensorboard_should_be_of_tensorflows_minor_version(versions, level: str, text: str, step: str) -> None:
    assert judged("tensorboard", packages=packages(versions)) == (level, text, step)


@pytest.mark.parametrize(
    ("versions", "tab", "level", "text"),
    [
        (INSTALLED, ("xprof",), "ok", "xprof 2.24.2"),
        ({}, (), "warning", "not installed: TensorBoard has no Profile tab"),
        (
            {"tensorboard-plugin-profile": "2.19.9"},
            ("tensorboard-plugin-profile",),
            "warning",
            "tensorboard-plugin-profile 2.19.9 is from before xprof, not made for this TensorFlow",
        ),
        (
            {"tensorboard-plugin-profile": "2.18.0", "xprof": "2.24.2"},
            ("tensorboard-plugin-profile", "xprof"),
            "warning",
            "tensorboard-plugin-profile 2.18.0 is from before xprof, not made for this TensorFlow",
        ),
    ],
)
def test_the_profile_tab_comes_from_xprof(versions, tab, level: str, text: str) -> None:
    found = judged("profile plugin", packages=packages(versions, tab))
    step = 'pip install --upgrade "tensorboard-plugin-profile>=2.20"' if level == "warning" else ""
    assert found == (level, text, step)


@pytest.mark.parametrize(
    ("disk", "level", "text"),
    [
        (Disk(folder=Path("results"), writable=True, free_bytes=2 * 10**9), "ok", "results: 2.0 GB free"),
        (Disk(folder=Path("results"), writable=True, free_bytes=10**8), "warning", "results: 0.1 GB free"),
        (Disk(folder=Path("out"), writable=False, free_bytes=10**11), "warning", "out cannot be written here"),
    ],
)
def test_results_need_room(disk: Disk, level: str, text: str) -> None:
    assert judged("disk", disk=disk)[:2] == (level, text)
