"""benchmarks/versus_jax.py by hand: ratios over pairs, a step taken apart, the bar, losses, and the pipe. No JAX."""

import importlib
import math
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent.parent / "benchmarks"

CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
import turns

print("a library's chatter")
turns.serve({"one": turns.Variant(reset=lambda: None, run=lambda: [0.5, 0.25])}, {"Library": "1.0"})
"""


@pytest.fixture
def versus(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module("versus_jax")


@pytest.fixture
def make_pair(versus: Any) -> Any:
    """Give the factory of a pair of one block."""

    def make() -> Any:
        steps = {"one": 8e-4, "one direct": 6e-4, "many": 3e-4}
        named = {f"{prefix} {name}": taken for prefix in ("keras", "written") for name, taken in steps.items()}
        floors = {"idle": 2e-4, "idle direct": 1e-4, "idle touch": 1.5e-4}
        return versus.Pair(
            tensorflow={name: [taken] for name, taken in (named | floors).items()},
            jax={"one": [4e-4], "idle": [0.5e-4], "many": [3e-4]},
            facts={"JAX": "0.0"},
        )

    return make


def test_a_ratio_is_the_median_over_blocks_and_the_mean_over_pairs(versus: Any) -> None:
    # Logs of the blocks' ratios: 0, log 4, log 2 and log 8; the t quantile of one degree of freedom is 12.706.
    pairs = [
        versus.Pair(tensorflow={"a": [2.0, 8.0, 4.0]}, jax={"b": [2.0, 2.0, 2.0]}, facts={}),
        versus.Pair(tensorflow={"a": [8.0]}, jax={"b": [1.0]}, facts={}),
    ]
    found = versus.ratio(pairs, "a", "b")
    assert found.middle == pytest.approx(math.log(4))
    assert found.half_width == pytest.approx(12.706205 * math.log(2))


def test_every_line_has_its_ratio(versus: Any, make_pair: Any) -> None:
    rows = {row.name: row.ratio for row in versus.summarise([make_pair(), make_pair()])}
    assert rows["written one"] == pytest.approx(2.0)
    assert rows["written one direct"] == pytest.approx(1.5)
    assert rows["written many"] == pytest.approx(1.0)


def test_the_parts_add_up_to_the_whole(versus: Any, make_pair: Any) -> None:
    whole, *parts, _ = versus.apart([make_pair(), make_pair()])
    assert [round(value) for value in whole[1:]] == [800, 400]
    assert [[round(value) for value in part[1:]] for part in parts] == [
        [200, 0],
        [100, 50],
        [50, 0],
        [300, 300],
        [150, 50],
    ]


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.8, 1.0, "reached"), (0.9, 1.1, "undecided"), (1.01, 1.2, "missed")]
)
def test_the_bar_is_judged_by_the_whole_interval(versus: Any, low: float, high: float, word: str) -> None:
    row = versus.Row(name="", label="", tensorflow_s=1.0, jax_s=1.0, ratio=1.0, low=low, high=high)
    assert versus.verdict(row).startswith(f"{word}: ")


def test_losses_that_differ_in_the_fourth_decimal_are_refused_and_idle_ones_are_not_compared(versus: Any) -> None:
    versus.check({"written one": [1.00004, 2.0], "idle touch": [0.0, 0.0]}, [1.0, 2.0])
    for wrong in (2.0001, math.nan):
        with pytest.raises(versus.turns.MismatchError, match="written one: a loss differs"):
            versus.check({"written one": [1.0, wrong]}, [1.0, 2.0])


def test_the_page_names_bar_machine_and_versions(versus: Any, make_pair: Any) -> None:
    told = versus.text([make_pair(), make_pair()], "synthetic")
    assert "| 1, Nadam written out, tf.function | 0.800 | 0.400 | 2.00 | 2.00 to 2.00 |" in told
    assert "\nreached: TensorFlow takes 1.00 [1.00, 1.00] of JAX's time at 50 steps a call" in told
    assert "JAX 0.0; images: synthetic; 2 pairs" in told


def test_a_child_tells_its_losses_and_times_a_round_whenever_it_is_asked(versus: Any) -> None:
    with versus.turns.Child("toy", [sys.executable, "-c", CHILD, str(HERE)], environ={}) as child:
        assert child.answer() == {"facts": {"Library": "1.0"}, "losses": {"one": [0.5, 0.25]}}
        assert child.time_s("one") > 0
        assert child.time_s("one") > 0


def test_a_child_that_ends_is_an_error_with_its_last_words(versus: Any) -> None:
    with (
        versus.turns.Child("toy", [sys.executable, "-c", "raise SystemExit('no chip')"], environ={}) as child,
        pytest.raises(versus.turns.MismatchError, match="the process of toy ended: no chip"),
    ):
        child.time_s("one")
