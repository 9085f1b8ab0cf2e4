"""Measure a group of cases in this process: open and check each, then time them in turns. Worker only."""

import os
import random
import re
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tfbench.bench import (
    calls,
    checking,
    codec,
    compiling,
    conversions,
    costs,
    led,
    ledger,
    mode,
    pace,
    protocol,
    resources,
    shapes,
    timing,
    tracing,
)
from tfbench.bench.case import Case
from tfbench.bench.devices import Devices
from tfbench.bench.enough import Enough
from tfbench.bench.ledger import Meters
from tfbench.bench.protocol import Request
from tfbench.bench.timing import Timed
from tfbench.workloads.spec import DataSource, Job, Program, Workload

NODE = re.compile(r"\{\{function_node [^}]*\}\} ?")  # before what TensorFlow's eager operations say
Say = Callable[[dict[str, Any]], None]


def make_job(case: Case, request: Request, devices: Devices) -> Job:
    """Give a workload what it needs to build the case."""
    folder = Path(request.data_folder) if request.data_folder else None
    return Job(
        implementation=case.implementation,
        params=dict(case.params),
        mode=case.mode,
        wrap=lambda function: mode.wrap(case.mode, function),
        replicas=case.placement.replicas,
        strategy=devices.strategy,
        data=DataSource(kind=request.data_kind, folder=folder) if request.data_kind else None,
        seed=request.seed,
    )


def build(case: Case, workload: Workload, request: Request, devices: Devices) -> Program:
    """Build a case; where it has several workers, in all of them, so that what is called here is called there."""
    if devices.crew is None:
        return workload.build(make_job(case, request, devices))
    devices.crew.tell(led.BUILD, case=case.id)
    return led.lead(workload.build(make_job(case, request, devices)), case, devices.crew.tell)


