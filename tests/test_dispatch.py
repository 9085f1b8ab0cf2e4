"""The dispatch floor: a call of a function that does nothing."""

import subprocess
import sys
from typing import Any

import pytest
from tfbench.bench import dispatch


def test_a_call_takes_the_median_of_those_after_the_warm_up(clock: Any) -> None:
    durations = iter([1.0] * dispatch.WARM_UP_CALLS + [0.001, 0.003, 0.002] * 100)
    found = dispatch.median_call_s(lambda: clock.advance(next(durations)), clock=clock, sync=lambda: None)
    assert found == pytest.approx(0.002)


def test_there_are_300_calls_at_most_and_no_more_than_50_ms(clock: Any) -> None:
    calls: list[int] = []

    def call(seconds: float) -> None:
        calls.append(1)
        clock.advance(seconds)

    dispatch.median_call_s(lambda: call(2.0**-20), clock=clock, sync=lambda: None)
    assert len(calls) == 20 + 300
    calls.clear()
    dispatch.median_call_s(lambda: call(dispatch.BUDGET_S / 4), clock=clock, sync=lambda: None)
    assert len(calls) == 20 + 4


REAL = """
import time, tensorflow as tf
from tfbench.bench import dispatch, mode
weights = [tf.Variable(tf.ones(8)) for _ in range(20)]
for name in (mode.GRAPH, mode.XLA):
    def step(x):
        for weight in weights:
            weight.assign_add(x)
        return weights[0] + x
    concrete = mode.wrap(name, step).get_concrete_function(tf.ones(8))
    idle = dispatch.make_idle(concrete, name).get_concrete_function(tf.ones(8))
    print("CAPTURES", len(concrete.captured_inputs), len(idle.captured_inputs))
    sync = tf.test.experimental.sync_devices
    through, direct = dispatch.floors(concrete, (tf.ones(8),), mode=name, clock=time.perf_counter, sync=sync)
    print("FLOORS", through, direct)
print("UNCHANGED", all(float(weight[0]) == 1.0 for weight in weights))
"""


@pytest.mark.tensorflow
def test_the_idle_function_holds_what_the_step_holds_and_changes_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", REAL], capture_output=True, text=True, timeout=300, check=False)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line for line in lines if line[0] == "CAPTURES"] == [["CAPTURES", "20", "20"]] * 2, done.stderr[-2000:]
    floors = [float(number) for line in lines if line[0] == "FLOORS" for number in line[1:]]
    assert len(floors) == 4
    assert all(1e-6 < seconds < 0.05 for seconds in floors)
    assert ["UNCHANGED", "True"] in lines
