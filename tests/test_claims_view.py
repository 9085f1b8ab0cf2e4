"""The table `claims`: ratios by hand, when a claim holds, and what is said of what was not measured."""

import io
import math
from typing import Any

import pytest
from rich.console import Console
from tfbench.bench.case import Placement
from tfbench.bench.intervals import over_invocations
from tfbench.bench.record import Finding
from tfbench.reports import claims_view, views
from tfbench.workloads import claims
from tfbench.workloads.claims import Claim


def claim(**changes: Any) -> Claim:
    """Claim that the library's graph beats the eager code by hand."""
    fields: dict[str, Any] = {
        "name": "quick",
        "text": "A graph is quick",
        "workload": "toy",
        "faster": ("library", "graph"),
        "slower": ("by_hand", "eager"),
    }
    return Claim(**{**fields, **changes})


@pytest.fixture
def side(records: Any) -> Any:
    """Give the factory of a measurement from the seconds of a call in each invocation."""

    def make(implementation: str, mode: str, *call_s: float, ledger: Any = None, **changes: Any) -> Any:
        done = tuple(
            records.invocation((s,) * 3, index=i, iterations=1, ledger=ledger or records.ledger())
            for i, s in enumerate(call_s, start=1)
        )
        case = records.case(implementation=implementation, mode=mode, **changes)
        return records.measurement(case=case, invocations=done)

    return make


@pytest.fixture
def one_row(records: Any, side: Any) -> Any:
    """Give the factory of the only row, from the seconds of a call of the slower and the faster side."""

    def make(slower: Any, faster: Any, **changes: Any) -> Any:
        sides = (side("by_hand", "eager", *slower), side("library", "graph", *faster))
        (row,) = claims_view.rows(records.run(measurements=sides), known=[claim(**changes)])
        return row

    return make


ONE = (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("slower", "word"),
    [
        ((4.0, 4.1, 3.9), "holds"),
        ((1.01, 1.0, 0.99), "does not hold"),  # the same
        ((0.25, 0.26, 0.24), "does not hold"),  # the other way round
        ((0.5, 1.0, 4.0), "undecided"),
        ((4.0,), "undecided"),  # one process decides nothing
    ],
    ids=["faster", "same", "slower", "spread", "one invocation"],
)
def test_a_claim_holds_where_the_difference_is_real_in_its_direction(slower: Any, word: str, one_row: Any) -> None:
    assert one_row(slower, ONE[: len(slower)])["verdict"] == word


def test_the_ratio_is_the_slower_side_over_the_faster_with_students_interval(one_row: Any) -> None:
    row = one_row((2.0, 4.0, 8.0), ONE)
    expected = over_invocations([math.log(2), math.log(4), math.log(8)])
    assert (row["ratio"], row["low"], row["high"]) == pytest.approx(
        (4.0, math.exp(expected.low), math.exp(expected.high))
    )
    assert (row["faster_value"], row["slower_value"], row["where"]) == (1.0, 4.0, "cpu")


def test_a_figure_of_one_process_is_starred(records: Any, side: Any) -> None:
    run = records.run(measurements=(side("by_hand", "eager", 4.0), side("library", "graph", 1.0)))
    (row,) = claims_view.rows(run, known=[claim()])
    assert claims_view.figure_text(row).endswith("x*")
    assert views.ONE_PROCESS in claims_view.notes(run, known=[claim()])


@pytest.mark.parametrize(
    ("at_least", "word"), [(1.0, "holds"), (2.0, "holds"), (4.0, "does not hold"), (8.0, "does not hold")]
)
def test_a_claim_may_ask_for_more_than_a_difference(at_least: float, word: str, one_row: Any) -> None:
    row = one_row((4.0, 4.02, 3.98), ONE, at_least=at_least)
    assert (row["verdict"], round(row["ratio"])) == (word, 4)


def test_a_claim_may_ask_for_no_more_than_that_little_is_saved(one_row: Any) -> None:
    assert one_row((1.0, 1.01, 0.99), ONE, at_least=0.9)["verdict"] == "holds"
    assert one_row((0.5, 0.51, 0.49), ONE, at_least=0.9)["verdict"] == "does not hold"


def test_one_invocation_decides_nothing_beyond_a_least_ratio_either(one_row: Any) -> None:
    assert one_row((4.0,), (1.0,), at_least=2.0)["verdict"] == "undecided"


@pytest.mark.parametrize(
    ("what", "field", "values"),
    [
        ("first call", "first_call_s", (8.0, 2.0)),
        ("trace", "trace_s", (8.0, 2.0)),
        ("traces", "traces", (8, 2)),
        ("operations", "graph_ops", (8, 2)),
        ("memory", "first_call_bytes", (8 * 2**20, 2 * 2**20)),
    ],
)
def test_what_a_case_costs_at_first_is_compared_from_the_ledgers(
    what: str, field: str, values: Any, records: Any, side: Any
) -> None:
    slower, faster = (records.ledger(**{field: value}) for value in values)
    run = records.run(
        measurements=(
            side("by_hand", "eager", *ONE, ledger=slower),  # the steady times say otherwise
            side("library", "graph", 9.0, 9.0, 9.0, ledger=faster),
        )
    )
    (row,) = claims_view.rows(run, known=[claim(what=what)])
    assert (row["ratio"], row["verdict"]) == (pytest.approx(4.0), "holds")
    assert (row["slower_value"], row["faster_value"]) == values


