"""Runs as DataFrames: types and values."""

import math
from typing import Any

import pandas as pd
import pytest
from tfbench.bench.case import Placement
from tfbench.bench.record import Finding, Precision, Run
from tfbench.reports import cautions, frame, speedup


def dtypes(rows: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(dtype) for name, dtype in rows.dtypes.items()}


@pytest.fixture
def run(records: Any) -> Run:
    """Give a baseline and an XLA case of two invocations each, a failure and a skip."""
    eager = (records.invocation((8.0, 8.0), iterations=1), records.invocation((4.0,), index=2, iterations=1))
    ledgers = [records.ledger(trace_s=1.0, traces=3), records.ledger(trace_s=2.0)]
    xla = (
        records.invocation((4.0, 8.0), ledger=ledgers[0], retraced_rounds=2, check=records.check(max_abs_error=0.5)),
        records.invocation((2.0,), index=2, ledger=ledgers[1], compiled_rounds=1, peak_rss_bytes=4096, iterations=1),
    )
    found: Run = records.run(
        measurements=(
            records.measurement(invocations=eager),
            records.measurement(case=records.case(mode="xla"), invocations=xla),
        ),
        failures=(records.failure(),),
        skips=(records.skip(case=records.case(mode="xla", implementation="library")),),
    )
    return found


@pytest.mark.parametrize("empty", [False, True])
def test_the_rounds_have_their_columns_and_types(run: Run, empty: bool) -> None:
    assert dtypes(frame.rounds_frame([] if empty else [run])) == frame.ROUND_DTYPES


@pytest.mark.parametrize("empty", [False, True])
def test_the_summary_has_its_columns_and_types(run: Run, empty: bool) -> None:
    assert dtypes(frame.summary_frame([] if empty else [run])) == frame.SUMMARY_DTYPES


def test_a_run_of_only_failures_has_the_types_too(records: Any) -> None:
    rows = frame.summary_frame([records.run(failures=(records.failure(),))])
    assert (dtypes(rows), len(rows)) == (frame.SUMMARY_DTYPES, 1)


def test_each_kept_round_is_a_row(run: Run) -> None:
    rows = frame.rounds_frame([run])
    wanted = [
        ("eager", 1, 0, 1, 8.0, 8.0),
        ("eager", 1, 1, 1, 8.0, 8.0),
        ("eager", 2, 0, 1, 4.0, 4.0),
        ("xla", 1, 0, 2, 4.0, 2.0),
        ("xla", 1, 1, 2, 8.0, 4.0),
        ("xla", 2, 0, 1, 2.0, 2.0),
    ]
    columns = ["mode", "invocation", "block", "iterations", "round_s", "call_s"]
    assert list(rows[columns].itertuples(index=False, name=None)) == wanted


def test_each_row_names_run_host_and_case(run: Run) -> None:
    row = frame.rounds_frame([run]).iloc[-1]
    assert {name: row[name] for name in frame.CASE_DTYPES} == {
        "run": "20261101T000000Z-box",
        "host": "box",
        "case": "toy-by_hand-n=8,kind=small-xla-cpu",
        "workload": "toy",
        "implementation": "by_hand",
        "params": "n=8,kind=small",
        "mode": "xla",
        "device": "cpu",
        "strategy": "single",
        "replicas": 1,
        "threads": 0,
        "communication": "",
        "bytes_per_pack": 0,
    }


