"""Whole comparisons: which estimate a pair gets, what the gate lets through, and what is not compared."""

import math
from typing import Any

import pytest
from tfbench.bench.case import Placement
from tfbench.bench.errors import BadInputError
from tfbench.bench.record import Run
from tfbench.reports import compare, compare_tables, geomean, verdict
from tfbench.reports.compare import Report

OLD = Placement(interpreter="old")
NAME = "toy-by_hand-n=8,kind=small"
STEADY, SLOWER = (1.0, 1.01, 0.99), (1.2, 1.21, 1.19)
LOG_2 = math.log(2.0)
TWO_WORKLOADS = (((4.0, 8.0), (1.0, 2.0)), ((1.0, 2.0), (0.5, 1.0)))


@pytest.fixture
def run(records: Any) -> Any:
    """Give the factory of a run of these measurements, or of the toy with these times; other changes are its host's."""

    def make(name: str, /, *done: Any, tensorflow: str = "2.21.0", failures: Any = (), **host: Any) -> Run:
        measurements = (records.timed(*done),) if done and isinstance(done[0], float) else done
        software = (records.software(tensorflow=tensorflow),)
        found: Run = records.run(
            name=name, host=records.host(**host), software=software, measurements=measurements, failures=failures
        )
        return found

    return make


def regressions(report: Report) -> list[str]:
    return [one.pair.name for one in report.regressions]


def test_runs_are_compared_unpaired_by_hand(run: Any) -> None:
    report = compare.make([run("a", 8.0, 2.0), run("b", 2.0, 0.5)])
    (one,) = report.comparisons
    assert (report.by, report.base, report.labels, report.gate) == ("run", "a", ("b",), None)
    assert (one.pair.name, one.pair.label, one.pair.paired) == (f"{NAME}-eager-cpu", "b", False)
    # Powers 3 and 1 against 1 and -1: Welch's error is sqrt(2/2 + 2/2). Invocation by invocation it would be 0.
    assert one.found.ratio == pytest.approx(4.0)
    assert one.found.logs.error == pytest.approx(math.sqrt(2.0) * LOG_2)
    assert one.verdict.word == "undecided"


def test_modes_of_one_run_are_compared_in_turns_by_hand(run: Any, records: Any) -> None:
    eager = records.timed((4.0, 4.0, 64.0), 8.0, mode="eager")
    xla = records.timed((1.0, 4.0, 1.0), 1.0, mode="xla")
    (one,) = compare.make([run("a", eager, xla)], by="mode").comparisons
    # Blocks 2, 0 and 6 powers, so 2; then 3: 2.5 +- 0.5 of one degree.
    assert (one.pair.name, one.pair.label, one.pair.paired) == (f"{NAME}-cpu", "xla", True)
    assert (one.found.logs.middle, one.found.logs.error) == pytest.approx((2.5 * LOG_2, 0.5 * LOG_2))


def test_interpreters_of_one_run_are_compared_in_turns_by_their_medians(run: Any, records: Any) -> None:
    new = records.timed((4.0, 4.0, 64.0), 8.0, placement=Placement(interpreter="new"))
    old = records.timed((1.0, 4.0, 1.0), 1.0, placement=OLD)
    (one,) = compare.make([run("a", old, new)], by="interpreter").comparisons
    # Medians 1 over 4, then 1 over 8: -2 and -3 powers.
    assert (one.pair.name, one.pair.label, one.pair.paired) == (f"{NAME}-eager-cpu", "new", True)
    assert (one.found.logs.middle, one.found.logs.error) == pytest.approx((-2.5 * LOG_2, 0.5 * LOG_2))


def test_all_comparisons_are_judged_together(run: Any, records: Any) -> None:
    cases = [records.timed(1.0, 1.1, 1.2, mode=mode) for mode in ("eager", "xla")]
    others = [records.timed(1.2, 1.4, 1.7, mode=mode) for mode in ("eager", "xla")]
    report = compare.make([run("a", *cases), run("b", *others), run("c", *cases)])
    assert [(one.pair.label, one.pair.base.run.name) for one in report.comparisons] == [("b", "a")] * 2 + [
        ("c", "a")
    ] * 2
    raw = [one.found.logs.p_value for one in report.comparisons]
    assert [one.verdict.p_value for one in report.comparisons] == verdict.holm(raw)
    assert 4 * raw[0] == report.comparisons[0].verdict.p_value < 1.0


