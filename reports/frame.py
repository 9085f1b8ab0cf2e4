"""Turn runs into tidy DataFrames: a row a round, and a row a case."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

import pandas as pd
from tfbench.bench.case import Case
from tfbench.bench.record import Failure, Measurement, Precision, Run, Skip
from tfbench.reports import quantiles, speedup, verdict
from tfbench.reports.speedup import Speedup
from tfbench.reports.verdict import Verdict

CASE_DTYPES = {
    "run": "string",
    "host": "string",
    "case": "string",
    "workload": "string",
    "implementation": "string",
    "params": "string",
    "mode": "string",
    "device": "string",
    "strategy": "string",
    "replicas": "int64",
    "threads": "int64",
    "communication": "string",
    "bytes_per_pack": "int64",
}

ROUND_DTYPES = {
    **CASE_DTYPES,
    "invocation": "int64",
    "block": "int64",
    "iterations": "int64",
    "round_s": "float64",
    "call_s": "float64",
}

SUMMARY_DTYPES = {
    **CASE_DTYPES,
    "status": "string",
    "reason": "string",
    "median_s": "float64",
    "q1_s": "float64",
    "q3_s": "float64",
    "min_s": "float64",
    "speedup": "float64",
    "speedup_low": "float64",
    "speedup_high": "float64",
    "speedup_within": "boolean",
    "baseline": "string",
    "verdict": "string",
    "p_value": "float64",
    "more_invocations": "Int64",
    "first_call_s": "float64",
    "build_s": "float64",
    "trace_s": "float64",
    "compile_s": "float64",
    "first_run_s": "float64",
    "traces": "Int64",
    "compiles": "Int64",
    "throughput": "float64",
    "unit": "string",
    "rounds": "int64",
    "invocations": "int64",
    "discarded_rounds": "int64",
    "max_abs_error": "float64",
    "max_rel_error": "float64",
    "peak_rss_bytes": "Int64",
    "peak_device_bytes": "Int64",
    "data": "string",
    "device_name": "string",
    "interpreter": "string",
    "content": "string",
    "pace_s": "float64",
    "precision": "float64",
    "precision_met": "boolean",
    "warnings": "string",
}


def _case_columns(run: Run, case: Case) -> dict[str, Any]:
    return {
        "run": run.name,
        "host": run.host.name,
        "case": case.id,
        "workload": case.workload,
        "implementation": case.implementation,
        "params": case.params_label,
        "mode": case.mode,
        "device": case.placement.device,
        "strategy": case.placement.strategy,
        "replicas": case.placement.replicas,
        "threads": case.placement.threads,
        "communication": case.placement.communication,
        "bytes_per_pack": case.placement.bytes_per_pack,
    }


def _frame(rows: list[dict[str, Any]], dtypes: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)


def rounds_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """Give every kept round of every case, a row each, with the columns and types of ROUND_DTYPES."""
    rows = [
        {
            **columns,
            "invocation": invocation.index,
            "block": block,
            "iterations": invocation.iterations,
            "round_s": seconds,
            "call_s": seconds / invocation.iterations,
        }
        for run in runs
        for measurement in run.measurements
        for columns in [_case_columns(run, measurement.case)]
        for invocation in measurement.invocations
        for block, seconds in zip(invocation.blocks, invocation.round_s, strict=True)
    ]
    return _frame(rows, ROUND_DTYPES)


def summary_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """Give every case, a row each, with the columns and types of SUMMARY_DTYPES.

    Times are seconds a call; medians over invocations for what happens once an invocation. A failed or
    skipped case has its `status` and `reason` and no numbers.
    """
    return _frame([row for run in runs for row in _summary_rows(run)], SUMMARY_DTYPES)


def _summary_rows(run: Run) -> Iterator[dict[str, Any]]:
    compared = comparisons(run)
    for measurement in run.measurements:
        columns = _case_columns(run, measurement.case)
        yield {**columns, **_numbers(measurement), **compared.get(measurement.case.id, {})}
    ends: tuple[Failure | Skip, ...] = (*run.failures, *run.skips)
    for end in ends:
        yield {**_case_columns(run, end.case), **_no_numbers(end)}


def comparisons(run: Run) -> dict[str, dict[str, Any]]:
    """Give the columns about speed-up and verdict of each case by id; all verdicts of a run are judged together."""
    found = [(m, speedup.against_baseline(m, run.measurements)) for m in run.measurements]
    known = {m.case.id: one for m, one in found if one is not None}
    others = [one for one in known.values() if one.base != one.case]
    judged = verdict.judge([(one.logs, one.invocations) for one in others])
    verdicts = {one.case: it for one, it in zip(others, judged, strict=True)}
    return {case_id: _comparison_columns(one, verdicts.get(case_id)) for case_id, one in known.items()}


def _comparison_columns(found: Speedup, judged: Verdict | None) -> dict[str, Any]:
    return {
        "speedup": found.ratio,
        "speedup_low": found.low,
        "speedup_high": found.high,
        "speedup_within": found.within,
        "baseline": found.base,
        "verdict": judged.word if judged else None,
        "p_value": judged.p_value if judged else None,
        "more_invocations": judged.more if judged else None,
    }


def _no_numbers(end: Failure | Skip) -> dict[str, Any]:
    none = {"rounds": 0, "invocations": 0, "discarded_rounds": 0}
    if isinstance(end, Skip):
        return {"status": "skipped", "reason": end.reason, **none}
    return {"status": "failed", "reason": f"{end.stage}: {end.type}: {end.message}", **none}


def _numbers(measurement: Measurement) -> dict[str, Any]:
    done = measurement.invocations
    ledgers = [invocation.ledger for invocation in done]
    low, middle, high = quantiles.quartiles(measurement.call_s)
    compile_s = [ledger.compile_s for ledger in ledgers if ledger.compile_s is not None]
    return {
        "status": "measured",
        "median_s": middle,
        "q1_s": low,
        "q3_s": high,
        "min_s": min(measurement.call_s),
        "first_call_s": median(ledger.first_call_s for ledger in ledgers),
        "build_s": median(ledger.build_s for ledger in ledgers),
        "trace_s": median(ledger.trace_s for ledger in ledgers),
        "compile_s": median(compile_s) if len(compile_s) == len(ledgers) else None,
        "first_run_s": median(ledger.first_run_s for ledger in ledgers),
        "traces": ledgers[0].traces,
        "compiles": ledgers[0].compiles,
        "throughput": measurement.work_per_call / middle,
        "unit": measurement.unit,
        "rounds": len(measurement.call_s),
        "invocations": len(done),
        "discarded_rounds": sum(i.retraced_rounds + i.compiled_rounds for i in done),
        "max_abs_error": max(i.check.max_abs_error for i in done),
        "max_rel_error": max(i.check.max_rel_error for i in done),
        "peak_rss_bytes": max((i.peak_rss_bytes for i in done if i.peak_rss_bytes is not None), default=None),
        "peak_device_bytes": max((i.peak_device_bytes for i in done if i.peak_device_bytes is not None), default=None),
        "data": measurement.data,
        "device_name": measurement.device,
        "interpreter": measurement.case.placement.interpreter,
        "content": measurement.content,
        "pace_s": median(paces) if (paces := [i.pace_s for i in done if i.pace_s is not None]) else None,
        "precision": measurement.precision.reached if measurement.precision else None,
        "precision_met": measurement.precision.met if measurement.precision else None,
        "warnings": "; ".join(warnings(measurement)),
    }


def precision_text(precision: Precision, invocations: int) -> str:
    """Say whether the wanted precision was met, or the budget ended first."""
    if precision.met:
        return f"precision of +-{100 * precision.wanted:.3g} % met"
    reached = "no interval" if precision.reached is None else f"+-{100 * precision.reached:.2g} %"
    return f"budget ended after {invocations} invocations at {reached}, not the +-{100 * precision.wanted:.3g} % wanted"


def warnings(measurement: Measurement) -> list[str]:
    """Say what a reader must know before believing the numbers of a case."""
    found = measurement.caution.splitlines()
    done = measurement.invocations
    if measurement.data == "synthetic":
        found.append("data: synthetic")
    retraced, compiled = sum(i.retraced_rounds for i in done), sum(i.compiled_rounds for i in done)
    if retraced:
        found.append(f"{retraced} rounds discarded: traced anew")
    if compiled:
        found.append(f"{compiled} rounds discarded: compiled anew")
    if any(not i.complete for i in done):
        found.append("interrupted")
    if measurement.precision:
        found.append(precision_text(measurement.precision, len(done)))
    found += [finding.text for finding in measurement.health]
    if measurement.case.placement.strategy == "mirrored" and measurement.case.placement.device == "cpu":
        found.append("logical CPU devices share one thread pool: shows function, not scaling")
    return [text.replace("; ", ", ") for text in found]  # "; " joins them