def test_the_summary_of_a_case_by_hand(run: Run) -> None:
    row = frame.summary_frame([run]).iloc[1]  # calls of 2, 4 and 2 s, in two invocations
    wanted = {
        "status": "measured",
        "median_s": 2.0,
        "q1_s": 2.0,
        "q3_s": 3.0,
        "min_s": 2.0,
        "baseline": "toy-by_hand-n=8,kind=small-eager-cpu",
        "first_call_s": 1.5 + 0.125 + 0.0625,
        "build_s": 0.5,
        "trace_s": 1.5,
        "compile_s": 0.125,
        "first_run_s": 0.0625,
        "traces": 3,
        "compiles": 1,
        "throughput": 4.0,
        "unit": "elements",
        "rounds": 3,
        "invocations": 2,
        "discarded_rounds": 3,
        "max_abs_error": 0.5,
        "max_rel_error": 0.125,
        "peak_rss_bytes": 4096,
        "data": "",
        "device_name": "toy processor",
        "verdict": "undecided",
        "more_invocations": 1,
        "speedup_within": False,
        "interpreter": "",
        "content": "",
    }
    assert {name: row[name] for name in wanted} == wanted
    # 8/2 and 8/4 in the first invocation: median of logs at the root of 8; 4/2 in the second.
    assert row["speedup"] == pytest.approx((8**0.5 * 2.0) ** 0.5)
    # Powers 1.5 and 1: 1.25 +- 0.25 of one degree of freedom, so t = 5 of Cauchy's distribution. Of 3 invocations
    # it is 1.25 +- 0.25 * sqrt(2/3) times at most 6.1 and leaves out 0.
    assert row["p_value"] == pytest.approx(1 - 2 * math.atan(5.0) / math.pi)
    assert row[["reason", "peak_device_bytes", "pace_s", "precision", "precision_met"]].isna().all()


def test_the_baseline_is_1_and_has_no_verdict(run: Run) -> None:
    row = frame.summary_frame([run]).iloc[0]
    assert (row["case"], row["speedup"]) == (row["baseline"], 1.0)
    assert row[["verdict", "p_value", "more_invocations"]].isna().all()


def test_all_cases_of_a_run_are_judged_together(records: Any) -> None:
    times = {"eager": (4.0, 4.0, 4.0), "graph": (1.0, 1.5, 2.0), "xla": (1.0, 1.2, 1.4)}
    done = tuple(records.timed(*t, mode=mode) for mode, t in times.items())
    rows = frame.summary_frame([records.run(measurements=done)]).iloc[1:]
    found = [speedup.against_baseline(one, done).logs.p_value for one in done[1:]]
    # The smaller of two counts twice, the larger once.
    assert list(rows["p_value"]) == pytest.approx([found[0], 2 * found[1]])
    assert list(rows["verdict"]) == ["faster", "faster"]


def test_two_runs_are_judged_apart(records: Any) -> None:
    done = tuple(records.timed(*t, mode=mode) for mode, t in (("eager", (4.0, 4.0)), ("xla", (1.0, 2.0))))
    runs = [records.run(name=name, measurements=done) for name in "ab"]
    alone, both = frame.summary_frame(runs[:1]), frame.summary_frame(runs)
    assert list(both["p_value"].dropna()) == list(alone["p_value"].dropna()) * 2


def test_what_a_case_was_measured_with_stands_in_its_row(records: Any) -> None:
    precision = Precision(wanted=0.02, reached=0.015, met=True)
    place = Placement(interpreter="old")
    done = records.timed(1.0, 1.0, 1.0, placement=place, content="abc", precision=precision, pace_s=0.5)
    row = frame.summary_frame([records.run(measurements=(done,))]).iloc[0]
    names = ["interpreter", "content", "pace_s", "precision", "precision_met"]
    assert list(row[names]) == ["old", "abc", 0.5, 0.015, True]


def test_the_pace_is_the_median_over_the_invocations_that_have_one(records: Any) -> None:
    done = tuple(records.invocation(index=i, pace_s=pace) for i, pace in enumerate((4.0, None, 1.0, 2.0), start=1))
    row = frame.summary_frame([records.run(measurements=(records.measurement(invocations=done),))]).iloc[0]
    assert row["pace_s"] == 2.0


def test_failures_and_skips_have_reasons_and_no_numbers(run: Run) -> None:
    rows = frame.summary_frame([run]).iloc[2:]
    columns = ["case", "status", "reason", "rounds", "invocations", "discarded_rounds"]
    assert list(rows[columns].itertuples(index=False, name=None)) == [
        ("toy-by_hand-n=8,kind=small-graph-cpu", "failed", "build: OSError: no disk", 0, 0, 0),
        ("toy-library-n=8,kind=small-xla-cpu", "skipped", "too large", 0, 0, 0),
    ]
    numbers = [
        "median_s",
        "speedup",
        "verdict",
        "p_value",
        "pace_s",
        "precision",
        "first_call_s",
        "traces",
        "throughput",
        "max_abs_error",
        "peak_rss_bytes",
    ]
    assert rows[numbers].isna().all(axis=None)


