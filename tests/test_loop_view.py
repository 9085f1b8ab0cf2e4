"""The loop sweep by hand: growth with n, folding, and what a sweep needs."""

from typing import Any

import pytest
from tfbench.reports import loop_view


@pytest.fixture
def sweep(records: Any) -> Any:
    """Give the factory of a run from {n: (graph operations, seconds a call)} of one way to write the loop."""

    def make(points: dict[int, tuple[int | None, float]], mode: str = "graph") -> Any:
        return records.run(
            measurements=tuple(
                records.measurement(
                    case=records.case(workload="sum_loop", implementation="python_loop", params=(("n", n),), mode=mode),
                    invocations=(
                        records.invocation((seconds,) * 3, iterations=1, ledger=records.ledger(graph_ops=ops)),
                    ),
                )
                for n, (ops, seconds) in points.items()
            )
        )

    return make


def test_each_n_is_a_row_in_ascending_order(sweep: Any) -> None:
    rows = list(loop_view.rows(sweep({100: (202, 0.5), 10: (22, 0.25)})))
    assert [(row["n"], row["graph_ops"], row["median_s"], row["per_number_s"]) for row in rows] == [
        (10, 22, 0.25, 0.025),
        (100, 202, 0.5, 0.005),
    ]


@pytest.mark.parametrize(
    ("points", "folded"),
    [
        ({10: (22, 1.0), 1000: (2002, 1.1)}, True),  # the graph grows a hundredfold, the time does not
        ({10: (22, 1.0), 1000: (2002, 90.0)}, False),  # it does
        ({10: (12, 1.0), 1000: (12, 1.1)}, False),  # a small n is all overhead; nothing was unrolled
        ({10: (22, 1.0), 20: (42, 1.1)}, False),  # too short a span to tell
        ({10: (None, 1.0), 1000: (None, 1.1)}, False),  # eager
    ],
)
def test_a_loop_is_folded_if_its_graph_grows_and_its_time_does_not(points: Any, folded: bool, sweep: Any) -> None:
    run = sweep(points)
    assert {row["folded"] for row in loop_view.rows(run)} == {folded}
    assert any("folded" in note for note in loop_view.notes(run)) is folded


def test_a_single_n_is_no_sweep(sweep: Any) -> None:
    (note,) = loop_view.notes(sweep({10: (22, 1.0)}))
    assert note.startswith("one n only: sweep with tfbench run sum_loop --param n=")


def test_other_workloads_have_no_part(records: Any) -> None:
    assert list(loop_view.rows(records.full_run())) == []