def test_the_threshold_is_what_matters_in_practice(run: Any) -> None:
    runs = [run("a", 1.0, 1.001, 0.999), run("b", 0.97, 0.971, 0.969)]
    words = [compare.make(runs, threshold=share).comparisons[0].verdict.word for share in (0.05, 0.01)]
    assert words == ["same", "faster"]


@pytest.mark.parametrize(
    ("times", "gate", "count"),
    [
        (SLOWER, 0.1, 1),
        (SLOWER, 0.19, 1),
        (SLOWER, 0.21, 0),
        (SLOWER, None, 0),
        ((0.8, 1.2, 1.8), 0.1, 0),  # by 20 %, but it may as well be none
        ((0.8, 0.81, 0.79), 0.1, 0),
        ((1.2,), 0.1, 0),  # one process
    ],
)
def test_a_regression_is_really_slower_and_beyond_the_gate(
    times: tuple[float, ...], gate: float | None, count: int, run: Any
) -> None:
    assert len(regressions(compare.make([run("a", *STEADY), run("b", *times)], gate=gate))) == count


def test_a_gate_below_the_threshold_is_no_less_a_gate(run: Any) -> None:
    # 3 % slower without doubt: to someone who gates at 1 % that matters, whatever the default threshold of 5 %.
    runs = [run("a", 1.0, 1.001, 0.999), run("b", 1.03, 1.031, 1.029)]
    assert regressions(compare.make(runs, gate=0.01)) == [f"{NAME}-eager-cpu"]


def test_within_one_process_nothing_is_a_regression(run: Any, records: Any) -> None:
    slow, fast = records.timed((9.0,) * 20, mode="xla"), records.timed((1.0,) * 20, mode="eager")
    report = compare.make([run("a", fast, slow)], by="mode", gate=0.1)
    assert (report.comparisons[0].found.within, regressions(report)) == (True, [])


def test_a_mode_that_is_slower_than_the_base_fails_the_gate(run: Any, records: Any) -> None:
    modes = records.timed(*STEADY, mode="eager", pace_s=1.0), records.timed(*SLOWER, mode="xla", pace_s=9.0)
    report = compare.make([run("a", *modes)], by="mode", gate=0.1)
    assert (regressions(report), report.comparisons[0].pace) == ([f"{NAME}-cpu"], None)


@pytest.mark.parametrize(
    ("paces", "pace", "count"),
    [
        ((2.0, 2.0), 1.0, 1),
        ((2.0, 2.4), 1.2, 0),  # the machine itself is as much slower
        ((2.0, 2.1), 1.05, 1),  # 1.2 / 1.05 is still beyond 1.1
        ((2.0, 2.3), 1.15, 0),
        ((2.0, 1.0), 0.5, 1),  # a faster machine neither excuses nor accuses
        ((None, 9.0), None, 1),
        ((9.0, None), None, 1),
    ],
)
def test_what_the_machines_pace_explains_is_no_regression(
    paces: tuple[float | None, float | None], pace: float | None, count: int, run: Any, records: Any
) -> None:
    base, new = (records.timed(*t, pace_s=p) for t, p in zip((STEADY, SLOWER), paces, strict=True))
    report = compare.make([run("a", base), run("b", new)], gate=0.1)
    assert report.comparisons[0].pace == (None if pace is None else pytest.approx(pace))
    assert len(regressions(report)) == count


def test_a_faster_machine_makes_no_regression_of_what_is_as_fast(run: Any, records: Any) -> None:
    base, new = records.timed(*STEADY, pace_s=2.0), records.timed(*STEADY, pace_s=1.0)
    assert regressions(compare.make([run("a", base), run("b", new)], gate=0.1)) == []


