"""run.json read strictly: files of every schema, and files that are no runs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import store
from tfbench.bench.errors import BadRunError


@pytest.fixture
def saved(records: Any) -> dict[str, Any]:
    """Give the JSON of a run with one of everything."""
    content: dict[str, Any] = json.loads(json.dumps(store.to_json(records.full_run(), {}, {})))
    return content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not JSON, or cut off"),
        ('{"benchmarks": [', "not JSON, or cut off"),
        ("[" * 100_000, "not JSON, or cut off"),
        ("[]", "was not written by tfbench"),
        ("3", "was not written by tfbench"),
        ('{"benchmarks": []}', "was not written by tfbench"),
        ('{"benchmarks": [], "tfbench": []}', "was not written by tfbench"),
        ('{"benchmarks": [], "tfbench": {}}', "was not written by tfbench"),
        ('{"benchmarks": [], "tfbench": {"schema": "1"}}', "schema '1'"),
    ],
)
def test_a_file_that_is_no_run_is_refused_by_name(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadRunError, match=reason) as caught:
        store.load(path)
    assert str(path) in str(caught.value)


def test_a_binary_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadRunError, match=str(path)):
        store.load(path)


@pytest.mark.parametrize("name", ["run.json", "missing/run.json"])
def test_a_missing_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRunError, match=f"cannot read run {tmp_path / name}: No such file"):
        store.load(tmp_path / name)


def test_a_folder_without_runs_is_refused_by_the_file_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(BadRunError, match=f"cannot read run {tmp_path / 'run.json'}"):
        store.load(tmp_path)


def test_a_saved_file_cut_off_anywhere_is_refused(tmp_path: Path, saved: dict[str, Any]) -> None:
    whole = json.dumps(saved)
    path = tmp_path / "run.json"
    path.write_text(whole[: len(whole) // 2], encoding="utf-8")
    with pytest.raises(BadRunError, match=f"{path} is not JSON, or cut off"):
        store.load(path)


def test_a_newer_schema_asks_for_an_update(saved: dict[str, Any]) -> None:
    saved["tfbench"]["schema"] = 3
    with pytest.raises(BadRunError, match=r"^f\.json has schema 3, not one of the 1 to 2 known here: update tfbench$"):
        store.from_json(saved, "f.json")


@pytest.mark.parametrize("schema", [0, -1, True, 1.0, None, "2"])
def test_a_schema_that_never_was_is_refused(saved: dict[str, Any], schema: Any) -> None:
    saved["tfbench"]["schema"] = schema
    with pytest.raises(BadRunError, match=r"^f\.json has schema .*, not one of the 1 to 2 known here"):
        store.from_json(saved, "f.json")


def test_the_schema_that_is_written_is_2(saved: dict[str, Any]) -> None:
    assert saved["tfbench"]["schema"] == 2


def _without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """Give an object without fields that it must have."""
    assert set(names) <= set(values)
    return {name: value for name, value in values.items() if name not in names}


def _as_schema_1(content: dict[str, Any]) -> dict[str, Any]:
    """Give the file as tfbench wrote it before schema 2: software as one object, and none of the new fields."""
    header = {**content["tfbench"], "schema": 1}
    header["software"] = _without(header["software"][0], "interpreter", "timer_s")
    for end in (*header["failures"], *header["skips"]):
        end["case"]["placement"] = _without(end["case"]["placement"], "interpreter")
    row = content["benchmarks"][0]["extra_info"]
    row["tfbench"] = _without(row["tfbench"], "content", "shapes", "health", "precision")
    row["tfbench"]["case"]["placement"] = _without(row["tfbench"]["case"]["placement"], "interpreter")
    (done,) = row["tfbench"]["invocations"]
    done["check"] = _without(done["check"], "scaled_error", "epsilon")
    row["tfbench"]["invocations"] = [_without(done, "conditions", "pace_s")]
    return {**content, "tfbench": header}


def test_a_run_of_schema_1_is_still_read(saved: dict[str, Any], records: Any) -> None:
    found = store.from_json(_as_schema_1(saved), "f.json")
    assert found == records.full_run()
    assert found.software == (records.software(interpreter="", timer_s=0.0),)


def test_a_run_of_schema_1_in_which_no_worker_answered_is_still_read(
    saved: dict[str, Any], records: Any, with_fields: Any
) -> None:
    old = _as_schema_1(saved)
    old["tfbench"]["software"] = None
    assert store.from_json(old, "f.json") == with_fields(records.full_run(), software=())


def test_reading_schema_1_leaves_what_was_given_alone(saved: dict[str, Any]) -> None:
    old = _as_schema_1(saved)
    before = json.dumps(old)
    store.from_json(old, "f.json")
    assert json.dumps(old) == before


def _drop_extra(content: dict[str, Any]) -> None:
    del content["benchmarks"][0]["extra_info"]


def _foreign_row(content: dict[str, Any]) -> None:
    content["benchmarks"][0]["extra_info"] = {"mine": 1}


def _text_row(content: dict[str, Any]) -> None:
    content["benchmarks"][0] = "row"


def _wrong_number(content: dict[str, Any]) -> None:
    content["benchmarks"][0]["extra_info"]["tfbench"]["work_per_call"] = "8"


def _no_rows(content: dict[str, Any]) -> None:
    del content["benchmarks"]


def _rows_are_a_number(content: dict[str, Any]) -> None:
    content["benchmarks"] = 3


def _unknown_header(content: dict[str, Any]) -> None:
    content["tfbench"]["surprise"] = 1


def _no_host(content: dict[str, Any]) -> None:
    del content["tfbench"]["host"]


def _software_of_schema_1(content: dict[str, Any]) -> None:
    content["tfbench"]["software"] = content["tfbench"]["software"][0]


def _no_software(content: dict[str, Any]) -> None:
    content["tfbench"]["software"] = None


def _software_of_schema_2_in_schema_1(content: dict[str, Any]) -> None:
    content["tfbench"]["schema"] = 1


def _one_clock(content: dict[str, Any]) -> None:
    conditions = {"load_1m": 0.5, "others_share": 0.0, "steal_share": 0.0, "throttled": 0, "clock_mhz": [2000.0]}
    content["benchmarks"][0]["extra_info"]["tfbench"]["invocations"][0]["conditions"] = conditions


def _huge_time(content: dict[str, Any]) -> None:
    content["benchmarks"][0]["extra_info"]["tfbench"]["invocations"][0]["round_s"][0] = 10**400


def _time_below_0(content: dict[str, Any]) -> None:
    content["benchmarks"][0]["extra_info"]["tfbench"]["invocations"][0]["round_s"][0] = -0.5


def _no_iterations(content: dict[str, Any]) -> None:
    content["benchmarks"][0]["extra_info"]["tfbench"]["invocations"][0]["iterations"] = 0


def _block_without_round(content: dict[str, Any]) -> None:
    content["benchmarks"][0]["extra_info"]["tfbench"]["invocations"][0]["blocks"].append(9)


def _no_invocations(content: dict[str, Any]) -> None:
    content["benchmarks"][0]["extra_info"]["tfbench"]["invocations"].clear()


@pytest.mark.parametrize(
    "damage",
    [
        _drop_extra,
        _foreign_row,
        _text_row,
        _wrong_number,
        _no_rows,
        _rows_are_a_number,
        _unknown_header,
        _no_host,
        _software_of_schema_1,
        _no_software,
        _software_of_schema_2_in_schema_1,
        _one_clock,
        _huge_time,
        _time_below_0,
        _no_iterations,
        _block_without_round,
        _no_invocations,
    ],
)
def test_a_damaged_part_is_refused_by_name(saved: dict[str, Any], damage: Callable[[dict[str, Any]], None]) -> None:
    damage(saved)
    with pytest.raises(BadRunError, match=r"^f\.json is damaged: "):
        store.from_json(saved, "f.json")
