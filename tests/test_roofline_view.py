"""The table `roofline`."""

import io
from typing import Any

import pytest
from rich.console import Console
from tfbench.bench.extras import Ceilings, Cost, Extras
from tfbench.reports import roofline_view, views


@pytest.fixture
def run(records: Any) -> Any:
    """Give a run with an XLA case of 1 ms a call, examined in the first of three invocations, and an eager one."""
    examined = Extras(
        cost=Cost(flops=2_000_000, bytes_accessed=500, fusions=2, instructions=3),
        ceilings=Ceilings(flop_per_s=8e9, byte_per_s=2.5e5),
    )
    done = tuple(
        records.invocation((0.001, 0.001), index=i, iterations=1, extras=found)
        for i, found in ((1, examined), (2, Extras()), (3, Extras()))
    )
    compiled = records.measurement(case=records.case(mode="xla"), invocations=done)
    return records.run(measurements=(records.measurement(), compiled))


def shown(view: views.View, run: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=300)
    views.show(view, run, console)
    return [line.strip() for line in console.file.getvalue().splitlines() if line.strip()]


def words(line: str) -> str:
    return " ".join(line.split())


def test_only_compiled_modules_have_a_place_below_the_roofline(run: Any) -> None:
    lines = shown(roofline_view.VIEW, run)
    # 2 Mflop and 500 bytes in 1 ms: 2 Gflop/s of 8, and 0.5 MB/s of 0.25.
    assert words(lines[3]) == "toy by_hand n=8,kind=small xla cpu 1.00 ms ±0.00 2.00M 500 2 3 25 % 200 %"
    assert lines[4:] == [
        "cpu: a matrix product reaches 8.00G flop/s, an addition in memory 250k byte/s",
        "toy by_hand n=8,kind=small xla (cpu): moves 2.0 times what memory can: its data stays in caches or registers",
    ]


@pytest.mark.parametrize(("value", "text"), [(None, "-"), (0, "0"), (999, "999"), (36_500_000, "36.5M")])
def test_small_amounts_are_whole(value: int | None, text: str) -> None:
    assert roofline_view.amount(value) == text
