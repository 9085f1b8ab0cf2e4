"""tfbench's own proof: are its intervals, verdicts and gates right on this machine? Writes docs/calibration.md."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import known_duration
import overhead
import paying_back
import trials
from tfbench.bench import files, store
from tfbench.bench.record import COMPLETE, Run
from tfbench.reports import tables

HERE = Path(__file__).parent
WORKLOADS = HERE / "calibration_workloads.py"
RUNS = 8
LIMIT_S = 13 * 60.0  # for the runs; what comes after takes about 5 minutes
IMPLEMENTATIONS = "tensor_loop,custom_loop,custom,data_parallel"


def measure(out: Path, *options: str) -> Run:
    """Measure as a user would, with the command line.

    Raises:
        RuntimeError: the run failed.
    """
    command = [Path(sys.executable).with_name("tfbench"), "run", *options, "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"a calibration run failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return store.load(out)


def measure_all(out: Path, *, runs: int, limit_s: float, clock: Callable[[], float] = time.monotonic) -> Iterator[Run]:
    """Measure as many runs as fit into the time, at most `runs`; say how far it is."""
    start = clock()
    for i in range(runs):
        took = clock() - start
        if i and took + took / i > limit_s:
            say(f"the time is up after {i} of {runs} runs")
            return
        say(f"run {i + 1} of {runs}, {took / 60:.1f} min so far")
        yield measure(out, "calibration", "--workloads", str(WORKLOADS), "--mode", "graph,xla", "--timing-only")


def kept(out: Path) -> tuple[list[Run], Run | None]:
    """Give the whole calibration runs that a folder holds, oldest first, and its last run of the four workloads."""
    found = [store.load(path) for path in sorted(out.glob("*/run.json")) if not path.parent.is_symlink()]
    whole = [run for run in found if run.status == COMPLETE and run.measurements]
    mine = [run for run in whole if run.measurements[0].case.workload == "calibration"]
    return mine, next((run for run in reversed(whole) if run not in mine), None)


def say(text: str) -> None:
    """Tell how it goes, on stderr."""
    print(f"calibrate: {text}", file=sys.stderr, flush=True)


def page(bars: Sequence[trials.Bar], sections: Sequence[tuple[str, str]], runs: Sequence[Run], took: str) -> str:
    """Write the page: what was measured and where, the bars, and the tables behind them."""
    today = datetime.now(UTC).date().isoformat()
    machine = "\n".join(f"- {line}" for line in tables.footer(runs[0]))
    rows = "\n".join(f"| {bar.what} | {bar.wanted} | {bar.seen} | {'yes' if bar.holds else '**no**'} |" for bar in bars)
    done = sum(len(m.invocations[0].round_s) for m in runs[0].measurements) / len(runs[0].measurements)
    measured = (
        f"From {len(runs)} runs of `benchmarks/calibration_workloads.py` with the default options, "
        f"{runs[0].started[11:16]} to {runs[-1].started[11:16]} UTC: "
        f"{len(runs[0].measurements)} cases each, {len(runs[0].measurements[0].invocations)} invocations of about "
        f"{done:.0f} rounds a case."
    )
    parts = [
        "# Calibration: is tfbench right about itself?",
        f"Written by `make calibrate` on {today}, in {took}, on\n\n{machine}",
        measured,
        "| what | must hold | seen | holds |\n| --- | --- | --- | --- |\n" + rows,
        *(f"## {title}\n\n{text.rstrip()}" for title, text in sections),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """Measure, write the page, and give 1 if a bar does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE.parent / "docs" / "calibration.md", help="the page")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of all cases (default {RUNS})")
    parser.add_argument("--results", type=Path, help="keep the runs in this folder, and use those that it holds")
    arguments = parser.parse_args()
    start = time.monotonic()
    say("busy loops of known duration")
    biases = known_duration.measure()
    say("what timing adds to a call")
    added = overhead.measure()
    with tempfile.TemporaryDirectory() as scratch:
        out = arguments.results or Path(scratch)
        runs, four = kept(out)
        before = len(runs)
        say(f"{before} runs kept from before")
        left_s = LIMIT_S - (time.monotonic() - start)
        runs += measure_all(out, runs=arguments.runs - len(runs), limit_s=left_s)
        say("the four workloads, and whether their modes pay back when predicted")
        four = four or measure(out, "--implementation", IMPLEMENTATIONS, "--timing-only")
        paid = paying_back.measure(four, os.environ.get("TFBENCH_FASHION_MNIST", ""))
    say("comparing")
    bars = [*trials.paired(runs), *trials.slowed(runs), *trials.separate(runs)]
    bars += [trials.bar_of_overhead(added), trials.bar_of_bias(biases), trials.bar_of_paying_back(paid)]
    sections = [
        ("What timing adds to a call", overhead.table(added)),
        ("A callable of known duration", known_duration.table(biases)),
        ("Does a mode pay back when it was predicted to?", paying_back.table(paid)),
    ]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    took = f"{(time.monotonic() - start) / 60:.0f} minutes" + (f", with {before} runs made before" if before else "")
    text = page(bars, sections, runs, took)
    files.write_atomically(arguments.out, text)
    print(text)
    say(f"written to {arguments.out}")
    return 0 if all(bar.holds for bar in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
