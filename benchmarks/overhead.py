"""Measure what a timing tool adds to a call, against a bare `perf_counter` loop over the same function.

    python benchmarks/overhead.py

A pair is one fresh process: the bare loop, the tool, the bare loop again. The tools take turns, a pair each, so
that drift of the machine hits all alike. Garbage collection is on in the bare loop; the function makes no garbage.
What waiting for a device costs is not in it: `sync` does nothing here. TensorFlow's takes about 12 µs a round.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from random import Random
from statistics import fmean, median

from tfbench.bench import intervals, timing
from tfbench.bench.compiling import Compiles
from tfbench.bench.ledger import Meters
from tfbench.bench.tracing import Traces
from tfbench.workloads.spec import Program

PAIRS = 15
CALLS, LOOPS = 1_000, 25  # of the bare loop, and of timeit
PLAN = timing.Plan(max_rounds=10)  # the worker's, but for the number of rounds
BAR_NS = 1_000.0
ONES = (1,) * 1_000  # summing them makes no objects, so its time is steady
TFBENCH = "tfbench"

PYTEST_FILE = """\
import overhead

def test_call(benchmark):
    before = overhead.bare_s()
    benchmark(overhead.call)
    benchmark.extra_info["bare_s"] = [before, overhead.bare_s()]
"""

# pyperf runs this file in its own process, and again in each worker: the last of them measures.
PYPERF_FILE = """\
import json
from pathlib import Path
import overhead
import pyperf

