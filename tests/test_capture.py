"""How many steps are traced, and what is asked of TensorFlow's profiler."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tfbench.bench import capture, xplane
from tfbench.bench.capture import Traced
from tfbench.bench.ledger import Meters
from tfbench.bench.xplane import Line, Trace

MARKED = Trace(steps=[(0, 10)])


def traced(folder: Path, *, size: int = 1, events: int = 1, steps_s: tuple[float, ...] = (0.5,)) -> Traced:
    """Make a trace of this size."""
    file = folder / "host.xplane.pb"
    file.write_bytes(b"x" * size)
    line = Line(device="host", start=[0] * events)
    return Traced(logdir=folder, file=file, trace=Trace(lines=[line]), steps_s=steps_s)


@pytest.mark.parametrize(
    ("size", "events", "step_s", "steps"),
    [
        (1, 1, 0.001, 20),
        (1_000_000, 1, 0.001, 20),
        (1_000_001, 1, 0.001, 19),
        (6_000_000, 1, 0.001, 3),
        (1, 15_000, 0.001, 20),
        (1, 15_001, 0.001, 19),
        (1, 100_000, 0.001, 3),
        (1, 1, 0.0625, 16),
        (1, 1, 0.25, 4),
        (6_000_000, 75_000, 0.5, 2),
        (10_000_001, 1, 0.001, 1),
        (30_000_000, 1, 0.001, 1),
        (1, 400_000, 0.001, 1),
        (1, 1, 7.0, 1),
        (1, 0, 0.001, 20),
    ],
)
def test_as_many_steps_are_traced_as_fit_into_bytes_events_and_seconds(
    tmp_path: Path, size: int, events: int, step_s: float, steps: int
) -> None:
    assert capture.how_many(traced(tmp_path, size=size, events=events), step_s) == steps


class Takes:
    """Stand for `capture.take`: run the steps, and note how it was asked."""

    def __init__(self, folder: Path, **probe: Any) -> None:
        self._folder, self._probe = folder, probe
        self.asked: list[dict[str, Any]] = []

    def __call__(self, step: Any, meters: Meters, logdir: Path, **asked: Any) -> Traced:
        """Note what is asked."""
        self.asked.append({"logdir": logdir.name, **asked})
        times = tuple(capture._timed(step, meters) for _ in range(asked["steps"]))
        return traced(self._folder, **self._probe, steps_s=times)


def steps_that_take(meters: Any, *seconds: float) -> Any:
    """Make a step that takes so long in turn."""
    left = list(seconds)
    return lambda: meters.clock.advance(left.pop(0))


def test_where_a_second_step_does_not_fit_the_first_trace_counts(
    tmp_path: Path, meters: Meters, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Takes(tmp_path)
    monkeypatch.setattr(capture, "take", take)
    found = capture.trace_steps(steps_that_take(meters, 0.75, 1.0), meters, tmp_path)
    assert (found.plain_s, found.steps_s) == ((0.75,), (1.0,))
    assert take.asked == [{"logdir": "probe", "steps": 1, "service": ""}]


def test_else_as_many_plain_steps_are_timed_and_then_traced(
    tmp_path: Path, meters: Meters, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Takes(tmp_path)
    monkeypatch.setattr(capture, "take", take)
    step = steps_that_take(meters, 0.25, 9.0, 0.125, 0.5, 0.25, 4.0, 1.0, 2.0, 3.0, 4.0)
    found = capture.trace_steps(step, meters, tmp_path, service="grpc://tpu:8466")
    assert (found.plain_s, found.steps_s) == ((0.125, 0.5, 0.25, 4.0), (1.0, 2.0, 3.0, 4.0))
    assert take.asked == [
        {"logdir": "probe", "steps": 1, "service": "grpc://tpu:8466"},
        {"logdir": "trace", "steps": 4, "service": "grpc://tpu:8466", "expected_s": 4 * 0.375},
    ]


def test_a_step_takes_the_next_input_and_waits_for_the_device(make_program: Any, meters: Meters) -> None:
    called: list[Any] = []
    program = make_program(lambda *x: called.append(x), inputs=((1, 2), (3, 4)))
    step = capture.make_step(program, replace(meters, sync=lambda: called.append("sync")))
    for _ in range(3):
        step()
    assert called == [(1, 2), "sync", (3, 4), "sync", (1, 2), "sync"]


class FakeTensorFlow:
    """Stand for TensorFlow's profiler: write down what is asked of it; it writes a file unless told not to."""

    def __init__(self, *, writes: bool = True) -> None:
        self.told: list[Any] = []
        self._writes, self._logdir = writes, ""
        client = SimpleNamespace(trace=self._remote)
        marker = lambda *name, **more: Marker(self.told, (*name, more))  # noqa: E731 - a stand-in
        profiler = SimpleNamespace(start=self._start, stop=self._stop, Trace=marker, client=client)
        self.profiler = SimpleNamespace(experimental=profiler)

    def _start(self, logdir: str) -> None:
        self._logdir = logdir
        self.told.append("start")

    def _stop(self) -> None:
        self.told.append("stop")
        self._write()

    def _remote(self, service: str, logdir: str, duration_ms: int) -> None:
        self._logdir = logdir
        self.told.append((service, duration_ms))
        self._write()

    def _write(self) -> None:
        if self._writes:
            for name in ("a", "b"):
                path = Path(self._logdir) / "plugins" / "profile" / "now" / f"{name}.xplane.pb"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()


