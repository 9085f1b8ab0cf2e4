"""Recorded rounds, handed to pytest-benchmark."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tfbench.bench import codec, replay

SUITE = """
import json, pytest
from tfbench.bench import codec, replay
from tfbench.bench.record import Measurement

@pytest.mark.benchmark(timer=replay.CLOCK.read)
def test_one(benchmark):
    with open("measurement.json") as file:
        replay.replay(codec.decode(Measurement, json.load(file)), benchmark)
"""


class FakeBenchmark:
    """Time calls as pytest-benchmark's `pedantic` does."""

    def __init__(self) -> None:
        self.group = ""
        self.extra_info: dict[str, Any] = {}
        self.times: list[float] = []

    def pedantic(self, target: Any, *, rounds: int, iterations: int) -> None:
        """Call the target so many times."""
        assert iterations == 1
        for _ in range(rounds):
            start = replay.CLOCK.read()
            target()
            self.times.append(replay.CLOCK.read() - start)


def test_the_clock_shows_one_recorded_time_after_each_advance() -> None:
    clock = replay.Clock()
    clock.load((0.1, 0.2))
    readings = []
    for _ in range(2):
        readings.append(clock.read())
        clock.advance()
        readings.append(clock.read())
    assert readings == [0.0, 0.1, 0.0, 0.2]


def test_the_clock_stands_still_without_times() -> None:
    clock = replay.Clock()
    clock.advance()
    assert (clock.read(), clock.read()) == (0.0, 0.0)


def test_new_times_replace_the_old_ones() -> None:
    clock = replay.Clock()
    clock.load((1.0, 2.0))
    clock.advance()
    clock.load((3.0,))
    clock.advance()
    assert clock.read() == 3.0


def test_the_fixture_sees_seconds_a_call_exactly(records: Any) -> None:
    rounds = (0.1, 0.7, 1e-9, 123456.789)
    benchmark = FakeBenchmark()
    replay.replay(records.measurement(invocations=(records.invocation(rounds, iterations=3),)), benchmark)
    assert benchmark.times == [seconds / 3 for seconds in rounds]


def test_the_rounds_of_all_invocations_are_replayed(records: Any) -> None:
    done = (records.invocation((2.0, 4.0)), records.invocation((8.0,), index=2, iterations=1))
    benchmark = FakeBenchmark()
    replay.replay(records.measurement(invocations=done), benchmark)
    assert benchmark.times == [1.0, 2.0, 8.0]


def test_group_and_record_go_with_it(records: Any) -> None:
    benchmark = FakeBenchmark()
    replay.replay(records.measurement(), benchmark)
    assert benchmark.group == "toy n=8,kind=small"
    assert benchmark.extra_info == {"tfbench": codec.encode(records.measurement())}


def test_pytest_benchmark_itself_reports_the_recorded_times(tmp_path: Path, records: Any) -> None:
    measurement = records.measurement(invocations=(records.invocation((0.1, 0.7, 0.3), iterations=1),))
    (tmp_path / "test_suite.py").write_text(SUITE, encoding="utf-8")
    (tmp_path / "measurement.json").write_text(json.dumps(codec.encode(measurement)), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--benchmark-json=out.json", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["benchmarks"]
    stats = {name: row["stats"][name] for name in ("data", "rounds", "median")}
    assert stats == {"data": [0.1, 0.7, 0.3], "rounds": 3, "median": 0.3}
    assert row["group"] == "toy n=8,kind=small"


def test_what_failed_alike_is_told_whole_once(records: Any) -> None:
    first, second, other = (
        records.failure(case=records.case(mode=mode), message=message)
        for mode, message in (("eager", "no disk"), ("xla", "no disk"), ("graph", "another"))
    )
    known = [records.measurement(), first, second, other]
    whole = "OSError: no disk\nthe worker's last lines on stderr:\n  one\n  two"
    assert replay.failure_text(first, known).endswith(whole)
    told = replay.failure_text(second, known)
    assert told.endswith(f"OSError: no disk\nas {first.case.id} did, where the worker's last lines stand")
    assert replay.failure_text(other, known).endswith("  two")
    elsewhere = records.failure(case=records.case(mode="xla"), stderr=("one", "three"))
    assert replay.failure_text(elsewhere, [first, elsewhere]).endswith("  three")
