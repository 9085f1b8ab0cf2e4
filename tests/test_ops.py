"""Op tables read back, and the tables `ops`, `profile` and `ops-diff`."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tfbench.bench import codec, files, profile, store
from tfbench.bench.errors import BadInputError
from tfbench.bench.profile import Operation, OpTable, Profile
from tfbench.reports import cli, ops, ops_diff_view, ops_view, profile_view, views

Said = tuple[str, str, str, float, float]

STEP_S = 0.008
EAGER: tuple[Said, ...] = (
    ("Python", "Python", profile.PYTHON, 1, 0.004),
    ("MatMul", "MatMul", profile.EAGER, 2, 0.002),
    ("Add", "Add", profile.EAGER, 12, 0.001),
)
XLA: tuple[Said, ...] = (
    ("wrapped_dot.7", "fusion", profile.XLA, 1, 0.001),
    ("add_exp_fusion.1", "fusion", profile.XLA, 1, 0.0005),
    ("add_exp_fusion.2", "fusion", profile.XLA, 1, 0.0005),
    ("Python", "Python", profile.PYTHON, 1, 0.004),
    ("ExecutorState::Process", "ExecutorState::Process", profile.RUNTIME, 3, 0.002),
)


def operation(said: Said) -> Operation:
    name, type_, kind, count, wall_s = said
    return Operation(
        name=name, type=type_, kind=kind, device="host", count=count, total_s=2 * wall_s, self_s=wall_s, wall_s=wall_s
    )


def table(case_id: str, said: tuple[Said, ...], **changes: Any) -> OpTable:
    fields: dict[str, Any] = {
        "case_id": case_id,
        "steps": 4,
        "step_s": STEP_S,
        "median_step_s": STEP_S,
        "idle_s": STEP_S - sum(one[4] for one in said),
        "overlap_s": 0.002,
        "launch_gap_s": None,
        "operations": tuple(operation(one) for one in said),
    }
    return OpTable(**{**fields, **changes})


@pytest.fixture
def run(records: Any, tmp_path: Path) -> Any:
    """Give a run whose eager and XLA case took 4 ms a call in two rounds and were profiled at twice that."""
    measured, profiles = [], []
    for mode, said in (("eager", EAGER), ("xla", XLA)):
        case = records.case(mode=mode)
        measured.append(records.measurement(case=case, invocations=(records.invocation((0.008, 0.008)),)))
        profiles.append(
            Profile(case_id=case.id, steps=4, step_s=STEP_S, traced_s=0.006, plain_s=0.003, trace_bytes=1000)
        )
        folder = tmp_path / files.PROFILES / files.case_folder(case.id)
        folder.mkdir(parents=True)
        (folder / profile.OPS_FILE).write_text(json.dumps(codec.encode(table(case.id, said))))
    run = records.run(measurements=tuple(measured), profiles=tuple(profiles), folder=tmp_path)
    content = store.to_json(run, {}, {})
    (tmp_path / store.FILE).write_text(json.dumps(content))
    return store.load(tmp_path)


def shown(view: views.View, run: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=400)
    views.show(view, run, console)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines() if line.strip()]


def folder(run: Any, number: int) -> Path:
    return run.folder / files.PROFILES / files.case_folder(run.profiles[number].case_id)


def test_the_shares_of_a_step_are_those_of_its_kinds(run: Any) -> None:
    (eager, xla), notes = ops.load(run)
    assert notes == []
    assert eager.by_kind == pytest.approx({"eager": 0.375, "python": 0.5})
    assert xla.by_kind == pytest.approx({"xla": 0.25, "python": 0.5, "runtime": 0.25})
    assert (eager.work_count, xla.work_count, xla.executor_share) == (14, 3, 0.25)


def test_each_operation_is_a_row_joined_to_the_timed_median(run: Any) -> None:
    rows = list(ops_view.rows(run))
    assert len(rows) == 8
    picked = {name: rows[1][name] for name in ("op", "kind", "count", "wall_s", "share", "median_s", "step_s", "mode")}
    assert picked == {
        "op": "MatMul",
        "kind": "eager",
        "count": 2,
        "wall_s": 0.002,
        "share": 0.25,
        "median_s": 0.004,  # rounds of 8 ms with 2 calls each
        "step_s": 0.008,
        "mode": "eager",
    }


def test_the_modes_are_compared_in_one_line(run: Any) -> None:
    assert ops_view.notes(run)[0] == (
        "toy by_hand n=8,kind=small (cpu): eager 38 % of 8.00 ms in 14 operations; xla 25 % of 8.00 ms in 3 operations"
    )


def test_what_the_executor_hides_is_said(run: Any) -> None:
    assert ops_view.notes(run)[1].startswith("toy by_hand n=8,kind=small xla (cpu): 25 % of a step went to the graph")


def test_only_the_longest_operations_are_printed(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops_view, "SHOWN", 1)
    lines = shown(ops_view.VIEW, run)
    assert [line.split()[:2] for line in lines[4:6]] == [["eager", "Python"], ["xla", "wrapped_dot.7"]]
    assert len(views.to_frame(ops_view.VIEW, [run])) == 8


def test_a_step_is_divided_in_the_profile_table(run: Any) -> None:
    eager, xla = profile_view.rows(run)
    assert (eager["work_share"], eager["python_share"], eager["idle_share"], eager["overlap_share"]) == pytest.approx(
        (0.375, 0.5, 0.125, 0.25)
    )
    assert (eager["overhead"], eager["steps"], eager["trace_bytes"]) == (1.0, 4, 1000)
    assert xla["runtime_share"] == 0.25
    assert eager["explained"] == 1.0  # 8 ms traced: 4 ms timed, twice that while traced


def test_idle_time_is_said(run: Any) -> None:
    (note,) = profile_view.notes(run)
    assert note.startswith("toy by_hand n=8,kind=small eager (cpu): no thread worked for 12 % of a step: each waited")


def test_a_trace_that_disagrees_with_the_timing_is_said(run: Any) -> None:
    slow = replace(run, profiles=tuple(replace(one, traced_s=0.0015) for one in run.profiles))
    assert profile_view.notes(slow)[1] == (
        "toy by_hand n=8,kind=small eager (cpu): the median traced step took 8.00 ms, 4.0 times what the timed 4.00 ms "
        "and profiling explain: read its shares, not its times"
    )


def test_a_difference_tells_what_vanished_and_what_appeared(run: Any) -> None:
    found = {(row["kind"], row["type"]): row for row in ops_diff_view.rows(run, "eager", "xla")}
    assert {key: row["change"] for key, row in found.items()} == {
        ("eager", "MatMul"): "vanished",
        ("eager", "Add"): "vanished",
        ("python", "Python"): "same",
        ("runtime", "ExecutorState::Process"): "appeared",
        ("xla", "wrapped_dot"): "appeared",
        ("xla", "add_exp_fusion"): "appeared",
    }
    fused = found["xla", "add_exp_fusion"]
    assert (fused["before_count"], fused["after_count"], fused["gained_s"]) == (0.0, 2.0, 0.001)
    assert list(found)[-1] == ("python", "Python")


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [(None, 1.0, "appeared"), (1.0, None, "vanished"), (1.0, 2.0, "grew"), (2.0, 1.0, "shrank"), (1.0, 1.05, "same")],
)
def test_a_change_has_a_word(before: float | None, after: float | None, word: str) -> None:
    sides = [None if wall_s is None else ops_diff_view.Sum(1.0, wall_s) for wall_s in (before, after)]
    assert ops_diff_view.change(*sides) == word


def test_a_part_of_a_name_must_mean_one_case(run: Any) -> None:
    found = ops.load(run)[0]
    assert ops_diff_view.pick(found, "xla").profile.case_id == run.profiles[1].case_id
    with pytest.raises(BadInputError, match=r"'toy' means 2 cases: name one of .*eager.*, .*xla"):
        ops_diff_view.pick(found, "toy")
    with pytest.raises(BadInputError, match=r"'graph' is no profiled case: name one of .*eager"):
        ops_diff_view.pick(found, "graph")
    with pytest.raises(BadInputError, match="the run has no profiles"):
        ops_diff_view.pick([], "graph")


def test_the_cases_stand_after_the_run(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(run.folder), "--table", "ops-diff", "eager", "xla", "--format", "csv"]) == 0
    assert "vanished" in capsys.readouterr().out
    assert cli.main(["report", "--table", "ops-diff", "xla"]) == 2
    assert capsys.readouterr().err == (
        "tfbench: --table ops-diff: name CASE_A and CASE_B, after the run if one is named\n"
    )


def test_a_run_without_profiles_says_how_to_get_them(records: Any) -> None:
    assert profile_view.notes(records.run()) == ["no case of this run was profiled: measure with tfbench run --profile"]


def test_a_missing_table_is_a_note(run: Any) -> None:
    (folder(run, 0) / profile.OPS_FILE).unlink()
    found, notes = ops.load(run)
    assert len(found) == 1
    assert notes == [f"{run.profiles[0].case_id}: its op table cannot be read: No such file or directory"]


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"case_id": 3}', "NaN", '"\x1b[31m"'])
def test_a_damaged_table_is_a_note(run: Any, text: str) -> None:
    (folder(run, 0) / profile.OPS_FILE).write_text(text)
    found, notes = ops.load(run)
    assert len(found) == 1
    assert notes[0].startswith(f"{run.profiles[0].case_id}: its op table is damaged: ")


def test_a_case_id_leads_to_no_other_folder(records: Any, tmp_path: Path) -> None:
    found = ops.folder_of(records.run(folder=tmp_path), "../../../etc/passwd")
    assert found is not None
    assert found.parent == tmp_path / files.PROFILES
    assert ops.folder_of(records.run(), "toy") is None


@pytest.mark.parametrize("changes", [{"plain_s": 0.0}, {"traced_s": 0.0}])
def test_a_profile_without_times_is_refused(run: Any, changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="the times of a profile's steps are above 0"):
        replace(run.profiles[0], **changes)
