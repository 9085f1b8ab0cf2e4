"""What is said about measurements: changes that were put in are found, pure noise is not."""

import math
from typing import Any

import numpy as np
import pytest
from tfbench.bench import health
from tfbench.bench.health import Change
from tfbench.bench.machine import Conditions
from tfbench.bench.record import Finding


def level(seconds: float, rounds: int) -> list[float]:
    """Give rounds at one level, alternately 0.1 % below and above it."""
    return [seconds * (1.001 if i % 2 else 0.999) for i in range(rounds)]


def noise(rng: np.random.Generator, rounds: int) -> list[float]:
    return np.exp(rng.normal(0.0, 0.05, rounds)).tolist()


def conditions(**changes: Any) -> Conditions:
    fields: dict[str, Any] = {"load_1m": 2.0, "others_share": 0.05, "steal_share": 0.01, "throttled": 0}
    return Conditions(**{**fields, **changes})


@pytest.fixture
def examine(records):
    """Examine a measurement of these invocations; gives kind and text of what is found."""

    def act(*invocations, others=(), timer_s=0.0, cores=2, **changes):
        measured = records.measurement(invocations=invocations or (records.invocation(),), **changes)
        found = health.examine(measured, [*others, measured], timer_s=timer_s, cores=cores)
        assert all(isinstance(it, Finding) and it.kind in health.KINDS for it in found)
        return [(it.kind, it.text) for it in found]

    return act


@pytest.fixture
def mode(records):
    """Make a measurement in this mode, its answers this far off."""

    def make(name, scaled_error=0.0, epsilon=2.0**-23, **changes):
        check = records.check(scaled_error=scaled_error, epsilon=epsilon)
        done = records.invocation(check=check)
        return records.measurement(case=records.case(mode=name), invocations=(done,), **changes)

    return make


def texts(measured, others):
    return [it.text for it in health.examine(measured, others, timer_s=0.0, cores=2)]


def test_steady_rounds_of_an_idle_machine_bring_no_finding(examine, records) -> None:
    assert examine(records.invocation(level(1.0, 40), conditions=conditions()), timer_s=1e-9) == []


def test_pettitts_statistic_is_the_one_worked_out_by_hand() -> None:
    # Each of 5 6 4 is above each of 1 3 2: K = 9 after 3 values, and 6^3 + 6^2 = 252.
    assert health.pettitt([5.0, 6.0, 4.0, 1.0, 3.0, 2.0]) == (3, pytest.approx(2 * math.exp(-6 * 81 / 252)))


def test_pettitts_statistic_is_the_sum_of_signs_with_ties() -> None:
    values = np.random.default_rng(2).integers(0, 4, 25)
    signs = np.sign(values[:, None] - values[None, :])
    sizes = [abs(signs[:t, t:].sum()) for t in range(1, 25)]
    expected = min(1.0, 2 * np.exp(-6 * max(sizes) ** 2 / (25**3 + 25**2)))
    assert health.pettitt(values.tolist()) == (int(np.argmax(sizes)) + 1, pytest.approx(expected))


def test_slower_first_rounds_are_a_warm_up(examine, records) -> None:
    slow, fine = level(1.12, 15) + level(1.0, 45), level(1.0, 60)
    invocations = [records.invocation(slow if i in {1, 3} else fine, index=i) for i in range(1, 6)]
    expected = "in 2 of 5 invocations the first rounds were slower, by up to 12 %: not yet steady"
    assert examine(*invocations) == [("warm-up", expected)]


@pytest.mark.parametrize(
    "times", [level(1.0, 15) + level(1.1, 45), level(1.1, 45) + level(1.0, 15)], ids=["slower", "late and faster"]
)
def test_another_change_of_level_is_a_drift(examine, records, times) -> None:
    assert examine(records.invocation(times)) == [
        ("drift", "in 1 of 1 invocation the time a call drifted, by up to 10 %")
    ]


def test_a_change_of_less_than_5_percent_is_none(examine, records) -> None:
    assert examine(records.invocation(level(1.04, 20) + level(1.0, 20))) == []


