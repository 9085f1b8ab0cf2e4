"""Profile cases under TensorFlow's profiler, in a process that times nothing else. Worker only."""

import json
import shutil
import statistics
import tempfile
from functools import partial
from pathlib import Path

from tfbench.bench import capture, codec, files, group, modules, optable, protocol
from tfbench.bench.capture import Traced
from tfbench.bench.case import Case
from tfbench.bench.devices import Devices
from tfbench.bench.ledger import Meters
from tfbench.bench.profile import OPS_FILE, OpTable, Profile
from tfbench.bench.protocol import Request
from tfbench.workloads.spec import Workload

# Calls before the first traced one. Enough for the steady state to be near; and few, because after some 80 runs of a
# function its cheap operations vanish from traces.
WARM_UP, FIRST = 30, 3
WARM_UP_S = 1.0


def run(request: Request, catalog: dict[str, Workload], devices: Devices, meters: Meters, say: group.Say) -> None:
    """Profile the cases in their order, and say what came of each; what one raises costs only its own profile."""
    stages = group.Stages(say, leading=devices.crew is not None)

    def profile(case: Case) -> None:
        found = profile_case(case, catalog[case.workload], request, devices, meters, stages)
        say({"say": protocol.PROFILED, "profile": codec.encode(found)})

    for case in request.cases:
        stages.attempt(partial(profile, case))
    stages.enter("", "end")
    say({"say": protocol.END})


def profile_case(
    case: Case, workload: Workload, request: Request, devices: Devices, meters: Meters, stages: group.Stages
) -> Profile:
    """Build a case anew, call it a few times, trace some steps, and leave what they tell in its folder."""
    stages.enter(case.id, "build")
    modules.clear()
    program = group.build(case, workload, request, devices)
    step = capture.make_step(program, meters)
    stages.enter(case.id, "warm-up")
    warm_up(step, meters)
    stages.enter(case.id, "trace")
    with tempfile.TemporaryDirectory() as scratch:
        traced = capture.trace_steps(step, meters, Path(scratch), service=devices.profiler)
        stages.enter(case.id, "read")
        table = optable.make(traced.trace, case.id)
        stages.enter(case.id, "write")
        return keep(traced, table, Path(request.folder))


def warm_up(step: capture.Step, meters: Meters) -> None:
    """Call a step until it is near its steady state: the first call compiles, and does not count towards the time."""
    for _ in range(FIRST):
        step()
    end = meters.clock() + WARM_UP_S
    for _ in range(WARM_UP - FIRST):
        if meters.clock() < end:
            step()


def keep(traced: Traced, table: OpTable, run: Path) -> Profile:
    """Write trace, table and modules into the case's folder of the run."""
    target = run / files.PROFILES / files.case_folder(table.case_id)
    target.mkdir(parents=True, exist_ok=True)
    fits = traced.size <= capture.MOST_BYTES
    notes = modules.keep(target / "hlo")
    if fits:
        shutil.copytree(traced.logdir, target, dirs_exist_ok=True)
    else:
        notes.append(f"the trace of {table.steps} steps has {traced.size / 1e6:.0f} MB: only its figures are kept")
    files.write_atomically(target / OPS_FILE, json.dumps(codec.encode(table)))
    return Profile(
        case_id=table.case_id,
        steps=table.steps,
        step_s=table.step_s,
        traced_s=statistics.median(traced.steps_s),
        plain_s=statistics.median(traced.plain_s),
        trace_bytes=traced.size if fits else 0,
        notes=tuple(notes),
    )
