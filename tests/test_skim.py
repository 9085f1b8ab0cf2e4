"""Many runs read at once: the same as each read whole, in order, and what cannot be read is named as there."""

import json
from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import store
from tfbench.bench.errors import BadInputError, BadRunError
from tfbench.bench.record import Finding, Precision
from tfbench.reports import places, skim
from tfbench.reports.places import Remote

NASTY = '<script>"\\" \x1b[31m ../ "stats": {"x": 1} Ü\u2028'


@pytest.fixture
def runs(records: Any) -> list[Any]:
    """Give three runs: with one of everything, with names that need escapes, and without any case."""
    precision = Precision(wanted=0.02, reached=None, met=False)
    done = (
        records.invocation((0.1 + 0.2, 1e-9, 3.0), pace_s=1e-3, conditions=records.conditions()),
        records.invocation((7.0,), index=3, blocks=(5,), complete=False, peak_rss_bytes=None),
    )
    nasty = records.measurement(
        case=records.case(workload=NASTY, params=(("n", 8), ("text", NASTY))),
        invocations=done,
        data=NASTY,
        content="abc",
        shapes="int32[8] -> int32[]",
        health=(Finding(kind="drift", text=NASTY),),
        precision=precision,
    )
    second = records.run(name="second", measurements=(nasty, records.measurement()), failures=(records.failure(),))
    return [records.full_run(), second, records.run(name="third")]


@pytest.fixture
def write(records: Any, tmp_path: Path) -> Any:
    """Give the function that writes runs and gives their run.json files."""
    return lambda runs: [records.write(run, tmp_path) / store.FILE for run in runs]


def plain(batches: Any) -> list[dict[str, Any]]:
    """Give the runs of batches as plain values; failures and skips only as they are read."""
    found = []
    for batch in batches:
        for row, ends in zip(batch.table.to_pylist(), batch.ends, strict=True):
            header = {name: value for name, value in row["tfbench"].items() if name not in {"failures", "skips"}}
            found.append({**row, "tfbench": header, "ends": ends})
    return found


def test_what_is_read_at_once_is_what_is_read_whole(runs: list[Any], write: Any) -> None:
    files = write(runs)
    whole = skim.of_runs([store.load(file) for file in files])
    assert plain(skim.read(files)) == plain([whole])
    assert [len(ends) for ends in whole.ends] == [2, 1, 0]


def test_files_as_tfbench_writes_them_go_the_fast_way(runs: list[Any], write: Any, monkeypatch: Any) -> None:
    files = write([runs[0], runs[2]])
    wanted = plain(skim.read(files))
    monkeypatch.setattr(store, "load", None)  # the slow way
    assert plain(skim.read(files)) == wanted
    for file in files:
        file.write_text(json.dumps(json.loads(file.read_text()), indent=1))
    assert plain(skim.read(files)) == wanted


def test_a_run_that_a_writer_wrote_goes_the_fast_way(runs: list[Any], tmp_path: Path, monkeypatch: Any) -> None:
    writer = store.Writer(tmp_path / "a", runs[0], machine_info={"node": "box"}, commit_info={"id": "abc"})
    writer.update(status="complete")
    monkeypatch.setattr(store, "load", None)
    assert plain(skim.read([writer.path])) == plain([skim.of_runs([writer.run])])


@pytest.mark.parametrize("size", [1, 10_000])
def test_batches_keep_the_order(size: int, runs: list[Any], write: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(skim, "BATCH_BYTES", size)
    files = write(runs)[::-1]
    assert [row["tfbench"]["name"] for row in plain(skim.read(files))] == ["third", "second", runs[0].name]


def test_no_files_are_no_batches() -> None:
    assert list(skim.read([])) == []


BAD = ["", "{", "[]", "3", "null", "{}", '{"benchmarks": []}', '{"benchmarks": [], "tfbench": {}}', "{} {}", "\ufeff{}"]


@pytest.mark.parametrize("text", BAD)
def test_a_file_that_is_no_run_is_refused_as_by_the_store(text: str, runs: list[Any], write: Any) -> None:
    files = write(runs)
    files[1].write_text(text, encoding="utf-8")
    with pytest.raises(BadRunError) as whole:
        store.load(files[1])
    with pytest.raises(BadRunError) as caught:
        list(skim.read(files))
    assert str(caught.value) == str(whole.value)
    assert str(files[1]) in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused_as_by_the_store(runs: list[Any], write: Any, tmp_path: Path) -> None:
    for path in (tmp_path / "none" / "run.json", tmp_path / "none"):
        with pytest.raises(BadRunError, match=f"cannot read run {path}: No such file"):
            list(skim.read([*write(runs[:1]), path])) if not (tmp_path / runs[0].name).exists() else list(
                skim.read([tmp_path / runs[0].name / store.FILE, path])
            )


def test_a_file_cut_off_anywhere_is_refused(runs: list[Any], write: Any) -> None:
    (file, *_) = write(runs)
    text = file.read_text()
    for size in range(1, len(text), 997):
        file.write_text(text[:size])
        with pytest.raises(BadRunError, match="is not JSON, or cut off"):
            list(skim.read([file]))


INVOCATION = ("benchmarks", 0, "extra_info", "tfbench", "invocations", 0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*INVOCATION, "round_s"), [1.0, -2.0, 4.0]),
        ((*INVOCATION, "round_s"), [1.0, 2.0]),
        ((*INVOCATION, "round_s"), [1.0, float("nan"), 2.0]),
        ((*INVOCATION, "round_s"), [1.0, float("inf"), 2.0]),
        ((*INVOCATION, "round_s"), [1.0, "2", 2.0]),
        ((*INVOCATION, "iterations"), 0),
        ((*INVOCATION, "iterations"), 2.5),
        ((*INVOCATION, "iterations"), None),
        ((*INVOCATION, "blocks"), [0, 1]),
        ((*INVOCATION, "ledger", "build_s"), float("nan")),
        ((*INVOCATION, "ledger", "trace_s"), "long"),
        ((*INVOCATION, "ledger"), None),
        ((*INVOCATION[:-1],), []),
        (("benchmarks", 0, "extra_info", "tfbench", "baseline"), ["by_hand"]),
        (("benchmarks", 0, "extra_info", "tfbench", "case", "mode"), None),
        (("benchmarks", 0, "extra_info"), {}),
        (("tfbench", "schema"), 99),
        (("tfbench", "host"), None),
        (("tfbench", "failures"), [{"stage": "build"}]),
        (("tfbench", "skips"), None),
    ],
)
def test_values_that_no_record_takes_are_refused_as_by_the_store(
    path: tuple[Any, ...], value: Any, runs: list[Any], write: Any
) -> None:
    (file,) = write(runs[:1])
    content = json.loads(file.read_text())
    inner = content
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    file.write_text(json.dumps(content))
    with pytest.raises(BadRunError) as whole:
        store.load(file)
    with pytest.raises(BadRunError) as caught:
        list(skim.read([file]))
    assert str(caught.value) == str(whole.value)


