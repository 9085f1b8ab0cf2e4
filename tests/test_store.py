"""run.json: written whole, read strictly."""

import errno
import fcntl
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_benchmark
from pytest_benchmark.stats import Metadata, Stats
from tfbench.bench import files, store
from tfbench.bench.errors import BadInputError, StorageError


@pytest.fixture
def writer(tmp_path: Path, records: Any) -> store.Writer:
    run = records.run(name="first", status="running")
    return store.Writer(tmp_path / "results" / "first", run, machine_info={"node": "box"}, commit_info={"id": "abc"})


def test_a_row_has_the_fields_of_pytest_benchmark(records: Any) -> None:
    fixture = SimpleNamespace(
        name="n", fullname="f", group="g", param="p", params={}, extra_info={}, cprofile_stats=None, has_error=False
    )
    theirs: Any = Metadata(fixture, iterations=1, options={})
    theirs.stats.update(1.0)
    wanted = theirs.as_dict()
    row = store.to_row(records.measurement())
    assert (sorted(wanted), sorted(wanted["stats"])) == (sorted(row), sorted(row["stats"]))


def test_a_row_names_the_case_as_the_pytest_item_does(records: Any) -> None:
    row = store.to_row(records.measurement())
    case_id = "toy-by_hand-n=8,kind=small-eager-cpu"
    assert (row["name"], row["param"], row["params"]) == (f"test_workload[{case_id}]", case_id, {"case_id": case_id})
    assert row["fullname"] == f"bench/suite/bench_workloads.py::test_workload[{case_id}]"
    assert row["group"] == "toy n=8,kind=small"


def test_the_statistics_are_those_of_one_call_worked_out_by_hand(records: Any) -> None:
    stats = store.to_row(records.measurement())["stats"]  # rounds of 1, 2 and 4 s with 2 calls each
    picked = {name: stats[name] for name in ("data", "min", "max", "median", "total", "rounds", "iterations")}
    assert picked == {
        "data": [0.5, 1.0, 2.0],
        "min": 0.5,
        "max": 2.0,
        "median": 1.0,
        "total": 3.5,
        "rounds": 3,
        "iterations": 1,
    }
    assert stats["mean"] == pytest.approx(3.5 / 3)
    assert stats["stddev"] == pytest.approx((7 / 12) ** 0.5)  # squares of -2/3, -1/6, 5/6 over 2


def test_the_statistics_equal_those_of_pytest_benchmark() -> None:
    times = [0.3, 0.1, 0.2, 0.9, 0.4, 0.5, 0.45, 7.0]
    theirs: Any = Stats()
    theirs.data = list(times)
    assert {name: getattr(theirs, name) for name in Stats.fields} | {"data": times} == store.statistics(times)


def test_the_file_has_the_top_level_fields_of_pytest_benchmark(records: Any) -> None:
    content = store.to_json(records.full_run(), {"node": "box"}, {"id": "abc"})
    assert {name: content[name] for name in ("machine_info", "commit_info", "datetime", "version")} == {
        "machine_info": {"node": "box"},
        "commit_info": {"id": "abc"},
        "datetime": "2026-11-01T00:00:00+00:00",
        "version": pytest_benchmark.__version__,
    }


def test_a_run_survives_the_file(tmp_path: Path, records: Any) -> None:
    run = records.full_run()
    path = tmp_path / "run.json"
    path.write_text(json.dumps(store.to_json(run, {}, {})), encoding="utf-8")
    assert store.load(path) == run


def test_a_new_writer_leaves_an_empty_run_that_can_be_read(writer: store.Writer, records: Any) -> None:
    assert store.load(writer.path) == records.run(name="first", status="running")


def test_after_each_add_the_file_holds_all_that_is_finished(writer: store.Writer, records: Any) -> None:
    one, two = records.measurement(), records.measurement(case=records.case(mode="xla"))
    failures = records.failure(), records.failure(message="again")
    skips = records.skip(), records.skip(reason="again")
    writer.add([one, failures[0], skips[0]])
    first = store.load(writer.path)
    writer.add([skips[1], two, failures[1]], data_note="synthetic")
    second = store.load(writer.path)
    assert (first.measurements, first.failures, first.skips) == ((one,), failures[:1], skips[:1])
    assert (second.measurements, second.failures, second.skips) == ((one, two), failures, skips)
    assert first.data_note == ""
    assert second.data_note == "synthetic"