def test_a_trend_over_too_few_rounds_for_a_step_is_a_drift(records) -> None:
    # 16 rounds in blocks 0, 2 ... 30, each 1 % a block slower: 1.01 to the power of 30 is 1.348.
    times = [1.01**block for block in range(0, 32, 2)]
    found = health.find_change(records.invocation(times, blocks=tuple(range(0, 32, 2))))
    assert found == Change(kind="drift", size=pytest.approx(0.348, abs=1e-3))


def test_a_long_trend_is_found_in_a_part_of_the_rounds() -> None:
    # 0.001 % a block over 5000 blocks: exp 0.05 is 1.0513.
    found = health._trend(range(5001), [1e-5 * block for block in range(5001)])
    assert found == Change(kind="drift", size=pytest.approx(0.0513, abs=1e-4))


def test_fewer_than_12_rounds_tell_nothing_about_their_order(records) -> None:
    assert health.find_change(records.invocation([2.0**i for i in range(11)])) is None
    assert health.find_change(records.invocation([2.0**i for i in range(12)])) is not None


def test_pure_noise_is_called_unsteady_at_most_once_in_200(records) -> None:
    rng = np.random.default_rng(7)
    found = [health.find_change(records.invocation(noise(rng, 40))) for _ in range(200)]
    assert sum(change is not None for change in found) <= 1


def test_many_heavy_outliers_are_told(examine, records) -> None:
    # 3 of 40 are more than 5 %. A call takes half a round, and so does the median: the ratio is 6.1.
    times = [6.1 if i in {5, 17, 30} else 1.0 for i in range(40)]
    assert examine(records.invocation(times)) == [
        ("outliers", "3 of 40 rounds took up to 6.1 times the median, they are kept")
    ]


def test_a_single_outlier_is_told_if_it_moves_the_mean(examine, records) -> None:
    expected = "1 of 40 rounds took 6.0 times the median, it is kept"
    assert examine(records.invocation([1.0] * 20 + [6.0] + [1.0] * 19)) == [("outliers", expected)]  # mean 1.125
    assert examine(records.invocation([1.0] * 20 + [4.0] + [1.0] * 19)) == []  # mean 1.075


def test_heavy_outliers_are_far_out_and_above_1_5_times_the_median() -> None:
    assert health._heavy([1.0] * 9 + [1.5]) == []
    assert health._heavy([1.0] * 9 + [1.6]) == [1.6]
    assert health._heavy([1.0, 2.0, 3.0, 4.0, 10.0]) == []  # Q1 = 2, Q3 = 4: the fence is 4 + 3 * 2
    assert health._heavy([1.0, 2.0, 3.0, 4.0, 10.5]) == [3.5]


def test_a_busy_machine_is_told_with_the_worst_of_all_invocations(examine, records) -> None:
    first = conditions(others_share=0.234, throttled=3, clock_mhz=(1800.0, 2000.0))
    second = conditions(load_1m=5.1, steal_share=0.04, throttled=1, clock_mhz=(3000.0, 3200.0))
    found = examine(
        records.invocation(conditions=first), records.invocation(conditions=second), records.invocation(index=3)
    )
    expected = "busy machine: other processes took up to 23 % of the cores, steal 4 %, throttled 3 times, "
    assert found == [("busy", f"{expected}load 5.1 on 2 cores, clock between 1800 and 3200 MHz")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"others_share": 0.1, "steal_share": 0.02, "load_1m": 3.0, "clock_mhz": (90.0, 100.0)}, []),
        ({"others_share": 0.11}, [("busy", "busy machine: other processes took up to 11 % of the cores")]),
        ({"throttled": 1}, [("busy", "busy machine: throttled 1 time")]),
        ({"clock_mhz": (89.0, 100.0)}, [("busy", "unsteady machine: clock between 89 and 100 MHz")]),
    ],
)
def test_only_what_is_over_its_limit_is_told(examine, records, changes, expected) -> None:
    assert examine(records.invocation(conditions=conditions(**changes))) == expected


def test_a_round_of_few_clock_steps_is_told(examine, records) -> None:
    done = records.invocation([1.0, 2.0**-20, 1.0])  # 953.7 ns
    assert ("timer", "the shortest round is only 19 steps of the clock (50 ns)") in examine(done, timer_s=50e-9)
    assert "timer" not in dict(examine(done, timer_s=0.9e-9))


