"""Comparisons as text, Markdown, frames and JSON."""

import io
import json
import math
from typing import Any

import pandas as pd
import pytest
from rich.console import Console
from tfbench.bench.case import Placement
from tfbench.bench.record import Run
from tfbench.reports import compare, compare_tables, verdict
from tfbench.reports.compare import Report

NAME = "toy-by_hand-n=8,kind=small"
STEP = math.exp(0.01)


def around(seconds: float) -> tuple[float, float, float]:
    """Give three invocations whose logarithms are 0.01 apart.

    Two such sides differ by +- 2.776445 * sqrt(2 * 0.01^2 / 3) = 0.022670, of 4 degrees of freedom.
    """
    return seconds * STEP, seconds, seconds / STEP


@pytest.fixture
def run(records: Any) -> Any:
    """Give the factory of a run from the times of its cases by mode; other changes are of the measurements."""

    def make(name: str, times: dict[str, Any], *, host: Any = None, workload: str = "toy", **changes: Any) -> Run:
        done = tuple(records.timed(*t, mode=mode, workload=workload, **changes) for mode, t in times.items())
        found: Run = records.run(name=name, host=host or records.host(), measurements=done)
        return found

    return make


@pytest.fixture
def report(run: Any, with_fields: Any) -> Report:
    """Give a comparison with a faster case, a regression, and one whose code changed."""
    base = run("a", {"eager": around(0.004), "graph": around(0.004), "xla": around(0.004)}, content="one")
    new = run("b", {"eager": around(0.001), "graph": around(0.005), "xla": around(0.001)}, content="one")
    eager, graph, xla = new.measurements
    return compare.make([base, with_fields(new, measurements=(eager, graph, with_fields(xla, content="2")))], gate=0.1)


def shown(report: Report, width: int = 110) -> list[str]:
    out = io.StringIO()
    compare_tables.show(report, Console(file=out, width=width))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_comparison_as_text_by_hand(report: Report) -> None:
    # 4 and 0.8 times e^(+-0.022670); the other way round 1 / 0.8183 is 22.2 % and 1 / 0.7821 is 27.9 % slower.
    *lines, last = shown(report)
    assert lines == [
        "b against a (by run)",
        "",
        "  case                                      base       new                speed-up   verdict",
        " " + "\u2500" * 102,
        f"  {NAME}-eager-cpu   4.00 ms   1.00 ms      4.00x [3.91, 4.09]   faster",
        f"  {NAME}-graph-cpu   4.00 ms   5.00 ms   0.800x [0.782, 0.818]   slower REGRESSION",
        f"  {NAME}-xla-cpu     4.00 ms   1.00 ms                       -   not compared",
        "",
        f"{NAME}-xla-cpu: not compared: the workload's code changed",
        f"REGRESSION {NAME}-graph-cpu: 25.0 % slower [22.2 %, 27.9 %]",
    ]
    assert last.startswith("gate 10 %: 1 regression")
    assert last.endswith(", 2 cases compared")


def test_a_comparison_as_markdown_by_hand(report: Report) -> None:
    *lines, last = compare_tables.markdown(report).splitlines()
    assert lines == [
        "**b against a (by run)**",
        "",
        "| case | base | new | speed-up | verdict |",
        "| --- | --- | --- | --- | --- |",
        f"| {NAME}-eager-cpu | 4.00 ms | 1.00 ms | 4.00x [3.91, 4.09] | faster |",
        f"| {NAME}-graph-cpu | 4.00 ms | 5.00 ms | 0.800x [0.782, 0.818] | slower REGRESSION |",
        f"| {NAME}-xla-cpu | 4.00 ms | 1.00 ms | - | not compared |",
        "",
        f"- {NAME}-xla-cpu: not compared: the workload's code changed",
        f"- REGRESSION {NAME}-graph-cpu: 25.0 % slower [22.2 %, 27.9 %]",
    ]
    assert last.startswith("- gate 10 %: 1 regression")


def test_each_new_side_has_a_table_of_its_own(run: Any) -> None:
    found = compare.make([run(name, {"eager": around(1.0)}) for name in "abc"])
    titles = ["b against a (by run)", "c against a (by run)"]
    assert [line for line in shown(found) if "against" in line] == titles
    assert [line for line in compare_tables.markdown(found).splitlines() if "against" in line] == [
        f"**{title}**" for title in titles
    ]


def test_the_frame_has_its_columns_and_types(report: Report) -> None:
    frame = compare_tables.to_frame(report)
    assert {str(name): str(dtype) for name, dtype in frame.dtypes.items()} == compare_tables.DTYPES
    assert len(frame) == 3


