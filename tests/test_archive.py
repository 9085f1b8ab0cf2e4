"""A store holds each run once, whoever adds it and how often: processes at once, here and in object stores."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from tfbench.bench.errors import BadInputError
from tfbench.reports import archive, archive_rows, frame, places, skim
from tfbench.reports.places import Folder


@pytest.fixture
def make(records: Any) -> Any:
    """Give the function that makes runs named by numbers, with an eager and an XLA case, a failure and a skip."""

    def make(*numbers: int, **changes: Any) -> list[Any]:
        return [
            records.run(
                **{
                    "name": f"run-{number:04d}",
                    "started": f"2026-11-01T{number // 60:02d}:{number % 60:02d}:00+00:00",
                    "software": (records.software(),),
                    "measurements": (records.timed(1.0 + number, 2.0), records.timed(0.5, 0.25, mode="xla")),
                    "failures": (records.failure(),),
                    "skips": (records.skip(case=records.case(mode="xla", implementation="library")),),
                    **changes,
                }
            )
            for number in numbers
        ]

    return make


@pytest.fixture(params=["here", "memory", "elsewhere"])
def place(request: Any, tmp_path: Path) -> Iterator[Folder]:
    """Give a store that is not there yet: a folder, one in an object store, and one on a system that can rename."""
    if request.param == "here":
        yield places.folder(str(tmp_path / "store"))
    elif request.param == "memory":
        yield places.folder(f"memory://{tmp_path.name}/store")
        system = fsspec.filesystem("memory")
        if system.exists(f"/{tmp_path.name}"):
            system.rm(f"/{tmp_path.name}", recursive=True)
    else:
        system = fsspec.filesystem("file", auto_mkdir=False)
        yield Folder(system, str(tmp_path / "elsewhere"), "sftp://host/elsewhere")


def add(place: Folder, *batches: list[Any], **more: Any) -> tuple[int, int]:
    return archive.add(place, iter([skim.of_runs(runs) for runs in batches]), **more)


def runs_of(place: Folder) -> list[str]:
    """Give the names of the runs in a store, each as often as it has cases."""
    return sorted(archive.read(place, ["run"])["run"].to_pylist())


def test_what_is_added_is_the_summary_and_what_tells_its_history(place: Folder, make: Any) -> None:
    (run,) = make(7)
    assert add(place, [run]) == (1, 0)
    table = archive.read(place, archive_rows.COLUMNS.names)
    assert table.schema.equals(archive_rows.COLUMNS)
    summary = frame.summary_frame([run]).sort_values("case", kind="stable").reset_index(drop=True)
    found = table.to_pandas().sort_values("case", kind="stable").reset_index(drop=True)
    for name in frame.SUMMARY_DTYPES:
        assert found[name].astype(object).fillna("-").tolist() == summary[name].astype(object).fillna("-").tolist()
    rows = {row["case"]: row for row in table.to_pylist()}
    row = rows["toy-by_hand-n=8,kind=small-eager-cpu"]
    assert row["log_medians"] == pytest.approx([0.0, -1.386294], abs=1e-6)  # 8 s and 2 s for 8 units
    assert (row["commit"], row["tensorflow"], row["keras"], row["python"]) == (
        "abc+dirty",
        "2.21.0",
        "3.15.1",
        "3.11.9",
    )
    assert (row["cpu"], row["cores"], row["usable_cores"], row["memory_bytes"]) == ("toy processor", 4, 2, 2**33)
    assert (row["started"].isoformat(), row["run_status"], row["work_per_call"]) == (
        "2026-11-01T00:07:00+00:00",
        "complete",
        8,
    )
    assert rows["toy-library-n=8,kind=small-xla-cpu"]["log_medians"] is None


def test_a_run_that_is_there_is_not_added_again(place: Folder, make: Any) -> None:
    assert add(place, make(1, 2)) == (2, 0)
    files = place.matches("*.parquet")
    assert add(place, make(1), make(2)) == (0, 2)
    assert place.matches("*.parquet") == files
    assert add(place, make(2, 3)) == (1, 1)
    assert runs_of(place) == [f"run-000{number}" for number in (1, 2, 3) for _ in range(4)]


def test_a_run_named_twice_at_once_is_added_once(place: Folder, make: Any) -> None:
    assert add(place, make(1, 1), make(1)) == (1, 1)
    assert runs_of(place) == ["run-0001"] * 4


def test_runs_of_the_same_name_from_two_machines_or_times_are_two(place: Folder, make: Any, records: Any) -> None:
    other = make(1, host=records.host(cpu="other"))
    later = make(1, started="2026-11-02T00:00:00+00:00")
    assert add(place, make(1), other, later) == (3, 0)


def test_a_run_that_went_on_replaces_what_was_there(place: Folder, make: Any, records: Any) -> None:
    eager = (records.timed(1.0, 2.0),)
    begun = make(1, status="running", measurements=eager, failures=(), skips=())
    assert add(place, begun) == (1, 0)
    assert add(place, make(1)) == (1, 0)
    assert runs_of(place) == ["run-0001"] * 4
    assert add(place, begun) == (0, 1)
    assert set(archive.read(place, ["run_status"])["run_status"].to_pylist()) == {"complete"}


def test_a_run_without_cases_adds_nothing(place: Folder, records: Any) -> None:
    assert add(place, [records.run()]) == (0, 0)
    assert place.matches("*.parquet") == []


def test_only_the_rows_that_are_asked_for_are_read(place: Folder, make: Any) -> None:
    add(place, make(*range(5)))
    found = archive.read(place, ["run", "median_s"], ds.field("mode") == "xla")
    assert found.column_names == ["run", "median_s"]
    assert sorted(found["median_s"].to_pylist(), key=str) == [0.375] * 5 + [None] * 5  # and what was skipped
    assert archive.cases(place) == [
        "toy-by_hand-n=8,kind=small-eager-cpu",
        "toy-by_hand-n=8,kind=small-graph-cpu",
        "toy-by_hand-n=8,kind=small-xla-cpu",
        "toy-library-n=8,kind=small-xla-cpu",
    ]


def test_many_batches_make_few_files(place: Folder, make: Any) -> None:
    add(place, *(make(i) for i in range(10)), rows=12)  # 4 rows a run: a file for 3 runs
    assert len(place.matches("*.parquet")) == 4


def test_many_small_files_are_put_together(place: Folder, make: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(archive, "MANY_FILES", 5)
    monkeypatch.setattr(archive, "FULL_ROWS", 12)  # 3 runs of 4 rows
    for number in range(4):
        add(place, make(number))
    assert len(place.matches("*.parquet")) == 4
    add(place, make(99))
    assert sorted(archive.sizes(place).values()) == [8, 12]
    assert runs_of(place) == [f"run-{number:04d}" for number in (0, 1, 2, 3, 99) for _ in range(4)]


def test_full_files_are_left_alone(place: Folder, make: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(archive, "MANY_FILES", 2)
    monkeypatch.setattr(archive, "FULL_ROWS", 8)
    add(place, make(1, 2))
    (full,) = place.matches("*.parquet")
    for number in (3, 4, 5):
        add(place, make(number))
    assert full in place.matches("*.parquet")
    assert sorted(archive.sizes(place).values()) == [4, 8, 8]


def test_putting_together_drops_what_is_there_twice(place: Folder, make: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(archive, "MANY_FILES", 3)
    add(place, make(1, 2))
    archive._write(place, archive_rows.of_batch(skim.of_runs(make(2, 3))))  # as another process may have
    assert sum(archive.sizes(place).values()) == 4 * 4
    add(place, make(4))
    assert sum(archive.sizes(place).values()) == 4 * 4 == len(runs_of(place))


def test_the_same_runs_make_the_same_file(place: Folder, make: Any) -> None:
    names = {archive._write(place, archive_rows.of_batch(skim.of_runs(make(*numbers)))) for numbers in ((1, 2), (2, 1))}
    assert place.matches("*.parquet") == list(names)


def test_a_file_that_went_away_while_reading_is_looked_for_again(place: Folder, make: Any, monkeypatch: Any) -> None:
    add(place, make(1))
    (old,) = place.matches("*.parquet")
    add(place, make(2))
    real, calls = archive._names, []

    def names(where: Folder) -> list[str]:
        calls.append(where)
        return ["runs-v1-" + 32 * "0" + ".parquet", old] if len(calls) == 1 else real(where)

    monkeypatch.setattr(archive, "_names", names)
    assert runs_of(place) == ["run-0001"] * 4 + ["run-0002"] * 4
    assert len(calls) == 2


def test_files_that_always_go_away_are_one_line(place: Folder, make: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(archive, "_names", lambda _: ["runs-v1-" + 32 * "0" + ".parquet"])
    with pytest.raises(BadInputError, match="replaced faster than they can be read: try again"):
        runs_of(place)


def test_a_newer_store_asks_for_an_update(tmp_path: Path) -> None:
    name = f"runs-v2-{32 * 'a'}.parquet"
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(BadInputError, match=f"^store {tmp_path} holds {name}, of a newer tfbench: update tfbench$"):
        runs_of(places.folder(str(tmp_path)))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all" * 10])
def test_a_damaged_file_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / f"runs-v1-{32 * 'a'}.parquet").write_bytes(content)
    with pytest.raises(BadInputError, match=f"^cannot read store {tmp_path}: .*arquet") as caught:
        runs_of(places.folder(str(tmp_path)))
    assert len(str(caught.value).splitlines()) == 1


def test_other_files_and_parts_of_files_are_left_alone(tmp_path: Path, make: Any) -> None:
    place = places.folder(str(tmp_path))
    for name in ("notes.parquet", f".runs-v1-{32 * 'a'}.parquet.77.partial", f"runs-v1-{32 * 'a'}.parquet.partial"):
        (tmp_path / name).write_bytes(b"half")
    assert not archive.holds_runs(place)
    add(place, make(1))
    assert archive.holds_runs(place)
    assert runs_of(place) == ["run-0001"] * 4


def test_columns_that_an_older_store_lacks_are_empty(tmp_path: Path, make: Any) -> None:
    place = places.folder(str(tmp_path))
    add(place, make(1))
    (name,) = place.matches("*.parquet")
    pq.write_table(pq.read_table(tmp_path / name).drop_columns(["keras"]), tmp_path / name)
    assert archive.read(place, ["keras"])["keras"].to_pylist() == [None] * 4


def test_a_store_that_cannot_be_written_is_one_line(tmp_path: Path, make: Any) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match=f"^store {tmp_path}/file/store cannot be written: Not a directory$"):
        add(places.folder(str(tmp_path / "file" / "store")), make(1))


def test_a_kill_while_writing_leaves_no_part_in_sight(tmp_path: Path, make: Any, monkeypatch: Any) -> None:
    place = places.folder(str(tmp_path))
    add(place, make(1))

    def die(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", die)
    with pytest.raises(KeyboardInterrupt):
        add(place, make(2))
    assert runs_of(place) == ["run-0001"] * 4


IMPORTER = """
import sys
from tfbench.reports import archive, cli

