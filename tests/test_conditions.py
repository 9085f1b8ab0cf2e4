"""How busy a machine was, between two readings of its counters."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import psutil
import pytest
from tfbench.bench import conditions
from tfbench.bench.conditions import Reading, Watch
from tfbench.bench.environment import affinity
from tfbench.bench.machine import Conditions


def reading(**changes: Any) -> Reading:
    """Make a reading; all counters stand at 0."""
    fields: dict[str, Any] = {"wall_s": 0.0, "busy_s": 0.0, "steal_s": 0.0, "worker_s": 0.0, "throttled": 0}
    return Reading(**{**fields, **changes})


START = reading(wall_s=100.0, busy_s=50.0, steal_s=3.0, worker_s=7.0, throttled=4, clock_mhz=(1000.0, 2400.0))


def between(start: Reading, end: Reading, *, cores: int = 1) -> Conditions:
    return conditions.between(start, end, cores=cores, load_1m=0.0)


def test_conditions_are_what_the_counters_have_gained_as_shares_of_all_cores() -> None:
    # 10 s of 2 cores are 20 s. The cores worked for 11 s, the worker for 6 of them: 5 s are others'.
    end = reading(wall_s=110.0, busy_s=61.0, steal_s=4.0, worker_s=13.0, throttled=6, clock_mhz=(2600.0, 800.0))
    found = conditions.between(START, end, cores=2, load_1m=1.239)
    assert found == Conditions(
        load_1m=1.24, others_share=0.25, steal_share=0.05, throttled=2, clock_mhz=(2400.0, 2600.0)
    )


def test_shares_are_rounded_to_a_hundredth_of_a_percent() -> None:
    found = between(reading(), reading(wall_s=3.0, busy_s=1.0, steal_s=2.0))
    assert (found.others_share, found.steal_share) == (0.3333, 0.6667)


def test_a_worker_that_used_more_than_the_cores_tell_leaves_nothing_to_others() -> None:
    assert between(reading(), reading(wall_s=10.0, busy_s=5.0, worker_s=5.5)).others_share == 0.0


def test_a_share_is_never_above_1() -> None:
    found = between(reading(), reading(wall_s=1.0, busy_s=1.5, steal_s=1.5))
    assert (found.others_share, found.steal_share) == (1.0, 1.0)


def test_counters_that_went_back_count_as_nothing() -> None:
    end = reading(wall_s=110.0, busy_s=40.0, steal_s=2.0, worker_s=7.0, throttled=3)
    assert between(START, end, cores=2) == Conditions(
        load_1m=0.0, others_share=0.0, steal_share=0.0, throttled=0, clock_mhz=(2400.0, 2400.0)
    )


def test_no_time_between_the_readings_is_no_division_by_0() -> None:
    assert between(reading(), reading()) == Conditions(load_1m=0.0, others_share=0.0, steal_share=0.0, throttled=0)


@pytest.mark.parametrize(
    ("start", "end", "clocks"),
    [
        ((), (), None),
        ((), (2000.0,), (2000.0, 2000.0)),
        ((2000.0,), (), (2000.0, 2000.0)),
        ((2600.0,), (2400.0,), (2400.0, 2600.0)),
        ((800.0, 2400.0), (2400.0, 800.0), (2400.0, 2400.0)),
    ],
    ids=["never told", "told at the end", "told at the start", "lower at the end", "another core at the end"],
)
def test_the_clock_is_that_of_the_fastest_core_the_lower_one_first(
    start: tuple[float, ...], end: tuple[float, ...], clocks: tuple[float, float] | None
) -> None:
    assert between(reading(clock_mhz=start), reading(wall_s=1.0, clock_mhz=end)).clock_mhz == clocks


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


def test_being_slowed_down_is_counted_over_all_cores_and_control_groups(tmp_path: Path) -> None:
    cpu, groups = tmp_path / "cpu", [tmp_path / "two", tmp_path / "one"]
    write(cpu / "cpu0/thermal_throttle/core_throttle_count", "3\n")
    write(cpu / "cpu11/thermal_throttle/core_throttle_count", "4\n")
    write(cpu / "cpu0/thermal_throttle/package_throttle_count", "100\n")
    write(cpu / "cpufreq/thermal_throttle/core_throttle_count", "100\n")
    write(groups[0] / "cpu.stat", "usage_usec 100\nnr_periods 100\nnr_throttled 7\nnr_throttled_more 100\n")
    write(groups[1] / "cpu.stat", "nr_throttled 20\nthrottled_usec 100\n")
    assert conditions.throttled(cpu, groups) == 3 + 4 + 7 + 20


def test_where_nothing_is_told_nothing_was_slowed_down(tmp_path: Path) -> None:
    assert conditions.throttled(tmp_path / "none", [tmp_path / "none", tmp_path]) == 0


def test_files_that_hold_something_else_count_as_nothing(tmp_path: Path) -> None:
    write(tmp_path / "cpu0/thermal_throttle/core_throttle_count", "often\n")
    write(tmp_path / "cpu1/thermal_throttle/core_throttle_count", "5\n")
    write(tmp_path / "cpu.stat", "nr_throttled often\n")
    assert conditions.throttled(tmp_path, [tmp_path]) == 5


class Times(NamedTuple):
    """Hold the CPU times of a core, as Linux has them; a guest's are in the user's, too."""

    user: float
    system: float
    idle: float
    iowait: float
    irq: float
    steal: float
    guest: float


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put three made-up cores in the place of the machine's."""
    times = [Times(float(core), 2.0, 100.0, 100.0, 0.5, 0.25, 1.0) for core in range(3)]
    clocks = [SimpleNamespace(current=clock) for clock in (2000.0, 0.0, 2200.0)]
    used = SimpleNamespace(user=4.0, system=0.5, children_user=100.0)
    monkeypatch.setattr(psutil, "cpu_times", lambda percpu: times if percpu else None)
    monkeypatch.setattr(psutil, "cpu_freq", lambda percpu: clocks if percpu else None)
    worker = SimpleNamespace(cpu_times=lambda: used, children=lambda recursive: [] if recursive else None)
    monkeypatch.setattr(psutil, "Process", {77: worker}.__getitem__)
    monkeypatch.setattr(conditions, "throttled", lambda: 9)
    monkeypatch.setattr(conditions.time, "monotonic", lambda: 12.5)


