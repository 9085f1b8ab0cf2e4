"""Ask pytest-benchmark and pyperf which cases of one tfbench run they would call a regression against another."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tfbench.bench.record import Run

REPLAYING = """
import json, os
import pytest
from tfbench.bench import replay

TIMES = json.load(open(os.environ["TFBENCH_TIMES"]))


@pytest.mark.benchmark(timer=replay.CLOCK.read)
@pytest.mark.parametrize("case", sorted(TIMES))
def test_case(case, benchmark):
    replay.CLOCK.load(tuple(TIMES[case]))
    benchmark.pedantic(replay.CLOCK.advance, rounds=len(TIMES[case]), iterations=1)
"""
FAILED = re.compile(r"test_case\[([^\]]+)\].*PercentageRegressionCheck", re.DOTALL)


def _pytest(folder: Path, run: Run, *options: str) -> str:
    """Let pytest-benchmark see the times of a run, and give what pytest says."""
    times = folder / f"{run.name}.times.json"
    times.write_text(json.dumps({m.case.id: m.call_s for m in run.measurements}))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", "."]
    done = subprocess.run(
        [*command, *options, "test_times.py"],
        cwd=folder,
        env={**os.environ, "TFBENCH_TIMES": str(times), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def pytest_benchmark_fails(base: Run, new: Run, *, gate: str = "median:5%") -> set[str]:
    """Give the ids of the cases that `pytest --benchmark-compare --benchmark-compare-fail` calls a regression.

    Raises:
        RuntimeError: pytest-benchmark did not compare.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_times.py").write_text(REPLAYING)
        _pytest(folder, base, "--benchmark-save=base")
        said = _pytest(folder, new, "--benchmark-compare=0001", f"--benchmark-compare-fail={gate}")
    if "Comparing against benchmarks" not in said:
        raise RuntimeError(f"pytest-benchmark did not compare:\n{said[-2000:]}")
    lines = [line for line in said.splitlines() if "PercentageRegressionCheck" in line]
    return {found[1] for line in lines if (found := FAILED.search(line))}


def _to_pyperf(run: Run, path: Path) -> None:
    """Write the run as pyperf's JSON: a run an invocation, a value a round."""
    import pyperf

    suite = [
        pyperf.Benchmark(
            [
                pyperf.Run(
                    list(done.call_s),
                    metadata={"name": measurement.case.id, "unit": "second"},
                    collect_metadata=False,
                )
                for done in measurement.invocations
            ]
        )
        for measurement in run.measurements
    ]
    pyperf.BenchmarkSuite(suite).dump(str(path))


def pyperf_fails(base: Run, new: Run, *, percent: float = 5.0) -> set[str]:
    """Give the ids of the cases that `pyperf compare_to --min-speed` calls significantly slower.

    Raises:
        RuntimeError: pyperf did not compare.
    """
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name) / f"{side}.json" for side in ("base", "new")]
        for run, path in zip((base, new), paths, strict=True):
            _to_pyperf(run, path)
        command = [sys.executable, "-m", "pyperf", "compare_to", f"--min-speed={percent:g}", *map(str, paths)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"pyperf did not compare:\n{done.stderr[-2000:]}")
    return _slower(done.stdout, [measurement.case.id for measurement in new.measurements])


def _slower(said: str, ids: list[str]) -> set[str]:
    """Read pyperf's blocks: a title with the name, then a line that ends in `1.06x slower`."""
    if len(ids) == 1:
        return set(ids) if "x slower" in said else set()
    found: set[str] = set()
    title = ""
    for line in said.splitlines():
        if line in ids:
            title = line
        elif "x slower" in line and not line.startswith("Geometric mean"):
            found.add(title)
    return found


def versions() -> dict[str, str]:
    """Give the versions of both."""
    import pyperf
    import pytest_benchmark

    modules: tuple[Any, ...] = (pytest_benchmark, pyperf)
    return {module.__name__: module.__version__ for module in modules}
