"""What may be compared: attributes, names without them, sides within a run and across runs, and unequal work."""

from typing import Any

import pytest
from tfbench.bench.case import Placement
from tfbench.bench.record import Measurement, Run
from tfbench.reports import sides
from tfbench.reports.sides import Entry, Pair

OLD = Placement(interpreter="old")
WIDE = Placement(device="gpu", strategy="mirrored", replicas=2, interpreter="old")
NAME = "toy-by_hand-n=8,kind=small"


@pytest.fixture
def entry(records: Any) -> Any:
    """Give the factory of an entry from changes of its case."""

    def make(**changes: Any) -> Entry:
        software = (records.software(tensorflow="2.21.0"), records.software(tensorflow="2.20.0", interpreter="old"))
        return Entry(run=records.run(software=software), measurement=records.timed(1.0, **changes))

    return make


def table(runs: list[Run], by: str) -> dict[str, dict[str, list[str]]]:
    """Give the names of the runs behind each side, once for each invocation."""
    found = sides.by_name(sides.entries(runs), by)
    return {
        name: {label: [e.run.name] * len(e.measurement.invocations) for label, e in row.items()}
        for name, row in found.items()
    }


def test_hardware_is_processor_cores_usable_cores_and_memory_in_gib(records: Any) -> None:
    assert sides.hardware(records.host()) == ("toy processor", 4, 2, 8)


@pytest.mark.parametrize(
    "change", [{"name": "other"}, {"affinity": (1, 3)}, {"memory_bytes": 2**33 - 2**28}, {"load_1m": 9.0}]
)
def test_what_does_not_make_other_hardware(change: dict[str, Any], records: Any) -> None:
    assert sides.hardware(records.host(**change)) == sides.hardware(records.host())


@pytest.mark.parametrize("change", [{"cpu": "other"}, {"cores": 8}, {"affinity": (0,)}, {"memory_bytes": 2**34}])
def test_what_makes_other_hardware(change: dict[str, Any], records: Any) -> None:
    assert sides.hardware(records.host(**change)) != sides.hardware(records.host())


def test_the_software_of_a_measurement_is_that_of_its_interpreter(entry: Any, records: Any) -> None:
    found = [sides.software(entry(placement=place)) for place in (Placement(), OLD, Placement(interpreter="lost"))]
    assert [software and software.tensorflow for software in found] == ["2.21.0", "2.20.0", None]


@pytest.mark.parametrize(
    ("by", "value"),
    [
        ("run", "20261101T000000Z-box"),
        ("host", "box"),
        ("tensorflow", "2.20.0"),
        ("mode", "xla"),
        ("implementation", "library"),
        ("device", "gpu"),
        ("replicas", "2"),
        ("interpreter", "old"),
    ],
)
def test_the_value_of_an_attribute(by: str, value: str, entry: Any) -> None:
    assert sides.ATTRIBUTES[by](entry(mode="xla", implementation="library", placement=WIDE)) == value


def test_a_commit_is_told_from_what_was_changed_since(entry: Any, records: Any, with_fields: Any) -> None:
    clean, dirty = (
        with_fields(entry(), run=records.run(host=records.host(git_commit=commit)))
        for commit in (f"{'0123456789' * 4}", f"{'0123456789' * 4}+dirty")
    )
    assert sides.ATTRIBUTES["commit"](clean).startswith("0123456789")
    assert sides.ATTRIBUTES["commit"](clean) != sides.ATTRIBUTES["commit"](dirty)


def test_without_known_software_the_version_is_empty(records: Any) -> None:
    assert sides.ATTRIBUTES["tensorflow"](Entry(run=records.run(), measurement=records.measurement())) == ""


@pytest.mark.parametrize(
    ("by", "name"),
    [
        ("run", f"{NAME}-xla-gpu-mirrored-2-old"),
        ("host", f"{NAME}-xla-gpu-mirrored-2-old"),
        ("commit", f"{NAME}-xla-gpu-mirrored-2-old"),
        ("mode", f"{NAME}-gpu-mirrored-2-old"),
        ("implementation", "toy-n=8,kind=small-xla-gpu-mirrored-2-old"),
        ("device", f"{NAME}-xla-mirrored-2-old"),
        ("replicas", f"{NAME}-xla-gpu-old"),
        ("interpreter", f"{NAME}-xla-gpu-mirrored-2"),
        ("tensorflow", f"{NAME}-xla-gpu-mirrored-2"),
    ],
)
def test_a_case_is_named_without_what_the_sides_differ_in(by: str, name: str, entry: Any) -> None:
    assert sides.name_without(entry(mode="xla", placement=WIDE), by) == name


def test_where_nothing_is_dropped_the_name_is_the_cases_own(entry: Any) -> None:
    ring = Placement(strategy="multi_worker", replicas=2, communication="ring", bytes_per_pack=64, threads=1)
    for changes in ({}, {"placement": WIDE}, {"params": ()}, {"placement": Placement(threads=2)}, {"placement": ring}):
        found = entry(**changes)
        assert sides.name_without(found, "run") == found.measurement.case.id


def test_a_replica_that_is_a_worker_has_a_core_of_its_own(records: Any) -> None:
    places = [Placement(strategy="multi_worker", replicas=2, threads=threads) for threads in (0, 2)]
    run = records.run(name="a", measurements=[records.timed(1.0, placement=place) for place in places])
    assert list(table([run], "threads").values()) == [{"1": ["a"], "2": ["a"]}]


