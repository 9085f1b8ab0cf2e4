"""Summarise the cases of many runs at once: the columns of `frame.summary_frame`, in arrays."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from tfbench.bench.intervals import LARGEST_LOG
from tfbench.bench.record import Precision
from tfbench.reports import cautions, samples, skim, verdict
from tfbench.reports.samples import Rounds
from tfbench.reports.skim import Batch

Columns = dict[str, Any]

LEDGER = ("first_call_s", "build_s", "trace_s", "first_run_s", "compile_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Hold the measured cases of a batch as Arrow's arrays.

    Attributes:
        run: the run of each case, by its position in the batch.
        id, group: its name, and that of its comparison set.
        measurement: its record.
        done: the records of all invocations, those of a case together.
        counts: how many invocations each case has.
        rounds: of all invocations.
    """

    run: np.ndarray
    id: pa.Array
    group: pa.Array
    measurement: pa.StructArray
    done: pa.StructArray
    counts: np.ndarray
    rounds: Rounds

    def of(self, *names: str) -> pa.Array:
        """Give a field of each case's record."""
        return pc.struct_field(self.measurement, list(names))

    def each(self, *names: str) -> np.ndarray:
        """Give a number of each invocation; NaN where it has none."""
        values = pc.cast(pc.struct_field(self.done, list(names)), pa.float64())
        found: np.ndarray = values.to_numpy(zero_copy_only=False)
        return found

    def total(self, *names: str) -> np.ndarray:
        """Add up a number over the invocations of each case."""
        found: np.ndarray = np.bincount(self.rounds.case, self.each(*names), len(self.counts)).astype(int)
        return found

    def first(self, *names: str) -> np.ndarray:
        """Give a number of the first invocation of each case."""
        return np.asarray(self.each(*names)[np.cumsum(self.counts) - self.counts])


def cases(batch: Batch) -> Cases:
    """Take the measured cases out of a batch."""
    table = batch.table
    rows = skim.column(table, "benchmarks")
    measurement = skim.column(table, "benchmarks", "extra_info", skim.KEY)
    invocations = pc.struct_field(measurement, "invocations")
    done, counts = invocations.flatten(), pc.list_value_length(invocations).to_numpy()
    seconds = pc.struct_field(done, "round_s")
    lengths = pc.list_value_length(seconds).to_numpy()
    iterations = pc.struct_field(done, "iterations").to_numpy()
    return Cases(
        run=np.repeat(np.arange(table.num_rows), pc.list_value_length(rows).to_numpy()),
        id=skim.column(table, "benchmarks", "param"),
        group=skim.column(table, "benchmarks", "group"),
        measurement=measurement,
        done=done,
        counts=counts,
        rounds=Rounds(
            call_s=seconds.flatten().to_numpy() / np.repeat(iterations, lengths),
            blocks=pc.struct_field(done, "blocks").flatten().to_numpy(),
            starts=np.cumsum(lengths) - lengths,
            lengths=lengths,
            case=np.repeat(np.arange(len(counts)), counts),
            index=pc.struct_field(done, "index").to_numpy(),
        ),
    )


def columns(batch: Batch) -> Columns:
    """Give the columns of every measured case, in order; `frame.SUMMARY_DTYPES` names them."""
    found = cases(batch)
    return {**names(batch, found), **_times(found), **_costs(found), **_facts(found), **_comparisons(found)}


def names(batch: Batch, found: Cases) -> Columns:
    """Give the columns that name run, host and case."""
    placement = ("device", "strategy", "replicas", "threads")
    workload, group = found.of("case", "workload"), found.group.to_pylist()
    return {
        "run": skim.column(batch.table, skim.KEY, "name").take(pa.array(found.run)),
        "host": skim.column(batch.table, skim.KEY, "host", "name").take(pa.array(found.run)),
        "case": found.id,
        "workload": workload,
        "implementation": found.of("case", "implementation"),
        "params": [label[len(name) + 1 :] for label, name in zip(group, workload.to_pylist(), strict=True)],
        "mode": found.of("case", "mode"),
        **{name: found.of("case", "placement", name) for name in placement},
        "communication": pc.fill_null(found.of("case", "placement", "communication"), ""),
        "bytes_per_pack": pc.fill_null(found.of("case", "placement", "bytes_per_pack"), 0),
    }


def _times(found: Cases) -> Columns:
    rounds = np.bincount(found.rounds.case, found.rounds.lengths, len(found.counts)).astype(int)
    low, middle, high = samples.quartiles(found.rounds.call_s, rounds)
    work = found.of("work_per_call").to_numpy()
    return {
        "median_s": middle,
        "q1_s": low,
        "q3_s": high,
        "min_s": samples.extreme(found.rounds.call_s, rounds, np.fmin),
        "throughput": np.divide(work, middle, out=np.full(len(work), np.nan), where=middle > 0),
        "rounds": rounds,
        "invocations": found.counts,
        "discarded_rounds": found.total("retraced_rounds") + found.total("compiled_rounds"),
    }