def first_line(error: BaseException) -> str:
    """Give what an exception says in one line: its first, which AutoGraph puts after the user's code and its type.

    TensorFlow's executor puts it last, after where the operation was made and before the node's name in brackets.
    """
    text = NODE.sub("", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [type(error).__name__]
    if lines[0].endswith("Graph execution error:"):
        nodes = [i for i, line in enumerate(lines) if line.startswith("[[{{node")]
        return lines[nodes[0] - 1] if nodes and nodes[0] > 1 else lines[0]
    if lines[0] != "in user code:":
        return lines[0]
    kind = f"{type(error).__name__}: "
    return next((line.removeprefix(kind) for line in lines if line.startswith(kind)), lines[-1])


class Stages:
    """Tell the parent which case is at which stage, and turn what a case raises into its failure."""

    def __init__(self, say: Say, *, leading: bool = False) -> None:
        """Say everything through `say`.

        `leading` is for the first worker of a cluster: a case that fails ends it, since the others may be in calls that
        it no longer makes; the cases that are left get other workers.
        """
        self.say, self._leading = say, leading
        self.case_id = ""
        self.stage = ""

    def enter(self, case_id: str, stage: str) -> None:
        """Name the stage that begins: if the worker dies now, this case is to blame."""
        self.case_id, self.stage = case_id, stage
        self.say({"say": protocol.STAGE, "case": case_id, "stage": stage})

    def attempt(self, action: Callable[[], None]) -> bool:
        """Run an action; report an exception as the failure of the case at hand. Tell whether it went well."""
        try:
            action()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a workload raises costs only its case
            traceback.print_exc()
            self.say(
                {
                    "say": protocol.FAILURE,
                    "case": self.case_id,
                    "stage": self.stage,
                    "type": type(error).__name__,
                    "message": first_line(error),
                }
            )
            if self._leading:
                sys.stderr.flush()
                os._exit(0)  # the failure is told
            return False
        return True


def check(program: Program, first: Any, meters: Meters) -> Any:
    """Compare the first calls with the reference, `first` being the answer of the call already made."""
    # Taken as NumPy arrays at once: a later call may update a variable that an answer stands for.
    answers = [checking.flatten(first)]
    wanted = list(program.expected())
    for i in range(1, len(wanted)):
        answers += [checking.flatten(program.step(*program.inputs[i % len(program.inputs)]))]
    meters.sync()
    expected = [checking.flatten(w) for w in wanted]
    return checking.compare(
        answers[: len(expected)], expected, rtol=program.rtol, atol=program.atol, scaled=program.scaled
    )


def sync_cost_s(meters: Meters) -> float:
    """Give the median time of waiting for a device that has nothing to do."""
    times = []
    for _ in range(21):
        start = meters.clock()
        meters.sync()
        times.append(meters.clock() - start)
    return statistics.median(times)


def open_and_check(
    case: Case, workload: Workload, request: Request, devices: Devices, meters: Meters, stages: Stages
) -> Timed:
    """Build a case, call it for the first time, and compare its answers; tell the parent what it cost."""
    stages.enter(case.id, "build")
    start = meters.clock()
    program = build(case, workload, request, devices)
    meters.sync()
    build_s = meters.clock() - start
    stages.enter(case.id, "first call")
    meters.forget()
    with program.opening():
        cold, first = ledger.open_case(program, meters, mode=case.mode, build_s=build_s)
    stages.enter(case.id, "check")
    checked = check(program, first, meters)
    losses = checking.shard_losses(program)
    program = program if program.complete is None else program.complete()
    timed = Timed(id=case.id, program=program)
    again = "" if request.check_only else _calibrate(timed, request, meters, stages)
    stages.say(
        {
            "say": protocol.READY,
            "case": case.id,
            "ledger": codec.encode(cold),
            "check": codec.encode(checked),
            "iterations": timed.iterations,
            "data": program.data,
            "caution": "; ".join(text for text in (program.caution, again) if text),
            "work": program.work,
            "unit": program.unit,
            "reduced_bytes": program.reduced_bytes,
            "shard_losses": losses,
            "device": devices.name,
            "shapes": shapes.describe(program.inputs[0], first),
            "sync_s": sync_cost_s(meters),
        }
    )
    return timed


def _calibrate(timed: Timed, request: Request, meters: Meters, stages: Stages) -> str:
    """Find how many calls make a round; say what was traced again meanwhile, since the first call does not show it."""
    stages.enter(timed.id, "calibrate")
    traced = len(meters.traces.events)
    timing.calibrate(timed, meters, request.plan)
    return calls.again(meters.traces.events[traced:]).replace("; ", ", ")  # "; " joins what is to be known


def measure(request: Request, catalog: dict[str, Workload], devices: Devices, meters: Meters, say: Say) -> None:
    """Measure all cases of the request and say everything that comes of it.

    They are opened in random order, so that no case always pays for what the process does first.
    """
    rng = random.Random(request.order_seed)
    stages = Stages(say, leading=devices.crew is not None)
    ready: list[Timed] = []
    paces: list[float] = []
    for case in rng.sample(request.cases, len(request.cases)):
        workload = catalog[case.workload]

        def open_one(case: Case = case, workload: Workload = workload) -> None:
            ready.append(open_and_check(case, workload, request, devices, meters, stages))

        stages.attempt(open_one)
    if not request.check_only:
        paces = _time(ready, request, meters, stages, rng)
    done = {
        "pace_s": statistics.median(paces) if paces else None,
        "peak_rss_bytes": resources.peak_rss_bytes(),
        "peak_device_bytes": devices.peak_bytes(),
    }
    if not request.check_only:
        say({"say": protocol.TIMED, **done})
        if request.plan.costs:
            costs.measure(ready, request, meters, stages.enter, say, devices.crew)
    stages.enter("", "end")
    say({"say": protocol.END, **done})


def make_enough(request: Request, ready: Sequence[Timed]) -> Enough | None:
    """Make what ends the rounds once they are precise; None if no precision was asked for."""
    ids = {timed.id for timed in ready}
    bases = {case_id: base if (base := request.baselines.get(case_id)) in ids else None for case_id in ids}
    return Enough(bases, request.plan.precision) if request.plan.precision else None


def _time(ready: list[Timed], request: Request, meters: Meters, stages: Stages, rng: random.Random) -> list[float]:
    """Time blocks; a case that raises is a failure, and the others go on in new blocks without it.

    Returns:
        The machine's pace in each block.
    """
    remaining, first_block, paces = list(ready), 0, []
    plan, before = request.plan, partial(stages.enter, stage="round")

    def time_blocks() -> None:
        nonlocal first_block
        enough = make_enough(request, remaining)
        for timed in timing.blocks(
            remaining, meters, plan, rng=rng, before=before, first_block=first_block, enough=enough
        ):
            if timed.block >= first_block:
                paces.append(pace.time_pace(meters.clock))
            first_block = timed.block + 1
            stages.say({"say": protocol.ROUND, **codec.encode(timed)})
            if enough is not None:
                enough.take(timed)

    while remaining and not stages.attempt(time_blocks):
        remaining = [timed for timed in remaining if timed.id != stages.case_id]
    return paces


def make_meters(devices: Devices) -> Meters:
    """Give the real clock and counters of this process."""
    import tensorflow as tf

    return Meters(
        clock=time.perf_counter,
        sync=devices.sync or tf.test.experimental.sync_devices,
        traces=tracing.install(),
        compiles=compiling.Compiles(descriptor=2),
        resident=resources.resident_bytes,
        forget=conversions.forget,
    )