@pytest.mark.parametrize(
    ("what", "ledger"), [("trace", {"trace_s": 0.0}), ("operations", {"graph_ops": None}), ("memory", {})]
)
def test_a_ledger_without_it_gives_no_ratio(what: str, ledger: Any, records: Any, side: Any) -> None:
    sides = (side("by_hand", "eager", *ONE, ledger=records.ledger(**ledger)), side("library", "graph", *ONE))
    (row,) = claims_view.rows(records.run(measurements=sides), known=[claim(what=what)])
    assert (row["verdict"], row["ratio"]) == ("not measured", None)


def test_all_claims_are_judged_together(records: Any, side: Any) -> None:
    sides = (side("by_hand", "eager", 1.0, 1.3, 1.6), side("library", "graph", 0.7, 0.7, 0.7))
    run = records.run(measurements=sides)
    (alone,) = claims_view.rows(run, known=[claim()])
    many = [row["verdict"] for row in claims_view.rows(run, known=[claim(name=str(i)) for i in range(9)])]
    assert (alone["verdict"], set(many)) == ("holds", {"undecided"})


def test_each_placement_has_a_row_of_its_own(records: Any, side: Any) -> None:
    measurements = [
        side(name, mode, *seconds, placement=Placement(device=device))
        for device, slower in (("cpu", (4.0, 4.1, 3.9)), ("gpu", (0.25, 0.26, 0.24)))
        for name, mode, seconds in (("by_hand", "eager", slower), ("library", "graph", ONE))
    ]
    rows = claims_view.rows(records.run(measurements=tuple(measurements)), known=[claim()])
    assert [(row["where"], row["verdict"]) for row in rows] == [("cpu", "holds"), ("gpu", "does not hold")]


def test_cases_of_another_workload_are_not_taken(records: Any, side: Any) -> None:
    sides = (side("by_hand", "eager", *ONE), side("library", "graph", *ONE))
    (row,) = claims_view.rows(records.run(measurements=sides), known=[claim(workload="other")])
    assert (row["verdict"], row["ratio"], row["where"]) == ("not measured", None, None)


def test_what_was_not_measured_is_named_with_the_command(records: Any, side: Any) -> None:
    sides = (side("by_hand", "eager", *ONE), side("library", "graph", *ONE))
    run = records.run(measurements=sides)
    known = [claim(), claim(name="other", workload="other"), claim(name="third", workload="third")]
    assert claims_view.notes(run, known=known)[-1] == "not measured: tfbench run other third"
    assert claims_view.notes(run, known=known[1:])[-1] == "not measured: tfbench run claims"
    assert len(claims_view.notes(run, known=known[:1])) == 1


def test_why_a_case_has_no_figure_is_told(records: Any, side: Any) -> None:
    run = records.run(measurements=(side("by_hand", "eager", *ONE),), failures=(records.failure(),))
    assert f"{records.failure().case.id}: failed: no disk" in claims_view.notes(run, known=[claim()])


def test_undecided_claims_bring_the_legend(records: Any, side: Any) -> None:
    run = records.run(measurements=(side("by_hand", "eager", 0.5, 1.0, 4.0), side("library", "graph", *ONE)))
    assert any(note.startswith("undecided (+N)") for note in claims_view.notes(run, known=[claim()]))


def test_a_busy_machine_is_told_once_a_workload(records: Any, side: Any, with_fields: Any) -> None:
    findings = (Finding(kind="busy", text="busy machine"), Finding(kind="drift", text="it drifted"))
    sides = (side("by_hand", "eager", *ONE), side("library", "graph", *ONE))
    run = records.run(measurements=tuple(with_fields(one, health=findings) for one in sides))
    assert claims_view.notes(run, known=[claim()])[1:] == ["toy: busy machine"]


def test_a_row_is_written_with_its_sides(one_row: Any) -> None:
    row = one_row((4.0, 4.0, 4.0), ONE, at_least=2.0)
    assert claims_view.figure_text(row) == "4.00x (over 2x)"
    assert claims_view.side_text(row, "faster") == "library/graph 1.00 s"
    assert claims_view.side_text({**row, "what": "traces", "slower_value": 1234.0}, "slower") == "by_hand/eager 1,234"


def test_a_run_without_claims_shows_them_all_as_not_measured(records: Any) -> None:
    run, console = records.run(name="r"), Console(file=io.StringIO(), width=200)
    views.show(claims_view.VIEW, run, console)
    shown = console.file.getvalue()
    assert shown.count("not measured") == len(claims.CLAIMS) + 1
    assert shown.splitlines()[-1].strip() == "not measured: tfbench run claims"
    frame = views.to_frame(claims_view.VIEW, [run])
    assert list(frame["claim"]) == [one.name for one in claims.CLAIMS]
    assert frame["ratio"].isna().all()


def test_memory_that_hides_in_what_was_freed_counts_as_the_least_that_can_be_told(records: Any, side: Any) -> None:
    slower, faster = (records.ledger(first_call_bytes=size) for size in (2**20, 0))
    sides = (side("by_hand", "eager", *ONE, ledger=slower), side("library", "graph", *ONE, ledger=faster))
    (row,) = claims_view.rows(records.run(measurements=sides), known=[claim(what="memory")])
    assert row["ratio"] == pytest.approx(2**20 / 2**16)
    assert claims_view.side_text(row, "slower") == "by_hand/eager 1.0 MiB"