archive.MANY_FILES = 4  # so that files are put together all the time
print("ready", flush=True)
input()
for folder in sys.argv[2:]:
    assert cli.main(["import", folder, "--store", sys.argv[1]]) == 0
"""


def test_processes_that_import_the_same_runs_at_once_add_each_once(make: Any, records: Any, tmp_path: Path) -> None:
    folders = [str(records.write(run, tmp_path)) for run in make(*range(12))]
    store = str(tmp_path / "store")
    orders = (folders, folders, folders[::-1])
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers: list[Any] = [subprocess.Popen([sys.executable, "-c", IMPORTER, store, *own], **pipes) for own in orders]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    place = places.folder(store)
    while any(worker.poll() is None for worker in workers):
        seen = runs_of(place)  # readers never see a part of a run, or one twice
        assert all(seen.count(name) == 4 for name in set(seen))
        time.sleep(0.02)
    for worker in workers:
        worker.communicate()
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert runs_of(place) == [f"run-{number:04d}" for number in range(12) for _ in range(4)]


def test_two_commands_at_once_share_a_store(make: Any, records: Any, tmp_path: Path) -> None:
    for number, run in enumerate(make(*range(6))):
        records.write(run, tmp_path / ("a" if number < 4 else "b"))
    records.write(make(3)[0], tmp_path / "b")
    entry = [sys.executable, "-c", "from tfbench.reports.cli import entry; entry()", "import"]
    commands = [[*entry, str(tmp_path / name), "--store", str(tmp_path / "store")] for name in "ab"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    said = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert said[0].startswith("4 runs added to") or said[1].startswith("3 runs added to")
    assert runs_of(places.folder(str(tmp_path / "store"))) == [f"run-000{n}" for n in range(6) for _ in range(4)]


def test_empty_tables_keep_their_types(tmp_path: Path) -> None:
    found = archive.read(places.folder(str(tmp_path)), ["run", "log_medians"])
    assert found.schema == pa.schema([archive_rows.COLUMNS.field("run"), archive_rows.COLUMNS.field("log_medians")])
