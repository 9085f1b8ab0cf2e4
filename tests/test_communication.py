"""Where a distributed step goes, worked out by hand; and its table."""

import io
import math
import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from tfbench.bench import link
from tfbench.bench.case import Placement
from tfbench.bench.extras import Extras, Link
from tfbench.reports import communication, communication_view, views

TWO = Placement(strategy="multi_worker", replicas=2)


@pytest.fixture
def measured(records: Any) -> Any:
    """Make a case of two workers: seconds of a call in each invocation."""

    def make(implementation: str, *call_s: float, mode: str = "graph", **changes: Any) -> Any:
        extras = Extras(link=Link(byte_per_s=1e6, latency_s=0.25))
        done = tuple(
            records.invocation((seconds, seconds), index=i + 1, iterations=1, extras=extras)
            for i, seconds in enumerate(call_s)
        )
        case = records.case(implementation=implementation, mode=mode, placement=changes.pop("placement", TWO))
        return records.measurement(case=case, invocations=done, **changes)

    return make


@pytest.fixture
def three(measured: Any) -> list[Any]:
    """Give a step and its parts: 4 + 4 of 10 s, then 5 + 4 of 10 s."""
    return [
        measured("data_parallel", 10.0, 10.0, reduced_bytes=1_000_000),
        measured("compute", 4.0, 5.0),
        measured("all_reduce", 4.0, 4.0, reduced_bytes=1_000_000),
    ]


def test_the_parts_explain_a_share_of_the_step_with_its_interval(three: list[Any]) -> None:
    (split,) = communication.splits(three)
    assert split.communication == pytest.approx((0.4, 0.4, 0.4))
    # 0.8 and 0.9: standard error 0.05, t(1) = 12.706.
    assert split.explained == pytest.approx((0.85, 0.85 - 12.7062 * 0.05, 0.85 + 12.7062 * 0.05), rel=1e-4)
    assert split.exposed_s == 5.5  # 10 less the median of 4, 4, 5, 5


def test_a_ring_sends_two_messages_of_half_the_gradients_between_two_workers(three: list[Any]) -> None:
    (split,) = communication.splits(three)
    assert split.floor_s == 2 * (0.5 + 0.25)  # half a MB at 1 MB/s, and 0.25 s


def test_an_xla_step_is_explained_by_the_all_reduce_of_graph_mode(measured: Any, three: list[Any]) -> None:
    xla = [measured("data_parallel", 8.0, mode="xla"), measured("compute", 2.0, mode="xla")]
    splits = {split.step.case.mode: split for split in communication.splits([*three, *xla])}
    assert splits["xla"].explained == (0.75, None, None)
    assert splits["xla"].floor_s is None  # nothing is known of its gradients


def test_steps_without_parts_and_single_workers_are_left_out(measured: Any, three: list[Any]) -> None:
    assert list(communication.splits(three[:2])) == []
    one = Placement(strategy="multi_worker")
    alone = [measured(name, 1.0, placement=one) for name in ("data_parallel", "compute", "all_reduce")]
    assert list(communication.splits(alone)) == []


def fed(step: Any, **given: Any) -> Any:
    """Give the step of some feed."""
    return replace(step, case=replace(step.case, params=(*step.case.params, *given.items())))


def test_reading_a_pipeline_is_a_part_of_a_step_that_does_so(measured: Any, three: list[Any]) -> None:
    step, *parts = three
    parts += [measured("input", 1.0, 1.0), measured("input", 0.5, mode="eager")]
    steps = [fed(step, feed=name) for name in ("dataset", "device")]
    by_feed = {split.step.case.params[-1][1]: split for split in communication.splits([*steps, *parts])}
    assert by_feed["dataset"].explained is not None
    assert by_feed["dataset"].explained[0] == pytest.approx(0.95)  # 0.9 and 1.0
    assert by_feed["device"].explained[0] == pytest.approx(0.85)  # type: ignore[index]
    assert [split.reads for split in by_feed.values()] == [True, False]
    assert {split.input.call_s[0] for split in by_feed.values() if split.input} == {1.0}


def test_several_steps_a_call_are_not_explained_by_the_parts_of_one(measured: Any, three: list[Any]) -> None:
    step, *parts = three
    assert list(communication.splits([fed(step, steps_per_execution=2), *parts])) == []
    assert len(list(communication.splits([fed(step, steps_per_execution=1), *parts]))) == 1


def test_what_reading_takes_stands_in_parentheses_where_the_step_does_not_read(
    measured: Any, three: list[Any], records: Any
) -> None:
    step, *parts = three
    steps = [fed(step, feed="numpy"), fed(step, feed="dataset")]
    lines = shown(records.run(measurements=(*steps, *parts, measured("input", 1.0, 1.0))))
    rows = [line for line in lines if line.startswith("n=8,kind=small,feed=")]
    assert [row.split(" 4.00 s ")[1][:8] for row in rows] == ["(1.00 s)", "1.00 s 1"]
    assert communication_view.APART in lines


def shown(run: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=300)
    views.show(communication_view.VIEW, run, console)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines() if line.strip()]


def test_the_table_says_what_stays_unexplained(measured: Any, records: Any) -> None:
    parts = [
        measured("data_parallel", 10.0, reduced_bytes=1_000_000),
        measured("compute", 4.0),
        measured("all_reduce", 3.0),
    ]
    name = "toy data_parallel n=8,kind=small graph"
    row, star, unexplained, ring = shown(records.run(measurements=tuple(parts)))[3:]
    assert row == f"{name} cpu-multi_worker-2 10.0 s 4.00 s 3.00 s - 1.50 s 6.00 s 30 %* 70 %*"
    assert star == views.ONE_PROCESS
    assert unexplained == (
        f"{name} (cpu-multi_worker-2): 3.00 s of 10.0 s is unexplained: waiting for the slower worker, and calling, "
        "but not for sure"
    )
    assert ring == (
        f"{name} (cpu-multi_worker-2): 1.00 MB of gradients; a ring of plain sockets (1.00M byte/s, 250 ms) would take "
        "1.50 s, TensorFlow's all-reduce takes 2.00x that"
    )


def test_without_parts_the_table_says_how_to_get_them(records: Any) -> None:
    assert communication_view.notes(records.run())[0].endswith(
        "tfbench run distributed --placement multi_worker --replicas 1,2"
    )


def test_the_floor_is_that_of_the_fastest_link_of_all_invocations(measured: Any, three: list[Any]) -> None:
    links = (Link(byte_per_s=1e6, latency_s=0.5), Link(byte_per_s=4e6, latency_s=1.0), None)
    done = [
        replace(invocation, extras=Extras(link=found))
        for invocation, found in zip(measured("data_parallel", 10.0, 10.0, 10.0).invocations, links, strict=True)
    ]
    step = replace(three[0], invocations=tuple(done))
    (split,) = communication.splits([step, *three[1:]])
    assert split.link == Link(byte_per_s=4e6, latency_s=0.5)


def test_the_link_is_that_of_real_sockets() -> None:
    answering: list[threading.Thread] = []

    def tell_second(do: str, *, host: str, port: int) -> None:
        assert do == "echo"
        answering.append(threading.Thread(target=link.answer, args=(host, port)))
        answering[0].start()

    crew: Any = SimpleNamespace(host="127.0.0.1", tell_second=tell_second)
    found = link.measure(crew, time.perf_counter)
    answering[0].join()
    assert 0 < found.latency_s < 1
    assert math.isfinite(found.byte_per_s)
    assert found.byte_per_s > 1e6
