"""Kill parents and workers of runs at random moments, and look at what is left: `python tests/kills.py --kills 50`.

After each kill the run file must be valid, the comparison sets that were finished must all be in it, no process may be
left, and `tfbench run --resume` must complete it without touching them. Now and then the resumed run is killed, too.
Most runs are of workers without TensorFlow (toy_workloads.py), each fifth of real ones.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import toy_workloads
from tfbench.bench import store
from tfbench.bench.record import COMPLETE, Run

BOOTSTRAP = "bootstrap.py"
ENTRY = (sys.executable, "-c", "from tfbench.reports.cli import entry; entry()")
REAL = (
    "sum_loop layer_norm --implementation vectorized,custom --mode graph,xla --invocations 2 --budget 0.2 --timing-only"
)
TOY = "first_toy second_toy --full --mode eager,xla --invocations 2"
GONE_S, END_S = 30.0, 300.0
PARENT, WORKER = "parent", "worker"
LINE = re.compile(r"tfbench: (.+) \(.*\), invocation \d+ of \d+: .*")


class LeftError(Exception):
    """Say what a kill has broken."""


@dataclass(frozen=True, kw_only=True)
class Kill:
    """Hold one kill and what was found after it.

    Attributes:
        kind: `toy` or `tensorflow`.
        command: what was killed: `run` or `resume`.
        victim: `parent` or `worker`.
        after_s: when, from the start of the command.
        at: the comparison set that was being measured; empty before the first.
        finished: the comparison sets that were finished.
        left_s: how long it took until no process was left.
    """

    kind: str
    command: str
    victim: str
    after_s: float
    at: str
    finished: tuple[str, ...]
    left_s: float


class Session:
    """One command, in a session of its own by which everything it starts is found."""

    def __init__(self, arguments: Sequence[str], folder: Path) -> None:
        self._told = folder / "stderr.txt"
        self.start = time.monotonic()
        with self._told.open("wb") as told, (folder / "stdout.txt").open("wb") as out:
            self.process = subprocess.Popen(
                [*ENTRY, *arguments],
                cwd=folder,
                stdout=out,
                stderr=told,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def sets(self) -> list[str]:
        """Give the comparison sets whose workers have started so far, in order."""
        lines = self._told.read_text(encoding="utf-8", errors="replace").splitlines()
        return list(dict.fromkeys(found[1] for line in lines if (found := LINE.fullmatch(line))))

    def living(self) -> list[psutil.Process]:
        """Give the processes of the session, zombies left out."""
        found = []
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == self.process.pid and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.NoSuchProcess, ProcessLookupError, PermissionError):
                continue
        return found

    def workers(self) -> list[psutil.Process]:
        """Give the workers that are running."""
        return [process for process in self.living() if BOOTSTRAP in " ".join(_cmdline(process))]

    def text(self) -> str:
        """Give the end of what it said."""
        return self._told.read_text(encoding="utf-8", errors="replace")[-2000:]


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def strike(session: Session, victim: str, moment_s: float) -> bool:
    """Kill the victim at a moment, or a worker as soon as there is one after it; False if the command ended before."""
    while session.process.poll() is None:
        if time.monotonic() - session.start >= moment_s:
            if victim == PARENT:
                session.process.kill()
                return True
            for worker in session.workers():
                try:
                    os.kill(worker.pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                return True
        time.sleep(0.005)
    return False


def wait_gone(session: Session) -> float:
    """Wait until the command is over and nothing of it lives; give how long that took, in seconds."""
    start = time.monotonic()
    session.process.wait(END_S)
    ended = time.monotonic()
    while left := session.living():
        if time.monotonic() - ended > GONE_S:
            raise LeftError(f"still alive: {[_cmdline(process) for process in left]}")
        time.sleep(0.02)
    return time.monotonic() - start


def load(folder: Path) -> Run | None:
    """Load the run of a folder; None if nothing was written yet."""
    if not list(folder.glob("results/*/run.json")):
        return None
    return store.load(folder / "results")


def ends_of(run: Run) -> dict[str, object]:
    """Give what the cases ended as, by comparison set."""
    found: dict[str, list[object]] = {}
    for outcome in (*run.measurements, *run.failures, *run.skips):
        found.setdefault(outcome.case.comparison_set, []).append(outcome)
    return {name: tuple(outcomes) for name, outcomes in found.items()}


def inspect(folder: Path, finished: Sequence[str], before: Run | None) -> Run | None:
    """Check what a kill has left of the run; give it."""
    run = load(folder)
    if run is None:
        if finished:
            raise LeftError(f"no run file, but {finished} were finished")
        return None
    ends = ends_of(run)
    kept = ends_of(before) if before is not None else {}
    missing = [name for name in (*finished, *kept) if name not in ends]
    if missing:
        raise LeftError(f"lost: {missing}")
    short = [
        m.case.id for m in run.measurements if len(m.invocations) != 2 or not all(i.complete for i in m.invocations)
    ]
    if short:
        raise LeftError(f"half measured: {short}")
    return run


def complete(folder: Path, arguments: Sequence[str], before: Run | None) -> None:
    """Resume the run, or start it where nothing was written, and check that it is whole and what was there stayed."""
    session = Session(["run", "--resume", "results"] if before is not None else arguments, folder)
    wait_gone(session)
    run = load(folder)
    if session.process.returncode != 0 or run is None or run.status != COMPLETE or run.failures:
        raise LeftError(f"not completed, exit code {session.process.returncode}: {session.text()}")
    if set(run.planned) != {m.case.id for m in run.measurements} or len(run.planned) != len(run.measurements):
        raise LeftError("not every planned case is measured, once")
    failed = {failure.case.comparison_set for failure in before.failures} if before is not None else set()
    for name, outcomes in (ends_of(before) if before is not None else {}).items():
        if name not in failed and ends_of(run)[name] != outcomes:
            raise LeftError(f"{name} was finished, and measured again")
    partial = [path.name for path in folder.glob("results/*/.*") if path.name.endswith(".partial")]
    if partial:
        raise LeftError(f"left in the folder: {partial}")


def owed(kills: Sequence[Kill], rng: random.Random) -> str:
    """Choose whom to kill next: whoever was killed less often so far, else at random."""
    parents = sum(kill.victim == PARENT for kill in kills)
    if 2 * parents == len(kills):
        return rng.choice((PARENT, WORKER))
    return WORKER if 2 * parents > len(kills) else PARENT


def episode(
    kind: str, rng: random.Random, lasts_s: float, arguments: Sequence[str], most: int, done: Sequence[Kill] = ()
) -> list[Kill]:
    """Start a run, kill it or its resumption up to `most` times, look at what is left each time, and complete it."""
    kills: list[Kill] = []
    with tempfile.TemporaryDirectory(prefix="tfbench-kills-") as name:
        folder, before = Path(name), None
        while len(kills) < most and (not kills or rng.random() < 0.3):
            victim = owed([*done, *kills], rng)
            command = ["run", "--resume", "results"] if before is not None else list(arguments)
            session = Session(command, folder)
            if not strike(session, victim, rng.uniform(0.0, lasts_s)):
                session.process.wait(END_S)
                before = load(folder)
                break
            after_s = time.monotonic() - session.start
            told = session.sets()
            left_s = wait_gone(session)
            # A killed worker costs its case only: its set, and those after it, come to an end.
            finished = told[:-1] if victim == PARENT else session.sets()
            kills.append(
                Kill(
                    kind=kind,
                    command="run" if before is None else "resume",
                    victim=victim,
                    after_s=after_s,
                    at=told[-1] if told else "",
                    finished=tuple(finished),
                    left_s=left_s,
                )
            )
            before = inspect(folder, finished, before)
        complete(folder, arguments, before)
    return kills


def table(kills: Sequence[Kill]) -> str:
    """Write the kills as Markdown."""
    lines = ["| # | workers | killed | of | after | at | finished before | all gone after |", "| --- " * 8 + "|"]
    for number, kill in enumerate(kills, start=1):
        at, finished = kill.at or "start", len(kill.finished)
        lines.append(
            f"| {number} | {kill.kind} | {kill.victim} | {kill.command} | {kill.after_s:.2f} s | {at} | "
            f"{finished} sets | {kill.left_s:.1f} s |"
        )
    return "\n".join(lines)


def lasts(arguments: Sequence[str]) -> float:
    """Give how long a run lasts that nobody kills."""
    with tempfile.TemporaryDirectory(prefix="tfbench-kills-") as name:
        session = Session(arguments, Path(name))
        if session.process.wait(END_S):
            raise LeftError(f"the run fails without a kill: {session.text()}")
        return time.monotonic() - session.start


def kill_all(count: int, *, seed: int, each: int = 5) -> list[Kill]:
    """Kill so many times, each `each`-th episode with real workers, none with 0; give the kills."""
    rng, kills = random.Random(seed), []
    with tempfile.TemporaryDirectory(prefix="tfbench-kills-") as name:
        python = toy_workloads.write_python(Path(name))
        toy = ["run", *TOY.split(), "--workloads", toy_workloads.__file__, "--python", f"toy={python}"]
        commands = {"toy": toy, "tensorflow": ["run", *REAL.split()]}
        durations: dict[str, float] = {}
        number = 0
        while len(kills) < count:
            number += 1
            kind = "tensorflow" if each and number % each == 0 else "toy"
            if kind not in durations:
                durations[kind] = lasts(commands[kind])
            made = episode(kind, rng, durations[kind], commands[kind], count - len(kills), kills)
            kills += made
            for kill in made:
                where = f"{kill.victim} of {kill.command} ({kind}) at {kill.at or 'start'}"
                print(f"{len(kills)} of {count}: {where}, {kill.after_s:.2f} s: complete", flush=True)
    return kills


def main() -> int:
    """Kill, print the table; the exit code is 1 if anything was lost or left."""
    parser = argparse.ArgumentParser(description="Kill runs at random moments and see what is left of them.")
    parser.add_argument("--kills", type=int, default=50, help="how many (default 50)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and the victims (default 0)")
    chosen = parser.parse_args()
    start = time.monotonic()
    try:
        kills = kill_all(chosen.kills, seed=chosen.seed)
    except LeftError as error:
        print(f"kills: {error}", file=sys.stderr)
        return 1
    print(f"\n{table(kills)}\n\n{len(kills)} kills in {time.monotonic() - start:.0f} s: nothing lost, nothing left")
    return 0


if __name__ == "__main__":
    sys.exit(main())
