"""The summary of many runs at once says what the functions for one case say, whatever was measured."""

from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tfbench.bench.case import Placement
from tfbench.bench.record import Measurement, Precision, Run
from tfbench.reports import cautions, frame, quantiles, speedup, verdict

SECONDS = st.floats(1e-7, 10.0) | st.sampled_from([0.0, 0.25, 1.0])
PLACEMENTS = (Placement(), Placement(threads=1), Placement(device="gpu"), Placement(strategy="mirrored", replicas=2))


@st.composite
def invocations(draw: Any) -> tuple[dict[str, Any], ...]:
    """Draw the fields of one to four invocations, in which some blocks and some invocations may be missing."""
    found = []
    for index in draw(st.lists(st.integers(1, 4), min_size=1, max_size=4, unique=True)):
        blocks = draw(st.sampled_from([(0, 1, 2, 3, 4, 5, 6), (0, 1, 2), (0, 2, 4, 5), (7,)]))
        found.append(
            {
                "index": index,
                "blocks": blocks,
                "round_s": tuple(draw(st.lists(SECONDS, min_size=len(blocks), max_size=len(blocks)))),
                "iterations": draw(st.integers(1, 1000)),
                "retraced_rounds": draw(st.integers(0, 2)),
                "compiled_rounds": draw(st.integers(0, 1)),
                "complete": draw(st.booleans()),
                "pace_s": draw(st.none() | st.floats(1e-4, 1e-3)),
                "peak_rss_bytes": draw(st.none() | st.integers(0, 2**40)),
                "ledger": draw(st.sampled_from([{}, {"compile_s": None}, {"trace_s": 3.0, "traces": 7}])),
            }
        )
    return tuple(found)


@st.composite
def measurements(draw: Any) -> list[dict[str, Any]]:
    """Draw the fields of some cases, all of different ids."""
    ids = st.tuples(st.sampled_from(["eager", "graph", "xla"]), st.sampled_from(["by_hand", "library"]))
    found = draw(st.lists(st.tuples(ids, st.sampled_from(PLACEMENTS)), min_size=1, max_size=5, unique=True))
    return [
        {
            "case": {"mode": mode, "implementation": implementation, "placement": placement},
            "invocations": draw(invocations()),
            "work_per_call": draw(st.sampled_from([8, 16, 100])),
            "data": draw(st.sampled_from(["", "synthetic"])),
            "precision": draw(st.none() | st.just(Precision(wanted=0.02, reached=0.01, met=True))),
        }
        for (mode, implementation), placement in found
    ]


def make(records: Any, fields: list[dict[str, Any]]) -> tuple[Measurement, ...]:
    """Make the measurements that were drawn."""
    return tuple(
        records.measurement(
            **{
                **one,
                "case": records.case(**one["case"]),
                "invocations": tuple(
                    records.invocation(**{**done, "ledger": records.ledger(**done["ledger"])})
                    for done in one["invocations"]
                ),
            }
        )
        for one in fields
    )


def near(value: float | None) -> Any:
    return pytest.approx(np.nan if value is None else value, rel=1e-9, abs=1e-12, nan_ok=True)


def check_times(row: Any, measurement: Measurement) -> None:
    low, middle, high = quantiles.quartiles(measurement.call_s)
    assert (row.median_s, row.q1_s, row.q3_s, row.min_s) == (middle, low, high, min(measurement.call_s))
    assert row.throughput == near(measurement.work_per_call / middle if middle else None)
    done = measurement.invocations
    assert (row.rounds, row.invocations) == (len(measurement.call_s), len(done))
    assert row.discarded_rounds == sum(one.retraced_rounds + one.compiled_rounds for one in done)
    assert row.first_call_s == median(one.ledger.first_call_s for one in done)
    compile_s = [one.ledger.compile_s for one in done]
    assert row.compile_s == near(None if None in compile_s else median(compile_s))
    paces = [one.pace_s for one in done if one.pace_s is not None]
    assert row.pace_s == near(median(paces) if paces else None)
    largest = max((one.peak_rss_bytes for one in done if one.peak_rss_bytes is not None), default=None)
    assert (row.peak_rss_bytes if largest is not None else None) == largest
    assert row.traces == done[0].ledger.traces
    assert row.warnings == "; ".join(cautions.of(measurement))


def check_comparisons(rows: Any, run: Run) -> None:
    found = [speedup.against_baseline(one, run.measurements) for one in run.measurements]
    others = [one for one in found if one is not None and one.case != one.base]
    judged = dict(zip(others, verdict.judge([(one.logs, one.invocations) for one in others]), strict=True))
    for row, one in zip(rows, found, strict=True):
        if one is None:
            assert pd.isna([row.speedup, row.speedup_low, row.baseline, row.verdict, row.p_value]).all()
            continue
        assert (row.speedup, row.speedup_low, row.speedup_high) == (near(one.ratio), near(one.low), near(one.high))
        assert (row.speedup_within, row.baseline) == (one.within, one.base)
        if one in judged:
            assert (row.verdict, row.p_value) == (judged[one].word, near(judged[one].p_value))
            assert (None if pd.isna(row.more_invocations) else row.more_invocations) == judged[one].more
        else:
            assert pd.isna([row.verdict, row.p_value]).all()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(measurements(), min_size=1, max_size=3))
def test_every_column_is_what_the_functions_for_one_case_say(drawn: list[list[dict[str, Any]]], records: Any) -> None:
    runs = [records.run(name=f"run {i}", measurements=make(records, one)) for i, one in enumerate(drawn)]
    rows = list(frame.summary_frame(runs).itertuples(index=False))
    assert [(row.run, row.case) for row in rows] == [(run.name, m.case.id) for run in runs for m in run.measurements]
    for run in runs:
        own = [row for row in rows if row.run == run.name]
        for row, measurement in zip(own, run.measurements, strict=True):
            check_times(row, measurement)
        check_comparisons(own, run)


def test_files_and_records_give_the_same_frame(records: Any, tmp_path: Any) -> None:
    runs = [
        records.full_run(),
        records.run(name="b", measurements=tuple(records.timed(1.0, 1.1, 0.9, mode=mode) for mode in ("eager", "xla"))),
        records.run(name="c", skips=(records.skip(),), failures=(records.failure(), records.failure())),
        records.run(name="d"),
    ]
    files = [records.write(run, tmp_path) / "run.json" for run in runs]
    found, wanted = frame.load_summary(files), frame.summary_frame(runs)
    pd.testing.assert_frame_equal(found, wanted)
    assert list(wanted["run"]) == [runs[0].name] * 3 + ["b"] * 2 + ["c"] * 3
    assert list(wanted["status"][5:]) == ["failed", "failed", "skipped"]


def test_a_time_of_0_has_no_throughput(records: Any) -> None:
    (row,) = frame.summary_frame([records.run(measurements=(records.timed(0.0, 0.0),))]).to_dict("records")
    assert (row["median_s"], pd.isna(row["throughput"]), pd.isna(row["speedup"])) == (0.0, True, True)


def test_the_same_name_in_two_runs_has_the_baseline_of_its_own_run(records: Any) -> None:
    def run(name: str, base: float) -> Run:
        cases = (records.timed(base, base, mode="eager"), records.timed(1.0, 1.0, mode="xla"))
        return records.run(name=name, measurements=cases)

    rows = frame.summary_frame([run("a", 2.0), run("a", 8.0)])
    assert list(rows["speedup"]) == pytest.approx([1.0, 2.0, 1.0, 8.0])