def test_answers_further_off_than_rounding_explains_are_told(mode) -> None:
    eager, graph, xla = mode("eager", 2e-7), mode("graph", 1e-6), mode("xla", 3e-4)
    expected = ["its answers are off by 3e-4, eager's by 2e-7: more than rounding explains"]
    assert [texts(it, [eager, graph, xla]) for it in (eager, graph, xla)] == [[], [], expected]
    assert texts(xla, [eager, graph]) == expected


def test_smaller_errors_are_explained_by_rounding_or_by_the_other_modes(mode) -> None:
    assert texts(mode("xla", 100 * 2.0**-23), [mode("eager")]) == []
    assert texts(mode("xla", 3e-4), [mode("eager", 3e-5)]) == []
    assert texts(mode("xla", 3e-4), []) == []
    assert texts(mode("xla", epsilon=0.0), [mode("eager", epsilon=0.0)]) == []


def test_errors_that_the_workload_allows_are_not_told(mode, records, with_fields) -> None:
    def allowing(measurement, tolerance):
        done = measurement.invocations[0]
        checked = with_fields(done, check=with_fields(done.check, tolerance=tolerance))
        return with_fields(measurement, invocations=(checked,))

    xla = mode("xla", 3e-4)
    told = [bool(texts(allowing(xla, tolerance), [mode("eager", 0.0)])) for tolerance in (1e-3, 1e-4, 0.0)]
    assert told == [False, True, True]


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ("float16[64] int32[8] -> float32[]", ["its input 1 is float16[64], the baseline's float32[32]: unequal work"]),
        ("float32[32] -> float32[]", ["its input 2 is nothing, the baseline's int32[8]: unequal work"]),
        ("float32[32] int32[8] -> float16[]", ["its answer is float16[], eager's float32[]: unequal work"]),
        ("", []),
    ],
)
def test_other_inputs_or_answers_are_unequal_work(mode, shapes, expected) -> None:
    base = mode("eager", shapes="float32[32] int32[8] -> float32[]")
    assert texts(mode("graph", shapes=shapes), [base]) == expected


def test_more_work_a_call_than_the_baselines_is_unequal(examine, mode, records) -> None:
    library = {"case": records.case(implementation="library"), "shapes": "float32[2] -> float32[2]"}
    found = examine(others=[mode("eager", shapes="float32[2] -> float32[]")], work_per_call=16, **library)
    assert found == [("work", "a call does 16 elements, the baseline's 8: unequal work")]


def test_nothing_breaks_without_rounds_or_with_equal_ones_or_zeros(examine, records) -> None:
    assert examine(records.invocation([]), timer_s=1e-9) == []
    assert examine(records.invocation([1.0] * 40), timer_s=1e-9) == []
    zeros = examine(records.invocation([0.0] * 40), records.invocation([1.0]), timer_s=1e-9)
    assert zeros == [("timer", "the shortest round is only 0 steps of the clock (1 ns)")]


def short(records: Any, *, first: float, sigma: float, seed: int) -> Any:
    """Make a measurement of 5 invocations of 9 rounds, whose first three take so many times as long."""
    rng = np.random.default_rng(seed)
    done = [
        records.invocation(tuple(np.exp(rng.normal(0.0, sigma, 9)) * ([first] * 3 + [1.0] * 6)), index=i, iterations=1)
        for i in range(1, 6)
    ]
    return records.measurement(invocations=tuple(done))


@pytest.mark.parametrize(
    ("first", "kind", "start"),
    [
        (1.2, "warm-up", "the first third of the rounds was slower, by "),
        (0.8, "drift", "the first third of the rounds was faster, by "),
    ],
)
def test_few_rounds_an_invocation_show_together_that_the_first_ones_differ(
    first: float, kind: str, start: str, records: Any
) -> None:
    measurement = short(records, first=first, sigma=0.02, seed=1)
    (finding,) = health.examine(measurement, [measurement], timer_s=0.0, cores=2)
    assert (finding.kind, finding.text.startswith(start)) == (kind, True)


def test_few_rounds_of_pure_noise_show_nothing(records: Any) -> None:
    found = [
        health.find_common_change(short(records, first=1.0, sigma=0.1, seed=seed).invocations) for seed in range(200)
    ]
    assert sum(change is not None for change in found) <= 1
