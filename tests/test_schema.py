"""The JSON Schema of run.json accepts what tfbench writes, and refuses what tfbench refuses to read."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from tfbench.bench import schema, store
from tfbench.bench.errors import BadRunError
from tfbench.reports import cli


@pytest.fixture
def content(records) -> dict[str, Any]:
    """Give the JSON of a run with one of everything."""
    text = json.dumps(store.to_json(records.full_run(), {"node": "box"}, {"id": "abc"}))
    return json.loads(text)


@pytest.fixture
def validator() -> jsonschema.protocols.Validator:
    """Give the validator of the schema, which is itself valid."""
    document = schema.document()
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


def test_a_run_with_one_of_everything_is_valid(content, validator) -> None:
    assert [error.message for error in validator.iter_errors(content)] == []


def ours(content: dict[str, Any]) -> dict[str, Any]:
    return content["tfbench"]


def first(content: dict[str, Any]) -> dict[str, Any]:
    return content["benchmarks"][0]["extra_info"]["tfbench"]


DAMAGES: list[Callable[[dict[str, Any]], Any]] = [
    lambda content: content.pop("tfbench"),
    lambda content: content.pop("benchmarks"),
    lambda content: ours(content).pop("name"),
    lambda content: ours(content).update(surprise=1),
    lambda content: ours(content).update(schema=999),
    lambda content: ours(content)["host"].update(cores="four"),
    lambda content: ours(content)["options"].update(workload=3),
    lambda content: ours(content)["failures"][0].pop("stage"),
    lambda content: first(content).update(baseline=["by_hand"]),
    lambda content: first(content).update(baseline=["by_hand", "eager", "cpu"]),
    lambda content: first(content).update(unit=None),
    lambda content: first(content)["case"].update(params=[["n", 1.5]]),
    lambda content: first(content)["invocations"][0].update(complete=1),
    lambda content: first(content)["invocations"][0].update(round_s=["1.0"]),
    lambda content: first(content)["invocations"][0]["ledger"].update(traces=True),
]


@pytest.mark.parametrize("damage", DAMAGES, ids=range(len(DAMAGES)))
def test_a_damaged_run_is_refused_by_the_schema_and_by_the_reader(damage, content, validator) -> None:
    damage(content)
    assert not validator.is_valid(content)
    with pytest.raises(BadRunError):
        store.from_json(content, "run.json")


def test_what_may_be_left_out_may_be_left_out_in_both(content, validator) -> None:
    for name in ("skips", "cluster", "data_note"):
        del ours(content)[name]
    del first(content)["invocations"][0]["pace_s"]
    assert validator.is_valid(content)
    assert store.from_json(content, "run.json").skips == ()


def test_a_file_of_schema_1_is_older_readable_and_not_described(content, validator) -> None:
    ours(content).update(schema=1, software=ours(content)["software"][0])
    assert store.from_json(content, "run.json").name == ours(content)["name"]
    assert not validator.is_valid(content)
    assert "Files of schema 1 are older" in schema.document()["description"]


def test_a_field_says_what_the_record_says_of_it() -> None:
    told = schema.document()["$defs"]["Ledger"]["properties"]
    assert told["build_s"] == {"type": "number", "description": "making weights, inputs and the callable."}
    assert told["trace_bytes"]["description"] == told["compile_bytes"]["description"]
    assert told["compile_s"]["description"].endswith("so it may be more than the user waits for.")
    assert told["compile_s"]["anyOf"] == [{"type": "number"}, {"type": "null"}]


def test_a_type_that_the_schema_cannot_say_is_an_error() -> None:
    record = dataclasses.make_dataclass("Odd", [("value", set[int])])
    with pytest.raises(TypeError, match=r"set\[int\]"):
        schema._of(record, {})


def test_the_command_prints_it(capsys) -> None:
    assert cli.main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema.document()


def test_the_command_takes_no_options(capsys) -> None:
    assert cli.main(["schema", "--format", "json"]) == 2
    assert capsys.readouterr() == ("", "tfbench: unknown option '--format': see --help\n")