runner = pyperf.Runner()
before = overhead.bare_s() if runner.parse_args().worker else None
runner.bench_func("call", overhead.call)
if runner.args.worker:
    Path(__file__).with_name("bare.json").write_text(json.dumps([before, overhead.bare_s()]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Hold what one process timed.

    Attributes:
        bare_s: seconds a call in the bare loop, mean of before and after.
        tool_s: median seconds a call, as the tool reports it.
        calls: calls between two clock readings of the tool.
    """

    bare_s: float
    tool_s: float
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Name a timing tool, its version, and the function that times a pair with it in a folder of its own."""

    name: str
    version: str
    time_pair: Callable[[Path], Pair]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overhead:
    """Hold what a tool adds to a call.

    Attributes:
        tool: its name.
        version: its version.
        added_ns: median over the pairs of tool - bare, nanoseconds a call.
        low_ns, high_ns: ends of the 95 % interval of that median.
        bare_ns: median nanoseconds a call in the bare loop.
        calls: median number of calls between two clock readings of the tool.
        pairs: how many pairs, each in its own process.
    """

    tool: str
    version: str
    added_ns: float
    low_ns: float
    high_ns: float
    bare_ns: float
    calls: int
    pairs: int


def call() -> int:
    """Do the work that all tools time: a few microseconds."""
    return sum(ONES)


def bare_s() -> float:
    """Give the median seconds a call of bare loops."""
    function, times = call, []
    for _ in range(LOOPS):
        start = time.perf_counter()
        for _ in range(CALLS):
            function()
        times.append((time.perf_counter() - start) / CALLS)
    return median(times)


def make_meters(descriptor: int) -> Meters:
    """Give a worker's clock, no device to wait for, and counters that stand still."""
    return Meters(clock=time.perf_counter, sync=lambda: None, traces=Traces(), compiles=Compiles(descriptor=descriptor))


def time_by_tfbench() -> tuple[float, int]:
    """Time the call as a worker does: calibrate, then blocks. Give seconds a call, and calls a round."""
    program = Program(step=call, inputs=((),), expected=list, rtol=0.0, atol=0.0)
    timed = timing.Timed(id="call", program=program)
    with Path(os.devnull).open("rb") as log:
        meters = make_meters(log.fileno())
        timing.calibrate(timed, meters, PLAN)
        rounds = timing.blocks([timed], meters, PLAN, rng=Random(0), before=lambda _: None)
        return median(r.seconds for r in rounds) / timed.iterations, timed.iterations


def time_by_timeit() -> tuple[float, int]:
    """Time the call with timeit. Give seconds a call, and calls a repeat."""
    return median(timeit.repeat(call, number=CALLS, repeat=LOOPS)) / CALLS, CALLS


def tell_pair(time_by_tool: Callable[[], tuple[float, int]]) -> None:
    """Time a pair in this process and print it as JSON: a child's whole work."""
    before = bare_s()
    tool_s, calls = time_by_tool()
    print(json.dumps({"bare_s": fmean([before, bare_s()]), "tool_s": tool_s, "calls": calls}))


def run_child(folder: Path, *arguments: str) -> str:
    """Run Python in the folder, this file importable, and give what it prints; RuntimeError if it fails."""
    ours = {"PYTHONPATH": str(Path(__file__).parent), "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **ours},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def pair_of_tfbench(folder: Path) -> Pair:
    """Time a pair with tfbench."""
    return Pair(**json.loads(run_child(folder, "-c", "import overhead as o; o.tell_pair(o.time_by_tfbench)")))


def pair_of_timeit(folder: Path) -> Pair:
    """Time a pair with timeit."""
    return Pair(**json.loads(run_child(folder, "-c", "import overhead as o; o.tell_pair(o.time_by_timeit)")))


def pair_of_pytest_benchmark(folder: Path) -> Pair:
    """Time a pair in a test with pytest-benchmark's fixture, its settings left alone but for the time it takes."""
    (folder / "test_call.py").write_text(PYTEST_FILE, "utf-8")
    options = ["-q", "-c", os.devnull, "--rootdir", ".", "-p", "no:cacheprovider", "-p", "pytest_benchmark.plugin"]
    measure_briefly = ["--benchmark-max-time", "0.2", "--benchmark-json", "result.json"]
    run_child(folder, "-m", "pytest", *options, *measure_briefly, "test_call.py")
    row = json.loads((folder / "result.json").read_text("utf-8"))["benchmarks"][0]
    stats = row["stats"]
    return Pair(bare_s=fmean(row["extra_info"]["bare_s"]), tool_s=stats["median"], calls=stats["iterations"])


def pair_of_pyperf(folder: Path) -> Pair:
    """Time a pair in pyperf's worker: one process, 20 values of at least 10 ms."""
    import pyperf

    (folder / "call.py").write_text(PYPERF_FILE, "utf-8")
    measure_briefly = ["-p", "1", "-n", "20", "-w", "1", "--min-time", "0.01"]
    run_child(folder, "call.py", "-q", "-o", "result.json", "--inherit-environ", "PYTHONPATH", *measure_briefly)
    benchmark = pyperf.Benchmark.load(str(folder / "result.json"))
    bare = json.loads((folder / "bare.json").read_text("utf-8"))
    return Pair(bare_s=fmean(bare), tool_s=benchmark.median(), calls=benchmark.get_loops())


def tools() -> tuple[Tool, ...]:
    """Give the tools; raises PackageNotFoundError where one is not installed."""
    return (
        Tool(name=TFBENCH, version=metadata.version("tfbench"), time_pair=pair_of_tfbench),
        Tool(name="timeit", version=f"Python {platform.python_version()}", time_pair=pair_of_timeit),
        Tool(name="pyperf", version=metadata.version("pyperf"), time_pair=pair_of_pyperf),
        Tool(
            name="pytest-benchmark",
            version=metadata.version("pytest-benchmark"),
            time_pair=pair_of_pytest_benchmark,
        ),
    )


def summarise(tool: Tool, pairs: list[Pair]) -> Overhead:
    """Estimate what the tool adds from its pairs."""
    added = intervals.of_median([(pair.tool_s - pair.bare_s) * 1e9 for pair in pairs])
    assert added.low is not None
    assert added.high is not None
    return Overhead(
        tool=tool.name,
        version=tool.version,
        added_ns=added.middle,
        low_ns=added.low,
        high_ns=added.high,
        bare_ns=median(pair.bare_s for pair in pairs) * 1e9,
        calls=round(median(pair.calls for pair in pairs)),
        pairs=len(pairs),
    )


def measure() -> list[Overhead]:
    """Measure all tools, their pairs in turns; takes under a minute."""
    pairs: dict[Tool, list[Pair]] = {tool: [] for tool in tools()}
    for _ in range(PAIRS):
        for tool, taken in pairs.items():
            with tempfile.TemporaryDirectory() as folder:
                taken.append(tool.time_pair(Path(folder)))
    return [summarise(tool, taken) for tool, taken in pairs.items()]


def passes(rows: list[Overhead]) -> bool:
    """Tell whether tfbench adds less than the bar."""
    return all(row.added_ns < BAR_NS for row in rows if row.tool == TFBENCH)


def table(rows: list[Overhead]) -> str:
    """Write the rows as a Markdown table."""
    lines = [
        "| tool | version | added a call, ns | 95 % interval | bare call, ns | calls a clock reading | pairs |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {r.tool} | {r.version} | {r.added_ns:.1f} | {r.low_ns:.1f} to {r.high_ns:.1f} | {r.bare_ns:.0f} "
        f"| {r.calls} | {r.pairs} |"
        for r in rows
    ]
    return "\n".join(lines)


def main() -> int:
    """Print the table; fail if tfbench adds as much as the bar."""
    rows = measure()
    print(table(rows))
    return 0 if passes(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
