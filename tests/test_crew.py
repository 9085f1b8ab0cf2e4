"""Workers of a cluster, led in step: what is told, and what is done. Fakes only; test_cluster.py has real ones."""

import json
import os
from typing import Any

import pytest
from tfbench.bench import crew, follow, led, member
from tfbench.bench.protocol import Request
from tfbench.workloads.spec import Program

CASE = "toy-by_hand-n=8,kind=small-graph-cpu-multi_worker-2"


class Told:
    """Note what the other workers are told."""

    def __init__(self) -> None:
        self.commands: list[tuple[Any, ...]] = []

    def __call__(self, do: str, **more: Any) -> None:
        """Note it."""
        self.commands.append((do, *(more[name] for name in ("case", "first", "count") if name in more)))


class Step:
    """A traced step that notes its calls."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def __call__(self, x: Any) -> Any:
        """Note a call."""
        self.calls.append(x)
        return [x]

    def get_concrete_function(self, x: Any) -> str:
        """Trace."""
        return f"concrete of {x}"


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def case(records: Any) -> Any:
    from tfbench.bench.case import Placement

    return records.case(mode="graph", placement=Placement(strategy="multi_worker", replicas=2))


def program(step: Any, **changes: Any) -> Program:
    fields: dict[str, Any] = {"inputs": (("a",), ("b",)), "expected": list, "rtol": 0.0, "atol": 0.0}
    return Program(step=step, **{**fields, **changes})


def test_each_call_is_told_with_its_input_before_it_is_made(told: Told, case: Any) -> None:
    done_in_all = led.lead(program(Step()), case, told)
    assert [done_in_all.step(*done_in_all.inputs[1]), done_in_all.step(*done_in_all.inputs[0])] == [["b"], ["a"]]
    assert told.commands == [("call", CASE, 1, 1), ("call", CASE, 0, 1)]


def test_announced_calls_are_told_once(told: Told, case: Any) -> None:
    done_in_all = led.lead(program(Step()), case, told)
    done_in_all.step.announce(2)  # type: ignore[attr-defined]
    for number in (0, 1, 0):
        done_in_all.step(*done_in_all.inputs[number])
    assert told.commands == [("call", CASE, 0, 2), ("call", CASE, 0, 1)]


def test_a_trace_is_told(told: Told, case: Any) -> None:
    done_in_all = led.lead(program(Step()), case, told)
    assert done_in_all.step.get_concrete_function("a") == "concrete of a"  # type: ignore[attr-defined]
    assert told.commands == [("trace", CASE)]


def test_an_eager_step_has_nothing_to_trace(told: Told, case: Any) -> None:
    done_in_all = led.lead(program(lambda x: x), case, told)
    assert getattr(done_in_all.step, "get_concrete_function", None) is None


def test_a_reset_is_told_where_there_is_one(told: Told, case: Any) -> None:
    done: list[str] = []
    done_in_all = led.lead(program(Step(), reset=lambda: done.append("here")), case, told)
    assert done_in_all.reset is not None
    done_in_all.reset()
    assert (told.commands, done) == ([("reset", CASE)], ["here"])
    assert led.lead(program(Step()), case, told).reset is None


def test_commands_end_with_stop_or_with_the_first_worker() -> None:
    for last in (json.dumps({"do": "stop"}).encode() + b'\n{"do": "never"}\n', b'{"do": "cut'):
        read, write = os.pipe()
        os.write(write, b'{"do": "build", "case": "a"}\n{"do": "call"}\n' + last)
        os.close(write)
        assert [command["do"] for command in crew.commands(read)] == ["build", "call"]
        os.close(read)


def test_the_others_build_trace_call_and_reset_what_they_are_told(case: Any, make_workload: Any) -> None:
    step, done = Step(), []
    made = program(step, reset=lambda: done.append("reset"))
    workload = make_workload(build=lambda job: made)
    placed: Any = type("Placed", (), {"strategy": None})()
    follower = follow.Follower(Request(cases=(case,)), {"toy": workload}, placed)
    for command in (
        {"do": "build", "case": case.id},
        {"do": "trace", "case": case.id},
        {"do": "call", "case": case.id, "first": 1, "count": 3},
        {"do": "reset", "case": case.id},
    ):
        follower.obey(command)
    assert (step.calls, done) == (["b", "a", "b"], ["reset"])


def test_addresses_are_of_this_machine_and_all_different() -> None:
    found = crew.free_addresses(5)
    assert len(set(found)) == 5
    assert {address.partition(":")[0] for address in found} == {"127.0.0.1"}


def test_tensorflow_is_told_of_the_cluster() -> None:
    environment: dict[str, str] = {}
    member.join_cluster(1, ["127.0.0.1:7", "127.0.0.1:8"], environment)
    assert json.loads(environment["TF_CONFIG"]) == {
        "cluster": {"worker": ["127.0.0.1:7", "127.0.0.1:8"]},
        "task": {"type": "worker", "index": 1},
    }


class Lead(crew.Crew):
    """A crew without a thread, whose blame is noted."""

    def __init__(self, size: int = 3) -> None:
        self.blamed: list[str] = []
        self.addresses = tuple(f"h{i}:1" for i in range(size))
        self._size, self._told, self._leaving, self._begun = size, 0, False, 100.0
        self._members = {i: member.Member(index=i, lead=-1, answer=-1, started=100.0, heard=100.0) for i in (1, 2)}
        self._fail = self.blamed.append


def hello(**changes: str) -> dict[str, Any]:
    return {**crew.hello(), **changes}


def test_one_that_is_silent_or_does_not_join_is_blamed() -> None:
    led_crew = Lead()
    led_crew._check(108.0)
    assert led_crew.blamed == []
    led_crew._members[2].joined = True
    led_crew._members[1].heard = 129.0
    led_crew._check(130.5)
    assert led_crew.blamed == [
        "worker 2 of 3 did not join the cluster within 30 s",
        "worker 3 of 3 said nothing for 8 s: it is stopped, or hangs",
    ]


def test_one_that_never_comes_is_blamed_with_its_address() -> None:
    led_crew = Lead()
    del led_crew._members[2], led_crew._members[1]
    led_crew._check(220.0)
    assert led_crew.blamed == []
    led_crew._check(220.1)
    assert led_crew.blamed[1] == "worker 3 of 3 at h2:1 did not come within 120 s: start the same command there"


def test_another_version_is_blamed_before_anything_is_computed() -> None:
    led_crew = Lead()
    led_crew._take(led_crew._members[1], hello(tensorflow="2.20.0"))
    mine = crew.known_version("tensorflow")
    assert led_crew.blamed == [f"worker 2 of 3 has tensorflow 2.20.0, the first has {mine}: install the same"]
    led_crew._take(led_crew._members[2], hello())
    assert led_crew._members[2].joined
    assert len(led_crew.blamed) == 1


@pytest.mark.parametrize(("told_since", "blamed"), [(0, ["worker 2 of 3 failed: bad"]), (1, [])])
def test_one_that_failed_alone_is_blamed_after_a_while(told_since: int, blamed: list[str]) -> None:
    led_crew = Lead()
    failed = led_crew._members[1]
    led_crew._take(failed, {"say": "failed", "message": "failed: bad"})
    assert failed.suspected is not None
    for one in led_crew._members.values():
        one.joined, one.heard = True, failed.suspected
    led_crew._check(failed.suspected - 0.1)
    assert led_crew.blamed == []
    led_crew._told += told_since  # the first worker failed alike, and has gone on
    led_crew._check(failed.suspected + 0.1)
    assert led_crew.blamed == blamed
