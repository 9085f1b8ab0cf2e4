"""Runs for the tests of pages: something of everything, names that mean harm, full size, machines, a history."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfbench.bench import calls, codec, files, printable, profile
from tfbench.bench.calls import Call, Cause, Trace
from tfbench.bench.case import Placement
from tfbench.bench.extras import Ceilings, Cost, Extras
from tfbench.bench.profile import Operation, OpTable, Profile
from tfbench.bench.record import Finding, Measurement, Run

MODES = ("eager", "graph", "xla")
FACTORS = {"eager": 8.0, "graph": 2.0, "xla": 1.0}  # of the time of a call
FIRST_S = {"eager": 0.01, "graph": 0.1, "xla": 0.4}
INVOCATIONS, ROUNDS = 3, 12
SCRIPT = "<script>window.harmed = 1</script>"
IMAGE = "\"'><img src=x onerror='window.harmed = 1'>"
TEMPLATE = "{{ 7 * 7 }}{% raw %}${alert(1)}</script><!--"
PATH = "../../../etc/passwd"
ESCAPE = "\x1b[31mred\x1b]0;title\x07\n\u202egnitirw"
LONG = "long " * 2000
HARMFUL = (SCRIPT, IMAGE, TEMPLATE, PATH, ESCAPE, LONG)


def rounds(scale_s: float, invocation: int, count: int = ROUNDS) -> tuple[float, ...]:
    """Make times of a call that differ a little from round to round and process to process, without chance."""
    return tuple(scale_s * (1 + 0.03 * math.sin(7 * i + invocation) + 0.01 * invocation) for i in range(count))


def extras(mode: str) -> Extras:
    """Make what was measured beside the rounds."""
    top = Ceilings(flop_per_s=8e9, byte_per_s=4e9)
    cost = Cost(flops=2_000_000, bytes_accessed=4_000_000, fusions=2, instructions=3) if mode == "xla" else None
    return Extras(dispatch_s=1e-5, concrete_dispatch_s=5e-6, naive_s=1e-3, synced_s=1e-3, cost=cost, ceilings=top)


def measurement(records: Any, mode: str, *, scale_s: float = 0.001, count: int = ROUNDS, **changes: Any) -> Measurement:
    """Make a measurement of some invocations."""
    first_s = FIRST_S[mode]
    parts = {
        "eager": {"trace_s": 0.0, "compile_s": 0.0, "first_run_s": first_s},
        "graph": {"trace_s": 0.6 * first_s, "compile_s": 0.0, "first_run_s": 0.4 * first_s},
        "xla": {"trace_s": 0.2 * first_s, "compile_s": 0.7 * first_s, "first_run_s": 0.1 * first_s},
    }[mode]
    several = changes.pop("invocations", INVOCATIONS)
    done = tuple(
        records.invocation(
            rounds(scale_s * FACTORS[mode], i, count),
            index=i,
            iterations=1,
            ledger=records.ledger(build_s=0.05, graph_ops=20, **parts),
            extras=extras(mode),
            conditions=records.conditions(),
        )
        for i in range(1, several + 1)
    )
    of_case = {k: changes.pop(k) for k in ("workload", "implementation", "params", "placement") if k in changes}
    found: Measurement = records.measurement(case=records.case(mode=mode, **of_case), invocations=done, **changes)
    return found


def sequence(mode: str, *, fixed: bool, name: str = "lengths", workload: str = "toy") -> calls.Sequence:
    """Make three calls, of which the second is traced again if not fixed."""
    cause = Cause(kind=calls.SHAPE, argument="x", before="[32]", after="[24]", fix="pad it")
    first = Trace(function="step", file="toy.py", line=3, seconds=0.2, first=True, causes=())
    again = replace(first, first=False, causes=(cause,))
    compiles = int(mode == "xla")

    def call(label: str, *traces: Trace) -> Call:
        several = compiles * len(traces)
        return Call(
            label=label,
            seconds=0.05 + 0.5 * len(traces),
            traces=traces,
            compiles=several,
            compile_s=0.25 * several,
            rss_bytes=2**20,
            compiled=("step",) * several,
        )

    done = (call("32", first), call("24", *(() if fixed else (again,))), call("32"))
    return calls.Sequence(workload=workload, mode=mode, name=name, fix="pad it", fixed=fixed, calls=done)


def op_table(case_id: str, names: Sequence[str] = ("MatMul", "Add")) -> OpTable:
    """Make an op table: half of a step in operations, the rest in Python and idle."""
    said = [(names[0], "MatMul", profile.XLA, 0.003), (names[1], "Add", profile.XLA, 0.001)]
    said += [("Python", "Python", profile.PYTHON, 0.002), ("dispatch", "dispatch", profile.RUNTIME, 0.001)]
    return OpTable(
        case_id=case_id,
        steps=4,
        step_s=0.008,
        median_step_s=0.008,
        idle_s=0.001,
        overlap_s=0.0,
        launch_gap_s=None,
        operations=tuple(
            Operation(name=n, type=t, kind=k, device="host", count=1.0, total_s=s, self_s=s, wall_s=s)
            for n, t, k, s in said
        ),
    )


def profiled(case_id: str) -> Profile:
    """Make what a run says of a profile."""
    return Profile(case_id=case_id, steps=4, step_s=0.008, traced_s=0.008, plain_s=0.007, trace_bytes=2048)


def everything(records: Any) -> Run:
    """Give a run with something for each part of the page."""
    toys = [
        measurement(records, mode, implementation=implementation, scale_s=scale_s)
        for implementation, scale_s in (("by_hand", 0.001), ("library", 0.0015))
        for mode in MODES
    ]
    busy = Finding(kind="busy", text="busy machine: load 3.0 on 2 cores")
    toys[1] = replace(toys[1], health=(busy,))
    wide = [
        measurement(records, mode, workload="wide", placement=Placement(threads=threads), scale_s=0.002 / threads**0.5)
        for threads in (1, 2)
        for mode in MODES
    ]
    failed = records.failure(case=records.case(mode="graph", workload="wide", implementation="library"))
    skipped = records.skip(case=records.case(mode="xla", workload="wide", implementation="library"))
    found: Run = records.run(
        software=(records.software(),),
        data_note="synthetic images",
        command="tfbench run --profile 'toy'",
        measurements=(*toys, *wide),
        failures=(failed,),
        skips=(skipped,),
        sequences=tuple(sequence(mode, fixed=fixed) for mode in ("graph", "xla") for fixed in (False, True)),
        profiles=tuple(profiled(m.case.id) for m in toys[:3]),
    )
    return found


def harmful(records: Any) -> Run:
    """Give a run whose texts are those of somebody who means harm."""
    names = dict(zip(("workload", "implementation", "value", "unit", "device", "host"), HARMFUL, strict=True))
    case = {
        "workload": names["workload"] + TEMPLATE,
        "implementation": names["implementation"] + ESCAPE,
        "params": ((PATH, TEMPLATE), (LONG, SCRIPT)),
        "placement": Placement(interpreter=IMAGE + ESCAPE),
    }
    common = {
        "baseline": (case["implementation"], "eager"),
        "unit": SCRIPT,
        "data": IMAGE,
        "device": ESCAPE + LONG,
        "caution": SCRIPT + TEMPLATE,
        "shapes": TEMPLATE,
        "health": tuple(Finding(kind="busy", text=text) for text in HARMFUL),
    }
    made = [measurement(records, mode, **case, **common) for mode in MODES]
    pairs = zip(HARMFUL[::2], HARMFUL[1::2], strict=True)
    other = [measurement(records, m, workload=one, implementation=two) for one, two in pairs for m in MODES[::2]]
    first = made[0].case
    found: Run = records.run(
        name=PATH + SCRIPT,
        started=SCRIPT,
        status=SCRIPT,
        command=ESCAPE + TEMPLATE,
        options={SCRIPT: ESCAPE},
        host=records.host(name=LONG + IMAGE, cpu=SCRIPT, system=ESCAPE, git_commit=TEMPLATE),
        software=(records.software(tensorflow=SCRIPT, interpreter=IMAGE + ESCAPE, devices=HARMFUL, xla_flags=SCRIPT),),
        data_note=SCRIPT,
        measurements=(*made, *other),
        failures=tuple(
            records.failure(case=replace(first, workload=text), type=text, message=text, stderr=HARMFUL)
            for text in HARMFUL
        ),
        skips=tuple(records.skip(case=replace(first, implementation=text), reason=text) for text in HARMFUL),
        sequences=tuple(sequence("xla", fixed=False, name=text, workload=first.workload) for text in HARMFUL),
        ledger_notes=HARMFUL,
        profiles=tuple(profiled(m.case.id) for m in made),
        profile_notes=HARMFUL,
    )
    return found


def machines(records: Any, hosts: Sequence[str] = ("one", "two", "three"), **changes: Any) -> list[Run]:
    """Give a run on each of some hosts, each slower than the one before, and less so the larger the batch."""
    made = []
    for number, host in enumerate(hosts):
        done = [
            measurement(
                records,
                mode,
                params=(("batch_size", size),),
                scale_s=0.0001 * size ** (1 - 0.2 * number) * 2**number,
                work_per_call=size,
                **changes,
            )
            for size in (8, 32, 128)
            for mode in MODES
        ]
        made.append(records.run(name=f"run-{number}-{host}", host=records.host(name=host), measurements=tuple(done)))
    return made


def series(records: Any, folder: Path, *, count: int = 14, names: Sequence[str] = ("toy", "box", "abc")) -> Path:
    """Write runs of two cases, a day apart, of which one takes 25 % longer from the middle on; give their folder."""
    workload, host, commit = names
    for i in range(count):
        slower = 1.25 if i >= count // 2 else 1.0
        cases = [
            records.timed(slower * (0.1 + 0.0001 * (i % 3)), slower * 0.1, workload=workload),
            records.timed(0.05 + 0.0001 * (i % 2), 0.05, workload=workload, mode="xla"),
        ]
        run = records.run(
            name=f"run-{i:02d}",
            started=f"2026-11-{i + 1:02d}T00:00:00+00:00",
            host=records.host(name=host, git_commit=f"{commit}{i}"),
            software=(records.software(),),
            measurements=tuple(cases[: 1 if i == 3 else 2]),
            failures=(records.failure(case=cases[1].case),) if i == 3 else (),
        )
        records.write(run, folder)
    return folder


def large(records: Any) -> Run:
    """Give a run of the size of a default one: 28 cases in 4 workloads, 5 invocations, 60 rounds each."""
    made = [
        measurement(records, mode, workload=f"workload_{i}", implementation=f"way_{k}", invocations=5, count=60)
        for i in range(4)
        for k in range(2 if i % 2 else 3)
        for mode in MODES
    ]
    found: Run = records.run(measurements=tuple(made[:28]), software=(records.software(),))
    return found


def write(records: Any, run: Run, folder: Path, names: Sequence[str] = ("MatMul", "Add")) -> Path:
    """Write a run and the op tables of its profiles; give its folder."""
    place = folder / "run"
    named: Path = records.write(replace(run, name="run"), folder)
    assert named == place
    content = json.loads((place / "run.json").read_text(encoding="utf-8"))
    content["tfbench"]["name"] = run.name
    (place / "run.json").write_text(json.dumps(content), encoding="utf-8")
    for one in run.profiles:
        # What a reader calls the case: whoever means harm would see to it that it is found.
        beside = place / files.PROFILES / files.case_folder(printable.printable(one.case_id))
        beside.mkdir(parents=True)
        table = codec.encode(op_table(one.case_id, names))
        (beside / profile.OPS_FILE).write_text(json.dumps(table), encoding="utf-8")
    return place
