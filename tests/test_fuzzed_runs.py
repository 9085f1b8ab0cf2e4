"""A run file with whatever in it is read and reported, or refused in one line."""

import copy
import json
import warnings
from typing import Any

import fuzzed_runs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tfbench.bench import store
from tfbench.bench.errors import BadRunError

CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
FUZZ = settings(max_examples=40, deadline=None, database=None, derandomize=True, suppress_health_check=CHECKS)


def read_and_report(content: Any) -> bool:
    """Read it and make all reports, or see it refused; tell which."""
    try:
        run = store.from_json(content, "f.json")
    except BadRunError as error:
        said = str(error)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # statistics of two values that nobody has measured
            fuzzed_runs.show_all(run)
        return True
    assert said.startswith("f.json ")
    assert "\n" not in said
    return False


def test_a_file_of_right_types_and_any_values_is_reported_or_refused_and_most_are_reported() -> None:
    read: list[bool] = []

    @settings(FUZZ, max_examples=15)
    @given(fuzzed_runs.files())
    def look(content: dict[str, Any]) -> None:
        read.append(read_and_report(content))

    look()
    assert sum(read) > len(read) / 2


@FUZZ
@given(data=st.data())
def test_a_damaged_file_is_reported_or_refused(data: st.DataObject, records: Any) -> None:
    content = json.loads(json.dumps(store.to_json(records.full_run(), {}, {})))
    before = copy.deepcopy(content)
    content["tfbench"] = fuzzed_runs.damaged(content["tfbench"], data.draw)
    row = content["benchmarks"][0]["extra_info"]
    row["tfbench"] = fuzzed_runs.damaged(row["tfbench"], data.draw)
    assert read_and_report(content) or content != before


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e400", "-1e31", "1e31"])
def test_a_number_that_nothing_measured_can_be_is_refused(text: str, records: Any) -> None:
    content = json.loads(json.dumps(store.to_json(records.full_run(), {}, {})))
    content["benchmarks"][0]["extra_info"]["tfbench"]["invocations"][0]["sync_s"] = json.loads(text)
    with pytest.raises(BadRunError, match="sync_s: expected a finite number"):
        store.from_json(content, "f.json")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mode": "jit"}, "'jit' is no mode"),
        ({"placement": {"replicas": 0}}, "a placement has at least one replica"),
        ({"placement": {"threads": -1}}, "a placement has at least one replica"),
    ],
)
def test_a_case_that_cannot_be_is_refused(changes: dict[str, Any], reason: str, records: Any) -> None:
    content = json.loads(json.dumps(store.to_json(records.full_run(), {}, {})))
    content["benchmarks"][0]["extra_info"]["tfbench"]["case"].update(changes)
    with pytest.raises(BadRunError, match=f"is damaged: .*{reason}"):
        store.from_json(content, "f.json")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"work_per_call": 0}, "a call does at least one unit of work"),
        ({"invocations": []}, "at least one invocation"),
        ({"round_s": [], "blocks": []}, "each invocation has rounds"),
        ({"round_s": [0.0, 1.0, 1.0]}, "a call takes from 1e-12 to 1e"),
        ({"round_s": [1.0, 1e10, 1.0]}, "a call takes from 1e-12 to 1e"),
        ({"twice": True}, "an invocation stands twice"),
        ({"again": True}, "is measured twice"),
        ({"cores": 0}, "a host has at least one core"),
        ({"affinity": []}, "a host has at least one core"),
    ],
)
def test_a_measurement_that_cannot_be_is_refused(changes: dict[str, Any], reason: str, records: Any) -> None:
    content = json.loads(json.dumps(store.to_json(records.full_run(), {}, {})))
    row = content["benchmarks"][0]["extra_info"]["tfbench"]
    for part in (row, row["invocations"][0], content["tfbench"]["host"]):
        part.update({name: value for name, value in changes.items() if name in part})
    row["invocations"] *= 1 + ("twice" in changes)
    content["benchmarks"] *= 1 + ("again" in changes)
    with pytest.raises(BadRunError, match=f"is damaged: .*{reason}"):
        store.from_json(content, "f.json")
