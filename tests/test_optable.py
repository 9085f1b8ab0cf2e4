"""Where the time of traced steps went: small traces whose shares are counted by hand, in picoseconds."""

import random
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tfbench.bench import opkinds, optable
from tfbench.bench.opkinds import WAIT, What
from tfbench.bench.optable import NOTHING, RANKS, Segments, Totals
from tfbench.bench.profile import KINDS, OpTable
from tfbench.bench.xplane import Line, Trace

PS = 1e-12


def what(kind: str, name: str) -> What:
    """Make an operation whose type is its name."""
    return What(kind, name, name)


def line(*events: tuple[int, int, str, str], device: str = "host") -> Line:
    """Make a line of (start, end, kind, name)."""
    made = Line(device=device)
    for start, end, kind, name in events:
        made.add(start, end, what(kind, name))
    return made


def table(*lines: Line, steps: list[tuple[int, int]]) -> OpTable:
    """Make the table of a trace."""
    return optable.make(Trace(steps=steps, lines=list(lines)), "case")


def rows(found: OpTable) -> dict[str, tuple[float, int, int, float]]:
    """Give count, total, self and wall of each operation over all steps; the times in picoseconds."""
    scale = found.steps / PS
    times = {o.name: (o.total_s * scale, o.self_s * scale, o.wall_s * scale) for o in found.operations}
    return {o.name: (o.count * found.steps, *(round(x, 6) for x in times[o.name])) for o in found.operations}


def parts(found: OpTable) -> tuple[float, float, float]:
    """Give step, idle and overlap over all steps, in picoseconds."""
    scale = found.steps / PS
    return tuple(round(x * scale, 6) for x in (found.step_s, found.idle_s, found.overlap_s))


def test_what_an_event_calls_is_not_its_own_time() -> None:
    found = table(
        line((0, 100, "python", "step"), (10, 60, "runtime", "call"), (20, 50, "eager", "Mul")), steps=[(0, 100)]
    )
    assert rows(found) == {"step": (1, 100, 50, 50), "Mul": (1, 30, 30, 30), "call": (1, 50, 20, 20)}
    assert parts(found) == (100, 0, 0)


def test_the_longest_part_of_the_step_comes_first_and_equals_by_name() -> None:
    found = table(line((0, 10, "eager", "b"), (10, 20, "eager", "a"), (20, 40, "eager", "c")), steps=[(0, 40)])
    assert [o.name for o in found.operations] == ["c", "a", "b"]


def test_the_order_of_the_events_does_not_matter() -> None:
    events = [(0, 100, "python", "step"), (10, 60, "runtime", "call"), (20, 50, "eager", "Mul"), (70, 80, "xla", "add")]
    wanted = table(line(*events), steps=[(0, 100)])
    assert table(line(*events[::-1]), steps=[(0, 100)]) == wanted
    assert table(line(*(events[i] for i in (2, 0, 3, 1))), steps=[(0, 100)]) == wanted


def test_a_child_that_outlasts_its_parent_is_cut_there() -> None:
    found = table(line((0, 50, "graph", "parent"), (40, 70, "graph", "child")), steps=[(0, 100)])
    assert rows(found) == {"parent": (1, 50, 40, 40), "child": (1, 10, 10, 10)}
    assert parts(found) == (100, 50, 0)


def test_an_instant_of_two_threads_is_divided_among_them() -> None:
    found = table(line((0, 60, "graph", "a")), line((20, 100, "graph", "b")), steps=[(0, 100)])
    assert rows(found) == {"a": (1, 60, 60, 40), "b": (1, 80, 80, 60)}
    assert parts(found) == (100, 0, 40)


def test_one_operation_in_two_threads_has_the_instant_once() -> None:
    found = table(line((0, 60, "graph", "a")), line((20, 100, "graph", "a")), steps=[(0, 100)])
    assert rows(found) == {"a": (2, 140, 140, 100)}


@pytest.mark.parametrize(
    ("one", "other", "wall"),
    [
        *((kind, kind, (5, 5)) for kind in KINDS),
        *((kind, "graph", (5, 5)) for kind in ("device", "xla", "eager", "compile", "trace")),
        *((kind, "graph", (0, 10)) for kind in ("all-reduce", "input", "runtime", "python")),
        ("all-reduce", "input", (5, 5)),
        ("all-reduce", "runtime", (10, 0)),
        ("input", "python", (10, 0)),
        ("runtime", "python", (10, 0)),
    ],
)
def test_an_instant_belongs_to_the_work_of_the_better_rank(one: str, other: str, wall: tuple[int, int]) -> None:
    found = rows(table(line((0, 10, one, "one")), line((0, 10, other, "other")), steps=[(0, 10)]))
    assert (found["one"], found["other"]) == ((1, 10, 10, wall[0]), (1, 10, 10, wall[1]))


def test_an_all_reduce_has_the_part_of_the_step_in_which_nothing_is_computed() -> None:
    found = table(
        line((0, 100, "python", "step")),
        line((10, 40, "graph", "MatMul")),
        line((30, 70, "all-reduce", "CollectiveReduceV2")),
        steps=[(0, 100)],
    )
    assert rows(found) == {
        "step": (1, 100, 100, 40),
        "MatMul": (1, 30, 30, 30),
        "CollectiveReduceV2": (1, 40, 40, 30),
    }
    assert parts(found) == (100, 0, 70)


def test_waiting_is_no_work_and_has_no_row() -> None:
    found = table(
        line((0, 100, "python", "step"), (20, 90, WAIT, "wait")), line((30, 60, "xla", "dot")), steps=[(0, 100)]
    )
    assert rows(found) == {"step": (1, 100, 30, 30), "dot": (1, 30, 30, 30)}
    assert parts(found) == (100, 40, 0)