@pytest.mark.usefixtures("machine")
def test_a_reading_adds_up_the_cores_in_question_without_their_idle_time() -> None:
    # Core 0: 0 + 2 + 0.5, core 2: 2 + 2 + 0.5.
    assert conditions.read(77, (0, 2)) == Reading(
        wall_s=12.5, busy_s=7.0, steal_s=0.5, worker_s=4.5, throttled=9, clock_mhz=(2000.0, 2200.0)
    )


@pytest.mark.usefixtures("machine")
def test_a_core_without_a_clock_or_that_is_gone_is_left_out() -> None:
    found = conditions.read(77, (1, 3))
    assert (found.busy_s, found.clock_mhz) == (3.5, ())


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("error", [OSError, NotImplementedError, AttributeError])
def test_a_system_that_tells_no_clocks_has_none(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*, percpu: bool) -> None:
        raise error

    monkeypatch.setattr(psutil, "cpu_freq", refuse)
    assert conditions.read(77, (0, 1, 2)).clock_mhz == ()


def test_a_worker_that_is_gone_has_used_nothing() -> None:
    assert conditions.read(2**22 + 1, (0,)).worker_s == 0.0  # above Linux' largest process id


def test_what_a_worker_has_started_works_for_it() -> None:
    code = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass\nprint(); input()"
    before = conditions.read(os.getpid(), (0,)).worker_s
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert conditions.read(os.getpid(), (0,)).worker_s - before >= 0.5
        child.communicate(b"\n")


def test_this_machine_can_be_read() -> None:
    found = conditions.read(os.getpid(), affinity())
    kinds = [type(value) for value in (found.wall_s, found.busy_s, found.steal_s, found.worker_s, found.throttled)]
    assert kinds == [float, float, float, float, int]
    assert found.busy_s > 0.0
    assert found.worker_s > 0.0


def test_a_watch_tells_what_lies_between_its_start_and_its_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, tuple[int, ...]]] = []
    given = iter([reading(), reading(wall_s=10.0, busy_s=12.0, worker_s=7.0, steal_s=1.0)])

    def read(pid: int, cores: tuple[int, ...]) -> Reading:
        asked.append((pid, tuple(cores)))
        return next(given)

    monkeypatch.setattr(conditions, "read", read)
    monkeypatch.setattr(psutil, "getloadavg", lambda: (1.5, 9.0, 9.0))
    watch = Watch(77, [0, 2])
    assert asked == [(77, (0, 2))]
    assert watch.conditions() == Conditions(load_1m=1.5, others_share=0.25, steal_share=0.05, throttled=0)
    assert asked == [(77, (0, 2))] * 2
