"""What a measurement in a test says: medians, ratios with intervals, retraces; figures worked out by hand."""

import math
from typing import Any

import pytest
from tfbench.bench.calls import Cause, Trace
from tfbench.bench.errors import BadInputError
from tfbench.bench.result import Result

RETRACE = Trace(
    function="step",
    file="mine.py",
    line=3,
    seconds=0.5,
    first=False,
    causes=(Cause(kind="shape", argument="x", before="[3]", after="[4]", fix="pad"),),
)


@pytest.fixture
def result(measured: Any) -> Result:
    """Give eight blocks: eager takes 8 s in all of them, xla 2 s, and 4 s in one."""
    eager = measured((1, dict.fromkeys(range(8), 8.0)))
    xla = measured((1, {**dict.fromkeys(range(8), 2.0), 3: 4.0}), mode="xla")
    return Result(measurements={"eager": eager, "xla": xla}, retraced=(RETRACE,), compiles=1)


def test_a_time_is_the_median_of_a_modes_rounds(result: Result) -> None:
    assert (result.median_s("eager"), result.median_s("xla")) == (8.0, 2.0)


def test_a_speedup_is_paired_by_block_and_knows_one_process(result: Result) -> None:
    found = result.speedup("xla")
    assert (found.ratio, found.low, found.high) == (pytest.approx(4.0), pytest.approx(2.0), pytest.approx(4.0))
    assert repr(found) == "<Ratio 4x [2, 4]>"  # as a failed assertion shows it
    assert found.within
    assert result.speedup("eager", over="xla").ratio == pytest.approx(0.25)


def test_the_first_call_is_that_of_the_ledger(result: Result) -> None:
    assert result.first_call_s("xla") == result.ledger("xla").first_call_s == 0.4375


def test_retraces_are_counted(result: Result) -> None:
    assert (result.retraces, result.compiles) == (1, 1)


def test_a_mode_that_was_not_measured_is_refused(result: Result) -> None:
    with pytest.raises(BadInputError, match=r"^mode 'graph' was not measured: only eager, xla$"):
        result.median_s("graph")


def test_the_text_has_a_line_a_mode_a_star_and_the_causes(result: Result) -> None:
    lines = str(result).splitlines()
    assert lines[0] == "eager: 8000000.0 us a call, first call 0.438 s"
    assert lines[1] == "xla: 2000000.0 us a call, first call 0.438 s, 4.00x [2.00, 4.00]* over eager"
    assert lines[2] == "retraces: 1, XLA compiles: 1"
    assert lines[3] == "  step (mine.py:3): argument x: shape [3] became [4]; fix: pad"
    assert lines[4] == "* within one process: another may well lie outside the interval"
    assert math.isclose(result.speedup("xla").ratio, 4.0)


def test_what_pytest_shows_begins_with_the_retraces(result: Result) -> None:
    assert repr(result).startswith("Result(step (mine.py:3): argument x: shape [3] became [4]; fix: pad; retraces: 1, ")


def test_compiles_that_cannot_be_counted_are_unknown(result: Result) -> None:
    told = Result(measurements=result.measurements, retraced=(), compiles=None)
    assert "retraces: 0, XLA compiles: unknown" in str(told)
