"""Hand what workers found to pytest and to pytest-benchmark's fixture, through its public interface."""

from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import pytest
from tfbench.bench import codec
from tfbench.bench.record import Failure, Measurement, Outcome


class Clock:
    """A clock for the `benchmark` marker that shows only recorded times.

    pytest-benchmark reads it before and after each call; `advance` makes the second reading the next
    recorded time. Each reading starts the next one at 0, so that the differences are exact.
    """

    def __init__(self) -> None:
        """Stand at 0, with nothing to replay."""
        self._now = 0.0
        self._times: Iterator[float] = iter(())

    def load(self, times: tuple[float, ...]) -> None:
        """Take the times to replay."""
        self._times = iter(times)

    def advance(self) -> None:
        """Move on by the next recorded time."""
        self._now = next(self._times, 0.0)

    def read(self) -> float:
        """Tell the time since the last reading, in seconds."""
        now, self._now = self._now, 0.0
        return now


CLOCK = Clock()


def replay(measurement: Measurement, benchmark: Any) -> None:
    """Let the fixture see every round as if it had timed it: seconds a call."""
    benchmark.group = benchmark.group or measurement.case.comparison_set
    benchmark.extra_info["tfbench"] = codec.encode(measurement)
    CLOCK.load(measurement.call_s)
    benchmark.pedantic(CLOCK.advance, rounds=len(measurement.call_s), iterations=1)


def failure_text(failure: Failure, known: Iterable[Outcome] = ()) -> str:
    """Say why a case failed: what, where, and the end of what the worker wrote; once for all that failed alike."""
    lines = [f"{failure.case.id} failed at stage {failure.stage!r} of invocation {failure.invocation}"]
    lines.append(f"{failure.type}: {failure.message}")
    first = next((one for one in known if isinstance(one, Failure) and _alike(one, failure)), failure)
    if first is not failure:
        lines.append(f"as {first.case.id} did, where the worker's last lines stand")
    elif failure.stderr:
        lines += ["the worker's last lines on stderr:", *(f"  {line}" for line in failure.stderr)]
    return "\n".join(lines)


def _alike(one: Failure, other: Failure) -> bool:
    """Tell whether two cases of a workload failed in one way: the last line on stderr says the same, too."""
    told = [
        (failure.case.workload, failure.stage, failure.type, failure.message, failure.stderr[-1:])
        for failure in (one, other)
    ]
    return told[0] == told[1]


def stop(why: str, benchmark: Any) -> NoReturn:
    """End the session in the middle of a test."""
    benchmark.skipped = True  # or pytest-benchmark warns that it was not used
    pytest.exit(f"tfbench: {why}", returncode=pytest.ExitCode.INTERRUPTED)
