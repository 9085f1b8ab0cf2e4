"""Records to JSON values and back."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from tfbench.bench import codec, record
from tfbench.bench.case import Placement
from tfbench.bench.protocol import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A record with a field of each kind."""

    count: int
    size_s: float
    name: str
    flag: bool
    maybe: float | None
    pair: tuple[str, int]
    many: tuple[int, ...]
    table: dict[str, str]
    either: int | str = 7
    notes: dict[str, str] = field(default_factory=dict)
    spread: tuple[float, float] | None = None


VALUES: dict[str, Any] = {
    "count": 3,
    "size_s": 0.5,
    "name": "a",
    "flag": True,
    "maybe": None,
    "pair": ["b", 2],
    "many": [1, 2],
    "table": {"k": "v"},
    "either": "x",
    "notes": {"n": "o"},
    "spread": [0.25, 0.5],
}
POINT = Point(
    count=3,
    size_s=0.5,
    name="a",
    flag=True,
    maybe=None,
    pair=("b", 2),
    many=(1, 2),
    table={"k": "v"},
    either="x",
    notes={"n": "o"},
    spread=(0.25, 0.5),
)


def test_encode_gives_objects_and_lists() -> None:
    assert codec.encode(POINT) == VALUES


def test_decode_gives_the_record_back() -> None:
    assert codec.decode(Point, VALUES) == POINT


def test_a_run_with_one_of_everything_survives_json(records: Any) -> None:
    run = records.full_run()
    assert codec.decode(record.Run, json.loads(json.dumps(codec.encode(run)))) == run


def test_a_field_with_a_default_may_be_missing() -> None:
    without = {name: value for name, value in VALUES.items() if name != "either"}
    assert codec.decode(Point, without).either == 7


def test_a_field_that_makes_its_default_may_be_missing_and_shares_it_with_no_other_record() -> None:
    without = {name: value for name, value in VALUES.items() if name != "notes"}
    one, two = codec.decode(Point, without), codec.decode(Point, without)
    assert (one.notes, two.notes, one.notes is two.notes) == ({}, {}, False)


def test_a_request_of_cases_alone_takes_the_defaults(records: Any) -> None:
    case = records.case()
    assert codec.decode(Request, {"cases": [codec.encode(case)]}) == Request(cases=(case,), baselines={})


def test_all_that_schema_2_adds_survives_json(records: Any) -> None:
    conditions = records.conditions(load_1m=1.5, throttled=2, clock_mhz=(2000.0, 2400.0))
    check = records.check(scaled_error=2.0**-20, epsilon=2.0**-23)
    measurement = records.measurement(
        case=records.case(placement=Placement(interpreter="old")),
        invocations=(records.invocation(conditions=conditions, pace_s=0.25, check=check),),
        content="0123456789abcdef",
        shapes="float32[2] -> float32[]",
        health=(record.Finding(kind="drift", text="it drifts"),),
        precision=record.Precision(wanted=0.02, reached=None, met=False),
    )
    software = (records.software(interpreter="old", timer_s=2.0**-30), records.software(interpreter="new"))
    run = records.run(software=software, measurements=(measurement,))
    assert codec.decode(record.Run, json.loads(json.dumps(codec.encode(run)))) == run


def test_a_whole_number_is_a_float_where_a_float_is_wanted() -> None:
    found = codec.decode(Point, {**VALUES, "size_s": 2})
    assert (found.size_s, type(found.size_s)) == (2.0, float)


@pytest.mark.parametrize("field", ["count", "size_s", "name", "flag", "maybe", "pair", "many", "table"])
def test_a_missing_field_is_named(field: str) -> None:
    without = {name: value for name, value in VALUES.items() if name != field}
    with pytest.raises(ValueError, match=f"^Point: missing field '{field}'$"):
        codec.decode(Point, without)


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(ValueError, match=r"^Point: unknown field 'surprise'$"):
        codec.decode(Point, {**VALUES, "surprise": 1})


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("count", 1.0, r"Point\.count: expected a whole number, found 1\.0"),
        ("count", True, r"Point\.count: expected a whole number, found True"),
        ("count", "1", r"Point\.count: expected a whole number, found '1'"),
        ("count", None, r"Point\.count: expected a whole number, found None"),
        ("size_s", True, r"Point\.size_s: expected a finite number, found True"),
        ("size_s", "1", r"Point\.size_s: expected a finite number, found '1'"),
        ("size_s", float("nan"), r"Point\.size_s: expected a finite number, found nan"),
        ("size_s", float("inf"), r"Point\.size_s: expected a finite number, found inf"),
        ("size_s", float("-inf"), r"Point\.size_s: expected a finite number, found -inf"),
        ("size_s", None, r"Point\.size_s: expected a finite number, found None"),
        ("maybe", "x", r"Point\.maybe: expected a finite number, found 'x'"),
        ("name", 1, r"Point\.name: expected str, found 1"),
        ("flag", 1, r"Point\.flag: expected bool, found 1"),
        ("pair", "ab", r"Point\.pair: expected a list, found 'ab'"),
        ("pair", ["b"], r"Point\.pair: expected a list of 2, found \['b'\]"),
        ("pair", ["b", "c"], r"Point\.pair\[1\]: expected a whole number, found 'c'"),
        ("many", [1, "2"], r"Point\.many\[1\]: expected a whole number, found '2'"),
        ("many", {"0": 1}, r"Point\.many: expected a list, found \{'0': 1\}"),
        ("table", ["k"], r"Point\.table: expected an object, found \['k'\]"),
        ("table", {"k": 1}, r"Point\.table\.k: expected str, found 1"),
        ("notes", None, r"Point\.notes: expected an object, found None"),
        ("spread", [0.25], r"Point\.spread: expected a list of 2, found \[0\.25\]"),
        ("spread", [0.25, "x"], r"Point\.spread\[1\]: expected a finite number, found 'x'"),
        ("either", True, r"Point\.either: expected a whole number, found True"),
        ("either", 1.5, r"Point\.either: expected a whole number, found 1\.5"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_path(field: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        codec.decode(Point, {**VALUES, field: value})


def test_a_record_must_be_an_object() -> None:
    with pytest.raises(ValueError, match=r"^run: expected an object, found \[\]$"):
        codec.decode(Point, [], "run")


def test_a_number_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Point\.size_s: expected a finite number"):
        codec.decode(Point, {**VALUES, "size_s": 10**400})


def test_the_path_reaches_into_nested_records(records: Any) -> None:
    values = codec.encode(records.full_run())
    values["measurements"][0]["invocations"][0]["ledger"]["traces"] = True
    where = r"^run\.measurements\[0\]\.invocations\[0\]\.ledger\.traces: expected a whole number, found True$"
    with pytest.raises(ValueError, match=where):
        codec.decode(record.Run, values, "run")


def test_a_long_wrong_value_is_cut_short() -> None:
    with pytest.raises(ValueError, match=r"found 'x{59}$"):
        codec.decode(Point, {**VALUES, "count": "x" * 1000})
