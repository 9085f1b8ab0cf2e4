"""Let processes take turns, round by round: both ends of the pipe of `versus_jax.py`. Only the standard library here.

A child builds its variants, tells what it is and the losses of each, and then times one round for each line that
it reads: the name of a variant. Each line it writes is JSON, on what was standard output when it started.
"""

import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

SETTLING = 3  # passes before any is timed: the first compiles
SETTLE_S = 0.05  # passes before each round, untimed: the other process has left caches and threads to itself
ROUND_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Hold one way to do the steps.

    Attributes:
        reset: put the state back to the start, outside the timed part: trained on, gradients would fade to denormals.
        run: do one step a batch, wait for the last, and give the losses.
    """

    reset: Callable[[], None]
    run: Callable[[], Any]


def timed(variant: Variant) -> tuple[float, Any]:
    """Do one pass from the start; give its seconds and its losses."""
    variant.reset()
    start = time.perf_counter()
    losses = variant.run()
    return time.perf_counter() - start, losses


def settle(variant: Variant) -> tuple[int, list[float]]:
    """Compile and warm up; give the passes that a round needs, and the losses."""
    passes = [timed(variant) for _ in range(SETTLING)]
    least_s = min(seconds for seconds, _ in passes)
    return math.ceil(ROUND_S / least_s), [float(loss) for loss in passes[-1][1]]


def serve(variants: Mapping[str, Variant], facts: Mapping[str, str]) -> None:
    """Settle the variants, tell facts and losses, and time a round of whichever is asked for, until no more come.

    The answer to a name is the mean seconds of a pass in that round.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes elsewhere
    settled = {name: settle(variant) for name, variant in variants.items()}
    told = {name: losses for name, (_, losses) in settled.items()}
    answers.write(json.dumps({"facts": dict(facts), "losses": told}) + "\n")
    for line in sys.stdin:
        name = line.strip()
        passes = settled[name][0]
        end = time.perf_counter() + SETTLE_S
        while time.perf_counter() < end:
            timed(variants[name])
        seconds = sum(timed(variants[name])[0] for _ in range(passes)) / passes
        answers.write(json.dumps(seconds) + "\n")


class MismatchError(Exception):
    """The sides did not do the same work, or a child ended."""


class Child:
    """Run one side's script in its own interpreter; it times a round for each name that it is told."""

    def __init__(self, side: str, command: Sequence[str], *, environ: Mapping[str, str]) -> None:
        self.side = side
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed with the child
        self.process = subprocess.Popen(
            command,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )

    def __enter__(self) -> Self:
        """Give the child itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the child, whatever it does."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def answer(self) -> Any:
        """Read one answer; MismatchError with its last words if the child has ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.errors.seek(0)
        words = self.errors.read().strip().splitlines() or [f"exit code {self.process.wait()}"]
        raise MismatchError(f"the process of {self.side} ended: {words[-1]}")

    def time_s(self, name: str) -> float:
        """Let it time a round; give the seconds of a pass."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the answer tells why
            self.process.stdin.write(f"{name}\n")
            self.process.stdin.flush()
        return float(self.answer())
