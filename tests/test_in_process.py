"""A function measured in this process, in several modes. TensorFlow is real; no time is asserted."""

from collections.abc import Callable
from typing import Any

import pytest
from tfbench.bench import in_process
from tfbench.bench.checking import WrongAnswerError
from tfbench.bench.errors import BadInputError
from tfbench.bench.in_process import UnsteadyError
from tfbench.bench.result import Result
from tfbench.bench.timing import Plan
from tfbench.workloads.answers import WrongUpdateError
from tfbench.workloads.twin import UnrepeatableError

pytestmark = pytest.mark.usefixtures("tf")

SHORT = Plan(settle_s=0.0, min_round_s=1e-6, max_rounds=6, min_rounds=6, budget_s=5.0)
CHECK = Plan(budget_s=0.0)


def measure(function: Callable[..., Any], *inputs: tuple[Any, ...], plan: Plan = SHORT, **more: Any) -> Result:
    return in_process.measure(function, inputs or [()], plan=plan, **more)


def test_each_mode_is_timed_in_the_same_blocks(tf: Any) -> None:
    result = measure(lambda x: x * 2.0, (tf.ones([3, 4]),), modes=("eager", "xla"), name="test_it")
    assert list(result.measurements) == ["eager", "xla"]
    for mode, measurement in result.measurements.items():
        (done,) = measurement.invocations
        assert done.blocks == (0, 1, 2, 3, 4, 5)
        assert measurement.case.id == f"test_it-<lambda>-{mode}-cpu"
        assert (measurement.work_per_call, measurement.unit) == (3, "examples")
        assert measurement.shapes == "float32[3,4] -> float32[3,4]"
    assert [result.ledger(mode).traces for mode in result.measurements] == [0, 1]
    assert result.retraces == 0
    low, high = result.speedup("xla").low, result.speedup("xla").high
    assert low is not None
    assert high is not None
    assert low <= result.speedup("xla").ratio <= high


def test_the_state_is_as_before_in_the_end_of_each_round_and_after_a_check(tf: Any) -> None:
    count = tf.Variable(5.0)
    result = measure(lambda: count.assign_add(1.0), plan=CHECK)
    assert [m.invocations[0].check.max_abs_error for m in result.measurements.values()] == [0.0, 0.0, 0.0]
    assert result.measurements["xla"].invocations[0].round_s == ()


def test_variables_made_in_the_first_call_are_put_back(tf: Any) -> None:
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    optimizer = keras.optimizers.Adam()

    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(x, training=True) ** 2)
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return loss

    result = measure(step, (tf.ones([4, 3]),))
    assert result.retraces == 0
    assert [result.ledger(mode).traces for mode in ("eager", "graph", "xla")] == [0, 1, 1]


def test_a_decorated_function_is_measured_bare(tf: Any) -> None:
    result = measure(tf.function(lambda x: x + 1.0), (tf.ones([2]),), modes=("eager",), plan=CHECK)
    assert result.ledger("eager").traces == 0


def test_batches_of_other_shapes_are_retraces_with_their_cause(tf: Any) -> None:
    result = measure(lambda x: x + 1.0, (tf.ones([2]),), (tf.ones([3]),), modes=("graph",))
    assert [cause.after for trace in result.retraced for cause in trace.causes] == ["[3]"]
    assert result.retraces == 1


def test_a_function_that_retraces_in_every_round_is_refused_with_the_cause(tf: Any) -> None:
    with pytest.raises(
        UnsteadyError, match=r"^eager mode: 6 of 6 rounds were traced or compiled in\n.*new tf.function"
    ):
        measure(lambda x: tf.function(lambda: x + 1.0)(), (tf.ones([2]),), modes=("eager",))


def test_another_answer_in_a_mode_is_refused_by_its_name(tf: Any) -> None:
    def step(x: Any) -> Any:
        return x + (1.0 if tf.executing_eagerly() else 1.01)

    with pytest.raises(WrongAnswerError, match=r"^graph mode: call 1, output 0: 2\.00999999, expected 2 \(tolerance"):
        measure(step, (tf.ones([1]),), modes=("eager", "graph"), plan=CHECK)
    measure(step, (tf.ones([1]),), modes=("eager", "graph"), plan=CHECK, tolerance=0.1)
    measure(step, (tf.ones([1]),), modes=("eager", "graph"), plan=CHECK, tolerance=None)


def test_another_update_in_a_mode_is_refused_by_its_name(tf: Any) -> None:
    count = tf.Variable(0.0)

    def step() -> Any:
        if tf.executing_eagerly():
            count.assign_add(1.0)
        return tf.constant(1.0)

    with pytest.raises(WrongUpdateError, match=r"^graph mode: its first call changes half of the variables otherwise"):
        measure(step, modes=("graph",), plan=CHECK)


def test_a_function_that_does_not_repeat_itself_is_refused(tf: Any) -> None:
    with pytest.raises(UnrepeatableError, match=r"or say tolerance=None$"):
        measure(lambda: tf.random.normal([3]), modes=("eager",), plan=CHECK)


def test_random_numbers_in_xla_are_compared_by_shape(tf: Any) -> None:
    import keras

    seed = keras.random.SeedGenerator(1)
    result = measure(lambda x: keras.random.dropout(x, 0.5, seed=seed), (tf.ones([64]),), plan=CHECK)
    assert list(result.measurements) == ["eager", "graph", "xla"]


@pytest.mark.parametrize(
    ("function", "modes", "message"),
    [
        (lambda: 1, ("jit",), r"^modes=\('jit',\): choose from eager, graph, xla$"),
        (lambda: 1, (), r"^modes=\(\): choose from"),
        (
            lambda x: x,
            ("eager",),
            "cannot be called with the 0 arguments of the test: missing a required argument: 'x'$",
        ),
        (int, ("eager",), "^int is a class: name a function"),
        (3, ("eager",), "^int is int: name a function$"),
    ],
)
def test_what_cannot_be_measured_is_refused(function: Any, modes: Any, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        measure(function, modes=modes)