@pytest.mark.parametrize(
    ("host", "same_host", "hardware"),
    [
        ({}, False, False),
        ({"name": "other"}, False, True),
        ({"name": "other"}, True, False),
        ({"cpu": "other"}, False, True),
        ({"name": "other", "cpu": "other"}, True, True),
        ({"affinity": (0,)}, True, True),
    ],
)
def test_other_hosts_are_compared_as_hardware_and_never_gated(
    host: dict[str, Any], same_host: bool, hardware: bool, run: Any, records: Any
) -> None:
    sides = [records.timed(*times, pace_s=1.0) for times in (STEADY, SLOWER)]
    report = compare.make([run("a", sides[0]), run("b", sides[1], **host)], gate=0.1, same_host=same_host)
    (one,) = report.comparisons
    assert (one.hardware, one.verdict.word) == (hardware, "slower")
    assert len(regressions(report)) == (0 if hardware else 1)
    assert one.pace == (None if hardware else 1.0)


def test_another_device_is_other_hardware(run: Any, records: Any) -> None:
    sides = records.timed(*STEADY), records.timed(*SLOWER, device="other")
    report = compare.make([run("a", sides[0]), run("b", sides[1])], gate=0.1)
    assert (report.comparisons[0].hardware, regressions(report)) == (True, [])


def test_a_side_pooled_from_other_hosts_is_other_hardware(run: Any) -> None:
    runs = [run("a", *STEADY, tensorflow="2.20"), run("b", *STEADY, tensorflow="2.20", cpu="other"), run("c", *SLOWER)]
    (one,) = compare.make(runs, by="tensorflow", gate=0.1).comparisons
    assert (one.found.invocations, one.hardware) == (3, True)


def test_a_side_pooled_from_other_code_is_not_compared(run: Any, records: Any) -> None:
    runs = [
        run(name, records.timed(*STEADY, content=content), tensorflow=tensorflow)
        for name, content, tensorflow in (("a", "one", "2.20"), ("b", "two", "2.20"), ("c", "one", "2.21"))
    ]
    (one,) = compare.make(runs, by="tensorflow").comparisons
    assert (one.found, one.reason) == (None, "the workload's code changed")


def test_changed_code_is_not_compared(run: Any, records: Any) -> None:
    base = [records.timed(*STEADY, mode=mode, content="one") for mode in ("eager", "xla")]
    new = records.timed(*SLOWER, mode="eager", content="two"), records.timed(*SLOWER, mode="xla", content="one")
    report = compare.make([run("a", *base), run("b", *new)], gate=0.1)
    changed, same = report.comparisons
    assert (changed.found, changed.verdict, changed.reason) == (None, None, "the workload's code changed")
    assert same.verdict.p_value == same.found.logs.p_value  # judged alone
    assert regressions(report) == [f"{NAME}-xla-cpu"]


def test_a_side_without_rounds_is_not_compared(run: Any, records: Any) -> None:
    (one,) = compare.make([run("a", *STEADY), run("b", records.timed(()))]).comparisons
    assert (one.found, one.reason) == (None, "one side has no rounds")


def test_replicas_that_do_more_work_in_a_call_are_compared_for_equal_work(run: Any, records: Any) -> None:
    # Twice the examples in 1.25 times the time: 1.6 times faster.
    one, two = (
        records.timed(*times, work_per_call=8 * n, placement=Placement(strategy="mirrored", replicas=n))
        for n, times in ((1, (4.0, 4.0)), (2, (5.0, 5.0)))
    )
    report = compare.make([run("a", one, two)], by="replicas")
    (found,) = report.comparisons
    assert (found.pair.label, found.found.ratio, found.verdict.word) == ("2", pytest.approx(1.6), "faster")
    assert any("speed-ups are for equal work" in line for line in compare_tables.notes(report))


def test_what_is_on_one_side_only_is_told(run: Any, records: Any) -> None:
    eager, graph, xla = (records.timed(1.0, 1.0, mode=mode) for mode in ("eager", "graph", "xla"))
    report = compare.make([run("a", eager, graph), run("b", eager, xla)], gate=0.1)
    assert report.one_sided == (f"{NAME}-graph-cpu: only in a", f"{NAME}-xla-cpu: only in b")
    assert report.broken == ()


def test_a_case_on_two_of_three_sides_is_not_said_to_be_on_one_only(run: Any, records: Any) -> None:
    eager, xla = (records.timed(1.0, 1.0, mode=mode) for mode in ("eager", "xla"))
    for runs in ([(eager, xla), (eager, xla), (eager,)], [(eager,), (eager, xla), (eager, xla)]):
        report = compare.make([run(name, *done) for name, done in zip("abc", runs, strict=True)])
        assert [line for line in report.one_sided if line.endswith(("only in a", "only in b"))] == []