def test_a_compile_time_that_an_invocation_lacks_is_missing(records: Any) -> None:
    ledgers = [records.ledger(compile_s=None), records.ledger(compile_s=1.0)]
    done = tuple(records.invocation(index=i, ledger=ledger) for i, ledger in enumerate(ledgers, start=1))
    row = frame.summary_frame([records.run(measurements=(records.measurement(invocations=done),))]).iloc[0]
    assert pd.isna(row["compile_s"])
    assert row["first_call_s"] == 0.8125  # the median of 0.3125 and 1.3125


def test_without_a_baseline_there_is_no_speed_up(records: Any) -> None:
    alone = records.measurement(case=records.case(mode="xla"))
    row = frame.summary_frame([records.run(measurements=(alone,))]).iloc[0]
    assert pd.isna(row["speedup"])
    assert pd.isna(row["baseline"])


def test_two_runs_stand_one_after_the_other_with_their_own_baselines(run: Run, records: Any) -> None:
    alone = records.run(name="second", measurements=(records.measurement(case=records.case(mode="xla")),))
    rows = frame.summary_frame([run, alone])
    assert list(rows["run"]) == ["20261101T000000Z-box"] * 4 + ["second"]
    assert pd.isna(rows.iloc[4]["speedup"])


@pytest.mark.parametrize(
    ("measurement", "invocation", "warning"),
    [
        ({}, {}, []),
        ({"data": "synthetic"}, {}, ["data: synthetic"]),
        ({"data": "real: 40 images"}, {}, []),
        ({}, {"retraced_rounds": 2}, ["2 rounds discarded: traced anew"]),
        ({}, {"compiled_rounds": 3}, ["3 rounds discarded: compiled anew"]),
        ({}, {"complete": False}, ["interrupted"]),
        (
            {"precision": Precision(wanted=0.02, reached=0.01, met=True)},
            {},
            ["precision of +-2 % met"],
        ),
        (
            {"precision": Precision(wanted=0.025, reached=0.0512, met=False)},
            {},
            ["budget ended after 1 invocations at +-5.1 %, not the +-2.5 % wanted"],
        ),
        (
            {"precision": Precision(wanted=0.02, reached=None, met=False)},
            {},
            ["budget ended after 1 invocations at no interval, not the +-2 % wanted"],
        ),
        ({"health": (Finding(kind="drift", text="it drifted"),)}, {}, ["it drifted"]),
    ],
)
def test_a_case_warns_of_what_makes_its_numbers_doubtful(
    measurement: dict[str, Any], invocation: dict[str, Any], warning: list[str], records: Any
) -> None:
    found = records.measurement(invocations=(records.invocation(**invocation),), **measurement)
    assert cautions.of(found) == warning


@pytest.mark.parametrize(("device", "count"), [("cpu", 1), ("gpu", 0)])
def test_logical_devices_of_a_cpu_are_warned_of(device: str, count: int, records: Any) -> None:
    case = records.case(placement=Placement(device=device, strategy="mirrored", replicas=2))
    found = cautions.of(records.measurement(case=case))
    assert [warning for warning in found if "not scaling" in warning] == found
    assert len(found) == count


def test_all_warnings_stand_in_the_summary(records: Any) -> None:
    done = (records.invocation(retraced_rounds=1), records.invocation(index=2, complete=False))
    run = records.run(measurements=(records.measurement(data="synthetic", invocations=done),))
    row = frame.summary_frame([run]).iloc[0]
    assert row["warnings"] == "data: synthetic; 1 rounds discarded: traced anew; interrupted"


def test_a_finding_stays_one_warning(records: Any) -> None:
    done = records.measurement(
        health=(Finding(kind="outliers", text="3 took longer; they are kept"),), caution="merged"
    )
    row = frame.summary_frame([records.run(measurements=(done,))]).iloc[0]
    assert row["warnings"].split("; ") == ["merged", "3 took longer, they are kept"]


def test_what_a_workload_says_of_its_times_is_a_warning(records: Any) -> None:
    assert cautions.of(records.measurement(caution="merged")) == ["merged"]


def test_each_part_of_a_caution_is_a_warning_of_its_own(records: Any) -> None:
    assert cautions.of(records.measurement(caution="merged; drawn at random")) == ["merged", "drawn at random"]
