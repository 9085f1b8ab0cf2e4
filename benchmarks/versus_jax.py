"""Compare TensorFlow's XLA with JAX's `jit`: the training step of fashion_mnist, one and 50 steps a call, on CPU.

    python benchmarks/versus_jax.py

A pair is two fresh processes, one in each environment, that take turns round by round, in random order. Both get
the same weights and batches, do Keras' Nadam, and must give the same losses. A round is passes over the same 50
batches from the same weights, at least 10 ms of them. The interval is over the pairs.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
import turns
from tfbench.bench import environment, intervals
from tfbench.bench.intervals import Interval
from tfbench.workloads import fashion_data, mlp

HERE = Path(__file__).resolve().parent
PAIRS, BLOCKS, STEPS, BATCH_SIZE = 7, 20, 50, 32
LEARNING_RATE = 0.001  # Keras' own for Nadam
DIGITS = 4  # to which the losses agree
BAR = 1.0
SCRIPTS = {"tensorflow": "tensorflow_step.py", "jax": "jax_step.py"}
ROWS = (
    ("keras one", "one", "1, Keras' Nadam, tf.function"),
    ("keras one direct", "one", "1, Keras' Nadam, concrete function"),
    ("written one", "one", "1, Nadam written out, tf.function"),
    ("written one direct", "one", "1, Nadam written out, concrete function"),
    ("keras many", "many", f"{STEPS}, Keras' Nadam"),
    ("written many", "many", f"{STEPS}, Nadam written out"),
)
JUDGED = "written many"

Times = dict[str, list[float]]  # seconds a step, one a block, of each variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Hold what two processes measured in turns, and what they said of themselves."""

    tensorflow: Times
    jax: Times
    facts: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Hold one line of the table.

    Attributes:
        name: the variant of TensorFlow.
        label: steps a call and how, in words.
        tensorflow_s, jax_s: seconds a step, median over the pairs of their medians.
        ratio, low, high: TensorFlow over JAX, with its 95 % interval over the pairs.
    """

    name: str
    label: str
    tensorflow_s: float
    jax_s: float
    ratio: float
    low: float
    high: float


def make_environment(venv: Path) -> str:
    """Give the interpreter of JAX's virtual environment, made here if it is not there."""
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        print(f"making {venv} and installing JAX into it (once)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    found = subprocess.run([str(python), "-c", "import jax"], capture_output=True, check=False)
    if found.returncode:
        install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "jax", "numpy"]
        subprocess.run([str(python), *install], check=True)
    return str(python)


def start(side: str, python: str, given: Path) -> turns.Child:
    """Start one side's script, on CPU, in its own interpreter."""
    ours = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return turns.Child(side, [python, str(HERE / SCRIPTS[side]), str(given)], environ={**environ, **ours})


def write_given(path: Path, seed: int) -> str:
    """Write weights, batches and the update's constants for both children; give where the images come from."""
    folder = fashion_data.named_folder(None)
    images = fashion_data.synthetic() if folder is None else fashion_data.read_folder(folder)
    pixels, labels = fashion_data.draw(images, batch_size=BATCH_SIZE, batches=STEPS, seed=seed)
    constants = {"rate": LEARNING_RATE, "beta_1": mlp.BETA_1, "beta_2": mlp.BETA_2, "epsilon": mlp.EPSILON}
    weights = {f"weight_{i}": weight for i, weight in enumerate(mlp.initial_weights(seed))}
    arrays: dict[str, Any] = {**constants, **weights, "pixels": pixels, "labels": labels.astype(np.int32)}
    np.savez(path, **arrays)
    return images.origin


def check(losses: Mapping[str, Sequence[float]], right: Sequence[float]) -> None:
    """Raise turns.MismatchError if a variant's losses, those of idle ones left out, are not JAX's to 4 decimals."""
    for name, found in losses.items():
        if "idle" in name:
            continue
        worst = float(np.abs(np.subtract(found, right)).max())
        if not worst <= 0.5 * 10**-DIGITS:
            raise turns.MismatchError(
                f"{name}: a loss differs from JAX's by {worst:.1e}: not the same work, so no ratio"
            )


def measure_pair(pythons: Mapping[str, str], given: Path, *, blocks: int, rng: random.Random) -> Pair:
    """Start both sides, compare their losses, and let them take turns, block by block, in random order."""
    with ExitStack() as stack:
        # One after the other: neither settles while the other compiles.
        children: dict[str, turns.Child] = {}
        told: dict[str, Any] = {}
        for side in rng.sample(list(pythons), len(pythons)):
            children[side] = stack.enter_context(start(side, pythons[side], given))
            told[side] = children[side].answer()
        for side in pythons:
            check(told[side]["losses"], told["jax"]["losses"]["many"])
        waiting = [(side, name) for side in pythons for name in told[side]["losses"]]
        times: dict[str, Times] = {side: {} for side in pythons}
        for _ in range(blocks):
            for side, name in rng.sample(waiting, len(waiting)):
                times[side].setdefault(name, []).append(children[side].time_s(name) / STEPS)
    return Pair(**times, facts=told["tensorflow"]["facts"] | told["jax"]["facts"])


def ratio(pairs: Sequence[Pair], ours: str, theirs: str) -> Interval:
    """Estimate log(TensorFlow / JAX): the median over the blocks of each pair, Student's t interval over pairs."""
    return intervals.over_invocations(
        [
            median(math.log(a / b) for a, b in zip(pair.tensorflow[ours], pair.jax[theirs], strict=True))
            for pair in pairs
        ]
    )


