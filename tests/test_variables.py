"""Variables that code makes and reaches, and their values put back. TensorFlow and Keras are real."""

from collections import namedtuple
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tfbench.workloads import variables

pytestmark = pytest.mark.usefixtures("tf")


def names(found: list[Any]) -> set[str]:
    return {variable.name.partition(":")[0] for variable in found}


def test_variables_that_are_made_are_written_down_with_their_first_value(tf: Any) -> None:
    recorder = variables.Recorder()
    with recorder.on():
        made = tf.Variable([2.0, 3.0])
    made.assign([0.0, 0.0])
    tf.Variable(4.0)
    assert [one is made for one in recorder.made] == [True]
    assert [value.tolist() for value in recorder.first] == [[2.0, 3.0]]


def test_keras_makes_its_variables_seen(tf: Any) -> None:
    import keras

    recorder = variables.Recorder()
    with recorder.on():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.5)])
        optimizer = keras.optimizers.Adam()
        optimizer.build(model.trainable_variables)
    assert len(recorder.made) == len(model.variables) + len(optimizer.variables)


def test_a_variable_made_in_a_trace_has_no_first_value(tf: Any) -> None:
    kept = []

    @tf.function
    def step() -> Any:
        if not kept:
            kept.append(tf.Variable(1.0))
        return kept[0] + 1.0

    recorder = variables.Recorder()
    with recorder.on():
        assert float(step()) == 2.0
    assert (len(recorder.made), recorder.first) == (1, [None])


def test_kept_values_are_copies_and_are_put_back(tf: Any) -> None:
    one, other = tf.Variable([1.0, 2.0]), tf.Variable(3)
    kept = variables.values([one, other])
    assert not variables.changed([one, other], kept)
    one.assign_add([1.0, 1.0])
    assert variables.changed([one, other], kept)
    assert [value.tolist() for value in kept] == [[1.0, 2.0], 3]
    variables.put_back([one, other], kept)
    assert (one.numpy().tolist(), int(other)) == ([1.0, 2.0], 3)


def test_a_value_that_was_and_is_not_a_number_has_not_changed(tf: Any) -> None:
    one = tf.Variable(np.nan)
    assert not variables.changed([one], variables.values([one]))


@pytest.mark.parametrize(
    ("kept", "alike"),
    [
        ([np.zeros(2, "float32"), np.int32(1)], True),
        ([np.zeros(3, "float32"), np.int32(1)], False),
        ([np.zeros(2, "float64"), np.int32(1)], False),
        ([np.zeros(2, "float32")], False),
    ],
)
def test_values_could_be_those_of_variables_of_their_types_and_shapes(kept: list[Any], alike: bool, tf: Any) -> None:
    assert variables.alike([tf.Variable([1.0, 2.0]), tf.Variable(3)], kept) is alike


def test_a_function_reaches_what_its_closures_and_globals_hold(tf: Any) -> None:
    closed, default, held = (tf.Variable(0.0, name=name) for name in ("closed", "default", "held"))
    space: dict[str, Any] = {"used": tf.Variable(0.0, name="used"), "unused": tf.Variable(0.0, name="unused")}
    exec("def inner():\n    return (lambda: used)()", space)

    def step(x: Any, start: Any = default) -> Any:
        return closed, space["inner"]

    step.held = held  # type: ignore[attr-defined]
    assert names(variables.reachable(step)) == {"closed", "default", "held", "used", "unused"}
    assert names(variables.reachable(space["inner"])) == {"used"}


def test_it_looks_into_containers_objects_slots_and_methods(tf: Any) -> None:
    made = {name: tf.Variable(0.0, name=name) for name in ("listed", "keyed", "attribute", "slot", "owner")}
    slotted = type("Slotted", (), {"__slots__": ("value",)})()
    slotted.value = made["slot"]
    owner = type("Owner", (), {"step": lambda self: None})()
    owner.value = made["owner"]
    pair = namedtuple("pair", "one")  # noqa: PYI024 - as a user writes it
    roots = [[made["listed"]], {"key": (made["keyed"],)}, pair(SimpleNamespace(value=made["attribute"])), slotted]
    assert names(variables.reachable(roots, owner.step)) == set(made)


def test_a_model_an_optimizer_and_a_decorated_method_are_looked_into(tf: Any) -> None:
    import keras

    class Trainer(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            self.model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
            self.optimizer = keras.optimizers.SGD()

        @tf.function
        def step(self) -> Any:
            return self.model

    trainer = Trainer()
    assert len(variables.reachable(trainer.step)) == len(trainer.model.variables) + len(trainer.optimizer.variables)


def test_what_refers_to_itself_ends(tf: Any) -> None:
    knot: list[Any] = [tf.Variable(0.0, name="knotted")]
    knot.append(knot)
    assert names(variables.reachable(knot)) == {"knotted"}


def test_it_ends_after_so_many_objects(tf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variables, "MOST_OBJECTS", 5)
    assert variables.reachable([tf.Variable(0.0), *([] for _ in range(10))]) == []


def test_a_closure_that_is_not_filled_yet_holds_nothing() -> None:
    def step() -> Any:
        return later

    assert variables.reachable(step) == []
    later = 1
