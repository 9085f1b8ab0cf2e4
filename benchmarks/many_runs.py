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
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median

from made_up_runs import CASE, CASES, INVOCATIONS, ROUNDS, write_runs
from tfbench.bench import environment

TURNS = 3
BAR_S, BAR_TIMES, MISSED = 2.0, 10.0, "NOT met"


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Hold what a process used: seconds by the clock, seconds of CPU, and its largest resident set in bytes."""

    wall_s: float
    cpu_s: float
    rss_bytes: int


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
