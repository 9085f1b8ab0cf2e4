"""The twin of a case: its answers, its state put back, and what cannot be compared. TensorFlow is real."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from tfbench.bench import checking, mode
from tfbench.bench.checking import WrongAnswerError
from tfbench.workloads import twin
from tfbench.workloads.answers import WrongUpdateError
from tfbench.workloads.spec import Finite, Job, Program
from tfbench.workloads.twin import Made, Twins, UnrepeatableError

pytestmark = pytest.mark.usefixtures("tf")


@pytest.fixture
def twins() -> Twins:
    """Give the twins of a workload."""
    return Twins(tolerance=None, compared=True)


def program(make: Callable[[], Made], which: str = "eager", twins: Twins | None = None) -> Program:
    """Make the program of a copy in a mode."""
    job = Job(implementation="step", params={}, mode=which, wrap=lambda function: mode.wrap(which, function))
    return (twins or Twins(tolerance=None, compared=True)).program(job, make, apart=nullcontext)


def opened(make: Callable[[], Made], which: str = "eager", twins: Twins | None = None) -> tuple[Program, Any]:
    """Call it for the first time, as a worker does, and check the answer; give the program to be timed."""
    made = program(make, which, twins)
    with made.opening():
        if hasattr(made.step, "get_concrete_function"):
            made.step.get_concrete_function(*made.inputs[0])
        first = checking.flatten(made.step(*made.inputs[0]))
    wanted = [checking.flatten(one) for one in made.expected()]
    checking.compare([first][: len(wanted)], wanted, scaled=made.scaled)
    assert made.complete is not None
    return made.complete(), first


@pytest.fixture
def counting(tf: Any) -> Callable[[], Made]:
    """Give what makes a step that counts its calls in a variable, and adds the count to its argument."""

    def make() -> Made:
        count = tf.Variable(0.0)

        def step(x: Any) -> Any:
            return x + count.assign_add(1.0)

        return Made(function=step, inputs=((tf.constant([10.0]),),))

    return make


@pytest.mark.parametrize("which", mode.MODES)
def test_a_step_answers_like_its_twin_and_its_state_is_put_back(which: str, counting: Callable[[], Made]) -> None:
    timed, first = opened(counting, which)
    assert [array.tolist() for array in first] == [[11.0]]
    assert float(timed.step(*timed.inputs[0])[0]) == 12.0
    assert timed.reset is not None
    timed.reset()
    assert float(timed.step(*timed.inputs[0])[0]) == 11.0
    assert timed.caution == "compared with its own eager run, to 0.001 of the largest value"
    assert timed.complete is None


@pytest.mark.parametrize("which", mode.MODES)
def test_variables_that_the_first_call_makes_are_put_back_too(which: str, tf: Any) -> None:
    import keras

    def make() -> Made:
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        optimizer = keras.optimizers.Adam(0.01)  # makes its momenta in the first call

        def step(x: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(model(x, training=True) ** 2)
            optimizer.apply_gradients(
                zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
            )
            return loss

        return Made(function=step, inputs=((tf.ones([4, 3]),),))

    timed, first = opened(make, which)
    assert timed.reset is not None
    losses = [float(timed.step(*timed.inputs[0])) for _ in range(2)]
    timed.reset()
    again = [float(timed.step(*timed.inputs[0])) for _ in range(3)]
    assert losses[1] < losses[0] < float(first[0])
    assert again == pytest.approx([float(first[0]), *losses])
    assert twin.NOT_RESET not in timed.caution


def test_a_step_without_state_has_nothing_to_put_back(tf: Any) -> None:
    weight = tf.Variable(2.0)
    timed, _ = opened(lambda: Made(function=lambda x: weight * x, inputs=((tf.ones([2]),),)))
    assert timed.reset is None


def test_the_twin_starts_from_the_values_and_the_data_of_the_case(tf: Any) -> None:
    draws = iter(range(100))

    def make() -> Made:  # nothing here is the same the second time
        weight = tf.Variable(float(next(draws)))
        return Made(
            function=lambda x, _name: x * weight, inputs=((tf.constant(float(next(draws)) + 5.0), f"{weight}"),)
        )

    timed, first = opened(make)
    assert float(first[0]) == 0.0 * 6.0
    assert timed.caution.startswith("compared")


def test_modes_that_start_alike_share_a_twin(twins: Twins, counting: Callable[[], Made]) -> None:
    made = []

    def make() -> Made:
        made.append(counting())
        return made[-1]

    for which in mode.MODES:
        opened(make, which, twins)
    assert len(made) == 4


@pytest.mark.parametrize("kind", ["draws", "counts"])
def test_a_step_that_does_not_repeat_itself_is_refused(kind: str, tf: Any) -> None:
    calls: list[int] = []

    def step() -> Any:
        calls.append(1)
        return tf.random.normal([2]) if kind == "draws" else tf.constant(float(len(calls)))

    with pytest.raises(UnrepeatableError, match=r"it draws random numbers, or keeps state outside of tf\.Variables"):
        opened(lambda: Made(function=step, inputs=((),)))


def test_an_answer_that_holds_nan_is_told(tf: Any) -> None:
    numbers = tf.constant([1.0, -1.0, -2.0])
    timed, _ = opened(lambda: Made(function=lambda x: (tf.math.log(x), tf.cast(x, tf.int32)), inputs=((numbers,),)))
    assert timed.caution.startswith("its answer holds NaN, in eager mode, too: 2 of 6 values; compared with")


def test_without_comparison_it_is_measured_and_told(tf: Any) -> None:
    twins = Twins(tolerance=None, compared=False)
    timed, _ = opened(lambda: Made(function=lambda: tf.random.normal([2]), inputs=((),)), "graph", twins)
    assert timed.caution == twin.NOT_COMPARED


def test_an_answer_outside_the_tolerance_is_refused_and_a_wider_one_takes_it(tf: Any) -> None:
    calls: list[int] = []

    def make() -> Made:
        calls.append(1)
        off = 0.01 * (len(calls) > 1)  # only the twin is off
        return Made(function=lambda x: x + off, inputs=((tf.constant([1.0, 2.0]),),))

    with pytest.raises(
        WrongAnswerError, match=r"expected .* \(tolerance 0.001 of its largest value, 2.01; --tolerance"
    ):
        opened(make)
    calls.clear()
    opened(make, twins=Twins(tolerance=0.01, compared=True))


def test_a_call_that_updates_otherwise_in_a_graph_is_refused(tf: Any) -> None:
    def make() -> Made:
        count = tf.Variable(0.0)

        def step(x: Any) -> Any:
            if tf.executing_eagerly():  # a step that forgets its update once it is traced
                count.assign_add(1.0)
            return x

        return Made(function=step, inputs=((tf.constant(1.0),),))

    opened(make, "eager")
    with pytest.raises(WrongUpdateError, match=r"^its first call changes half of the variables otherwise"):
        opened(make, "graph")


def test_of_random_numbers_in_xla_only_shapes_and_finiteness_are_compared(tf: Any) -> None:
    import keras

    def make() -> Made:
        seed = keras.random.SeedGenerator(3)
        return Made(function=lambda x: keras.random.dropout(x, 0.5, seed=seed), inputs=((tf.ones([64]),),))

    for which in ("eager", "graph"):
        assert opened(make, which)[0].caution.startswith("compared")
    made = program(make, "xla")
    made.step(*made.inputs[0])
    assert made.expected() == [[Finite((64,))]]
    timed, _ = opened(make, "xla")
    assert timed.caution == twin.OTHER_NUMBERS
    assert timed.reset is not None


def test_an_answer_of_nothing_is_told(tf: Any) -> None:
    timed, _ = opened(lambda: Made(function=lambda x: None, inputs=((tf.ones([2]),),)))
    assert timed.caution == twin.NO_ANSWER


def test_state_that_cannot_be_put_back_is_told(tf: Any) -> None:
    def make() -> Made:
        kept: list[Any] = []

        @tf.function
        def inner() -> Any:
            if not kept:
                kept.append(tf.Variable(1.0))  # made in a trace, in eager mode as well
            return kept[0].assign_add(1.0)

        return Made(function=inner.__call__, inputs=((),))

    timed, _ = opened(make)
    assert twin.NOT_RESET in timed.caution.split("; ")


def test_an_eager_run_that_raises_says_that_it_is_the_reference(tf: Any) -> None:
    def step(x: Any) -> Any:
        if tf.executing_eagerly():
            raise ValueError("only in graphs")
        return x

    message = "^its eager run, the reference, raised ValueError: only in graphs$"
    with pytest.raises(RuntimeError, match=message):
        opened(lambda: Made(function=step, inputs=((tf.ones([2]),),)), "graph")


def test_objects_with_state_stay_a_copys_own_and_data_does_not(tf: Any) -> None:
    own, given = (
        ({"v": tf.Variable(1.0), "x": tf.constant(1.0)}, 1),
        ({"v": tf.Variable(2.0), "x": tf.constant(2.0)}, 2),
    )
    mixed = twin.with_data(own, given)
    assert (mixed[0]["v"] is own[0]["v"], mixed[0]["x"] is given[0]["x"], mixed[1]) == (True, True, 2)
    assert twin.with_data((1,), (1, 2)) == (1,)
