"""Run the call sequences of a workload and record what each call traced and compiled. Worker only."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from tfbench.bench import calls, codec, group, protocol, resources
from tfbench.bench.case import Case
from tfbench.bench.devices import Devices
from tfbench.bench.ledger import Meters
from tfbench.bench.protocol import Request
from tfbench.workloads.spec import CallSequence, Job, Workload

LIMIT_S = 60.0


def run(request: Request, catalog: dict[str, Workload], devices: Devices, meters: Meters, say: group.Say) -> None:
    """Run each sequence in the mode of each case, as users write it and fixed, and say what its calls did.

    What a sequence raises costs only that one. None is begun once `LIMIT_S` are over.
    """
    stages = group.Stages(say)
    gc.freeze()  # what is there by now need not be looked through after each call
    end = meters.clock() + LIMIT_S
    warm: set[tuple[str, bool] | str] = set()

    def record(sequence: CallSequence, case: Case, *, fixed: bool) -> None:
        if meters.clock() > end:
            raise TimeoutError(f"not begun, since those before it took more than {LIMIT_S:g} s")
        job = group.make_job(case, request, devices)
        parts: set[tuple[str, bool] | str] = {(sequence.name, fixed), case.mode}
        if not parts <= warm:
            warm_up(sequence, job, fixed=fixed)
            warm.update(parts)
        found = record_sequence(sequence, job, meters, workload=case.workload, fixed=fixed)
        say({"say": protocol.SEQUENCE, **codec.encode(found)})

    for sequence, case in _planned(request.cases, catalog[request.cases[0].workload]):
        for fixed in (False, True):
            stages.enter(case.id, f"calls {sequence.name} {case.mode} {'fixed' if fixed else 'as written'}")
            stages.attempt(partial(record, sequence, case, fixed=fixed))
    stages.enter("", "end")
    say({"say": protocol.END})


def warm_up(sequence: CallSequence, job: Job, *, fixed: bool) -> None:
    """Make the first call of a variant once before.

    AutoGraph converts each code once a process, for all its traces, and XLA's first large module takes memory once.
    """
    for _, act in sequence.build(job, fixed=fixed)[:1]:
        act()


def _planned(cases: tuple[Case, ...], workload: Workload) -> Iterator[tuple[CallSequence, Case]]:
    for sequence in workload.sequences:
        yield from ((sequence, case) for case in cases if case.mode in sequence.modes)


def record_sequence(sequence: CallSequence, job: Job, meters: Meters, *, workload: str, fixed: bool) -> calls.Sequence:
    """Make the functions of one variant anew, and call them in order."""
    recorded = tuple(record_call(label, act, meters) for label, act in sequence.build(job, fixed=fixed))
    return calls.Sequence(
        workload=workload,
        mode=job.mode,
        name=sequence.name,
        fix=sequence.fix,
        fixed=fixed,
        calls=tuple(_alone(recorded)),
    )


def _alone(recorded: tuple[calls.Call, ...]) -> Iterator[calls.Call]:
    """Call the first trace of each code in these calls a first one, though an earlier variant traced that code, too."""
    known: set[tuple[str, str, int]] = set()
    for call in recorded:
        traces = []
        for trace in call.traces:
            code = (trace.function, trace.file, trace.line)
            traces.append(trace if code in known else replace(trace, first=True, causes=()))
            known.add(code)
        yield replace(call, traces=tuple(traces))


def record_call(label: str, act: Callable[[], Any], meters: Meters) -> calls.Call:
    """Make one call, and wait for the device; what it leaves in memory is what no collection takes away."""
    resources.release_garbage()
    meters.compiles.read()
    traced, compiled, compiled_s = len(meters.traces.events), meters.compiles.count, meters.compiles.seconds
    before = meters.resident()
    start = meters.clock()
    said = act()
    meters.sync()
    seconds = meters.clock() - start
    resources.release_garbage()
    after = meters.resident()
    meters.compiles.read()
    return calls.Call(
        label=label,
        seconds=seconds,
        traces=tuple(meters.traces.events[traced:]),
        compiles=meters.compiles.count - compiled,
        compile_s=meters.compiles.seconds - compiled_s,
        rss_bytes=None if before is None or after is None else after - before,
        compiled=tuple(meters.compiles.functions[compiled:]),
        note=said if isinstance(said, str) else "",
    )
