"""Verdicts at their edges, Holm's correction by a published example, and how often a verdict is false."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import t
from tfbench.bench import intervals
from tfbench.bench.intervals import Interval
from tfbench.reports import verdict
from tfbench.reports.verdict import Verdict

LIMIT = math.log1p(0.05)


def test_holms_correction_by_the_published_example() -> None:
    # Of four, ordered: 4 * 0.005, 3 * 0.01, 2 * 0.03, and 1 * 0.04, which may not be below the one before.
    assert verdict.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [([], []), ([0.04], [0.04]), ([0.5, 0.6], [1.0, 1.0]), ([0.02, 0.02, 0.02], [0.06] * 3), ([0.0, 1.0], [0.0, 1.0])],
)
def test_holms_correction_of_few_equal_and_extreme_values(p_values: list[float], adjusted: list[float]) -> None:
    assert verdict.holm(p_values) == pytest.approx(adjusted)


def test_a_corrected_value_is_never_below_the_given_one_nor_above_1() -> None:
    p_values = np.random.default_rng(4).uniform(size=50).tolist()
    adjusted = verdict.holm(p_values)
    assert all(p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))
    assert np.argsort(p_values, kind="stable").tolist() == sorted(range(50), key=lambda i: (adjusted[i], p_values[i]))


def logs(low: float | None, middle: float, high: float | None, p_value: float = 0.5, **changes: Any) -> Interval:
    """Make an interval whose p-value need not fit its ends, since `judge` looks at both."""
    return Interval(middle=middle, low=low, high=high, p_value=p_value, **{"within": False, **changes})


@pytest.mark.parametrize(
    ("interval", "word"),
    [
        (logs(-LIMIT, 0.0, LIMIT), "same"),
        (logs(0.01, 0.02, 0.03, p_value=0.001), "same"),  # really different, but by too little to matter
        (logs(-0.03, -0.02, -0.01, p_value=0.001), "same"),
        (logs(0.0, 0.0, 0.0, p_value=1.0), "same"),
        (logs(-1.001 * LIMIT, 0.0, LIMIT), "undecided"),
        (logs(-LIMIT, 0.0, 1.001 * LIMIT), "undecided"),
        (logs(0.001, 0.05, 0.1, p_value=0.0499), "faster"),
        (logs(-0.1, -0.05, -0.001, p_value=0.0499), "slower"),
        (logs(0.001, 0.05, 0.1, p_value=0.0501), "undecided"),
        (logs(-0.1, -0.05, -0.001, p_value=0.0501), "undecided"),
        (logs(1.0, 1.0, 1.0, p_value=0.0), "faster"),
        (logs(None, 1.0, None, p_value=0.001, within=True), "undecided"),
        (logs(None, 0.0, None, p_value=1.0, within=True), "undecided"),
    ],
)
def test_the_word_of_an_interval_alone(interval: Interval, word: str) -> None:
    assert [one.word for one in verdict.judge([(interval, 5)])] == [word]


@pytest.mark.parametrize(("threshold", "word"), [(0.02, "faster"), (0.05, "same")])
def test_what_matters_in_practice_is_given(threshold: float, word: str) -> None:
    found = verdict.judge([(logs(0.03, 0.035, 0.04, p_value=0.001), 5)], threshold=threshold)
    assert [one.word for one in found] == [word]


def test_comparisons_are_judged_together_and_stay_in_order() -> None:
    far, near = logs(0.1, 0.2, 0.3, p_value=0.03), logs(-0.4, -0.3, -0.2, p_value=0.01)
    assert [one.word for one in verdict.judge([(far, 5)])] == ["faster"]
    assert verdict.judge([(far, 5), (near, 5), (far, 5)]) == [
        Verdict(word="undecided", p_value=pytest.approx(0.06)),
        Verdict(word="slower", p_value=pytest.approx(0.03)),
        Verdict(word="undecided", p_value=pytest.approx(0.06)),
    ]


def test_nothing_to_judge_gives_no_verdict() -> None:
    assert verdict.judge([]) == []


def test_more_invocations_to_tell_a_difference_by_hand() -> None:
    # Of 5 the interval is 0.05 +- 2.776 * 0.02 and holds 0; of 6 the error is 0.02 * sqrt(5/6) = 0.0183 with at
    # most 5 degrees of freedom, so +- 0.0475 and leaves it out.
    interval = intervals.from_error(0.05, 0.02, 4)
    assert t.ppf(0.975, 4) * 0.02 > 0.05 > t.ppf(0.975, 4.8) * 0.02 * math.sqrt(5 / 6)
    assert verdict.more_invocations(interval, 5, tests=1, threshold=0.001) == 1
    assert verdict.judge([(interval, 5)]) == [Verdict(word="undecided", p_value=interval.p_value, more=1)]


def test_more_invocations_to_tell_that_it_is_the_same_by_hand() -> None:
    # Of 5 the interval is +- 0.0555, wider than log 1.05 = 0.0488; of 6 it is +- 0.0475.
    interval = intervals.from_error(0.0, 0.02, 4)
    assert t.ppf(0.975, 4) * 0.02 > LIMIT > t.ppf(0.975, 4.8) * 0.02 * math.sqrt(5 / 6)
    assert verdict.more_invocations(interval, 5, tests=1, threshold=0.05) == 1


def test_more_invocations_are_needed_for_a_difference_among_many_comparisons() -> None:
    # One of 20 must reach t's quantile of 1 - 0.025 / 20. Of 15 with 14 degrees of freedom that is 3.675 times
    # 0.02 * sqrt(10/15), 0.0600; of 16 with 9 * 16/10 degrees at most 3.653 times 0.02 * sqrt(10/16), 0.0578.
    interval = intervals.from_error(0.06, 0.02, 9)
    assert verdict.more_invocations(interval, 10, tests=20, threshold=0.001) == 6
    assert verdict.more_invocations(interval, 10, tests=1, threshold=0.001) == 1


@pytest.mark.parametrize("middle", [0.05, -0.05])
def test_more_invocations_do_not_depend_on_the_side(middle: float) -> None:
    interval = intervals.from_error(middle, 0.1, 4)
    found = verdict.more_invocations(interval, 5, tests=1, threshold=0.001)
    # 16 are enough if the quantile were 2: (2 * 0.1 / 0.05)^2 = 16 = n / 5.
    assert found == pytest.approx(16 * 5 - 5, abs=5)


def test_more_invocations_than_the_most_are_not_told() -> None:
    assert verdict.more_invocations(intervals.from_error(0.001, 0.1, 4), 5, tests=1, threshold=0.0011) is None
    assert (
        verdict.more_invocations(intervals.from_error(0.05, 0.02, 999), verdict.MOST, tests=1, threshold=0.05) is None
    )


def test_without_an_error_it_is_unknown_how_many_more_would_decide() -> None:
    assert verdict.more_invocations(intervals.of_median([1.0] * 9), 1, tests=1, threshold=0.05) is None
    assert verdict.more_invocations(intervals.between_runs([1.0], [2.0]), 1, tests=1, threshold=0.05) is None


@pytest.mark.parametrize(
    ("word", "more", "text"),
    [("undecided", 3, "undecided (+3)"), ("undecided", None, "undecided"), ("faster", None, "faster")],
)
def test_a_verdict_as_text(word: str, more: int | None, text: str) -> None:
    assert verdict.text(word, more) == text


def in_turns(rng: np.random.Generator) -> Interval:
    return intervals.over_invocations(rng.normal(0.0, 0.1, 5).tolist())


def between_runs(rng: np.random.Generator) -> Interval:
    return intervals.between_runs(rng.normal(0.0, 0.1, 5).tolist(), rng.normal(0.0, 0.1, 3).tolist())


@pytest.mark.parametrize("make", [in_turns, between_runs])
def test_of_20_comparisons_without_a_difference_any_is_called_one_in_at_most_5_of_100_families(
    make: Callable[[np.random.Generator], Interval], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict, "more_invocations", lambda *_, **__: None)  # takes most of the time
    rng, families = np.random.default_rng(5), 1000
    found = [[(make(rng), 5) for _ in range(20)] for _ in range(families)]
    words = [{one.word for one in verdict.judge(family, threshold=1e-6)} for family in found]
    false = sum("faster" in said or "slower" in said for said in words) / families
    # The standard error of 5 % of 1000 is 0.7 %. Each judged alone, 64 % of the families would hold a false one.
    assert 0.03 <= false <= 0.065
    alone = sum(any(interval.p_value < 0.05 for interval, _ in family) for family in found) / families
    assert alone == pytest.approx(1 - 0.95**20, abs=0.05)


def test_a_true_difference_among_many_is_found() -> None:
    rng = np.random.default_rng(6)
    family = [(in_turns(rng), 5) for _ in range(19)]
    real = intervals.over_invocations((0.7 + rng.normal(0.0, 0.02, 5)).tolist())
    assert verdict.judge([*family, (real, 5)])[-1].word == "faster"


def test_one_process_alone_decides_nothing_since_the_next_may_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "more_invocations", lambda *_, **__: None)
    rng = np.random.default_rng(7)
    # The same code twice; processes differ by 6 %, the 60 rounds of each by 5 %.
    rounds = [rng.normal(rng.normal(0.0, 0.06), 0.05, 60).tolist() for _ in range(300)]
    words = [verdict.judge([(intervals.estimate([sample]), 1)])[0].word for sample in rounds]
    assert sum(word in {"faster", "slower"} for word in words) / 300 <= 0.05
