"""What the doctor judges is gathered from the system's files, the installed packages and a child process."""

import itertools
import json
import os
import sys
from pathlib import Path

import pytest
from tfbench.bench import doctor_worker, facts, noise, packages
from tfbench.bench.facts import Broken, Clock, Seen
from tfbench.bench.packages import Packages, Unmet

ANSWER = {
    "tensorflow": "2.21.0",
    "import_s": 2.5,
    "keras_backend": "tensorflow",
    "cuda": True,
    "devices": {"CPU": 1},
    "gpus": [],
    "missing": ["libcudart.so.12", "libnccl.so.2"],
}
# What TensorFlow 2.21.0 logs with a driver, but without the CUDA libraries.
LOG = """\
I0000 00:00:1.2  4 port.cc:153] oneDNN custom operations are on.
I0000 00:00:1.2  4 dso_loader.cc:133] Successfully opened dynamic library libcuda.so.1
E0000 00:00:1.2  4 cuda_executor.cc:1737] INTERNAL: CUDA Runtime error: Failed call to cudaGetRuntimeVersion
I0000 00:00:1.2  4 dso_loader.cc:144] Could not load dynamic library 'libcudnn.so.9'; dlerror: libcudnn.so.9: cannot
I0000 00:00:1.2  4 dso_loader.cc:144] Could not load dynamic library 'libcudart.so.12'; dlerror: libcudart.so.12
I0000 00:00:1.2  4 dso_loader.cc:144] Could not load dynamic library 'libcudnn.so.9'; dlerror: libcudnn.so.9: cannot
W0000 00:00:1.2  4 gpu_device.cc:2365] Cannot dlopen some GPU libraries.
"""