def test_update_changes_the_fields_in_the_file(writer: store.Writer, records: Any) -> None:
    writer.update(status="complete", software=(records.software(),))
    found = store.load(writer.path)
    assert (found.status, found.software) == ("complete", (records.software(),))


def test_the_software_of_each_interpreter_is_kept(writer: store.Writer, records: Any) -> None:
    software = tuple(records.software(interpreter=label) for label in ("old", "new"))
    writer.add([], software=software)
    assert store.load(writer.path).software == software


def test_the_writer_keeps_machine_and_commit_info(writer: store.Writer) -> None:
    writer.add([])
    content = json.loads(writer.path.read_text(encoding="utf-8"))
    assert (content["machine_info"], content["commit_info"]) == ({"node": "box"}, {"id": "abc"})


def test_latest_points_to_the_newest_run(writer: store.Writer, records: Any) -> None:
    results = writer.path.parents[1]
    assert (results / "latest").readlink() == Path("first")
    store.Writer(results / "second", records.run(name="second"), machine_info={}, commit_info={})
    assert (results / "latest").readlink() == Path("second")
    assert sorted(path.name for path in results.iterdir()) == ["first", "latest", "second"]


@pytest.mark.parametrize("path", ["results", "results/latest", "results/first", "results/first/run.json"])
def test_a_run_is_found_by_file_folder_and_folder_of_runs(writer: store.Writer, path: str) -> None:
    assert store.load(writer.path.parents[2] / path).name == "first"


def test_a_written_file_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    files.write_atomically(path, "old")
    files.write_atomically(path, "new")
    assert {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()} == {"run.json": "new"}


def test_a_write_that_fails_keeps_the_old_file_and_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.json"
    files.write_atomically(path, "old")

    def full_disk(_descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space left"):
        files.write_atomically(path, "new")
    assert {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()} == {"run.json": "old"}


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    files.write_atomically(path, "old")
    seen: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _descriptor: seen.append(path.read_text(encoding="utf-8")))
    files.write_atomically(path, "new")
    assert (seen, path.read_text(encoding="utf-8")) == (["old"], "new")


def test_a_number_that_is_not_finite_is_never_written(writer: store.Writer, records: Any) -> None:
    wrong = records.measurement(invocations=(records.invocation(sync_s=float("nan")),))
    with pytest.raises(ValueError, match="not JSON compliant"):
        writer.add([wrong])
    assert store.load(writer.path).measurements == ()


NOON_IN_INDIA = datetime(2026, 11, 1, 17, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))


def test_a_folder_is_named_by_time_in_utc_and_host(tmp_path: Path) -> None:
    assert store.new_folder(tmp_path, "my box/1", now=NOON_IN_INDIA) == tmp_path / "20261101T120000Z-my_box_1"


def test_a_second_run_in_the_same_second_gets_a_number(tmp_path: Path) -> None:
    now = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
    made = [store.new_folder(tmp_path, "box", now=now) for _ in range(3)]
    assert [folder.name for folder in made] == [f"20261101T120000Z-box{end}" for end in ("", "-2", "-3")]
    assert all(folder.is_dir() for folder in made)


def test_runs_that_start_in_the_same_second_never_share_a_folder(tmp_path: Path) -> None:
    now, gate = datetime(2026, 11, 1, 12, 0, tzinfo=UTC), threading.Barrier(8)

    def make(_number: int) -> Path:
        gate.wait()
        return store.new_folder(tmp_path / "results", "box", now=now)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, range(8)))
    assert len(set(made)) == 8
    assert sorted(made) == sorted((tmp_path / "results").iterdir())


def test_after_the_clock_was_set_back_a_run_gets_a_folder_of_its_own_and_is_the_latest(
    tmp_path: Path, records: Any
) -> None:
    noon = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
    for now in (noon, noon - timedelta(hours=1), noon):
        folder = store.new_folder(tmp_path, "box", now=now)
        store.Writer(folder, records.run(name=folder.name), machine_info={}, commit_info={}).close()
    names = ["20261101T110000Z-box", "20261101T120000Z-box", "20261101T120000Z-box-2"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*names, "latest"]
    assert (tmp_path / "latest").readlink() == Path(names[-1])


@pytest.mark.parametrize("kind", ["file", "dangling"])
def test_a_results_folder_that_cannot_be_is_one_line(kind: str, tmp_path: Path) -> None:
    results = tmp_path / "results"
    if kind == "file":
        results.write_text("", encoding="utf-8")
    else:
        results.symlink_to("nowhere")
    with pytest.raises(StorageError, match=r"results/.* cannot be made: .*; choose another folder with --out$"):
        store.new_folder(results, "box", now=datetime(2026, 11, 1, tzinfo=UTC))