def test_runs_of_other_threads_are_not_the_same_case(records: Any) -> None:
    one, two = (
        records.run(name=name, measurements=[records.timed(1.0, placement=Placement(threads=threads))])
        for name, threads in (("a", 1), ("b", 2))
    )
    assert list(table([one, two], "run")) == [f"{NAME}-eager-cpu-threads-1", f"{NAME}-eager-cpu-threads-2"]
    assert list(table([one, two], "threads").values()) == [{"1": ["a"], "2": ["b"]}]


def test_one_run_is_compared_within_itself(records: Any) -> None:
    run = records.run(measurements=tuple(records.timed(1.0, mode=mode) for mode in ("graph", "eager", "xla")))
    assert table([run], "mode") == {f"{NAME}-cpu": {mode: [run.name] for mode in ("graph", "eager", "xla")}}
    assert list(table([run], "mode")[f"{NAME}-cpu"]) == ["graph", "eager", "xla"]


def test_runs_with_several_values_each_are_compared_within_themselves(records: Any) -> None:
    pair = records.timed(1.0, mode="eager"), records.timed(1.0, mode="xla")
    runs = [records.run(name="a", measurements=pair), records.run(name="b", measurements=pair[:1])]
    assert table(runs, "mode") == {
        f"{NAME}-cpu (a)": {"eager": ["a"], "xla": ["a"]},
        f"{NAME}-cpu (b)": {"eager": ["b"]},
    }


def test_runs_with_one_value_each_are_compared_across(records: Any) -> None:
    runs = [records.run(name=m, measurements=(records.timed(1.0, 2.0, mode=m),)) for m in ("eager", "xla")]
    assert table(runs, "mode") == {f"{NAME}-cpu": {"eager": ["eager"] * 2, "xla": ["xla"] * 2}}


def test_an_interpreter_of_one_run_meets_that_of_another_by_its_tensorflow(records: Any) -> None:
    new = records.run(name="new", software=(records.software(),), measurements=(records.timed(1.0),))
    software = records.software(tensorflow="2.20.0", interpreter="old")
    old = records.run(name="old", software=(software,), measurements=(records.timed(1.0, placement=OLD),))
    assert table([new, old], "tensorflow") == {f"{NAME}-eager-cpu": {"2.21.0": ["new"], "2.20.0": ["old"]}}


def on(records: Any, name: str, tensorflow: str, *call_s: float, **changes: Any) -> Run:
    """Make a run of one case on this TensorFlow."""
    software = (records.software(tensorflow=tensorflow),)
    return records.run(name=name, software=software, measurements=(records.timed(*call_s, **changes),))


def test_runs_with_the_same_value_are_pooled_and_their_invocations_numbered_anew(records: Any) -> None:
    runs = [on(records, "a", "2.20", 1.0, 2.0), on(records, "b", "2.21", 3.0), on(records, "c", "2.20", 4.0, 5.0, 6.0)]
    (row,) = sides.by_name(sides.entries(runs), "tensorflow").values()
    pooled: Measurement = row["2.20"].measurement
    assert [(done.index, *done.call_s) for done in pooled.invocations] == [(1, 1), (2, 2), (3, 4), (4, 5), (5, 6)]
    assert [done.call_s for done in row["2.21"].measurement.invocations] == [(3.0,)]


def test_a_run_alone_on_its_side_keeps_the_numbers_of_its_invocations(records: Any, with_fields: Any) -> None:
    measurement = records.timed(1.0, 2.0, 3.0)
    torn = with_fields(measurement, invocations=measurement.invocations[1:])
    (row,) = sides.by_name(sides.entries([records.run(measurements=(torn,))]), "mode").values()
    assert row["eager"].measurement == torn


@pytest.mark.parametrize(("names", "paired"), [(("a", "a"), True), (("a", "b"), False)])
def test_sides_of_one_run_were_measured_in_turns(names: tuple[str, str], paired: bool, records: Any) -> None:
    base, new = (Entry(run=records.run(name=name), measurement=records.measurement()) for name in names)
    assert Pair(name="toy", label="new", base=base, new=new).paired is paired


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"content": "other"}, "the workload's code changed"),
        ({"content": ""}, ""),  # unknown, as in records of schema 1
        ({"work_per_call": 16}, "a call does 16 elements, in the base 8"),
        ({"data": "synthetic"}, "the data is synthetic, in the base real: 40 images"),
        ({"data": ""}, "the data is none, in the base real: 40 images"),
        ({"shapes": "int32[9] -> int32[]"}, "the input is int32[9], in the base int32[8]"),
        ({"shapes": "int32[8] -> float32[]"}, ""),
        ({"shapes": ""}, ""),
        ({"mode": "xla", "placement": OLD, "device": "other", "caution": "merged"}, ""),
    ],
)
def test_unequal_work_has_a_reason(change: dict[str, Any], reason: str, records: Any) -> None:
    fields = {"content": "one", "data": "real: 40 images", "shapes": "int32[8] -> int32[]"}
    base, new = records.timed(1.0, **fields), records.timed(1.0, **{**fields, **change})
    assert sides.unequal(base, new) == reason


@pytest.mark.parametrize("work", [8, 16])
def test_more_replicas_have_other_inputs_and_may_do_more_work(work: int, records: Any) -> None:
    # MirroredStrategy gives each replica a tensor of its own, so shapes tell two of them.
    base = records.timed(1.0, shapes="float32[4,2] -> float32[]", placement=Placement(strategy="mirrored"))
    shapes = "float32[4,2] float32[4,2] -> float32[]"
    wide = Placement(strategy="mirrored", replicas=2)
    assert sides.unequal(base, records.timed(1.0, shapes=shapes, work_per_call=work, placement=wide)) == ""
