"""Check the break-even prediction by doing it: call each mode from its first call on, and compare the totals."""

import argparse
import json
import math
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from tfbench.bench import codec
from tfbench.bench.case import Case
from tfbench.bench.mode import MODES
from tfbench.bench.record import Measurement, Run
from tfbench.reports import breakeven
from tfbench.reports.breakeven import BreakEven

REPEATS = 3
MOST_S = 5.0  # a prediction that takes longer is not tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Hold one prediction and what came of it.

    Attributes:
        predicted: the prediction.
        half_s, twice_s: seconds that the slower and the faster mode took for half and for twice the predicted calls.
    """

    predicted: BreakEven
    half_s: tuple[float, float]
    twice_s: tuple[float, float]

    @property
    def holds(self) -> bool:
        """Tell whether the faster mode had not paid back at half the calls, and had at twice.

        Where it pays back at once, there is no half of a call.
        """
        not_yet = (self.predicted.calls or 1.0) <= 1 or self.half_s[1] >= self.half_s[0]
        return not_yet and self.twice_s[1] < self.twice_s[0]

    @property
    def promised(self) -> bool:
        """Tell whether the prediction says so: its interval lies between half and twice the predicted calls."""
        found = self.predicted
        if found.calls is None or found.word == breakeven.AT_ONCE:
            return found.word == breakeven.AT_ONCE
        known = found.low is not None and found.high is not None
        return known and found.calls / 2 <= (found.low or 0.0) and (found.high or math.inf) <= 2 * found.calls


def chosen(run: Run) -> Iterator[BreakEven]:
    """Give the predictions to try: of each workload, the first implementation that runs in every mode."""
    workloads = dict.fromkeys(m.case.workload for m in run.measurements)
    for workload in workloads:
        families: dict[Case, list[Measurement]] = {}
        for m in run.measurements:
            if m.case.workload == workload:
                families.setdefault(replace(m.case, mode=MODES[0]), []).append(m)
        whole = next((family for family in families.values() if len(family) == len(MODES)), [])
        for found in breakeven.of_run(whole):
            pays = found.word in (breakeven.AT_ONCE, breakeven.LATER)
            if pays and found.seconds is not None and found.seconds < MOST_S:
                yield found


def counts(found: BreakEven) -> tuple[int, int]:
    """Give half and twice the predicted number of calls, whole ones, at least 1."""
    calls = found.calls or 1.0
    return max(1, math.floor(calls / 2)), math.ceil(2 * calls)


def totals(case: Case, wanted: Sequence[int], data: str) -> dict[int, float]:
    """Start a fresh process that calls a case from its first call on; give the seconds after so many calls."""
    command = [sys.executable, __file__, "--child", json.dumps(codec.encode(case)), "--data", data]
    command += ["--calls", ",".join(str(count) for count in sorted(set(wanted)))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{case.id} failed:\n{done.stderr[-2000:]}")
    found: dict[int, float] = {int(count): seconds for count, seconds in json.loads(done.stdout.splitlines()[-1])}
    return found


def measure(run: Run, data: str = "", *, seed: int = 0) -> list[Trial]:
    """Try every chosen prediction of a run, three fresh processes a case, in random order; medians count."""
    predictions = list(chosen(run))
    cases = {m.case.id: m.case for m in run.measurements}
    wanted: dict[str, list[int]] = {}
    for found in predictions:
        for case_id in (found.slow, found.fast):
            wanted.setdefault(case_id, []).extend(counts(found))
    rng = random.Random(seed)
    tries: list[dict[str, dict[int, float]]] = []
    for _ in range(REPEATS):
        order = rng.sample(list(wanted), len(wanted))
        tries.append({case_id: totals(cases[case_id], wanted[case_id], data) for case_id in order})

    def took(case_id: str, calls: int) -> float:
        return median(one[case_id][calls] for one in tries)

    trials = []
    for found in predictions:
        half, twice = counts(found)
        pairs = [(took(found.slow, calls), took(found.fast, calls)) for calls in (half, twice)]
        trials.append(Trial(predicted=found, half_s=pairs[0], twice_s=pairs[1]))
    return trials


def passes(trials: Sequence[Trial]) -> bool:
    """Tell whether every prediction held, also those whose interval is too wide to promise it."""
    return bool(trials) and all(trial.holds for trial in trials)


def table(trials: Sequence[Trial]) -> str:
    """Write the trials as Markdown."""
    lines = ["| faster | slower | predicted calls | at half: slower, faster | at twice: slower, faster | holds |"]
    # Seconds that the two modes took; a prediction whose interval is wider than half to twice promises nothing.
    lines.append("| --- | --- | ---: | ---: | ---: | --- |")
    for one in trials:
        ends = [f"{1e3 * slow:.1f} ms, {1e3 * fast:.1f} ms" for slow, fast in (one.half_s, one.twice_s)]
        found = one.predicted
        calls = f"{found.calls or 0:.0f} [{found.low or 0:.0f}, {found.high or math.inf:.0f}]"
        calls = found.word if found.word == breakeven.AT_ONCE else calls
        told = f"| {one.predicted.fast} | {one.predicted.slow} | {calls} "
        word = ("yes" if one.holds else "no") if one.promised else f"{'yes' if one.holds else 'no'} (wide interval)"
        lines.append(f"{told}| {ends[0]} | {ends[1]} | {word} |")
    return "\n".join(lines) + "\n"


def child(case: Case, calls: Sequence[int], data: str) -> None:
    """Build a case in this process, call it, and print the seconds since the first call at each of the counts."""
    from tfbench.bench import devices, environment, group, ledger
    from tfbench.bench.protocol import Request
    from tfbench.workloads.catalog import catalog

    placed = devices.configure(case.placement, cpu_model=environment.host().cpu)
    with placed.scope():
        ledger.warm_up_process()
        request = Request(cases=(case,), data_kind="folder" if data else "synthetic", data_folder=data)
        program = catalog()[case.workload].build(group.make_job(case, request, placed))
        import tensorflow as tf

        tf.test.experimental.sync_devices()
        found = []
        start = time.perf_counter()
        for done in range(1, max(calls) + 1):
            program.step(*program.inputs[(done - 1) % len(program.inputs)])
            if done in calls:
                tf.test.experimental.sync_devices()
                found.append((done, time.perf_counter() - start))
    print(json.dumps(found))


def main() -> int:
    """Try the predictions of a run, or be the child that calls one case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", nargs="?", type=Path, default=Path("results"), help="a run (default results/latest)")
    parser.add_argument("--data", default="", help="folder with Fashion-MNIST's own idx files")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--calls", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        wanted = [int(text) for text in arguments.calls.split(",")]
        child(codec.decode(Case, json.loads(arguments.child)), wanted, arguments.data)
        return 0
    from tfbench.bench import store

    trials = measure(store.load(arguments.run), arguments.data)
    print(table(trials), end="")
    return 0 if passes(trials) else 1


if __name__ == "__main__":
    sys.exit(main())
