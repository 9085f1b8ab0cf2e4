"""Turn runs into the rows of a store: the summary of each case, and what tells its history."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tfbench.bench.record import COMPLETE
from tfbench.reports import frame, samples, skim, summary
from tfbench.reports.skim import Batch

# 1 (2026-11): the summary's columns, and those of RUN_FIELDS.
SCHEMA = 1

_ARROW = {
    "string": pa.string(),
    "float64": pa.float64(),
    "int64": pa.int64(),
    "Int64": pa.int64(),
    "boolean": pa.bool_(),
}
RUN_FIELDS = (
    pa.field("run_id", pa.string()),  # digest of name, start and host
    pa.field("version", pa.int64()),  # grows while a run goes on; the largest counts
    pa.field("started", pa.timestamp("us", tz="UTC")),
    pa.field("run_status", pa.string()),
    pa.field("commit", pa.string()),
    pa.field("cpu", pa.string()),
    pa.field("cores", pa.int64()),
    pa.field("usable_cores", pa.int64()),
    pa.field("memory_bytes", pa.int64()),
    pa.field("tensorflow", pa.string()),
    pa.field("keras", pa.string()),
    pa.field("python", pa.string()),
    pa.field("work_per_call", pa.int64()),
    pa.field("shapes", pa.string()),
    pa.field("log_medians", pa.list_(pa.float64())),  # of the seconds for a unit of work, one an invocation
)
COLUMNS = pa.schema([*(pa.field(name, _ARROW[kind]) for name, kind in frame.SUMMARY_DTYPES.items()), *RUN_FIELDS])


def of_batch(batch: Batch) -> pa.Table:
    """Give a row for each case of a batch, with the columns of COLUMNS."""
    rows, found = frame.of_batch(batch), summary.cases(batch)
    ends = np.array([len(ends) for ends in batch.ends])
    counts = np.bincount(found.run, minlength=len(ends)) + ends
    run = np.repeat(np.arange(len(ends)), counts)
    case = np.cumsum(measured := (rows["status"] == "measured").to_numpy()) - 1
    at = pa.array(np.where(measured, case, 0), mask=~measured)
    header = batch.table[skim.KEY].combine_chunks()
    table = pa.Table.from_pandas(rows, schema=COLUMNS.empty_table().select(list(rows)).schema, preserve_index=False)
    columns = {
        **{name: values.take(pa.array(run)) for name, values in _of_runs(header, counts).items()},
        **_software(header, run, rows["interpreter"].fillna("").tolist()),
        "work_per_call": found.of("work_per_call").take(at),
        "shapes": found.of("shapes").take(at),
        "log_medians": _log_medians(found).take(at),
    }
    for name, values in columns.items():
        table = table.append_column(COLUMNS.field(name), values)
    return table.select(COLUMNS.names)


def _of_runs(header: pa.StructArray, counts: np.ndarray) -> dict[str, pa.Array]:
    """Give what is known of each run; `counts` are its cases."""
    host, status = header.field("host"), header.field("status")
    identity = zip(*(one.to_pylist() for one in (header.field("name"), header.field("started"), host)), strict=True)
    return {
        "run_id": pa.array([hashlib.sha256(repr(one).encode()).hexdigest()[:16] for one in identity]),
        "version": pa.array(2 * counts + (np.array(status.to_pylist()) == COMPLETE)),
        "started": pa.array(_times(header.field("started").to_pylist()), pa.timestamp("us", tz="UTC")),
        "run_status": status,
        "commit": host.field("git_commit"),
        "cpu": host.field("cpu"),
        "cores": host.field("cores"),
        "usable_cores": pc.cast(pc.list_value_length(host.field("affinity")), pa.int64()),
        "memory_bytes": host.field("memory_bytes"),
    }


def _times(texts: Sequence[str]) -> list[datetime | None]:
    """Understand ISO 8601; what is none has no time."""

    def understood(text: str) -> datetime | None:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    return [understood(text) for text in texts]


def _software(header: pa.StructArray, run: np.ndarray, interpreters: Sequence[str]) -> dict[str, pa.Array]:
    """Give the versions of the interpreter of each case."""
    known = [{one["interpreter"] or "": one for one in found} for found in header.field("software").to_pylist()]
    of_case = [known[i].get(name, {}) for i, name in zip(run, interpreters, strict=True)]
    names = ("tensorflow", "keras", "python")
    return {name: pa.array([one.get(name) for one in of_case], pa.string()) for name in names}


def _log_medians(found: summary.Cases) -> pa.ListArray:
    """Give the logarithm of the median seconds for a unit of work of each invocation, as `pairing.log_medians`."""
    rounds, work = found.rounds, found.of("work_per_call").to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        medians = samples.medians(rounds.call_s, rounds.lengths) / work[rounds.case]
    usable = np.isfinite(medians) & (medians > 0)
    counts = np.bincount(rounds.case[usable], minlength=len(work))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, pa.array(np.log(medians[usable])))
