"""Cases over many runs: series by machine and work, in order of time, with their steps and what changed there."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tfbench.bench.case import Placement
from tfbench.bench.errors import BadInputError
from tfbench.reports import archive, history, places, skim
from tfbench.reports.history import Series

CASE = "toy-by_hand-n=8,kind=small-eager-cpu"
QUIET = (1.0, 1.01, 0.99)


@pytest.fixture
def make(records: Any) -> Any:
    """Give the function that makes a run a number, of the case at this time, and gives all as rows."""

    def run(number: int, seconds: float, **changes: Any) -> Any:
        of_host = {name: changes.pop(name) for name in ("git_commit", "affinity", "cpu") if name in changes}
        host = records.host(**{"git_commit": f"{number:040d}", **of_host, "name": changes.pop("host", "box")})
        software = records.software(tensorflow=changes.pop("tensorflow", "2.21.0"))
        done = records.timed(seconds, seconds, **changes)
        return records.run(
            name=f"run-{number:03d}",
            started=f"2026-11-{1 + number // 24:02d}T{number % 24:02d}:00:00+00:00",
            host=host,
            software=(software,),
            measurements=(done,),
        )

    return run


def write(runs: Sequence[Any], records: Any, folder: Path) -> str:
    for run in runs:
        records.write(run, folder)
    return str(folder)


def of(runs: Sequence[Any], records: Any, folder: Path, **more: Any) -> list[Series]:
    options = {name: more.pop(name) for name in ("same_host", "threshold") if name in more}
    return history.series(history.read([write(runs, records, folder)], **more), **options)


def quiet(level: float, number: int) -> float:
    return level * QUIET[number % 3]


def test_a_case_is_followed_in_order_of_time_whatever_the_order_of_reading(
    make: Any, records: Any, tmp_path: Path
) -> None:
    runs = [make(number, 1.0 + number) for number in (2, 0, 1)]
    runs[0] = records.run(**{**{n: getattr(runs[0], n) for n in ("host", "software", "measurements")}, "name": "a"})
    (series,) = of(runs, records, tmp_path)
    assert (series.case, series.machine, series.work) == (CASE, "box/2-cores", 0)
    assert [(point.run, point.seconds) for point in series.points] == [("a", 3.0), ("run-000", 1.0), ("run-001", 2.0)]
    assert series.points[0].log_s == pytest.approx(math.log(3.0 / 8))


def test_a_step_is_told_with_the_commits_around_it(make: Any, records: Any, tmp_path: Path) -> None:
    runs = [make(i, quiet(1.0 if i < 9 else 1.25, i), pace_s=0.5 if i < 9 else 0.6) for i in range(18)]
    (series,) = of(runs, records, tmp_path)
    (change,) = series.changes
    assert (change.before.run, change.after.run) == ("run-008", "run-009")
    assert (change.before.commit, change.after.commit) == ("0" * 12, "0" * 12)
    assert change.ratio == pytest.approx(1.25, abs=0.005)
    assert change.logs.low < math.log(1.25) < change.logs.high
    assert change.logs.p_value < 1e-6
    assert change.pace == pytest.approx(1.2)
    assert change.others == ()
    assert [series.levels[8], series.levels[9]] == pytest.approx([math.log(1 / 8), math.log(1.25 / 8)], abs=0.01)


def test_what_else_changed_at_a_step_is_said(make: Any, records: Any, tmp_path: Path) -> None:
    runs = [make(i, quiet(1.0 if i < 6 else 0.5, i), tensorflow="2.20.0" if i < 6 else "2.21.0") for i in range(12)]
    (series,) = of(runs, records, tmp_path)
    assert series.changes[0].others == ("TensorFlow 2.20.0 to 2.21.0",)
    assert series.changes[0].ratio == pytest.approx(0.5, abs=0.01)
    assert series.changes[0].pace is None


def test_a_step_below_the_threshold_is_none(make: Any, records: Any, tmp_path: Path) -> None:
    runs = [make(i, quiet(1.0 if i < 20 else 1.06, i)) for i in range(40)]
    assert [len(s.changes) for s in of(runs, records, tmp_path / "a")] == [1]
    assert [len(s.changes) for s in of(runs, records, tmp_path / "b", threshold=0.1)] == [0]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"host": "other"}, ["box/2-cores", "other/2-cores"]),
        ({"affinity": (0,)}, ["box/2-cores", "box/1-core"]),
        ({"cpu": "faster"}, ["box/2-cores", "box/2-cores#2"]),
    ],
)
def test_another_machine_is_another_series(
    changes: dict[str, Any], names: list[str], make: Any, records: Any, tmp_path: Path
) -> None:
    runs = [make(i, 1.0 if i % 2 else 2.0, **(changes if i % 2 else {})) for i in range(20)]
    found = of(runs, records, tmp_path)
    assert [series.machine for series in found] == names
    assert [(len(series.points), len(series.changes)) for series in found] == [(10, 0), (10, 0)]


@pytest.mark.parametrize(("changes", "count"), [({"host": "other"}, 1), ({"cpu": "faster"}, 2)])
def test_hosts_of_the_same_hardware_can_be_one(
    changes: dict[str, Any], count: int, make: Any, records: Any, tmp_path: Path
) -> None:
    runs = [make(i, 1.0, **(changes if i % 2 else {})) for i in range(8)]
    assert len(of(runs, records, tmp_path, same_host=True)) == count


def test_another_interpreter_is_another_series(make: Any, records: Any, tmp_path: Path) -> None:
    runs = [make(i, 1.0, placement=Placement(interpreter="old" if i % 2 else "")) for i in range(4)]
    assert [series.case for series in of(runs, records, tmp_path)] == [CASE, f"{CASE}-old"]


@pytest.mark.parametrize(
    "change", [{"content": "two"}, {"data": "synthetic"}, {"work_per_call": 16}, {"shapes": "int32[9] -> int32[]"}]
)
def test_other_work_is_another_series(change: dict[str, Any], make: Any, records: Any, tmp_path: Path) -> None:
    same = {"content": "one", "shapes": "int32[8] -> int32[]"}
    runs = [make(i, 1.0 + i // 8, **{**same, **(change if i >= 8 else {})}) for i in range(16)]
    found = of(runs, records, tmp_path)
    assert [(series.work, len(series.points), series.changes) for series in found] == [(1, 8, ()), (2, 8, ())]
    assert [series.name for series in found] == [f"{CASE} (work 1)", f"{CASE} (work 2)"]


def test_other_answers_of_the_same_input_are_the_same_work(make: Any, records: Any, tmp_path: Path) -> None:
    runs = [make(i, 1.0, shapes=f"int32[8] -> {kind}") for i, kind in enumerate(("int32[]", "float32[]"))]
    assert [series.work for series in of(runs, records, tmp_path)] == [0]


def test_failures_and_skips_are_points_without_a_time(make: Any, records: Any, tmp_path: Path) -> None:
    case = records.case()
    ends = ({"failures": (records.failure(case=case),)}, {"skips": (records.skip(case=case),)})
    runs = [make(i, quiet(1.0, i)) for i in range(8)]
    runs += [records.run(name=f"end-{i}", started=f"2026-11-01T2{i}:00:00+00:00", **end) for i, end in enumerate(ends)]
    (series,) = of(runs, records, tmp_path)
    assert [point.reason for point in series.points[8:]] == ["failed: build: OSError: no disk", "skipped: too large"]
    assert (len(series.points), len(series.timed), len(series.levels)) == (10, 8, 8)


def test_a_case_that_only_failed_is_a_series_without_steps(records: Any, tmp_path: Path) -> None:
    runs = [records.run(name=str(i), failures=(records.failure(),)) for i in range(8)]
    (series,) = of(runs, records, tmp_path)
    assert (series.timed, series.levels, series.changes) == ([], (), ())


def test_a_run_without_a_time_of_its_own_is_still_followed(make: Any, records: Any, tmp_path: Path) -> None:
    run = make(0, 1.0)
    odd = records.run(name="odd", started="yesterday", host=run.host, measurements=run.measurements)
    (series,) = of([run, odd], records, tmp_path)
    assert [(point.run, point.started is None) for point in series.points] == [("run-000", False), ("odd", True)]


def test_only_cases_with_the_part_in_their_names_are_read(make: Any, records: Any, tmp_path: Path) -> None:
    runs = [make(0, 1.0), make(1, 1.0, mode="xla"), make(2, 1.0, workload="other")]
    address = write(runs, records, tmp_path)
    assert set(history.read([address], part="toy")["run"].to_pylist()) == {"run-000", "run-001"}
    with pytest.raises(BadInputError, match=f"^no case with 'nothing' in its name in {address}: tfbench list names"):
        history.read([address], part="nothing")


@pytest.mark.parametrize("address", ["{folder}/store", "memory://bucket/store"])
def test_a_store_tells_the_same_as_the_runs_in_it(address: str, make: Any, records: Any, tmp_path: Path) -> None:
    runs = [make(i, quiet(1.0 if i < 6 else 2.0, i), mode=mode) for i in range(12) for mode in ("eager", "xla")]
    runs = [
        records.run(**{n: getattr(r, n) for n in r.__slots__ if n != "name"}, name=f"{i:02d}")
        for i, r in enumerate(runs)
    ]
    wanted = of(runs, records, tmp_path / "results", part="xla")
    store = address.format(folder=tmp_path)
    archive.add(places.folder(store), skim.read(places.runs(str(tmp_path / "results"))))
    assert history.series(history.read([store], part="xla")) == wanted
    both = history.read([store, str(tmp_path / "results")], part="xla")
    assert history.series(both) == wanted  # a run that is in both counts once


def test_runs_from_several_places_are_put_together(make: Any, records: Any, tmp_path: Path) -> None:
    first, second = (write([make(i, 1.0)], records, tmp_path / str(i)) for i in range(2))
    (series,) = history.series(history.read([first, second]))
    assert [point.run for point in series.points] == ["run-000", "run-001"]
