"""Make up runs, as many as are wanted, that differ from real ones in nothing but their numbers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from tfbench.bench import store
from tfbench.bench.case import Case
from tfbench.bench.extras import Ceilings, Cost, Extras
from tfbench.bench.machine import Conditions, Host, Software
from tfbench.bench.record import COMPLETE, Check, Finding, Invocation, Ledger, Measurement, Run, Skip

MODES = {"eager": 20e-3, "graph": 2e-3, "xla": 1e-3}  # seconds a call
WORKLOADS, SIZES = ("mlp", "cnn", "attention", "embedding", "layer_norm"), (32, 64, 128, 256)
CASES, INVOCATIONS, ROUNDS = 50, 5, 10  # a default run has 5 to 11 rounds where several cases share a worker
TEMPLATES = 20  # runs that are truly different; the others are these with names and times of their own
STEP, HALF = 1.1, 0.5  # from the middle of the series on everything takes 10 % longer
CASE = "attention-custom-batch_size=32-xla-cpu"
NAME, STARTED, COMMIT = "@name@", "@started@", "@commit@"


def invocation(rng: np.random.Generator, index: int, seconds: float, *, compiled: bool) -> Invocation:
    """Make up what a worker measured of a case: every field that a real one has."""
    rounds = seconds * np.exp(rng.normal(0.0, 0.02) + rng.normal(0.0, 0.05, ROUNDS))

    def some(scale: float) -> float:
        return float(rng.random()) * scale

    ledger = Ledger(
        build_s=some(0.1),
        trace_s=some(0.1),
        compile_s=some(0.5) if compiled else 0.0,
        first_run_s=some(0.1),
        first_call_s=some(1.0),
        traces=1,
        compiles=int(compiled),
        graph_ops=331,
        first_call_bytes=3_899_392,
        trace_bytes=368_640,
        compile_bytes=3_530_752,
    )
    cost = Cost(flops=370_016, bytes_accessed=370_016, fusions=3, instructions=6) if compiled else None
    return Invocation(
        index=index,
        ledger=ledger,
        check=Check(calls=1, max_abs_error=some(1e-6), max_rel_error=some(1e-6), scaled_error=some(1e-6), epsilon=1e-7),
        iterations=4,
        round_s=tuple((4 * rounds).tolist()),
        blocks=tuple(range(ROUNDS)),
        sync_s=some(1e-5),
        peak_rss_bytes=713_961_472,
        conditions=Conditions(
            load_1m=1.41, others_share=0.0043, steal_share=0.0083, throttled=0, clock_mhz=(2445.4, 2445.4)
        ),
        pace_s=2e-4 * (1 + some(0.01)),
        extras=Extras(
            dispatch_s=some(1e-3),
            concrete_dispatch_s=some(1e-3),
            naive_s=some(1e-3),
            synced_s=some(1e-3),
            cost=cost,
            ceilings=Ceilings(flop_per_s=1.3e11, byte_per_s=3.5e10),
        ),
    )


def measurements(rng: np.random.Generator, scale: float) -> Iterator[Measurement]:
    """Make up the cases of a run."""
    cases = ((w, n, mode) for w in WORKLOADS for n in SIZES for mode in MODES)
    for workload, size, mode in list(cases)[:CASES]:
        seconds = MODES[mode] * size / SIZES[0] * scale
        done = (invocation(rng, i + 1, seconds, compiled=mode == "xla") for i in range(INVOCATIONS))
        yield Measurement(
            case=Case(workload=workload, implementation="custom", params=(("batch_size", size),), mode=mode),
            baseline=("custom", "eager"),
            unit="examples",
            work_per_call=size,
            data="real: 60000 images",
            device="AMD EPYC",
            invocations=tuple(done),
            content="74b545d9390d6198",
            shapes=f"float32[{size},784] int32[{size}] -> float32[]",
            health=(Finding(kind="busy", text="busy machine: other processes took up to 12 % of the cores"),),
        )


def template(number: int) -> str:
    """Make up a run and give its run.json, with marks for what is its own."""
    rng = np.random.default_rng(number)
    host = Host(
        name="box",
        system="Linux 6",
        cpu="AMD EPYC",
        cores=2,
        affinity=(0, 1),
        memory_bytes=2**34,
        load_1m=0.5,
        python="3.11.9",
        git_commit=COMMIT,
    )
    software = Software(
        python="3.11.9",
        tensorflow="2.21.0",
        keras="3.15.1",
        numpy="2.4.6",
        onednn=True,
        xla_flags="",
        tf_xla_flags="",
        intra_op_threads=0,
        inter_op_threads=0,
        eager_async=False,
        traces_counted=True,
        devices=("/physical_device:CPU:0",),
    )
    done = tuple(measurements(rng, STEP if number >= TEMPLATES * HALF else 1.0))
    skip = Skip(case=replace(done[0].case, implementation="unrolled"), reason="too large")
    run = Run(
        name=NAME,
        started=STARTED,
        status=COMPLETE,
        command="tfbench run",
        options={"out": "results"},
        host=host,
        software=(software,),
        measurements=done,
        skips=(skip,),
    )
    return store.to_text(store.to_json(run, {"node": "box"}, {"id": COMMIT}))


def write_runs(folder: Path, count: int) -> list[Path]:
    """Write so many runs, an hour apart; from the middle on all cases take longer."""
    texts = [template(number) for number in range(TEMPLATES)]
    half, first, paths = round(TEMPLATES * HALF), datetime(2025, 1, 1, tzinfo=UTC), []
    rng = np.random.default_rng(0)
    for i in range(count):
        started = first + timedelta(hours=i)
        own = {NAME: f"{started:%Y%m%dT%H%M%SZ}-box", STARTED: started.isoformat(), COMMIT: f"{i:040x}"}
        text = texts[int(rng.integers(half)) + (half if i >= count * HALF else 0)]
        for mark, value in own.items():
            text = text.replace(mark, value)
        paths.append(folder / own[NAME] / store.FILE)
        paths[-1].parent.mkdir(parents=True)
        paths[-1].write_text(text, encoding="utf-8")
    return paths
