"""What calls answer and leave behind, compared; errors worked out by hand. TensorFlow is real."""

from typing import Any

import numpy as np
import pytest
from tfbench.workloads import answers
from tfbench.workloads.answers import WrongUpdateError

pytestmark = pytest.mark.usefixtures("tf")


def test_the_arrays_of_an_answer_stand_in_order_and_none_is_none(tf: Any) -> None:
    ragged = tf.ragged.constant([[1, 2], [3]])
    found = answers.arrays({"b": tf.constant(2.0), "a": [np.int32(1), None], "c": ragged})
    assert [array.tolist() for array in found] == [1, 2.0, [1, 2, 3], [0, 2, 3]]


@pytest.mark.parametrize(
    ("one", "other", "close"),
    [
        ([1.0, 100.0], [1.0625, 100.0], True),  # 0.001 of 100 is 0.1
        ([1.0, 100.0], [1.125, 100.0], False),
        ([1.0, np.nan], [1.0, np.nan], True),
        ([1.0, np.inf], [1.0, np.inf], True),
        ([1.0, np.inf], [1.0, 1.0], False),
        ([1, 1000], [2, 1000], False),  # whole numbers are equal or not
        ([1, 1000], [1, 1000], True),
        (["a"], ["a"], True),
        (["a"], ["b"], False),
        ([1.0], [1.0, 1.0], False),
        ([], [], True),
        ([1 + 1j, 100j], [1.05 + 1j, 100j], True),
    ],
)
def test_two_answers_are_the_same_to_a_tolerance_of_the_largest_value(one: Any, other: Any, close: bool) -> None:
    assert answers.close([np.array(one)], [np.array(other)], 0.001) is close


def test_answers_of_another_number_of_parts_are_not_the_same() -> None:
    assert not answers.close([np.array(1.0)], [], 0.001)


def update(*found: list[float]) -> None:
    """Require changes from 0 to 10 in two numbers each; `found` is where a call has left them."""
    start, wanted = ([np.full(2, value) for _ in found] for value in (0.0, 10.0))
    answers.require_update(start, [np.array(one) for one in found], wanted)


def test_a_change_that_is_off_by_a_tenth_is_still_the_same() -> None:
    update([9.0, 9.0])  # off by (1, 1) of (10, 10): 10 %


def test_a_change_that_is_off_by_more_is_refused_with_how_much() -> None:
    message = "^its first call changes half of the variables otherwise than the eager run, by 20% of the change$"
    with pytest.raises(WrongUpdateError, match=message):
        update([8.0, 8.0])


def test_a_change_that_was_not_made_is_refused() -> None:
    with pytest.raises(WrongUpdateError, match=r"by 100% of the change$"):
        update([0.0, 0.0])


def test_rounding_may_move_less_than_half_of_the_variables_anywhere() -> None:
    update([10.0, 10.0], [-10.0, 10.0], [10.0, 10.0])
    with pytest.raises(WrongUpdateError):
        update([10.0, 10.0], [-10.0, 10.0], [-10.0, 10.0])


def test_what_neither_changes_has_no_say() -> None:
    start = [np.zeros(2), np.zeros(2), np.zeros(2)]
    answers.require_update(start, [np.ones(2), *start[1:]], [np.ones(2), *start[1:]])


def test_a_change_that_only_the_call_made_is_refused() -> None:
    with pytest.raises(WrongUpdateError, match=r"by 100% of the change$"):
        answers.require_update([np.zeros(2)], [np.ones(2)], [np.zeros(2)])


@pytest.mark.parametrize(("count", "right"), [(1, True), (2, False)])
def test_a_counter_counts_or_it_is_refused(count: int, right: bool) -> None:
    three = [np.array(0)], [np.array(count)], [np.array(1)]
    if right:
        answers.require_update(*three)
    else:
        with pytest.raises(WrongUpdateError):
            answers.require_update(*three)


@pytest.mark.parametrize(
    ("draw", "random"),
    [
        ("tf.random.normal([2])", True),
        ("tf.random.stateless_uniform([2], [1, 2])", True),
        ("tf.random.categorical([[0.5, 0.5]], 1)", True),
        ("tf.random.shuffle(tf.range(3))", True),
        ("generator.normal([2])", True),
        ("keras.random.dropout(tf.ones([2]), 0.5)", True),
        ("tf.function(lambda: tf.random.normal([2]))()", True),
        ("tf.nn.softmax(tf.ones([2]))", False),
    ],
)
def test_a_graph_that_draws_random_numbers_is_known(draw: str, random: bool, tf: Any) -> None:
    import keras

    names = {"tf": tf, "keras": keras, "generator": tf.random.Generator.from_seed(1)}
    function = tf.function(eval(f"lambda: {draw}", names), autograph=False)
    assert answers.draws(function.get_concrete_function()) is random