def test_a_row_of_the_frame_by_hand(report: Report) -> None:
    row = compare_tables.to_frame(report).iloc[1]
    wanted = {
        "case": f"{NAME}-graph-cpu",
        "by": "run",
        "base": "a",
        "new": "b",
        "base_run": "a",
        "new_run": "b",
        "base_s": 0.004,
        "new_s": 0.005,
        "speedup": pytest.approx(0.8),
        "speedup_low": pytest.approx(0.8 * math.exp(-0.022670), rel=1e-6),
        "speedup_high": pytest.approx(0.8 * math.exp(0.022670), rel=1e-6),
        "speedup_within": False,
        "paired": False,
        "invocations": 3,
        "verdict": "slower",
        "hardware": False,
        "regression": True,
        "reason": "",
    }
    assert {name: row[name] for name in wanted} == wanted
    assert row["p_value"] < 0.001
    assert row[["more_invocations", "pace"]].isna().all()


def test_what_is_not_compared_has_times_and_a_reason_and_no_other_numbers(report: Report) -> None:
    row = compare_tables.to_frame(report).iloc[2]
    assert (row["base_s"], row["new_s"], row["reason"]) == (0.004, 0.001, "the workload's code changed")
    none = ["speedup", "speedup_low", "speedup_high", "speedup_within", "invocations", "verdict", "p_value", "pace"]
    assert row[none].isna().all()
    assert not row["regression"]


def test_a_side_without_rounds_has_no_time(run: Any) -> None:
    found = compare.make([run("a", {"eager": around(1.0)}), run("b", {"eager": ((),)})])
    assert pd.isna(compare_tables.to_frame(found).iloc[0]["new_s"])
    assert f"| {NAME}-eager-cpu | 1.00 s | - | - | not compared |" in compare_tables.markdown(found)


def test_json_holds_the_frame_with_null_for_what_is_missing(report: Report) -> None:
    found = json.loads(json.dumps(compare_tables.to_json(report), allow_nan=False))
    rows = found.pop("comparisons")
    assert found == {
        "by": "run",
        "base": "a",
        "new": ["b"],
        "gate": 0.1,
        "regressions": 1,
        "unfinished": [],
        "one_sided": [],
        "means": [],
    }
    frame = compare_tables.to_frame(report)
    assert [list(row) for row in rows] == [list(compare_tables.DTYPES)] * 3
    assert [row["speedup"] for row in rows] == [*frame["speedup"][:2], None]
    assert [row["speedup_within"] for row in rows] == [False, False, None]
    assert [row["invocations"] for row in rows] == [3, 3, None]
    assert [row["regression"] for row in rows] == [False, True, False]


def test_json_counts_no_regression_where_nothing_is_gated(run: Any, records: Any, with_fields: Any) -> None:
    base, new = run("a", {"eager": around(1.0), "graph": around(1.0)}), run("b", {"eager": around(1.0)})
    broken = with_fields(new, failures=(records.failure(),))
    counts = [compare_tables.to_json(compare.make([base, broken], gate=gate))["regressions"] for gate in (None, 0.1)]
    assert counts == [0, 1]


def test_means_stand_below_the_tables_and_in_json(run: Any, with_fields: Any) -> None:
    runs = []
    for name, v, w in (("a", 4.0, 4.0), ("b", 1.0, 4.0)):
        first, second = (run(name, {"eager": around(s)}, workload=workload) for s, workload in ((v, "v"), (w, "w")))
        runs.append(with_fields(first, measurements=first.measurements + second.measurements))
    found = compare.make(runs)
    # Both have the error e = sqrt(2 * 0.01^2 / 3) of 4 degrees: their mean e / sqrt 2 of 8, t 2.306004, so 2 times
    # e^(+-0.013314).
    assert "geometric mean over 2 workloads, b over a: 2.00x [1.97, 2.03]" in shown(found)
    assert compare_tables.to_json(found)["means"] == [
        {
            "new": "b",
            "workloads": 2,
            "speedup": pytest.approx(2.0),
            "speedup_low": pytest.approx(2 * math.exp(-0.013314), rel=1e-5),
            "speedup_high": pytest.approx(2 * math.exp(0.013314), rel=1e-5),
        }
    ]


def test_the_mean_of_the_default_interpreter_is_named(run: Any, with_fields: Any) -> None:
    done = [
        one
        for workload in "vw"
        for place in (Placement(interpreter="old"), Placement())
        for one in run("a", {"eager": around(1.0)}, workload=workload, placement=place).measurements
    ]
    found = compare.make([with_fields(run("a", {}), measurements=tuple(done))], by="interpreter")
    assert "default against old (by interpreter)" in shown(found)
    assert [line.split(":")[0] for line in compare_tables.notes(found)] == [
        "geometric mean over 2 workloads, default over old"
    ]


def test_a_speed_up_from_one_process_has_a_star_and_a_note(run: Any) -> None:
    found = compare.make([run("a", {"eager": (2.0,)}), run("b", {"eager": around(1.0)})])
    assert any("2.00x*" in line for line in shown(found))
    note = "(*) one invocation on a side: the interval, if any, knows nothing of the noise between processes"
    assert note in compare_tables.notes(found)


