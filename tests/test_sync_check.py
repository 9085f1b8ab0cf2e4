"""The naive time beside the true one, under a clock that only step and sync move."""

from dataclasses import replace
from typing import Any

from tfbench.bench import sync_check
from tfbench.bench.ledger import Meters
from tfbench.bench.timing import Timed

ENQUEUE_S, COMPUTE_S = 2.0**-10, 2.0**-6


class Device:
    """A device that computes for a while after each call, while the caller goes on."""

    def __init__(self, clock: Any) -> None:
        self.clock, self.busy_s, self.calls = clock, 0.0, 0

    def step(self, *_arguments: Any) -> None:
        """Take the call on."""
        self.calls += 1
        self.clock.advance(ENQUEUE_S)
        self.busy_s += COMPUTE_S - ENQUEUE_S

    def sync(self) -> None:
        """Wait until everything is computed."""
        self.clock.advance(self.busy_s)
        self.busy_s = 0.0


def test_a_naive_time_is_only_that_of_asking(clock: Any, meters: Meters, make_program: Any) -> None:
    device = Device(clock)
    timed = Timed(id="a", program=make_program(device.step), iterations=1)
    found = sync_check.compare(timed, replace(meters, sync=device.sync))
    assert found == (ENQUEUE_S, COMPUTE_S)


def test_a_device_that_is_done_at_once_reads_the_same_both_ways(clock: Any, meters: Meters, make_program: Any) -> None:
    timed = Timed(id="a", program=make_program(lambda *_: clock.advance(2.0**-8)), iterations=4)
    assert sync_check.compare(timed, meters) == (2.0**-8, 2.0**-8)


def test_there_are_five_pairs_at_most(clock: Any, meters: Meters, make_program: Any) -> None:
    device = Device(clock)
    timed = Timed(id="a", program=make_program(device.step), iterations=1)
    sync_check.compare(timed, replace(meters, sync=device.sync))
    assert device.calls == 10


def test_a_long_case_gets_one_pair(clock: Any, meters: Meters, make_program: Any) -> None:
    calls: list[int] = []

    def step(*_: Any) -> None:
        calls.append(1)
        clock.advance(8.0)

    found = sync_check.compare(Timed(id="a", program=make_program(step), iterations=1), meters)
    assert (found, len(calls)) == ((8.0, 8.0), 2)


def test_the_device_is_idle_before_a_round_begins(clock: Any, meters: Meters, make_program: Any) -> None:
    device = Device(clock)
    timed = Timed(id="a", program=make_program(device.step), iterations=1)
    sync_check.time_naively(timed, replace(meters, sync=device.sync))
    assert device.busy_s == 0.0
