"""Read a trace of TensorFlow's profiler: the lines of events of its xplane file. Worker only."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfbench.bench import opkinds
from tfbench.bench.opkinds import REGION, What
from tfbench.bench.profile import RUNTIME

HOST = "host"


@dataclass(slots=True)
class Line:
    """Hold the events of one thread, or one stream of an accelerator.

    Attributes:
        device: `host`, or the accelerator's name.
        start, end: of each event, in picoseconds since the profiler's beginning.
        what: what each is.
        eager: the operation of each event that is an eager operation, by its place.
    """

    device: str
    start: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    what: list[What] = field(default_factory=list)
    eager: dict[int, str] = field(default_factory=dict)

    def add(self, start: int, end: int, what: What) -> None:
        """Add an event."""
        self.start.append(start)
        self.end.append(end)
        self.what.append(what)


@dataclass(slots=True)
class Trace:
    """Hold a trace.

    Attributes:
        steps: start and end of each step, in picoseconds, in order.
        lines: those with events.
    """

    steps: list[tuple[int, int]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    @property
    def events(self) -> int:
        """Count the events."""
        return sum(len(line.start) for line in self.lines)


def read(path: Path) -> Trace:
    """Read an `.xplane.pb` file. Imports TensorFlow: only for workers."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace()
    space.ParseFromString(path.read_bytes())
    trace = Trace()
    for plane in space.planes:
        device = _device(plane.name)
        for raw in plane.lines:
            line = _host_line(plane, raw, trace) if device == HOST else _device_line(plane, raw, device)
            if line.start:
                trace.lines.append(line)
    trace.steps.sort()
    return trace


def _device(plane_name: str) -> str:
    return plane_name.rpartition("/device:")[2] if "/device:" in plane_name else HOST


def _device_line(plane: Any, raw: Any, device: str) -> Line:
    """Read what ran on an accelerator: its streams; where it has none, as a TPU, the line of XLA's operations."""
    line, base = Line(device=device), raw.timestamp_ns * 1000
    wanted = "Stream" if any(one.name.startswith("Stream") for one in plane.lines) else "XLA Ops"
    if raw.name.startswith(wanted):
        for event in raw.events:
            what = opkinds.classify_kernel(plane.event_metadata[event.metadata_id].name)
            start = base + event.offset_ps
            line.add(start, start + event.duration_ps, what)
    return line


def _host_line(plane: Any, raw: Any, trace: Trace) -> Line:
    line, base = Line(device=HOST), raw.timestamp_ns * 1000
    known: dict[int, tuple[What | None, str]] = {}
    region: int | None = None
    pool = opkinds.on_thread(What(RUNTIME, f"thread pool {raw.name.partition('/')[0]}", "ThreadPool"), raw.name)
    for event in raw.events:
        key = event.metadata_id
        if key not in known:
            what, name = _look(plane, event)
            known[key] = (what and opkinds.on_thread(what, raw.name)), name
        what, name = known[key]
        start = base + event.offset_ps
        if name == REGION[0]:
            region = start
        elif name == REGION[1]:
            if region is not None and start > region:
                line.add(region, start, pool)
            region = None
        elif what is not None and event.duration_ps:
            if name.startswith(opkinds.EAGER_PREFIX):
                line.eager[len(line.start)] = name.removeprefix(opkinds.EAGER_PREFIX)
            if name == opkinds.MARKER:
                trace.steps.append((start, start + event.duration_ps))
            line.add(start, start + event.duration_ps, what)
    return line


def _look(plane: Any, event: Any) -> tuple[What | None, str]:
    """Tell what the events of one name are, from the first of them; the ends of XLA's operations are none."""
    name = plane.event_metadata[event.metadata_id].name
    if name.startswith("end: "):
        return None, name
    carried = {plane.stat_metadata[stat.metadata_id].name for stat in event.stats}
    return opkinds.classify(name, hlo="hlo_op" in carried, function_call="tf_function_call" in carried), name
