"""Measure how tfbench reads many runs, with made-up ones: import, one case's history, and the summary frame.

    make many-runs    # writes docs/many-runs.md

Takes about 5 GB of disk for the largest number of runs. Each figure is of a process of its own, start and imports
included: `time` is by the clock, `CPU` of all its threads, `memory` its largest resident set.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from statistics import median

import numpy as np
from tfbench.bench import environment, store
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
TURNS = 3
BAR_S, BAR_TIMES, MISSED = 2.0, 10.0, "NOT met"


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Hold what a process used: seconds by the clock, seconds of CPU, and its largest resident set in bytes."""

    wall_s: float
    cpu_s: float
    rss_bytes: int


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


def run(command: Sequence[str | Path], folder: Path) -> tuple[Used, str]:
    """Run a command to its end; give what it used and what it printed; RuntimeError if it failed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        start = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), cwd=folder, stdout=said)
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise RuntimeError(f"{command[:4]} failed with exit code {process.returncode}")
    return _used(wall_s, used), text


def _used(wall_s: float, used: resource.struct_rusage) -> Used:
    return Used(wall_s=wall_s, cpu_s=used.ru_utime + used.ru_stime, rss_bytes=used.ru_maxrss * 1024)


def tfbench(*arguments: str | Path) -> list[str | Path]:
    """Give the command line of tfbench in this Python."""
    return [sys.executable, "-c", "from tfbench.reports.cli import entry; entry()", *arguments]


READ = """
import json, sys, time
start = time.perf_counter()
from tfbench.reports import history
imported = time.perf_counter()
table = history.read([sys.argv[1]], part=sys.argv[2])
read = time.perf_counter()
(series,) = history.series(table)
done = time.perf_counter()
print(json.dumps([imported - start, read - imported, done - read, len(series.points), len(series.changes)]))
"""

LOAD = """
import sys, time
from pathlib import Path
start = time.perf_counter()
from tfbench.reports import frame
imported = time.perf_counter()
rows = frame.load_summary(sorted(Path(sys.argv[1]).glob("*/run.json")))
print(len(rows), time.perf_counter() - imported)
"""


def scale_row(folder: Path, count: int) -> tuple[str, float]:
    """Import so many runs, and follow one case over them; give a row of the table, and the seconds of reading."""
    write_runs(folder / "results", count)
    imported, said = run(tfbench("import", "results", "--store", "store"), folder)
    if not said.startswith(f"{count:,} runs added"):
        raise RuntimeError(f"not all runs were imported: {said}")
    size = sum(path.stat().st_size for path in (folder / "store").iterdir())
    shown, _ = run(tfbench("history", "--store", "store", "--case", CASE), folder)
    _, text = run([sys.executable, "-c", READ, "store", CASE], folder)
    _, read_s, steps_s, points, changes = json.loads(text)
    if (points, changes) != (count, 1):
        raise RuntimeError(f"{points} points with {changes} steps, not {count} with one")
    cells = (
        f"{count:,}",
        f"{imported.wall_s:.1f} s",
        f"{1e3 * imported.wall_s / count:.2f} ms",
        f"{imported.cpu_s:.1f} s",
        f"{imported.rss_bytes / 2**20:,.0f} MiB",
        f"{size / 2**20:.1f} MiB",
        f"{shown.wall_s:.2f} s",
        f"{shown.rss_bytes / 2**20:,.0f} MiB",
        f"{read_s:.3f} s",
        f"{steps_s:.3f} s",
    )
    return "| " + " | ".join(cells) + " |", read_s


def compared(folder: Path, count: int) -> tuple[list[str], float]:
    """Load the same files with tfbench and with `pytest-benchmark compare`, in turns; give rows and times faster."""
    paths = write_runs(folder / "results", count)
    program = Path(sys.executable).with_name("pytest-benchmark")
    found: dict[str, list[Used]] = {"pytest-benchmark compare": [], "frame.load_summary": []}
    inside = []
    for _ in range(TURNS):
        theirs, _ = run([program, "--storage", (folder / "none").as_uri(), "compare", *paths], folder)
        ours, said = run([sys.executable, "-c", LOAD, "results"], folder)
        rows, seconds = said.split()
        if int(rows) != count * (CASES + 1):
            raise RuntimeError(f"{rows} rows, not {count * (CASES + 1)}")
        inside.append(float(seconds))
        for used, one in zip(found.values(), (theirs, ours), strict=True):
            used.append(one)
    middle = {name: median(one.wall_s for one in used) for name, used in found.items()}
    lines = [
        f"| {name} | {middle[name]:.2f} s | {median(one.cpu_s for one in used):.2f} s "
        f"| {max(one.rss_bytes for one in used) / 2**20:,.0f} MiB |"
        for name, used in found.items()
    ]
    lines.append(f"| the call `load_summary` alone | {median(inside):.2f} s | | |")
    return lines, middle["pytest-benchmark compare"] / middle["frame.load_summary"]


def met(holds: bool) -> str:  # noqa: FBT001 - a fact, not a switch
    """Say whether a bar is met."""
    return "met" if holds else MISSED


def document(counts: Sequence[int], files: int) -> Iterator[str]:
    """Measure, and write docs/many-runs.md line by line."""
    host = environment.host()
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("pyarrow", "pandas", "pytest-benchmark"))
    yield "# Many runs\n"
    yield f"Written by `make many-runs` on {datetime.now(UTC):%Y-%m-%d}, on\n"
    yield f"- {host.name}: {host.cpu}, {len(host.affinity)} of {host.cores} cores, load {host.load_1m:g} at the start"
    yield f"- Python {platform.python_version()}, {packages}\n"
    yield f"The runs are made up: {CASES} cases and a skip, {INVOCATIONS} invocations of {ROUNDS} rounds, each file as"
    yield "`tfbench run` writes it. Figures are of whole processes, their start and imports included.\n"
    yield "## Import, and one case's history from the store\n"
    yield "| runs | import | each | CPU | memory | store | `history --case` | memory | of it reading | steps |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            row, read_s = scale_row(Path(name), count)
            yield row
    yield f"\nOne case over {counts[-1]:,} runs must be read in under {BAR_S:g} s: {met(read_s < BAR_S)}.\n"
    yield f"## {files:,} run.json\n"
    yield "| | time | CPU | memory |"
    yield "| --- | ---: | ---: | ---: |"
    with tempfile.TemporaryDirectory() as name:
        lines, times = compared(Path(name), files)
    yield from lines
    yield f"\nMedians of {TURNS} turns. tfbench takes {times:.1f} times less; {BAR_TIMES:g} times is the bar:"
    yield f"{met(times >= BAR_TIMES)}."


def main() -> int:
    """Measure and print the document as it grows; fail if a bar is missed."""
    parser = argparse.ArgumentParser(description="Measure how tfbench reads many runs.", allow_abbrev=False)
    parser.add_argument("--runs", default="1000,3000,10000", help="how many runs to import (default %(default)s)")
    parser.add_argument("--files", type=int, default=1000, help="how many run.json to compare with (default 1000)")
    arguments = parser.parse_args()
    missed = False
    for line in document([int(text) for text in arguments.runs.split(",")], arguments.files):
        print(line, flush=True)
        missed = missed or MISSED in line
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