def _costs(found: Cases) -> Columns:
    """Give what happens once an invocation: medians over them, the largest error and the largest memory."""
    pace = found.each("pace_s")
    paced = np.bincount(found.rounds.case, ~np.isnan(pace), len(found.counts)).astype(int)
    largest = {
        name: samples.extreme(found.each(*path), found.counts, np.fmax)
        for name, path in (
            *((name, ("check", name)) for name in ("max_abs_error", "max_rel_error")),
            *((name, (name,)) for name in ("peak_rss_bytes", "peak_device_bytes")),
        )
    }
    return {
        **{name: samples.medians(found.each("ledger", name), found.counts) for name in LEDGER},
        **{name: found.first("ledger", name) for name in ("traces", "compiles")},
        **largest,
        "pace_s": samples.medians(pace[~np.isnan(pace)], paced),
    }


def _facts(found: Cases) -> Columns:
    size = len(found.counts)
    return {
        "status": ["measured"] * size,
        "unit": found.of("unit"),
        "data": found.of("data"),
        "device_name": found.of("device"),
        "interpreter": pc.fill_null(found.of("case", "placement", "interpreter"), ""),
        "content": pc.fill_null(found.of("content"), ""),
        "precision": found.of("precision", "reached"),
        "precision_met": found.of("precision", "met"),
        "warnings": _warnings(found),
    }


def _warnings(found: Cases) -> list[str]:
    place = found.of("case", "placement")
    facts = zip(
        pc.fill_null(found.of("caution"), "").to_pylist(),
        found.of("data").to_pylist(),
        found.total("retraced_rounds").tolist(),
        found.total("compiled_rounds").tolist(),
        (found.total("complete") == found.counts).tolist(),
        _precisions(found.of("precision")),
        found.counts.tolist(),
        _texts(found.of("health")),
        place.field("device").to_pylist(),
        place.field("strategy").to_pylist(),
        strict=True,
    )
    return [_warning(*of_case) for of_case in facts]


@lru_cache(maxsize=1024)
def _warning(
    caution: str,
    data: str,
    retraced: int,
    compiled: int,
    complete: bool,  # noqa: FBT001 - a fact, not a switch
    precision: Precision | None,
    invocations: int,
    health: tuple[str, ...],
    *placement: str,
) -> str:
    """Give the warnings of a case as one text; most cases of many runs have the same ones."""
    device, strategy = placement
    found = cautions.texts(
        caution=caution,
        data=data,
        retraced=retraced,
        compiled=compiled,
        complete=complete,
        precision=precision,
        invocations=invocations,
        health=health,
        placement=(device, strategy),
    )
    return "; ".join(found)


def _precisions(records: pa.StructArray) -> list[Precision | None]:
    """Give what few cases have, and None for the others, of which nothing is made."""
    found: list[Precision | None] = [None] * len(records)
    at = pc.indices_nonzero(records.is_valid())
    for i, value in zip(at.to_pylist(), records.take(at).to_pylist(), strict=True):
        found[i] = Precision(**value)
    return found


def _texts(findings: pa.ListArray) -> list[tuple[str, ...]]:
    """Give the texts of each case's findings; much faster than a dictionary a finding."""
    texts = tuple(findings.flatten().field("text").to_pylist())
    ends = np.cumsum(pc.fill_null(findings.value_lengths(), 0).to_numpy()).tolist()
    return [texts[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _bases(found: Cases) -> np.ndarray:
    """Give the position of each case's baseline: same run, workload, parameters and placement; -1 without."""
    place = found.of("case", "placement")
    same = [
        pa.array(found.run).cast(pa.string()),
        found.group,
        *(pc.fill_null(pc.cast(values, pa.string()), "") for values in place.flatten()),
    ]
    baseline = found.of("baseline")
    sides = (
        (found.of("case", "implementation"), found.of("case", "mode")),
        (pc.list_element(baseline, 0), pc.list_element(baseline, 1)),
    )
    keys, wanted = (pc.binary_join_element_wise(*same, *side, "\0") for side in sides)
    position: np.ndarray = pc.fill_null(pc.index_in(wanted, value_set=keys), -1).to_numpy()
    return position


def _comparisons(found: Cases) -> Columns:
    """Give speed-ups and verdicts; all those of a run are judged together."""
    size, bases, work = len(found.counts), _bases(found), found.of("work_per_call").to_numpy()
    which, estimates = samples.speedups(found.rounds, bases, work, found.run)
    others = bases[which] != which
    judged = verdict.Comparisons(**{name: getattr(estimates, name)[others] for name in verdict.Comparisons.__slots__})
    words, adjusted, more = verdict.judge_all(judged)

    def spread(values: np.ndarray, at: np.ndarray) -> np.ndarray:
        full = np.full(size, np.nan)
        full[at] = values
        return full

    base_ids, judged_at = found.id.take(pa.array(bases[which])), which[others]
    return {
        "speedup": spread(np.exp(np.minimum(estimates.middle, LARGEST_LOG)), which),
        "speedup_low": spread(np.exp(np.minimum(estimates.low, LARGEST_LOG)), which),
        "speedup_high": spread(np.exp(np.minimum(estimates.high, LARGEST_LOG)), which),
        "speedup_within": pd.Series(spread(estimates.within, which)),
        "baseline": pd.Series(base_ids.to_pylist(), which, dtype="string").reindex(range(size)),
        "verdict": pd.Series(words, judged_at, dtype="string").reindex(range(size)),
        "p_value": spread(adjusted, judged_at),
        "more_invocations": spread(np.where(more > 0, more, np.nan), judged_at),
    }
