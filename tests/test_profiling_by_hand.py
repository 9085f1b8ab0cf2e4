"""What a profiling worker does and says: no TensorFlow, traces made by hand, steps that take what they are told."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import capture, codec, files, modules, profiling
from tfbench.bench.capture import Traced
from tfbench.bench.devices import Devices
from tfbench.bench.ledger import Meters
from tfbench.bench.opkinds import What
from tfbench.bench.profile import OPS_FILE, Operation, OpTable, Profile
from tfbench.bench.protocol import Request
from tfbench.bench.xplane import Line, Trace

DEVICES = Devices(
    name="toy processor", scope=nullcontext, strategy=lambda: None, peak_bytes=lambda: None, profiler="grpc://tpu:8466"
)
SECOND = 10**12
MUL = What("eager", "Mul", "Mul")
TRACE = Trace(
    steps=[(0, SECOND), (SECOND, 4 * SECOND)],
    lines=[Line(device="host", start=[0, SECOND], end=[SECOND, 2 * SECOND], what=[MUL, MUL])],
)


def table(case_id: str) -> OpTable:
    """Give the table of the trace."""
    mul = Operation(name="Mul", type="Mul", kind="eager", device="host", count=1.0, total_s=1.0, self_s=1.0, wall_s=1.0)
    return OpTable(
        case_id=case_id,
        steps=2,
        step_s=2.0,
        median_step_s=2.0,
        idle_s=1.0,
        overlap_s=0.0,
        launch_gap_s=None,
        operations=(mul,),
    )


def profile(case_id: str) -> Profile:
    """Give the profile of the trace."""
    return Profile(case_id=case_id, steps=2, step_s=2.0, traced_s=1.5, plain_s=1.0, trace_bytes=5)


class Traces:
    """Stand for `capture.trace_steps`: write a trace, and note who asked."""

    def __init__(self) -> None:
        self.services: list[str] = []

    def __call__(self, _step: Any, _meters: Meters, scratch: Path, *, service: str) -> Traced:
        """Write a trace of 5 bytes."""
        self.services.append(service)
        file = scratch / "trace" / "plugins" / "profile" / "now" / "host.xplane.pb"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"trace")
        return Traced(logdir=scratch / "trace", file=file, trace=TRACE, steps_s=(1.0, 2.0), plain_s=(0.5, 1.5))


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Traces:
    """Put the stand-in in its place; XLA dumps into the test's folder."""
    made = Traces()
    monkeypatch.setattr(capture, "trace_steps", made)
    monkeypatch.setattr(modules, "folder", lambda: tmp_path / "dump")
    return made


@pytest.fixture
def run(records: Any, make_workload: Any, make_program: Any, meters: Meters, tmp_path: Path, traces: Traces) -> Any:
    """Give the function that profiles an eager and a graph case with these steps and tells what was said."""

    def profiled(eager: Any, graph: Any) -> list[dict[str, Any]]:
        build = lambda job: make_program({"eager": eager, "graph": graph}[job.mode])  # noqa: E731 - reads as one line
        cases = tuple(records.case(mode=mode) for mode in ("eager", "graph"))
        said: list[dict[str, Any]] = []
        request = Request(cases=cases, folder=str(tmp_path / "run"))
        profiling.run(request, {"toy": make_workload(build=build)}, DEVICES, meters, said.append)
        return said

    return profiled


def told(said: list[dict[str, Any]]) -> list[str]:
    """Give what was said, a stage by its name."""
    return [message.get("stage") or message["say"] for message in said]


def nothing() -> None:
    """Take no time."""


WHOLE = ["build", "warm-up", "trace", "read", "write", "profiled"]


def test_each_case_is_built_warmed_traced_read_and_written(run: Any, records: Any, traces: Traces) -> None:
    said = run(nothing, nothing)
    assert told(said) == [*WHOLE, *WHOLE, "end", "end"]
    assert [codec.decode(Profile, m["profile"]) for m in said if m["say"] == "profiled"] == [
        profile(records.case(mode=mode).id) for mode in ("eager", "graph")
    ]
    assert traces.services == ["grpc://tpu:8466"] * 2


def test_table_and_trace_lie_in_the_folder_of_the_case(run: Any, records: Any, tmp_path: Path) -> None:
    run(nothing, nothing)
    case_id = records.case(mode="graph").id
    folder = tmp_path / "run" / files.PROFILES / files.case_folder(case_id)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {OPS_FILE, "plugins/profile/now/host.xplane.pb"}
    assert codec.decode(OpTable, json.loads((folder / OPS_FILE).read_text())) == table(case_id)


def test_what_a_case_raises_costs_only_its_own_profile(run: Any, records: Any) -> None:
    def wrong() -> None:
        raise OSError("no disk")

    said = run(wrong, nothing)
    assert told(said) == ["build", "warm-up", "warm-up", *WHOLE, "end", "end"]
    failure = {"case": records.case().id, "stage": "warm-up", "type": "OSError", "message": "no disk"}
    assert said[2] == {"say": "failure", **failure}


@pytest.mark.parametrize(("step_s", "calls"), [(0.0, 30), (0.03125, 30), (0.25, 7), (0.5, 5), (7.0, 4)])
def test_30_calls_come_before_the_trace_or_3_and_as_many_as_begin_in_a_second(
    run: Any, meters: Any, step_s: float, calls: int
) -> None:
    made: list[None] = []

    def step() -> None:
        made.append(None)
        meters.clock.advance(step_s)

    run(step, nothing)
    assert len(made) == calls


def test_of_a_trace_that_is_too_large_only_the_figures_are_kept(
    run: Any, records: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "MOST_BYTES", 4)
    said = run(nothing, nothing)
    found = codec.decode(Profile, said[5]["profile"])
    assert (found.trace_bytes, found.notes) == (0, ("the trace of 2 steps has 0 MB: only its figures are kept",))
    folder = tmp_path / "run" / files.PROFILES / files.case_folder(records.case().id)
    assert [path.name for path in folder.iterdir()] == [OPS_FILE]


def test_modules_are_kept_with_the_case_that_was_compiled(run: Any, records: Any, tmp_path: Path) -> None:
    def compiles() -> None:
        (tmp_path / "dump").mkdir(exist_ok=True)
        (tmp_path / "dump" / "module_0001.a_f.before_optimizations.txt").write_text("HloModule f")

    run(compiles, nothing)
    texts = (tmp_path / "run").rglob("hlo/*")
    assert [path.relative_to(tmp_path / "run" / files.PROFILES).as_posix() for path in texts] == [
        f"{files.case_folder(records.case().id)}/hlo/0001.f.before.txt"
    ]