def middle_s(side: Sequence[Times], name: str) -> float:
    """Give seconds a step: the median over the processes of their medians."""
    return median(median(times[name]) for times in side)


def summarise(pairs: Sequence[Pair]) -> list[Row]:
    """Estimate every line of the table."""
    rows = []
    for ours, theirs, label in ROWS:
        found = ratio(pairs, ours, theirs)
        ends = [math.exp(end) for end in (found.middle, found.low or 0.0, found.high or 0.0)]
        taken = [middle_s([pair.tensorflow for pair in pairs], ours), middle_s([pair.jax for pair in pairs], theirs)]
        rows.append(
            Row(
                name=ours,
                label=label,
                tensorflow_s=taken[0],
                jax_s=taken[1],
                ratio=ends[0],
                low=ends[1],
                high=ends[2],
            )
        )
    return rows


def apart(pairs: Sequence[Pair]) -> list[tuple[str, float, float]]:
    """Take one call of one step apart: name, and microseconds in TensorFlow and in JAX, each a mean over pairs."""

    def us(side: str, plus: str, *minus: str) -> float:
        means = (
            median(times[plus]) - sum(median(times[name]) for name in minus)
            for times in (getattr(pair, side) for pair in pairs)
        )
        return 1e6 * fmean(means)

    ours, theirs = partial(us, "tensorflow"), partial(us, "jax")
    return [
        ("one step a call", ours("written one"), theirs("one")),
        ("- tf.function over its concrete function", ours("written one", "written one direct"), 0.0),
        ("- dispatch floor: holds the same, does nothing (JAX's hands all on)", ours("idle direct"), theirs("idle")),
        ("- as many variables of one number read and written, over the floor", ours("idle touch", "idle direct"), 0.0),
        (f"- compute: a step of {STEPS} in one call", ours("written many"), theirs("many")),
        ("- what remains", ours("written one direct", "idle touch", "written many"), theirs("one", "idle", "many")),
        ("for comparison: tf.function over its concrete function, doing nothing", ours("idle", "idle direct"), 0.0),
    ]


def verdict(row: Row) -> str:
    """Say whether the bar is reached."""
    said = f"TensorFlow takes {row.ratio:.2f} [{row.low:.2f}, {row.high:.2f}] of JAX's time at {STEPS} steps a call"
    if row.high <= BAR:
        return f"reached: {said}, at most {BAR:.1f}"
    if row.low > BAR:
        return f"missed: {said}, more than {BAR:.1f}"
    return f"undecided: {said}: the interval holds {BAR:.1f}"


def text(pairs: Sequence[Pair], images: str) -> str:
    """Write both tables as Markdown, the verdict, and what was compared."""
    rows = summarise(pairs)
    lines = ["| steps a call | TensorFlow, ms a step | JAX, ms a step | TensorFlow / JAX | 95 % interval |"]
    lines.append("| --- | ---: | ---: | ---: | ---: |")
    lines += [
        f"| {row.label} | {1e3 * row.tensorflow_s:.3f} | {1e3 * row.jax_s:.3f} "
        f"| {row.ratio:.2f} | {row.low:.2f} to {row.high:.2f} |"
        for row in rows
    ]
    lines += ["", "| µs a step, Nadam written out | TensorFlow | JAX | difference |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {name} | {ours:.0f} | {theirs:.0f} | {ours - theirs:.0f} |" for name, ours, theirs in apart(pairs)]
    host = environment.host()
    versions = ", ".join(f"{name} {version}" for name, version in pairs[0].facts.items())
    lines += ["", *(verdict(row) for row in rows if row.name == JUDGED)]
    flags = f"; XLA_FLAGS={os.environ['XLA_FLAGS']} on both sides" if os.environ.get("XLA_FLAGS") else ""
    where = f"{host.cpu}, {len(host.affinity)} of {host.cores} cores, load {host.load_1m}; Python {host.python}"
    lines.append(f"{where}, {versions}; images: {images}; {len(pairs)} pairs of processes, {BLOCKS} rounds each{flags}")
    return "\n".join(lines)


def main() -> int:
    """Measure and print; a missed bar is said, not failed, but work that differs is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, default=HERE.parent / "build" / "jax-venv", help="JAX's environment")
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"pairs of processes, 2 or more (default {PAIRS})")
    parser.add_argument("--seed", type=int, default=0, help="of weights, batches and order (default 0)")
    parser.add_argument("--json", type=Path, help="write every round's time there too")
    arguments = parser.parse_args()
    if arguments.pairs < 2:
        parser.error("an interval over pairs needs at least 2")
    try:
        pythons = {"tensorflow": sys.executable, "jax": make_environment(arguments.venv.absolute())}
        with tempfile.TemporaryDirectory() as folder:
            given = Path(folder) / "given.npz"
            images, rng = write_given(given, arguments.seed), random.Random(arguments.seed)
            pairs = [measure_pair(pythons, given, blocks=BLOCKS, rng=rng) for _ in range(arguments.pairs)]
    except (turns.MismatchError, ValueError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(text(pairs, images))
    if arguments.json:
        told = {"rows": [asdict(row) for row in summarise(pairs)], "apart_us": apart(pairs), "pairs": pairs}
        arguments.json.write_text(json.dumps(told, default=asdict), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