@pytest.mark.parametrize("change", [{"iterations": 10**30}, {"peak_rss_bytes": 2**70}])
def test_a_number_beyond_64_bits_is_refused(change: dict[str, int], records: Any, write: Any) -> None:
    run = records.run(measurements=(records.measurement(invocations=(records.invocation(**change),)),))
    with pytest.raises(BadRunError, match=f"{run.name}.* is damaged"):
        list(skim.read(write([run])))


def test_what_would_steer_a_terminal_is_written_out(records: Any, write: Any) -> None:
    (batch,) = skim.read(write([records.run(measurements=(records.measurement(data="\ud800"),))]))
    assert plain([batch])[0]["benchmarks"][0]["extra_info"]["tfbench"]["data"] == "\\ud800"


def test_a_run_of_schema_1_is_read(runs: list[Any], write: Any) -> None:
    (file,) = write(runs[:1])
    content = json.loads(file.read_text())
    header = content["tfbench"]
    header |= {"schema": 1, "software": header["software"][0]}
    row = content["benchmarks"][0]["extra_info"]["tfbench"]
    for name in ("content", "shapes", "health", "precision"):
        del row[name]
    del row["invocations"][0]["pace_s"], row["case"]["placement"]["interpreter"]
    file.write_text(json.dumps(content))
    assert plain(skim.read([file])) == plain([skim.of_runs([store.load(file)])])


def test_the_statistics_are_not_looked_at(runs: list[Any], write: Any) -> None:
    (file,) = write(runs[:1])
    wanted = plain(skim.read([file]))
    content = json.loads(file.read_text())
    content["benchmarks"][0]["stats"] = {"text": "}", "more": {"stats": {"a": [1]}}, "data": [{}]}
    file.write_text(json.dumps(content))
    assert plain(skim.read([file])) == wanted


@pytest.fixture
def remote(runs: list[Any], write: Any) -> Any:
    """Put the runs into fsspec's memory and give their files there."""
    import fsspec

    system = fsspec.filesystem("memory")
    for file in write(runs):
        system.pipe_file(f"/bucket/results/{file.parent.name}/run.json", file.read_bytes())
    yield places.runs("memory://bucket/results")
    system.rm("/bucket", recursive=True)


def test_remote_runs_are_the_same(remote: list[Remote], runs: list[Any]) -> None:
    ordered = sorted(runs, key=lambda run: run.name)
    whole = [store.from_json(store.to_json(run, {}, {}), run.name) for run in ordered]  # names made printable
    assert plain(skim.read(remote)) == plain([skim.of_runs(whole)])


def test_here_and_elsewhere_can_be_mixed(remote: list[Remote], tmp_path: Path, runs: list[Any]) -> None:
    here = tmp_path / "third" / store.FILE
    names = [row["tfbench"]["name"] for row in plain(skim.read([here, *remote, here]))]
    assert names == ["third", runs[0].name, "second", "third", "third"]


@pytest.mark.parametrize("text", BAD)
def test_a_remote_file_that_is_no_run_is_named(text: str, remote: list[Remote]) -> None:
    remote[0].system.pipe_file(remote[1].path, text.encode())
    with pytest.raises(BadRunError, match=r"^memory://bucket/results/second/run\.json "):
        list(skim.read(remote))


def test_a_remote_file_that_went_away_is_named(remote: list[Remote]) -> None:
    remote[0].system.rm(remote[2].path)
    with pytest.raises(BadRunError, match=r"cannot read run memory://bucket/results/third/run\.json: it is not there"):
        list(skim.read(remote))


def test_a_remote_that_cannot_be_reached_is_one_line(remote: list[Remote], monkeypatch: Any) -> None:
    class StrangeError(Exception):
        pass

    def refuse(*_: Any, **__: Any) -> None:
        raise StrangeError("no credentials\nat all")

    monkeypatch.setattr(type(remote[0].system), "cat", refuse)
    with pytest.raises(BadInputError, match=r"^cannot read memory://.*: no credentials at all$"):
        list(skim.read(remote))