class Marker:
    """Stand for a step's marker."""

    def __init__(self, told: list[Any], what: Any) -> None:
        self._told, self._what = told, what

    def __enter__(self) -> None:
        self._told.append(self._what)

    def __exit__(self, *_: object) -> None:
        self._told.append("end")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeTensorFlow:
    """Put the fake in TensorFlow's place."""
    made = FakeTensorFlow()
    monkeypatch.setitem(sys.modules, "tensorflow", made)
    monkeypatch.setattr(xplane, "read", lambda _path: MARKED)
    return made


def test_each_step_is_marked_and_timed_inside_its_marker(fake: FakeTensorFlow, meters: Meters, tmp_path: Path) -> None:
    found = capture.take(steps_that_take(meters, 0.25, 0.5), meters, tmp_path, steps=2)
    marks = [("tfbench_step", {"step_num": i, "_r": 1}) for i in range(2)]
    assert fake.told == ["start", marks[0], "end", marks[1], "end", "stop"]
    assert (found.steps_s, found.trace, found.file.name) == ((0.25, 0.5), MARKED, "b.xplane.pb")


def test_a_step_that_raises_stops_the_profiler(fake: FakeTensorFlow, meters: Meters, tmp_path: Path) -> None:
    def step() -> None:
        raise RuntimeError("wrong")

    with pytest.raises(RuntimeError, match="wrong"):
        capture.take(step, meters, tmp_path, steps=2)
    assert fake.told[-1] == "stop"


def test_the_service_of_another_host_is_asked_for_twice_the_expected_time_and_a_second(
    fake: FakeTensorFlow, meters: Meters, tmp_path: Path
) -> None:
    step = steps_that_take(meters, 0.25)
    found = capture.take(step, meters, tmp_path, steps=1, service="grpc://tpu:8466", expected_s=0.75)
    asked = [told for told in fake.told if told[0] == "grpc://tpu:8466"]
    assert (asked, found.steps_s) == ([("grpc://tpu:8466", 2500)], (0.25,))
    assert "start" not in fake.told


def test_a_profiler_that_writes_nothing_is_an_error(
    meters: Meters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", FakeTensorFlow(writes=False))
    with pytest.raises(FileNotFoundError, match="TensorFlow's profiler wrote no trace"):
        capture.take(steps_that_take(meters, 0.25), meters, tmp_path, steps=1)


REAL = """
import json, sys, time
from pathlib import Path
from types import SimpleNamespace
import tensorflow as tf
from tfbench.bench import capture

folder, x = Path(sys.argv[1]), tf.constant([1.0, 2.0])
meters = SimpleNamespace(clock=time.perf_counter)
calls = 0

def step():
    global calls
    calls += 1
    tf.square(x)
    if calls == 2:
        raise RuntimeError("the second step")

try:
    capture.take(step, meters, folder / "first", steps=3)
except RuntimeError as error:
    told = str(error)
again = capture.take(step, meters, folder / "again", steps=3)
names = [w.name for line in again.trace.lines for w in line.what]
print(json.dumps([told, len(again.trace.steps), len(again.steps_s), names.count("Python"), again.size]))
"""


@pytest.mark.tensorflow
def test_after_a_step_that_raised_tensorflow_traces_again(tmp_path: Path) -> None:
    command = [sys.executable, "-c", REAL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told, steps, timed, marks, size = json.loads(done.stdout)
    assert (told, steps, timed, marks) == ("the second step", 3, 3, 3)
    assert size == sum(path.stat().st_size for path in tmp_path.glob("again/plugins/profile/*/*.xplane.pb"))
