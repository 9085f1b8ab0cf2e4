"""TensorBoard's event files: trials, metrics and rounds, read back with TensorBoard's own reader."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.tensorflow_stub.errors import OutOfRangeError
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New
from tensorboard.plugins.hparams import api_pb2, metadata
from tensorboard.util import tensor_util
from tfbench.bench import record, store
from tfbench.reports import dashboard, frame

EAGER, XLA = "toy-by_hand-n=8,kind=small-eager-cpu", "toy-by_hand-n=8,kind=small-xla-cpu"


def events(path: Path) -> list[Event]:
    """Read the events of a file, checksums included."""
    reader = PyRecordReader_New(str(path))
    found = []
    while True:
        try:
            reader.GetNext()
        except OutOfRangeError:  # the reader's way to say that this was all
            return found
        found.append(Event.FromString(reader.record()))


def summaries(path: Path) -> list[tuple[int, Any]]:
    return [(event.step, value) for event in events(path) for value in event.summary.value]


def scalars(folder: Path, case_id: str) -> dict[str, list[tuple[int, float]]]:
    """Give step and value of each scalar of a case, by tag."""
    found: dict[str, list[tuple[int, float]]] = {}
    for step, value in summaries(folder / "profiles" / case_id / dashboard.EVENTS):
        if value.metadata.plugin_data.plugin_name == "scalars":
            found.setdefault(value.tag, []).append((step, tensor_util.make_ndarray(value.tensor).item()))
    return found


def content(path: Path, tag: str) -> Any:
    (found,) = (value.metadata.plugin_data.content for _, value in summaries(path) if value.tag == tag)
    return found


@pytest.fixture
def run(records: Any) -> record.Run:
    """Give a baseline of two invocations and an XLA case twice as fast, a failure and a skip."""
    eager = (
        records.invocation((8.0, 8.0), iterations=1, ledger=records.ledger(compile_s=None)),
        records.invocation((4.0,), index=2, iterations=1, blocks=(3,)),
    )
    xla = (
        records.invocation((4.0, 8.0), peak_rss_bytes=2**20),
        records.invocation((2.0,), index=2, iterations=1, peak_rss_bytes=3 * 2**20, complete=False),
    )
    measurements = (
        records.measurement(invocations=eager),
        records.measurement(case=records.case(mode="xla"), invocations=xla),
    )
    skip = records.skip(case=records.case(mode="xla", implementation="library"))
    return records.run(measurements=measurements, failures=(records.failure(),), skips=(skip,))


def test_a_case_is_a_trial_with_its_id_and_hyperparameters(run: record.Run, tmp_path: Path) -> None:
    dashboard.write(run, tmp_path)
    file = tmp_path / "profiles" / XLA / dashboard.EVENTS
    start = metadata.parse_session_start_info_plugin_data(content(file, metadata.SESSION_START_INFO_TAG))
    values = {name: value.string_value or value.number_value for name, value in start.hparams.items()}
    assert values == {
        "workload": "toy",
        "implementation": "by_hand",
        "params": "n=8,kind=small",
        "mode": "xla",
        "device": "cpu",
        "replicas": 1.0,
    }
    assert (start.group_name, start.start_time_secs) == (XLA, 1793491200.0)  # 2026-11-01, midnight in UTC


def test_a_trial_that_was_interrupted_is_no_success(run: record.Run, tmp_path: Path) -> None:
    dashboard.write(run, tmp_path)
    files = [tmp_path / "profiles" / case_id / dashboard.EVENTS for case_id in (EAGER, XLA)]
    ends = [metadata.parse_session_end_info_plugin_data(content(f, metadata.SESSION_END_INFO_TAG)) for f in files]
    assert [end.status for end in ends] == [api_pb2.STATUS_SUCCESS, api_pb2.STATUS_UNKNOWN]


def test_the_metrics_are_the_numbers_of_the_summary(run: record.Run, tmp_path: Path) -> None:
    dashboard.write(run, tmp_path)
    found = {tag: values for tag, values in scalars(tmp_path, XLA).items() if tag.startswith("summary/")}
    assert found == {
        "summary/median_ms": [(0, 2000.0)],  # of 2, 4 and 2 s a call
        "summary/elements_per_s": [(0, 4.0)],  # 8 elements in 2 s
        "summary/trace_ms": [(0, 250.0)],
        "summary/compile_ms": [(0, 125.0)],
        "summary/peak_memory_mib": [(0, 3.0)],
        "summary/speedup": found["summary/speedup"],
    }
    (row,) = (row for row in frame.summary_frame([run]).to_dict("records") if row["case"] == XLA)
    assert found["summary/speedup"] == [(0, pytest.approx(row["speedup"], rel=1e-6))]


def test_what_has_no_number_is_left_out(run: record.Run, records: Any, tmp_path: Path, with_fields: Any) -> None:
    alone = with_fields(run.measurements[0], baseline=("library", "eager"))
    dashboard.write(with_fields(run, measurements=(alone,)), tmp_path)
    assert set(scalars(tmp_path, EAGER)) == {
        "summary/median_ms",
        "summary/elements_per_s",
        "summary/trace_ms",
        "summary/peak_memory_mib",
        "call_ms/invocation_1",
        "call_ms/invocation_2",
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), None, pd.NA])
def test_what_is_not_finite_is_no_value(value: Any) -> None:
    assert dashboard._value(dashboard.METRICS[0], {"median_s": value, "unit": "elements"}) is None


def test_the_rounds_of_each_invocation_lie_over_their_blocks(run: record.Run, tmp_path: Path) -> None:
    dashboard.write(run, tmp_path)
    eager, xla = scalars(tmp_path, EAGER), scalars(tmp_path, XLA)
    assert eager["call_ms/invocation_1"] == [(0, 8000.0), (1, 8000.0)]
    assert eager["call_ms/invocation_2"] == [(3, 4000.0)]
    assert xla["call_ms/invocation_1"] == [(0, 2000.0), (1, 4000.0)]  # 2 calls a round


def test_the_experiment_names_hyperparameters_and_metrics(run: record.Run, tmp_path: Path) -> None:
    dashboard.write(run, tmp_path)
    experiment = metadata.parse_experiment_plugin_data(content(tmp_path / dashboard.EVENTS, metadata.EXPERIMENT_TAG))
    domains = {i.display_name: (list(i.domain_discrete), i.differs) for i in experiment.hparam_infos}
    assert domains == {
        "workload": (["toy"], False),
        "implementation": (["by_hand"], False),
        "parameters": (["n=8,kind=small"], False),
        "mode": (["eager", "xla"], True),
        "device": (["cpu"], False),
        "replicas": ([1.0], False),
    }
    assert {(info.name.tag, info.display_name) for info in experiment.metric_infos} == {
        ("summary/median_ms", "median (ms)"),
        ("summary/speedup", "speed-up (x)"),
        ("summary/trace_ms", "trace (ms)"),
        ("summary/compile_ms", "XLA compile (ms)"),
        ("summary/peak_memory_mib", "peak memory (MiB)"),
        ("summary/elements_per_s", "elements/s"),
    }


def test_a_unit_is_a_metric_of_its_own_cases_only(run: record.Run, tmp_path: Path, with_fields: Any) -> None:
    eager, xla = run.measurements
    dashboard.write(with_fields(run, measurements=(eager, with_fields(xla, unit="examples"))), tmp_path)
    rates = [{tag for tag in scalars(tmp_path, case_id) if tag.endswith("_per_s")} for case_id in (EAGER, XLA)]
    assert rates == [{"summary/elements_per_s"}, {"summary/examples_per_s"}]


def test_interpreters_are_told_apart(run: record.Run, records: Any, tmp_path: Path) -> None:
    placements = [records.case().placement.__class__(interpreter=label) for label in ("old", "new")]
    cases = [records.case(placement=placement) for placement in placements]
    dashboard.write(records.run(measurements=tuple(records.measurement(case=case) for case in cases)), tmp_path)
    experiment = metadata.parse_experiment_plugin_data(content(tmp_path / dashboard.EVENTS, metadata.EXPERIMENT_TAG))
    (values,) = (list(i.domain_discrete) for i in experiment.hparam_infos if i.name == "interpreter")
    assert values == ["new", "old"]


def test_failures_and_skips_are_no_trials_and_writing_twice_doubles_nothing(run: record.Run, tmp_path: Path) -> None:
    dashboard.write(run, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    dashboard.write(run, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    names = {str(path.relative_to(tmp_path)) for path in before}
    assert names == {dashboard.EVENTS, *(f"profiles/{case_id}/{dashboard.EVENTS}" for case_id in (EAGER, XLA))}


def test_a_write_that_fails_leaves_the_old_file_and_no_partial(
    run: record.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard.write(run, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def full(path: Path, _: Path) -> Path:
        assert "tfevents" not in path.name
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        dashboard.write(run, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_event_files_are_current_until_the_run_is_written_anew(run: record.Run, records: Any, tmp_path: Path) -> None:
    folder = records.write(run, tmp_path)
    assert not dashboard.is_current(folder)
    dashboard.write(run, folder)
    assert dashboard.is_current(folder)
    os.utime(folder / store.FILE, (2e9, 2e9))
    assert not dashboard.is_current(folder)


def test_writing_imports_no_tensorflow(run: record.Run, records: Any, tmp_path: Path) -> None:
    folder = records.write(run, tmp_path)
    program = (
        "import sys; from pathlib import Path; from tfbench.bench import store; from tfbench.reports import dashboard\n"
        "folder = Path(sys.argv[1]); dashboard.write(store.load(folder), folder)\n"
        "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
    assert dashboard.is_current(folder)
