"""Answers against their reference."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from tfbench.bench import checking
from tfbench.bench.checking import WrongAnswerError
from tfbench.bench.record import Check
from tfbench.workloads import spec

F32 = np.float32
EPSILON = 2.0**-23  # of float32


def compare(actual: Any, expected: Any, *, rtol: float = 0.0, atol: float = 0.0) -> Check:
    return checking.compare(actual, expected, rtol=rtol, atol=atol)


def test_equal_answers_have_no_error() -> None:
    assert compare([F32([1, 2])], [F32([1, 2])]) == Check(
        calls=1, max_abs_error=0.0, max_rel_error=0.0, scaled_error=0.0, epsilon=EPSILON
    )


def test_the_largest_errors_of_all_calls_and_outputs_are_kept() -> None:
    actual = [(F32([9.0, 64.0]), F32(1.0)), (F32([8.0, 68.0]), F32(1.03125))]
    wanted = [(F32([8.0, 64.0]), F32(1.0)), (F32([8.0, 64.0]), F32(1.0))]
    # Absolutely 1, 4 and 1/32; relatively 1/8, 4/64 and 1/32; by the largest of its output 1/64, 4/64 and 1/32.
    assert compare(actual, wanted, atol=10.0) == Check(
        calls=2, max_abs_error=4.0, max_rel_error=0.125, scaled_error=0.0625, epsilon=EPSILON
    )


def test_the_relative_error_leaves_out_a_reference_of_0() -> None:
    assert compare([F32([0.5, 3.0])], [F32([0.0, 2.0])], atol=1.0).max_rel_error == 0.5


def test_the_relative_error_is_by_the_size_of_the_reference() -> None:
    assert compare([F32([-3.0, 4.0])], [F32([-2.0, 4.0])], atol=1.0).max_rel_error == 0.5


def test_nothing_may_stand_where_the_reference_has_nothing() -> None:
    found = compare([F32([np.nan, 2.0])], [F32([np.nan, 1.0])], atol=1.0)
    assert found == Check(calls=1, max_abs_error=1.0, max_rel_error=1.0, scaled_error=1.0, epsilon=EPSILON)


@pytest.mark.parametrize("value", [1.0, np.inf, -np.inf])
def test_a_reference_that_is_not_finite_takes_no_other_value(value: float) -> None:
    for wanted in {np.nan, np.inf, -np.inf} - {value}:
        with pytest.raises(WrongAnswerError):
            compare([F32([value])], [F32([wanted])], rtol=0.5, atol=10.0)


def test_a_reference_of_only_0_has_no_relative_and_no_scaled_error() -> None:
    assert compare([F32([0.5])], [F32([0.0])], atol=1.0) == Check(
        calls=1, max_abs_error=0.5, max_rel_error=0.0, scaled_error=0.0, epsilon=EPSILON
    )


@pytest.mark.parametrize(
    ("actual", "wanted", "scaled"),
    [
        ([9.0, 128.0], [8.0, 128.0], 2.0**-7),
        ([9.0, -128.0], [8.0, -128.0], 2.0**-7),
        ([9.0, np.inf], [8.0, np.inf], 2.0**-3),
        ([1.0, np.nan, 64.0], [0.0, np.nan, 64.0], 2.0**-6),
        ([[0.0, 64.0], [1.0, 2.0]], [[0.0, 64.0], [0.0, 2.0]], 2.0**-6),
    ],
    ids=["largest", "by its size", "finite only", "beside 0", "of all axes"],
)
def test_the_scaled_error_is_by_the_largest_value_of_the_reference(actual: Any, wanted: Any, scaled: float) -> None:
    assert compare([F32(actual)], [F32(wanted)], atol=1.0).scaled_error == scaled


def test_each_output_is_scaled_by_its_own_reference() -> None:
    actual, wanted = (F32([9.0]), F32([1024.0])), (F32([8.0]), F32([1024.0]))
    assert compare([actual], [wanted], atol=1.0).scaled_error == 0.125


@pytest.mark.parametrize(
    ("dtype", "epsilon"),
    [
        (np.float64, 2.0**-52),
        (np.float32, 2.0**-23),
        (np.float16, 2.0**-10),
        (ml_dtypes.bfloat16, 2.0**-7),
        (ml_dtypes.float8_e4m3fn, 2.0**-3),
        (ml_dtypes.float8_e5m2, 2.0**-2),
        (np.int32, 0.0),
        (np.uint8, 0.0),
        (np.bool_, 0.0),
    ],
)
def test_the_rounding_unit_is_that_of_the_answers_type(dtype: Any, epsilon: float) -> None:
    answer = np.array([0, 1]).astype(dtype)
    assert compare([answer], [F32([0, 1])]) == Check(
        calls=1, max_abs_error=0.0, max_rel_error=0.0, scaled_error=0.0, epsilon=epsilon
    )


def test_the_rounding_unit_is_that_of_the_least_precise_output() -> None:
    answer = (np.float64([1.0]), np.float16([1.0]), np.int32([1]), F32([1.0]))
    assert compare([answer], [answer]).epsilon == 2.0**-10


def test_the_rounding_unit_is_not_that_of_the_reference() -> None:
    assert compare([F32([1.0])], [np.float16([1.0])]).epsilon == EPSILON


@pytest.mark.parametrize(
    ("value", "rtol", "atol"),
    [(4.5, 0.0, 0.5), (4.5, 0.125, 0.0), (4.75, 0.125, 0.25), (3.5, 0.125, 0.0)],
)
def test_an_error_on_the_edge_of_the_tolerance_passes(value: float, rtol: float, atol: float) -> None:
    assert compare([F32(value)], [F32(4.0)], rtol=rtol, atol=atol).max_abs_error == abs(value - 4.0)


@pytest.mark.parametrize(
    ("value", "rtol", "atol"),
    [(4.53125, 0.0, 0.5), (4.53125, 0.125, 0.0), (4.78125, 0.125, 0.25), (3.25, 0.125, 0.0)],
)
def test_an_error_beyond_the_tolerance_is_refused(value: float, rtol: float, atol: float) -> None:
    with pytest.raises(WrongAnswerError, match=rf"call 1, output 0: {value:g}, expected 4 \(tolerance rtol="):
        compare([F32(value)], [F32(4.0)], rtol=rtol, atol=atol)


def test_the_message_names_call_output_and_the_worst_element() -> None:
    actual = [(F32(1), F32([1, 1])), (F32(1), F32([2, 9]))]
    wanted = [(F32(1), F32([1, 1])), (F32(1), F32([1, 1]))]
    message = r"^call 2, output 1: 9, expected 1 \(tolerance rtol=0\.5, atol=0\.25\)$"
    with pytest.raises(WrongAnswerError, match=message):
        compare(actual, wanted, rtol=0.5, atol=0.25)


def test_the_message_names_a_wrong_element_not_a_larger_difference_within_tolerance() -> None:
    with pytest.raises(WrongAnswerError, match=r"^call 1, output 0: 2, expected 1 "):
        compare([F32([1010.0, 2.0])], [F32([1000.0, 1.0])], rtol=0.125)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_at_any_tolerance(value: float) -> None:
    with pytest.raises(WrongAnswerError, match=f"output 0: {value:g}, expected 1 "):
        compare([F32([1.0, value])], [F32([1.0, 1.0])], atol=1e30)


def test_a_value_that_should_be_infinite_may_be_so() -> None:
    found = compare([F32([np.inf, 2.0])], [F32([np.inf, 1.0])], atol=1.0)
    assert found == Check(calls=1, max_abs_error=1.0, max_rel_error=1.0, scaled_error=1.0, epsilon=EPSILON)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ([F32([1, 1])], [F32([1])]),
        ([F32([[1]])], [F32([1])]),
        ([F32(1)], [F32([1])]),
        ([(F32(1), F32(1))], [F32(1)]),
        ([()], [F32(1)]),
    ],
)
def test_another_shape_or_structure_is_refused_even_where_it_would_broadcast(actual: Any, expected: Any) -> None:
    with pytest.raises(WrongAnswerError, match=r"^call 1: the answer has the shapes "):
        compare(actual, expected, atol=10.0)


def test_the_shapes_stand_in_the_message() -> None:
    with pytest.raises(WrongAnswerError, match=r"call 1: the answer has the shapes \[\(2,\)\], expected \[\(3,\)\]"):
        compare([np.zeros(2)], [np.zeros(3)])


@pytest.mark.parametrize(("actual", "expected"), [([1], [1, 2]), ([1, 2], [1]), ([], [1])])
def test_another_number_of_answers_is_refused(actual: list[int], expected: list[int]) -> None:
    message = f"^{len(actual)} answers, but the reference has {len(expected)}$"
    with pytest.raises(WrongAnswerError, match=message):
        compare(actual, expected)


@pytest.mark.parametrize("wrong", [2147385346, 2147385344])
def test_whole_numbers_are_compared_exactly(wrong: int) -> None:
    right = 2147385345  # the sum of 0 to 65534: one more or less is the same float32
    assert compare([np.int32(right)], [np.int32(right)]).max_abs_error == 0.0
    with pytest.raises(WrongAnswerError, match=r"^call 1, output 0: "):
        compare([np.int32(wrong)], [np.int32(right)])


def test_whole_numbers_beyond_float64_are_compared_exactly() -> None:
    with pytest.raises(WrongAnswerError):
        compare([np.int64(2**53 + 1)], [np.int64(2**53)])


def test_bytes_do_not_wrap_around() -> None:
    assert compare([np.uint8([1])], [np.uint8([3])], atol=2.0).max_abs_error == 2.0


def test_an_empty_answer_equals_an_empty_reference() -> None:
    assert compare([np.zeros((0, 3))], [np.zeros((0, 3))]) == Check(
        calls=1, max_abs_error=0.0, max_rel_error=0.0, scaled_error=0.0, epsilon=2.0**-52
    )


def test_structures_are_flattened_in_order_and_dicts_by_key() -> None:
    found = checking.flatten({"b": [1, (2, 3)], "a": {"d": 5, "c": 4}})
    assert [int(array) for array in found] == [4, 5, 1, 2, 3]


def test_dicts_are_compared_by_key() -> None:
    assert compare([{"a": 1, "b": 2}], [{"b": 2, "a": 1}]).calls == 1


def sharded(make_program: Any, *found: tuple[float, int], whole: float) -> Any:
    done: list[str] = []
    program = make_program(
        lambda: None,
        expected=lambda: [np.float64(whole)],
        rtol=1e-3,
        atol=0.0,
        reset=lambda: done.append("reset"),
        shard_losses=lambda: [(loss, rows) for loss, rows in found if done],
    )
    return checking.shard_losses(program)


def test_the_losses_of_the_replicas_average_to_that_of_the_batch_by_their_sizes(make_program: Any) -> None:
    assert sharded(make_program, (1.0, 3), (2.0, 1), whole=1.25) == [1.0, 2.0]  # from the initial state


def test_replicas_that_all_saw_the_same_data_are_refused(make_program: Any) -> None:
    message = "the replicas' losses 1, 1 have the mean 1, the whole batch 1.25"
    with pytest.raises(checking.WrongAnswerError, match=message):
        sharded(make_program, (1.0, 2), (1.0, 2), whole=1.25)


def test_without_replicas_there_are_no_losses(make_program: Any) -> None:
    assert checking.shard_losses(make_program(lambda: None)) == []


def test_an_error_may_be_a_share_of_the_largest_value_of_its_output() -> None:
    found = checking.compare([F32([1.1, 100.0])], [F32([1.0, 100.0])], scaled=0.01)
    assert (found.tolerance, found.scaled_error) == (0.01, pytest.approx(0.001))


def test_beyond_that_share_it_is_refused_with_what_sets_it() -> None:
    message = r"^call 1, output 0: 4, expected 1 \(tolerance 0.01 of its largest value, 100; --tolerance sets it\)$"
    with pytest.raises(WrongAnswerError, match=message):
        checking.compare([F32([4.0, 100.0])], [F32([1.0, 100.0])], scaled=0.01)


def test_whole_numbers_have_no_share() -> None:
    with pytest.raises(WrongAnswerError, match=r"tolerance none for whole numbers\)$"):
        checking.compare([np.int32([1, 101])], [np.int32([1, 100])], scaled=0.5)


def test_of_an_unknown_output_the_shape_and_finiteness_are_checked() -> None:
    unknown = spec.Finite((2,))
    assert compare([(F32([1.0, 2.0]), F32(3.0))], [(unknown, F32(3.0))]).max_abs_error == 0.0
    with pytest.raises(WrongAnswerError, match=r"^call 1, output 0: not all numbers are finite$"):
        compare([F32([1.0, np.nan])], [unknown])
    with pytest.raises(WrongAnswerError, match=r"^call 1: the answer has the shapes \[\(3,\)\], expected \[\(2,\)\]$"):
        compare([F32([1.0, 2.0, 3.0])], [unknown])


def test_texts_are_equal_or_refused() -> None:
    assert compare([np.array([b"a"], object)], [np.array([b"a"], object)]).max_abs_error == 0.0
    with pytest.raises(WrongAnswerError, match=r"^call 1, output 0: the text is not the expected one$"):
        compare([np.array(["a"])], [np.array(["b"])])


def test_nothing_has_no_arrays_and_a_ragged_tensor_those_of_its_parts(tf: Any) -> None:
    found = checking.flatten({"a": None, "b": tf.ragged.constant([[1, 2], [3]])})
    assert [array.tolist() for array in found] == [[1, 2, 3], [0, 2, 3]]


def test_of_several_steps_a_call_the_first_loss_is_that_of_the_first_batch(make_program: Any) -> None:
    several = make_program(
        lambda: None, expected=lambda: [np.array([1.25, 9.0])], rtol=1e-3, shard_losses=lambda: [(1.0, 3), (2.0, 1)]
    )
    assert checking.shard_losses(several) == [1.0, 2.0]
