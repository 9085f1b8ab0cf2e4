"""What the device reaches at best."""

import subprocess
import sys
from typing import Any

import pytest
from tfbench.bench import ceilings


def test_the_best_call_counts_and_not_the_first(clock: Any) -> None:
    durations = iter([0.001, 0.5, 0.125, 0.25])
    found = ceilings.best_s(lambda: clock.advance(next(durations)), clock=clock, sync=lambda: None)
    assert found == 0.125


def test_waiting_for_the_device_is_part_of_a_call(clock: Any) -> None:
    assert ceilings.best_s(lambda: clock.advance(0.25), clock=clock, sync=lambda: clock.advance(0.5)) == 0.75


def test_short_calls_are_repeated_for_the_whole_budget(clock: Any) -> None:
    calls: list[int] = []

    def call() -> None:
        calls.append(1)
        clock.advance(ceilings.BUDGET_S / 8)

    ceilings.best_s(call, clock=clock, sync=lambda: None)
    assert len(calls) == 1 + 8


REAL = """
import time, tensorflow as tf
from tfbench.bench import ceilings
found = ceilings.measure("cpu", clock=time.perf_counter, sync=tf.test.experimental.sync_devices)
print("CEILINGS", found.flop_per_s, found.byte_per_s)
"""


@pytest.mark.tensorflow
def test_a_processor_reaches_between_1_and_100000_gflop_and_more_than_1_gbyte_a_second() -> None:
    done = subprocess.run([sys.executable, "-c", REAL], capture_output=True, text=True, timeout=300, check=False)
    _, flops, moved = done.stdout.split()
    assert 1e9 < float(flops) < 1e14
    assert 1e9 < float(moved) < 1e13
