"""The table `costs`."""

import io
from typing import Any

import pytest
from rich.console import Console
from tfbench.bench import store
from tfbench.bench.extras import Ceilings, Cost, Extras
from tfbench.reports import costs_view, frame, views

EXTRAS = Extras(
    dispatch_s=0.00025,
    concrete_dispatch_s=0.000125,
    naive_s=0.0006,
    synced_s=0.001,
    cost=Cost(flops=2_000_000, bytes_accessed=500, fusions=2, instructions=3),
    ceilings=Ceilings(flop_per_s=8e9, byte_per_s=2.5e5),
    reasons=("grappler: OSError: no disk",),
)


@pytest.fixture
def run(records: Any) -> Any:
    """Give a run with an XLA case of 1 ms a call in three invocations, the first examined, and an eager one."""
    known = Extras(dispatch_s=0.00025, concrete_dispatch_s=0.000125, naive_s=0.0006, synced_s=0.001)
    done = tuple(
        records.invocation(
            (0.001, 0.001),
            index=i,
            iterations=1,
            ledger=records.ledger(trace_s=trace_s, graph_ops=1200, trace_bytes=1_000_000, compile_bytes=2_500_000),
            extras=EXTRAS if i == 1 else known,
        )
        for i, trace_s in ((1, 0.1), (2, 0.109), (3, 0.133))
    )
    compiled = records.measurement(case=records.case(mode="xla"), invocations=done)
    return records.run(measurements=(records.measurement(), compiled))


def shown(view: views.View, run: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=300)
    views.show(view, run, console)
    return [line.strip() for line in console.file.getvalue().splitlines() if line.strip()]


def words(line: str) -> str:
    return " ".join(line.split())


def test_each_case_is_a_row_with_its_spread(run: Any) -> None:
    lines = shown(costs_view.VIEW, run)
    assert words(lines[4]) == "eager 500 ms 250 ms 125 ms 62.5 ms 1.00 s - - -"
    # The quartiles of 100, 109 and 133 ms are 104.5 and 121.
    times = "500 ms ±0 109 ms ±8 125 ms ±0 62.5 ms ±0.0 1.00 ms ±0.00"
    assert words(lines[5]) == f"xla {times} 1,200 1.0 + 2.5 MB 25 %"


def test_the_notes_name_dispatch_naive_timing_and_reasons(run: Any) -> None:
    name = "toy by_hand n=8,kind=small xla (cpu)"
    assert costs_view.notes(run) == [
        f"{name}: 25 % of a call is Python calling it (250 µs of 1.00 ms): put several steps into one call",
        f"{name}: naive timing, which does not wait for the device, reads 40 % too fast",
        f"{name}: not all of its costs are known: grappler: OSError: no disk",
    ]


def test_a_floor_above_the_call_is_no_share_of_it(records: Any) -> None:
    done = records.invocation((0.0002,), iterations=1, extras=Extras(dispatch_s=0.00025))
    (note,) = costs_view.notes(records.run(measurements=(records.measurement(invocations=(done,)),)))
    told = "a call takes no longer than Python takes to call it (200 µs, and 250 µs where it does nothing)"
    assert note.endswith(f": {told}: put several steps into one call")


def test_the_frame_has_every_figure(run: Any) -> None:
    frame = views.to_frame(costs_view.VIEW, [run])
    assert len(frame.columns) == len(set(frame.columns))
    found = frame.iloc[1].to_dict()
    wanted = {
        "trace_s": 0.109,
        "trace_s_spread": 0.00825,
        "graph_ops": 1200,
        "flops": 2_000_000,
        "fusions": 2,
        "flop_share": 0.25,
        "byte_share": 2.0,
        "dispatch_share": 0.25,
        "naive_error": -0.4,
        "concrete_dispatch_s": 0.000125,
    }
    assert {name: found[name] for name in wanted} == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [(None, None, "-"), (20, None, "20"), (20, 18, "20 -> 18"), (1200, 1500, "1,200 -> 1,500")],
)
def test_graphs_are_shown_before_and_after_grappler(before: int | None, after: int | None, text: str) -> None:
    assert costs_view.ops_text({"graph_ops": before, "optimized_ops": after}) == text


def test_a_first_run_that_is_not_known_says_why(records: Any) -> None:
    ledger = records.ledger(compile_s=8.0, first_run_s=None, first_call_s=1.0)
    run = records.run(measurements=(records.measurement(invocations=(records.invocation(ledger=ledger),)),))
    assert "its first run is not known" in shown(costs_view.VIEW, run)[-1]
    assert frame.summary_frame([run])["first_run_s"].isna().all()


def test_a_time_of_nothing_has_no_spread() -> None:
    assert costs_view.spread_text({"trace_s": 0.0, "trace_s_spread": 0.0}, "trace_s") == "0"
    assert costs_view.spread_text({"trace_s": None, "trace_s_spread": None}, "trace_s") == "-"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0 %"), (0.004, "0.4 %"), (0.0949, "9.5 %"), (0.0951, "10 %"), (0.26, "26 %")],
)
def test_small_shares_have_a_digit_more(value: float | None, text: str) -> None:
    assert costs_view.percent(value) == text


def test_a_saved_run_shows_the_same(run: Any) -> None:
    again = store.from_json(store.to_json(run, {}, {}), "f.json")
    assert again == run
    assert shown(costs_view.VIEW, again) == shown(costs_view.VIEW, run)