def test_an_undecided_verdict_tells_how_many_more_invocations_and_what_that_means(run: Any) -> None:
    found = compare.make([run("a", {"eager": (1.0, 1.1)}), run("b", {"eager": (1.1, 1.3)})])
    more = found.comparisons[0].verdict.more
    assert f"undecided (+{more})" in compare_tables.markdown(found)
    assert verdict.LEGEND in compare_tables.notes(found)


def test_a_wide_interval_leaves_the_ratio_a_number(run: Any) -> None:
    # 4 times faster with the interval [0.06, 272]: that is not 0 times.
    found = compare.make([run("a", {"eager": (8.0, 2.0)}), run("b", {"eager": (2.0, 0.5)})])
    (ratio,) = (word for word in compare_tables.markdown(found).split() if word.endswith("x"))
    assert float(ratio.removesuffix("x")) == pytest.approx(4.0, rel=0.1)


def test_rounding_errors_are_not_written_as_digits(run: Any) -> None:
    found = compare.make([run("a", {"eager": (0.1, 0.1, 0.1)}), run("b", {"eager": (0.3, 3 * 0.1, 0.3)})])
    assert f"| {NAME}-eager-cpu | 100 ms | 300 ms | 0.333x | slower |" in compare_tables.markdown(found)


@pytest.mark.parametrize("gate", [None, 0.1])
def test_other_hosts_are_marked_as_hardware_and_the_gate_says_that_it_was_not_applied(
    gate: float | None, run: Any, records: Any
) -> None:
    other = run("b", {"eager": around(2.0)}, host=records.host(name="other"))
    found = compare.make([run("a", {"eager": around(1.0)}), other], gate=gate)
    assert "slower (hardware) |" in compare_tables.markdown(found)
    lines = ["different hosts are compared as hardware and never gated (containers of one machine: --same-host)"]
    why = "the hosts differ (--same-host if they are one machine)"
    lines += [f"gate 10 %: not applied, nothing here can be gated: {why}"] if gate else []
    assert compare_tables.notes(found) == lines


def test_a_gate_over_single_processes_only_says_that_it_was_not_applied(run: Any) -> None:
    found = compare.make([run("a", {"eager": (1.0,)}), run("b", {"eager": (9.0,)})], gate=0.1)
    assert compare_tables.conclusion(found) == [
        (
            "gate 10 %: not applied, nothing here can be gated: one invocation on a side tells nothing of the noise "
            "between processes (--invocations 5 on both)"
        )
    ]


def test_a_gate_that_holds_says_so(run: Any) -> None:
    found = compare.make([run(name, {"eager": around(1.0), "xla": around(1.0)}) for name in "ab"], gate=0.05)
    assert compare_tables.notes(found) == ["gate 5 %: no regression, 2 cases compared"]


def test_a_gate_that_holds_for_want_of_a_verdict_says_so(run: Any) -> None:
    found = compare.make([run("a", {"eager": (1.0, 1.1)}), run("b", {"eager": (1.0, 2.0)})], gate=0.05)
    assert compare_tables.conclusion(found) == ["gate 5 %: no regression, 1 case compared, 1 of them undecided"]


def test_a_broken_case_is_a_regression(run: Any, records: Any, with_fields: Any) -> None:
    base, new = run("a", {"eager": around(1.0), "graph": around(1.0)}), run("b", {"eager": around(1.0)})
    found = compare.make([base, with_fields(new, failures=(records.failure(),))], gate=0.05)
    assert f"REGRESSION {NAME}-graph-cpu: failed in b: build: OSError: no disk" in compare_tables.conclusion(found)


@pytest.mark.parametrize(("pace", "said"), [(1.02, []), (1.2, ["+20%"]), (0.9, ["-10%"])])
def test_a_machine_that_changed_its_own_pace_is_told_of(pace: float, said: list[str], run: Any) -> None:
    found = compare.make([run("a", {"eager": around(1.0)}, pace_s=1.0), run("b", {"eager": around(1.0)}, pace_s=pace)])
    assert [line.split()[4] for line in compare_tables.notes(found) if line.startswith("the machine itself")] == said


def test_a_run_that_did_not_finish_is_warned_of(run: Any, with_fields: Any) -> None:
    torn = with_fields(run("b", {"eager": around(1.0)}), status="interrupted")
    lines = compare_tables.notes(compare.make([run("a", {"eager": around(1.0)}), torn]))
    assert lines == ["warning: b did not finish: it has what was measured until then"]


@pytest.mark.parametrize("text", ["[red]hot[/red]", "[/]", "a|b"])
def test_markup_and_pipes_in_names_are_text(text: str, run: Any) -> None:
    found = compare.make([run(name, {"eager": around(1.0)}, workload=text) for name in ("a", f"b{text}")])
    assert any(f"  {text}-by_hand" in line for line in shown(found))
    assert f"b{text} against a (by run)" in shown(found)
    rows = [line for line in compare_tables.markdown(found).splitlines() if line.startswith("|")]
    assert [row.replace("\\|", "").count("|") for row in rows] == [6] * 3
