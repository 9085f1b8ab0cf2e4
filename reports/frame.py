"""Turn runs into tidy DataFrames: a row a round, and a row a case."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from tfbench.bench.case import Case
from tfbench.bench.record import Run, Skip
from tfbench.reports import skim, summary
from tfbench.reports.places import File
from tfbench.reports.skim import Batch, End

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


def _case_columns(case: Case, *, run: str, host: str) -> dict[str, Any]:
    return {
        "run": run,
        "host": host,
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
        for columns in [_case_columns(measurement.case, run=run.name, host=run.host.name)]
        for invocation in measurement.invocations
        for block, seconds in zip(invocation.blocks, invocation.round_s, strict=True)
    ]
    return _frame(rows, ROUND_DTYPES)


def summary_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """Give every case, a row each, with the columns and types of SUMMARY_DTYPES.

    Times are seconds a call; medians over invocations for what happens once an invocation. A failed or
    skipped case has its `status` and `reason` and no numbers.
    """
    return of_batch(skim.of_runs(runs)) if runs else _frame([], SUMMARY_DTYPES)


def load_summary(files: Sequence[File]) -> pd.DataFrame:
    """Give the summary frame of run.json files, much faster than reading each whole.

    Raises:
        BadRunError: a file is not a run; what is wrong with it.
    """
    frames = [of_batch(batch) for batch in skim.read(files)]
    return pd.concat(frames, ignore_index=True) if frames else _frame([], SUMMARY_DTYPES)


def of_batch(batch: Batch) -> pd.DataFrame:
    """Give the summary frame of a batch: of each run what was measured, then what failed, then what was skipped."""
    hosts = skim.column(batch.table, skim.KEY, "host", "name").to_pylist()
    names = skim.column(batch.table, skim.KEY, "name").to_pylist()
    measured = typed(summary.columns(batch), SUMMARY_DTYPES)
    rows = [
        {**_case_columns(end.case, run=run, host=host), **_no_numbers(end)}
        for run, host, ends in zip(names, hosts, batch.ends, strict=True)
        for end in ends
    ]
    if not rows:
        return measured
    found = pd.concat([measured, _frame(rows, SUMMARY_DTYPES)], ignore_index=True)
    of_ends = np.repeat(np.arange(len(batch.ends)), [len(ends) for ends in batch.ends])
    order = np.argsort(np.concatenate([summary.cases(batch).run, of_ends]), kind="stable")
    return found.iloc[order].reset_index(drop=True)


def typed(columns: Mapping[str, Any], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Make a frame of columns of any kind; a column that is not there is empty."""
    size = len(next(iter(columns.values())))
    found = {name: _column(columns.get(name, [None] * size), dtype) for name, dtype in dtypes.items()}
    return pd.DataFrame(found)


def _column(values: Any, dtype: str) -> Any:
    if isinstance(values, pa.Array):
        values = pd.Series(values, dtype=pd.ArrowDtype(values.type)) if dtype != "string" else values
    return pd.array(values, dtype=dtype)


def comparisons(run: Run) -> dict[str, dict[str, Any]]:
    """Give the columns about speed-up and verdict of each case by id; all verdicts of a run are judged together."""
    names = [name for name in SUMMARY_DTYPES if name.startswith("speedup")]
    names += ["baseline", "verdict", "p_value", "more_invocations"]
    found = summary_frame([run]).set_index("case")[names]
    known = found[found["speedup"].notna()].astype(object)
    rows = known.where(known.notna(), None).to_dict(orient="index")
    return {str(case): {str(name): value for name, value in row.items()} for case, row in rows.items()}


def _no_numbers(end: End) -> dict[str, Any]:
    none = {"rounds": 0, "invocations": 0, "discarded_rounds": 0}
    if isinstance(end, Skip):
        return {"status": "skipped", "reason": end.reason, **none}
    return {"status": "failed", "reason": f"{end.stage}: {end.type}: {end.message}", **none}