def test_a_case_that_fails_on_the_new_side_is_broken(run: Any, records: Any) -> None:
    eager, graph = (records.timed(1.0, 1.0, mode=mode) for mode in ("eager", "graph"))
    report = compare.make([run("a", eager, graph), run("b", eager, failures=(records.failure(),))], gate=0.1)
    text = f"{NAME}-graph-cpu: failed in b: build: OSError: no disk"
    assert (report.one_sided, report.broken, report.regressions) == ((text,), (text,), [])


def test_a_case_that_failed_in_the_base_is_not_broken(run: Any, records: Any) -> None:
    eager, graph = (records.timed(1.0, 1.0, mode=mode) for mode in ("eager", "graph"))
    report = compare.make([run("a", eager, failures=(records.failure(),)), run("b", eager, graph)], gate=0.1)
    assert (report.one_sided, report.broken) == ((f"{NAME}-graph-cpu: only in b",), ())


def test_a_case_that_fails_in_another_tensorflow_is_broken_too(run: Any, records: Any) -> None:
    eager, graph = (records.timed(1.0, 1.0, mode=mode) for mode in ("eager", "graph"))
    runs = [run("a", eager, graph, tensorflow="2.20"), run("b", eager, failures=(records.failure(),))]
    assert len(compare.make(runs, by="tensorflow", gate=0.1).broken) == 1


def test_a_run_in_which_everything_failed_is_broken(run: Any, records: Any) -> None:
    failure = records.failure(case=records.case())
    report = compare.make([run("a", *STEADY), run("b", failures=(failure,))], gate=0.1)
    assert report.broken == (f"{NAME}-eager-cpu: failed in b: build: OSError: no disk",)


def test_runs_that_did_not_finish_are_named(run: Any, with_fields: Any) -> None:
    report = compare.make([run("a", *STEADY), with_fields(run("b", *STEADY), status="interrupted")])
    assert report.unfinished == ("b",)


@pytest.mark.parametrize(("base", "ratio"), [(None, 2.0), ("a", 2.0), ("b", 0.5)])
def test_the_base_is_the_first_or_the_one_named(base: str | None, ratio: float, run: Any) -> None:
    report = compare.make([run("a", 2.0, 2.0), run("b", 1.0, 1.0)], base=base)
    assert (report.base, *report.labels) == (("b", "a") if base == "b" else ("a", "b"))
    assert report.comparisons[0].found.ratio == pytest.approx(ratio)


def test_means_are_over_the_workloads_of_each_side(run: Any, records: Any) -> None:
    base, new = ([records.timed(*t, workload=w) for t, w in zip(side, "vw", strict=True)] for side in TWO_WORKLOADS)
    report = compare.make([run("a", *base), run("b", *new), run("c", *base)])
    expected = geomean.over_workloads(list(zip(new, base, strict=True)), paired=False)
    assert [label for label, _, _ in report.means] == ["b", "c"]
    assert report.means[0] == ("b", *expected)
    # Powers 2 and 1 faster.
    assert math.exp(report.means[0][1].middle) == pytest.approx(2**1.5)


@pytest.mark.parametrize(
    ("runs", "options", "message"),
    [
        ("ab", {"base": "c"}, "--base c: there is no such run; choose from a, b"),
        ("a", {"by": "mode"}, "nothing to compare by mode: there is only 'eager'; name runs with at least two values"),
        ("", {"by": "mode"}, "nothing to compare by mode: there is nothing measured"),
        ("ax", {}, "nothing to compare by run: no case of 'a' is on another side: measure the same workloads"),
        ("aba", {}, "the run a is named twice"),
        ("aa", {"by": "mode"}, "the run a is named twice"),
    ],
)
def test_what_cannot_be_compared_is_an_error(runs: str, options: Any, message: str, run: Any, records: Any) -> None:
    other = records.timed(1.0, workload="other")
    with pytest.raises(BadInputError) as error:
        compare.make([run(name, other) if name == "x" else run(name, *STEADY) for name in runs], **options)
    assert str(error.value).startswith(message)
