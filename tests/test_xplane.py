"""What is read from a trace, on traces made by hand; the child that has TensorFlow writes and reads them."""

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.tensorflow

# Reads planes as [name, [[line, timestamp in ns, [[event, offset, duration in ps, statistics], ...]], ...]].
CHILD = """
import json, sys
from pathlib import Path
from tensorflow.tsl.profiler.protobuf import xplane_pb2
from tfbench.bench import xplane

def write(planes, path):
    space = xplane_pb2.XSpace()
    for plane_name, lines in planes:
        plane, ids = space.planes.add(name=plane_name), {}
        def number(name, table):
            found = ids.setdefault((id(table), name), len(ids) + 1)
            table[found].id, table[found].name = found, name
            return found
        for line_name, timestamp_ns, events in lines:
            line = plane.lines.add(name=line_name, timestamp_ns=timestamp_ns)
            for name, offset_ps, duration_ps, stats in events:
                event = line.events.add(offset_ps=offset_ps, duration_ps=duration_ps)
                event.metadata_id = number(name, plane.event_metadata)
                for stat in stats:
                    event.stats.add(metadata_id=number(stat, plane.stat_metadata), int64_value=1)
    path.write_bytes(space.SerializeToString())

def tell(trace):
    lines = [
        {
            "device": line.device,
            "events": [
                [start, end, what.kind, what.name, what.type]
                for start, end, what in zip(line.start, line.end, line.what, strict=True)
            ],
            "eager": line.eager,
        }
        for line in trace.lines
    ]
    return {"steps": trace.steps, "lines": lines, "events": trace.events}

told = []
for planes in json.loads(sys.argv[1]):
    path = Path(sys.argv[2]) / "host.xplane.pb"
    write(planes, path)
    told.append(tell(xplane.read(path)))
print(json.dumps(told))
"""

START, STOP = "ThreadpoolListener::StartRegion", "ThreadpoolListener::StopRegion"
LAUNCH = "__inference_step_18:__inference_step_18"


def event(name: str, offset_ps: int, duration_ps: int, *stats: str) -> list[Any]:
    """Make an event that carries these statistics."""
    return [name, offset_ps, duration_ps, list(stats)]


def host(*events: list[Any], line: str = "python", timestamp_ns: int = 0) -> list[Any]:
    """Make the host's plane with one thread."""
    return ["/host:CPU", [[line, timestamp_ns, list(events)]]]


POOL = "tf_Compute/77"
KERNELS = [event("void fast_kernel<float>", 1, 5), event("loop_add_fusion.3", 7, 2)]
PLANES = {
    "steps": [
        host(event("tfbench_step", 2000, 500, "step_num", "_r"), event("tfbench_step", 100, 1000), timestamp_ns=3)
    ],
    "ends": [host(event("dot.5", 0, 9, "hlo_op", "hlo_module"), event("end: dot.5", 9, 1, "hlo_op"))],
    "pool": [
        host(
            event(START, 10, 0),
            event("a/b:MatMul", 12, 3),
            event(STOP, 30, 0),
            event(STOP, 35, 0),
            event(START, 40, 0),
            event(START, 50, 0),
            event(STOP, 60, 0),
            event(START, 70, 0),
            event(STOP, 70, 0),
            event(START, 80, 0),
            line=POOL,
            timestamp_ns=1,
        )
    ],
    "eager": [
        host(
            event("tfbench_step", 0, 90),
            event("EagerLocalExecute: Mean", 10, 20),
            event("KernelAndDeviceFunc::Run", 15, 10),
            event("EagerLocalExecute: Sub", 40, 20),
        )
    ],
    "statistics": [
        host(
            event("step", 0, 50, "tf_function_call"),
            event(LAUNCH, 10, 30),
            event("add_fusion", 12, 6, "hlo_op"),
            event("nothing:Mul", 20, 0),
        )
    ],
    "gpu": [
        ["/device:GPU:1", [["Stream #13(Compute)", 2, KERNELS], ["Steps", 2, KERNELS], ["XLA Modules", 2, KERNELS]]]
    ],
    "tpu": [["/device:TPU:0", [["XLA Ops", 0, [event("fusion.7", 4, 6)]], ["Steps", 0, [event("1", 0, 20)]]]]],
    "nothing": [host(), ["/host:metadata", []], ["Task Environment", []]],
}


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Write and read all traces in one child."""
    folder = tmp_path_factory.mktemp("traces")
    command = [sys.executable, "-c", CHILD, json.dumps(list(PLANES.values())), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(PLANES, json.loads(done.stdout), strict=True))


def events(trace: dict[str, Any]) -> list[list[Any]]:
    """Give the events of a trace's only line."""
    (line,) = trace["lines"]
    return line["events"]


def test_steps_are_told_by_the_marker_in_their_order(traces: dict[str, Any]) -> None:
    assert traces["steps"]["steps"] == [[3100, 4100], [5000, 5500]]
    assert [name for *_, name, _ in events(traces["steps"])] == ["Python", "Python"]


def test_the_ends_of_xlas_operations_are_no_events(traces: dict[str, Any]) -> None:
    assert events(traces["ends"]) == [[0, 9, "xla", "dot.5", "dot"]]


def test_a_threads_regions_are_paired_and_what_has_no_partner_is_left_out(traces: dict[str, Any]) -> None:
    pool = ["runtime", "thread pool tf_Compute", "ThreadPool"]
    assert events(traces["pool"]) == [
        [1012, 1015, "graph", "a/b", "MatMul"],
        [1010, 1030, *pool],
        [1050, 1060, *pool],
    ]


def test_an_eager_operation_is_noted_at_its_event(traces: dict[str, Any]) -> None:
    (line,) = traces["eager"]["lines"]
    assert line["eager"] == {"1": "Mean", "3": "Sub"}
    assert [kind for _, _, kind, _, _ in line["events"]] == ["python", "runtime", "runtime", "runtime"]


def test_the_statistics_of_an_event_say_what_it_is_and_an_instant_is_none(traces: dict[str, Any]) -> None:
    assert events(traces["statistics"]) == [
        [0, 50, "python", "call of tf.function step", "tf.function"],
        [10, 40, "runtime", "XLA launch", "XlaLaunch"],
        [12, 18, "xla", "add_fusion", "fusion"],
    ]


def test_kernels_are_read_from_the_streams_of_a_gpu_and_from_no_other_line(traces: dict[str, Any]) -> None:
    (line,) = traces["gpu"]["lines"]
    assert line["device"] == "GPU:1"
    assert line["events"] == [
        [2001, 2006, "device", "void fast_kernel<float>", "void fast_kernel<float>"],
        [2007, 2009, "device", "loop_add_fusion.3", "fusion"],
    ]
    assert traces["gpu"]["steps"] == []


def test_operations_are_read_from_the_line_of_a_tpu_that_has_them(traces: dict[str, Any]) -> None:
    (line,) = traces["tpu"]["lines"]
    assert (line["device"], line["events"]) == ("TPU:0", [[4, 10, "device", "fusion.7", "fusion"]])


def test_the_events_of_all_lines_are_counted(traces: dict[str, Any]) -> None:
    assert {name: trace["events"] for name, trace in traces.items()} == {
        "steps": 2,
        "ends": 1,
        "pool": 3,
        "eager": 4,
        "statistics": 3,
        "gpu": 2,
        "tpu": 1,
        "nothing": 0,
    }
    assert traces["nothing"] == {"steps": [], "lines": [], "events": 0}