def write(root: Path, **files: str) -> Path:
    """Write files by their path, slashes written as two underscores."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_the_answer_of_the_child_is_its_last_line_and_the_log_names_the_libraries() -> None:
    seen = facts.understand(0, f"a library prints\n{json.dumps(ANSWER)}\n", LOG)
    assert seen == Seen(
        tensorflow="2.21.0",
        import_s=2.5,
        keras_backend="tensorflow",
        cuda=True,
        devices={"CPU": 1},
        gpus=(),
        missing=("libcudnn.so.9", "libcudart.so.12", "libnccl.so.2"),
        complaints=(
            "INTERNAL: CUDA Runtime error: Failed call to cudaGetRuntimeVersion",
            "Cannot dlopen some GPU libraries.",
        ),
    )


@pytest.mark.parametrize(
    ("code", "output", "log", "reason"),
    [
        (0, '{"error": "ModuleNotFoundError: No module"}', "", "ModuleNotFoundError: No module"),
        (0, "hello", "", "its process said 'hello'"),
        (0, "", "", "its process said ''"),
        (0, "[1]", "", "its process said '[1]'"),
        (0, '{"tensorflow": 1}', "", "its process said '{\"tensorflow\": 1}'"),
        (3, "", "first\nlast\n", "its process was ended with exit code 3: last"),
        (3, "", "", "its process was ended with exit code 3"),
        (-4, "", "dying", "its process was ended by SIGILL"),
    ],
)
def test_a_child_that_failed_gives_a_reason(code: int, output: str, log: str, reason: str) -> None:
    assert facts.understand(code, output, log) == Broken(reason=reason)


def test_a_child_that_hangs_is_ended() -> None:
    start = [sys.executable, "-c", "import signal; signal.pause()"]
    assert facts.ask_tensorflow(start=start, timeout_s=0.3) == Broken(reason="its process said nothing for 0.3 s")


def test_the_child_is_asked_to_log_what_it_loads() -> None:
    code = f"import os, json; print(json.dumps({ANSWER!r} | {{'keras_backend': os.environ['TF_CPP_VMODULE']}}))"
    seen = facts.ask_tensorflow(start=[sys.executable, "-c", code])
    assert isinstance(seen, Seen)
    assert seen.keras_backend == "dso_loader=1"


def test_libraries_of_a_gpu_follow_the_build() -> None:
    names = doctor_worker.libraries({"cuda_version": "12.5.1", "cudnn_version": "9"})
    assert {"libcuda.so.1", "libcudart.so.12", "libcufft.so.11", "libcudnn.so.9"} < set(names)
    assert doctor_worker.libraries({"is_cuda_build": False}) == ()
    assert doctor_worker.libraries({"cuda_version": "99.0"}) == ()


def test_a_library_is_missing_if_neither_the_system_nor_a_folder_has_it(tmp_path: Path) -> None:
    (there,) = [
        Path(line.split()[-1]) for line in Path("/proc/self/maps").read_text().splitlines() if "libc.so" in line
    ][:1]
    (tmp_path / "libours.so.1").symlink_to(there)
    assert doctor_worker.missing(["libc.so.6", "libours.so.1", "libno.so.7"], [tmp_path]) == ["libno.so.7"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", "ImportError: "),
        ("no such file\nsee the guide", "ImportError: no such file"),
        (
            "Traceback (most recent call last):\n  File x\nImportError: libm.so: bad\n\nFailed to load",
            "ImportError: libm.so: bad",
        ),
    ],
)
def test_an_error_is_told_in_one_line(message: str, expected: str, monkeypatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    assert doctor_worker.reason(ImportError(message)) == expected
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert doctor_worker.reason(ImportError(message)) == f"{expected} (KERAS_BACKEND=jax)"


def test_gpus_are_counted_by_their_nodes_or_else_by_the_driver(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert facts.hardware(tmp_path).nvidia == 0
    write(tmp_path, **{"proc__driver__nvidia__gpus__0000:01": "", "proc__driver__nvidia__gpus__0000:02": ""})
    assert facts.hardware(tmp_path).nvidia == 2
    write(tmp_path, dev__nvidia0="", dev__nvidiactl="", **{"dev__nvidia-uvm": ""})
    assert (facts.hardware(tmp_path).nvidia, facts.hardware(tmp_path).visible) == (1, None)


def test_of_the_pci_bus_only_nvidias_display_controllers_count(tmp_path: Path) -> None:
    devices = {"a": ("0x10de", "0x030200"), "b": ("0x10de", "0x040300"), "c": ("0x8086", "0x030000")}
    for name, (vendor, kind) in devices.items():
        folder = f"sys__bus__pci__devices__{name}__"
        write(tmp_path, **{f"{folder}vendor": f"{vendor}\n", f"{folder}class": f"{kind}\n"})
    assert facts.hardware(tmp_path).nvidia_pci == 1


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"proc__self__cgroup": "0::/\n", "sys__fs__cgroup__cpu.max": "max 100000\n"}, None),
        ({"proc__self__cgroup": "0::/\n", "sys__fs__cgroup__cpu.max": "150000 100000\n"}, 1.5),
        (
            {
                "proc__self__cgroup": "0::/a/b\n",
                "sys__fs__cgroup__a__b__cpu.max": "300000 100000\n",
                "sys__fs__cgroup__a__cpu.max": "200000 100000\n",
                "sys__fs__cgroup__cpu.max": "max 100000\n",
            },
            2.0,
        ),
        (
            {
                "proc__self__cgroup": "3:name=systemd:/\n2:cpu,cpuacct:/docker/x\n1:memory:/\n",
                "sys__fs__cgroup__cpu,cpuacct__cpu.cfs_quota_us": "50000\n",
                "sys__fs__cgroup__cpu,cpuacct__cpu.cfs_period_us": "100000\n",
            },
            0.5,
        ),
        (
            {
                "proc__self__cgroup": "1:cpu:/\n",
                "sys__fs__cgroup__cpu__cpu.cfs_quota_us": "-1\n",
                "sys__fs__cgroup__cpu__cpu.cfs_period_us": "100000\n",
            },
            None,
        ),
    ],
)
def test_the_smallest_quota_of_the_group_and_those_above_it_counts(files, expected: float | None, tmp_path) -> None:
    assert facts.quota(write(tmp_path, **files)) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, Clock(governors=(), turbo=None)),
        (
            {"cpu0__cpufreq__scaling_governor": "powersave\n", "cpu1__cpufreq__scaling_governor": "performance\n"},
            Clock(governors=("performance", "powersave"), turbo=None),
        ),
        ({"intel_pstate__no_turbo": "0\n"}, Clock(governors=(), turbo=True)),
        ({"intel_pstate__no_turbo": "1\n"}, Clock(governors=(), turbo=False)),
        ({"cpufreq__boost": "1\n"}, Clock(governors=(), turbo=True)),
        ({"cpufreq__boost": "0\n"}, Clock(governors=(), turbo=False)),
    ],
)
def test_the_clocks_settings_are_those_of_all_cores(files, expected: Clock, tmp_path: Path) -> None:
    write(tmp_path, **{f"sys__devices__system__cpu__{name}": text for name, text in files.items()})
    assert facts.clock_settings(tmp_path) == expected


def test_a_folder_for_results_that_is_not_there_yet_is_judged_by_the_one_above(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: path == tmp_path)
    found = facts.disk(tmp_path / "results" / "deep")
    assert (found.folder, found.writable) == (tmp_path / "results" / "deep", True)
    assert found.free_bytes > 0


def test_a_repetition_is_timed_until_the_time_is_over_and_a_hundred_times_at_least() -> None:
    def times(seconds: float) -> list[float]:
        ticks = itertools.count()
        return noise.repeat(seconds, lambda: float(next(ticks)))

    assert times(1.0) == [1.0] * 100
    assert times(600.0) == [1.0] * 200  # 3 readings of the clock a repetition


def test_noise_is_summarised() -> None:
    # 10 slices of 2; their medians are 2, ..., 2, 3; one repetition of 20 takes over 1.5 times the median.
    times = [1.0, 3.0] * 2 + [2.0] * 14 + [2.0, 4.0]
    found = noise.summarise(times, seconds=5.0)
    assert (found.times, found.seconds, found.median_s, found.iqr_share) == (20, 5.0, 2.0, 0.0)
    assert (found.slow_share, found.spread_share) == (0.05, 0.5)
    assert found.lost_share == pytest.approx(1 - 40 / 42)


def test_the_quartiles_are_numpys() -> None:
    # 1 to 21: quartiles 6, 11 and 16.
    assert noise.summarise(range(1, 22), seconds=1.0).iqr_share == 10 / 11


def test_requirements_that_are_not_met_are_found_and_those_of_extras_or_other_systems_are_not() -> None:
    found = Packages(
        installed={"tensorflow": "2.22.0rc1", "ml-dtypes": "0.6.0", "b": "1.0"},
        requires={
            "tfbench": ("tensorflow<2.22,>=2.21", 'nvidia>=1; extra == "cuda"', 'winonly; sys_platform == "win32"'),
            "tensorflow": ("ml_dtypes<1.0.0,>=0.5.1", "B>=2", "gone", "not a requirement !"),
        },
        profile_tab=(),
    )
    assert packages.unmet(found) == (
        Unmet(by="tfbench", name="tensorflow", wanted="<2.22,>=2.21", found="2.22.0rc1"),
        Unmet(by="tensorflow", name="b", wanted=">=2", found="1.0"),
        Unmet(by="tensorflow", name="gone", wanted="", found=""),
    )


def test_the_installed_packages_are_those_of_this_python(tmp_path: Path, monkeypatch) -> None:
    def distribution(name: str, version: str, *lines: str, entry: str = "") -> None:
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        head = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        (folder / "METADATA").write_text("\n".join([*head, *lines, ""]))
        (folder / "entry_points.txt").write_text(entry)

    distribution("xprof", "2.24.2", "Requires-Dist: Six>=1", entry="[tensorboard_plugins]\nprofile = xprof:Loader\n")
    distribution("Some_Thing", "1.0", "Requires-Dist: six>=1")
    distribution("odd", "not.a.version")
    (tmp_path / "broken-1.0.dist-info").mkdir()
    (tmp_path / "broken-1.0.dist-info" / "METADATA").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert packages.gather() == Packages(
        installed={"xprof": "2.24.2", "some-thing": "1.0"}, requires={"xprof": ("Six>=1",)}, profile_tab=("xprof",)
    )