TIMES = [(0, 5, "before"), (12, 18, "in"), (22, 26, "in"), (27, 29, "between"), (32, 36, "in"), (50, 60, "after")]


def test_only_the_time_in_the_steps_counts() -> None:
    events = [(start, end, "graph", name) for start, end, name in TIMES]
    found = table(line(*events), steps=[(10, 20), (30, 40)])
    assert rows(found) == {"in": (2, 10, 10, 10)}
    assert parts(found) == (20, 10, 0)
    assert (found.steps, found.step_s, found.operations[0].count) == (2, 10 * PS, 1.0)


def test_what_began_before_the_steps_has_its_part_of_them() -> None:
    found = table(line((0, 16, "input", "Prefetch")), steps=[(10, 20)])
    assert rows(found) == {"Prefetch": (0, 0, 6, 6)}
    assert parts(found) == (10, 4, 0)


def test_between_two_steps_is_no_time_of_a_step() -> None:
    found = table(line((15, 35, "graph", "long")), steps=[(10, 20), (30, 40)])
    assert rows(found)["long"][2:] == (10, 10)
    assert parts(found) == (20, 10, 0)


def test_a_step_without_events_is_idle() -> None:
    found = table(steps=[(10, 20), (30, 50)])
    assert (found.operations, parts(found), found.launch_gap_s) == ((), (30, 30, 0), None)


def test_a_trace_without_steps_has_no_table() -> None:
    with pytest.raises(ValueError, match="the trace has no steps"):
        table(line((0, 10, "graph", "a")), steps=[])


def test_one_name_on_two_devices_is_two_operations() -> None:
    found = table(line((0, 10, "graph", "a")), line((0, 10, "device", "a"), device="GPU:0"), steps=[(0, 10)])
    assert [(o.name, o.device, round(o.wall_s / PS, 6)) for o in found.operations] == [
        ("a", "host", 5),
        ("a", "GPU:0", 5),
    ]


def test_a_kernel_is_the_eager_operation_that_it_lies_in() -> None:
    made = line((0, 50, "runtime", "eager dispatch"), (10, 40, "runtime", opkinds.KERNEL))
    made.add(60, 90, what("runtime", opkinds.KERNEL))
    made.eager[0] = "MatMul"
    found = table(made, steps=[(0, 100)])
    assert [(o.name, o.kind) for o in found.operations] == [("MatMul", "eager"), ("eager dispatch", "runtime")]
    assert parts(found) == (100, 50, 0)


def test_a_launch_gap_is_between_the_kernels_of_one_step() -> None:
    kernels = line(
        *((start, end, "device", "k") for start, end in [(12, 17), (14, 16), (20, 22), (31, 33), (38, 45)]),
        device="GPU:0",
    )
    other_stream = line((21, 25, "device", "k"), device="GPU:0")
    found = table(line((0, 99, "python", "step")), other_stream, kernels, steps=[(10, 30), (30, 40)])
    assert round((found.launch_gap_s or 0.0) / PS, 6) == (3 + 5) / 2
    assert table(line((0, 99, "graph", "a")), steps=[(10, 30)]).launch_gap_s is None


def slowly(pieces: list[Segments], ranks: list[int], steps: list[tuple[int, int]]) -> tuple[Any, ...]:
    """Go through the steps picosecond by picosecond."""
    wall, own, idle, overlap = Counter[int](), Counter[int](), 0, 0
    for at in (at for start, end in steps for at in range(start, end)):
        running = [
            key
            for piece in pieces
            for start, end, key in zip(piece.start, piece.end, piece.key, strict=True)
            if start <= at < end
        ]
        own.update(running)
        works = [key for key in running if ranks[key] < RANKS[WAIT]]
        best = [key for key in works if ranks[key] == min(ranks[key] for key in works)]
        for key in best:
            wall[key] += Fraction(1, len(best))
        idle += not works
        overlap += max(0, len(works) - 1)
    return [float(wall[key]) for key in range(len(ranks))], [own[key] for key in range(len(ranks))], idle, overlap


@pytest.mark.parametrize("seed", range(40))
def test_the_shares_are_those_of_going_through_each_instant(seed: int) -> None:
    rng = random.Random(seed)
    kinds = [*KINDS, WAIT]
    lines = []
    for _ in range(rng.randint(0, 4)):
        starts = [rng.randint(0, 60) for _ in range(rng.randint(0, 12))]
        lines.append(line(*((s, s + rng.randint(1, 20), rng.choice(kinds), rng.choice("abc")) for s in starts)))
    cuts = sorted(rng.sample(range(70), 6))
    steps = list(zip(cuts[::2], cuts[1::2], strict=True))
    totals = Totals()
    pieces = [optable.cut(one, totals, steps) for one in lines]
    ranks = [RANKS[found.kind] for found, _ in totals.numbers]
    wall, own, idle, overlap = optable.share(pieces, np.array(ranks, np.int8), np.array(steps, np.int64))
    expected = slowly(pieces, ranks, steps)
    assert wall.tolist() == pytest.approx(expected[0])
    assert (own.tolist(), idle, overlap) == expected[1:]
    made = table(*lines, steps=steps)
    step_ps = sum(end - start for start, end in steps)
    assert sum(o.wall_s for o in made.operations) * 3 / PS + idle == pytest.approx(step_ps)
    assert sum(o.self_s for o in made.operations) * 3 / PS + idle == pytest.approx(step_ps + overlap)


def test_every_kind_has_a_rank_better_than_nothing() -> None:
    assert {*KINDS, WAIT} == RANKS.keys()
    assert max(RANKS.values()) < NOTHING
