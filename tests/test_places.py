"""Runs and stores are found by paths and addresses; what cannot be reached is one line with the next step."""

import sys
from pathlib import Path
from typing import Any

import fsspec
import pytest
from tfbench.bench import store
from tfbench.bench.errors import BadInputError
from tfbench.reports import places


@pytest.fixture
def results(records: Any, tmp_path: Path) -> Path:
    """Write a results folder with two runs, a link to the latest of them, and other files."""
    for name in ("b", "a"):
        records.write(records.run(name=name), tmp_path / "results")
    (tmp_path / "results" / "latest").symlink_to("b")
    (tmp_path / "results" / "notes").mkdir()
    (tmp_path / "results" / "notes" / "other.json").write_text("{}")
    return tmp_path / "results"


@pytest.fixture
def memory(results: Path) -> Any:
    """Copy the results into fsspec's memory."""
    system = fsspec.filesystem("memory")
    for path in results.glob("[ab]/run.json"):
        system.pipe_file(f"/bucket/results/{path.parent.name}/run.json", path.read_bytes())
    yield system
    system.rm("/bucket", recursive=True)


@pytest.mark.parametrize("prefix", ["", "file://", "local://"])
def test_a_folder_of_runs_gives_each_of_them_once(prefix: str, results: Path) -> None:
    found = places.runs(f"{prefix}{results}")
    assert found == [results / "a" / "run.json", results / "b" / "run.json"]


def test_a_run_is_named_by_its_file_its_folder_or_a_link(results: Path) -> None:
    assert places.runs(str(results / "a")) == [results / "a" / "run.json"]
    assert places.runs(str(results / "a" / "run.json")) == [results / "a" / "run.json"]
    assert places.runs(str(results / "latest")) == [results / "latest" / "run.json"]


def test_a_path_is_relative_to_the_current_folder(results: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(results.parent)
    assert places.runs("results") == [Path("results/a/run.json"), Path("results/b/run.json")]


def test_several_addresses_give_each_run_once(results: Path) -> None:
    found = places.each_run([str(results / "latest"), str(results), str(results / "a" / "run.json")])
    assert [str(path) for path in found] == [f"{results}/latest/run.json", f"{results}/a/run.json"]


@pytest.mark.parametrize("address", ["memory://bucket/results", "memory://bucket/results/", "memory:///bucket/results"])
def test_a_remote_folder_of_runs(address: str, memory: Any) -> None:
    found = places.runs(address)
    assert [str(file) for file in found] == [f"{address.rstrip('/')}/{name}/run.json" for name in "ab"]
    assert [store.KEY.encode() in content for content in places.contents(found)] == [True, True]


@pytest.mark.parametrize("address", ["memory://bucket/results/a", "memory://bucket/results/a/run.json"])
def test_a_remote_run(address: str, memory: Any) -> None:
    (file,) = places.runs(address)
    assert (str(file), file.path) == ("memory://bucket/results/a/run.json", "/bucket/results/a/run.json")


@pytest.mark.parametrize("address", ["memory://bucket/none", "{folder}/none", "{folder}/notes", "{folder}/notes/other"])
def test_a_place_without_runs_is_one_line(address: str, memory: Any, results: Path) -> None:
    address = address.format(folder=results)
    with pytest.raises(BadInputError, match=f"^{address} holds no runs: name a run.json, its folder, or a folder of"):
        places.runs(address)


def test_a_protocol_that_nobody_knows_is_one_line() -> None:
    with pytest.raises(
        BadInputError, match=r"^s4://a: Protocol not known: s4; write a path, or an address such as s3:"
    ):
        places.folder("s4://a")


@pytest.mark.parametrize(
    ("address", "package", "extra"), [("s3://bucket/x", "s3fs", "s3"), ("gs://bucket/x", "gcsfs", "gs")]
)
def test_a_missing_package_is_named_with_what_to_install(
    address: str, package: str, extra: str, monkeypatch: Any
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(sys.modules["fsspec.registry"], "_registry", {})  # as if it was never asked for
    kind = address.partition(":")[0]
    with pytest.raises(
        BadInputError, match=rf"^{address}: a package for {kind}:// is missing: pip install tfbench\[{extra}\]$"
    ):
        places.folder(address)


def test_what_a_file_system_says_is_one_line(memory: Any, monkeypatch: Any) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("bucket\n  is closed")

    monkeypatch.setattr(type(memory), "glob", refuse)
    with pytest.raises(BadInputError, match=r"^cannot read memory://bucket: bucket is closed$"):
        places.runs("memory://bucket")


def test_a_folder_that_may_not_be_read_is_one_line(results: Path, monkeypatch: Any) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "glob", refuse)
    with pytest.raises(BadInputError, match=f"^cannot read {results}: Permission denied$"):
        places.runs(str(results))