def test_a_folder_called_latest_is_left_alone(tmp_path: Path, records: Any) -> None:
    (tmp_path / "latest" / "mine").mkdir(parents=True)
    store.Writer(tmp_path / "first", records.run(name="first"), machine_info={}, commit_info={}).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "latest"]
    assert (tmp_path / "latest" / "mine").is_dir()


def test_a_folder_belongs_to_one_process_until_it_is_closed(writer: store.Writer, records: Any) -> None:
    folder, run = writer.path.parent, records.run(name="first")
    with pytest.raises(BadInputError, match=f"^{folder} is being measured into by another process: wait for its end$"):
        store.Writer(folder, run, machine_info={}, commit_info={})
    writer.close()
    writer.close()
    store.Writer(folder, run, machine_info={}, commit_info={}).close()


def test_where_the_file_system_has_no_locks_a_run_is_written_all_the_same(
    tmp_path: Path, records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_descriptor: int, _how: int) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    store.Writer(tmp_path / "first", records.run(name="first"), machine_info={}, commit_info={}).close()
    assert store.load(tmp_path / "first").name == "first"


def test_what_a_kill_in_the_middle_of_a_write_has_left_goes_with_the_next_one(tmp_path: Path, records: Any) -> None:
    (tmp_path / ".run.json.12345.partial").write_text("{", encoding="utf-8")
    (tmp_path / ".other.partial").write_text("", encoding="utf-8")
    store.Writer(tmp_path, records.run(), machine_info={}, commit_info={}).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.partial", "run.json"]


def test_what_cases_ended_as_is_replaced(writer: store.Writer, records: Any) -> None:
    eager, xla = records.measurement(), records.measurement(case=records.case(mode="xla"))
    writer.add([eager, records.failure(), xla])
    writer.replace([eager.case.id, records.failure().case.id], [records.skip(case=eager.case)], data_note="new")
    found = store.load(writer.path)
    assert (found.measurements, found.failures, found.data_note) == ((xla,), (), "new")
    assert found.skips == (records.skip(case=eager.case),)


def test_a_run_file_that_cannot_be_written_says_how_to_go_on_and_keeps_what_it_held(
    writer: store.Writer, records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(StorageError) as caught:
        writer.add([records.measurement()])
    assert str(caught.value) == (
        f"{writer.path} cannot be written: No space left on device; what it held before stays: put that right, then "
        f"go on with tfbench run --resume {writer.path.parent}"
    )
    assert store.load(writer.path).measurements == ()


def test_an_output_folder_that_does_not_exist_yet_is_fine(tmp_path: Path) -> None:
    store.check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["file", "file/a/b"])
def test_an_output_folder_under_a_file_is_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "file").chmod(0o777)
    with pytest.raises(BadInputError, match=f"{tmp_path / below} cannot be written: .*--out"):
        store.check_writable(tmp_path / below)


def test_an_output_folder_in_which_nothing_can_be_made_is_refused() -> None:
    # Even root, to whom `os.access` allows everything, cannot make a folder there.
    with pytest.raises(BadInputError, match=r"^output folder /proc/tfbench cannot be written: .*; choose another"):
        store.check_writable(Path("/proc/tfbench"))


def test_trying_an_output_folder_leaves_nothing(tmp_path: Path) -> None:
    store.check_writable(tmp_path / "results")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("case_id", "expected"),
    [
        ("fashion_mnist-keras-batch_size=32-xla-cpu", "fashion_mnist-keras-batch_size=32-xla-cpu"),
        ("a/../b", "a_.._b-"),
        ("../up", "_up-"),
        ("a\x1b[31m", "a__31m-"),
        ("n" * 10_000, "n" * 160 + "-"),
    ],
)
def test_the_folder_of_a_case_is_its_id_made_a_safe_name(case_id: str, expected: str) -> None:
    found = files.case_folder(case_id)
    assert found.startswith(expected)
    assert (found == case_id) == (expected == case_id)
    assert len(found) <= 180


def test_two_cases_never_share_a_folder() -> None:
    assert len({files.case_folder(case_id) for case_id in ("a/b", "a_b", "a\\b")}) == 3


def test_a_run_knows_where_it_was_read_from_and_does_not_store_it(writer: store.Writer) -> None:
    assert store.load(writer.path.parent).folder == writer.path.parent
    assert "folder" not in json.loads(writer.path.read_text())["tfbench"]
