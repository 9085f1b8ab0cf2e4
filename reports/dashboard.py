"""Write a run into TensorBoard's event files, without TensorFlow: its cases as trials, their rounds as scalars."""

import io
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2, summary_v2
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.summary.writer.record_writer import RecordWriter
from tfbench.bench import files, store
from tfbench.bench.record import Measurement, Run
from tfbench.reports import frame

# Always the same, so that writing again replaces; TensorBoard reads whatever has `tfevents` in its name.
EVENTS = "events.out.tfevents.0.tfbench"
FILE_VERSION = "brain.Event:2"
HYPERPARAMETERS = {
    "workload": "workload",
    "implementation": "implementation",
    "params": "parameters",
    "mode": "mode",
    "device": "device",
    "replicas": "replicas",
    "interpreter": "interpreter",
}


class Metric(NamedTuple):
    """Say which column of the summary TensorBoard shows under which name, times what; with a unit only its cases'."""

    tag: str
    title: str
    column: str
    scale: float = 1.0
    unit: str = ""


METRICS = (
    Metric("summary/median_ms", "median (ms)", "median_s", 1e3),
    Metric("summary/speedup", "speed-up (x)", "speedup"),
    Metric("summary/trace_ms", "trace (ms)", "trace_s", 1e3),
    Metric("summary/compile_ms", "XLA compile (ms)", "compile_s", 1e3),
    Metric("summary/peak_memory_mib", "peak memory (MiB)", "peak_rss_bytes", 2.0**-20),
    Metric("summary/peak_device_memory_mib", "peak device memory (MiB)", "peak_device_bytes", 2.0**-20),
)

Row = Mapping[Any, Any]


def write(run: Run, folder: Path) -> None:
    """Write a run's event files into its folder: each case's beside its profile, the experiment's last.

    Raises:
        OSError: the folder cannot be written.
    """
    rows = {row["case"]: row for row in frame.summary_frame([run]).to_dict("records") if row["status"] == "measured"}
    started_s = datetime.fromisoformat(run.started).timestamp()
    metrics = _metrics(list(rows.values()))
    for measurement in run.measurements:
        path = folder / files.PROFILES / files.case_folder(measurement.case.id) / EVENTS
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_events(path, _trial(measurement, rows[measurement.case.id], metrics, started_s), started_s)
    _write_events(folder / EVENTS, [(0, _experiment(list(rows.values()), metrics, started_s))], started_s)


def is_current(folder: Path) -> bool:
    """Tell whether a run's event files are there, and not older than its run.json."""
    try:
        return (folder / EVENTS).stat().st_mtime_ns >= (folder / store.FILE).stat().st_mtime_ns
    except OSError:
        return False


def _metrics(rows: Sequence[Row]) -> list[Metric]:
    """Give the metrics that at least one of these cases has a number for."""
    units = sorted({row["unit"] for row in rows})
    rates = (Metric(f"summary/{unit}_per_s", f"{unit}/s", "throughput", unit=unit) for unit in units)
    return [metric for metric in (*METRICS, *rates) if any(_value(metric, row) is not None for row in rows)]


def _value(metric: Metric, row: Row) -> float | None:
    """Give a case's number; None where it has none that is finite."""
    value = row[metric.column]
    if pd.isna(value) or not math.isfinite(value) or metric.unit not in {"", row["unit"]}:
        return None
    return float(value) * metric.scale


def _experiment(rows: Sequence[Row], metrics: Sequence[Metric], started_s: float) -> Summary:
    """Name the hyperparameters with their values, and the metrics."""
    parameters = []
    for name, title in HYPERPARAMETERS.items():
        values = sorted({row[name] for row in rows} - {""})
        if values:
            # TensorBoard shows five at first, those that differ before the others.
            parameter = api_pb2.HParamInfo(name=name, display_name=title, differs=len(values) > 1)
            summary_v2.Discrete(values).update_hparam_info(parameter)
            parameters.append(parameter)
    experiment = api_pb2.Experiment(
        hparam_infos=parameters,
        metric_infos=[summary_v2.Metric(metric.tag, display_name=metric.title).as_proto() for metric in metrics],
        time_created_secs=started_s,
    )
    return _hparams_summary(metadata.EXPERIMENT_TAG, plugin_data_pb2.HParamsPluginData(experiment=experiment))


def _trial(
    measurement: Measurement, row: Row, metrics: Sequence[Metric], started_s: float
) -> Iterator[tuple[int, Summary]]:
    """Give step and summary of all that is said of a case."""
    values = {name: row[name] for name in HYPERPARAMETERS if row[name] != ""}
    yield 0, summary_v2.hparams_pb(values, trial_id=measurement.case.id, start_time_secs=started_s)
    for metric in metrics:
        value = _value(metric, row)
        if value is not None:
            yield 0, scalar_pb(metric.tag, value)
    for invocation in measurement.invocations:
        for block, call_s in zip(invocation.blocks, invocation.call_s, strict=True):
            if math.isfinite(call_s):
                yield block, scalar_pb(f"call_ms/invocation_{invocation.index}", call_s * 1e3)
    yield 0, _session_end(complete=all(invocation.complete for invocation in measurement.invocations))


def _session_end(*, complete: bool) -> Summary:
    """Say how a trial ended."""
    status = api_pb2.STATUS_SUCCESS if complete else api_pb2.STATUS_UNKNOWN
    end = plugin_data_pb2.HParamsPluginData(session_end_info=plugin_data_pb2.SessionEndInfo(status=status))
    return _hparams_summary(metadata.SESSION_END_INFO_TAG, end)


def _hparams_summary(tag: str, data: Any) -> Summary:
    """Wrap what only TensorBoard's `hparams.summary` would, which imports TensorFlow."""
    about = metadata.create_summary_metadata(data)
    return Summary(value=[Summary.Value(tag=tag, metadata=about, tensor=metadata.NULL_TENSOR)])


def _write_events(path: Path, summaries: Iterable[tuple[int, Summary]], started_s: float) -> None:
    """Replace an event file in one step; TensorBoard takes the partial file for none of its own."""
    content = io.BytesIO()
    writer = RecordWriter(content)
    writer.write(Event(wall_time=started_s, file_version=FILE_VERSION).SerializeToString())
    for step, summary in summaries:
        writer.write(Event(wall_time=started_s, step=step, summary=summary).SerializeToString())
    partial = path.with_name(f".dashboard.{os.getpid()}.partial")
    try:
        partial.write_bytes(content.getvalue())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
