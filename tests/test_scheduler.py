"""Which worker runs when, with scripted workers."""

from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import protocol
from tfbench.bench.case import Case, Placement
from tfbench.bench.process import WorkerError
from tfbench.bench.protocol import Request
from tfbench.bench.record import Failure, Measurement, Skip
from tfbench.bench.scheduler import Measuring, Settings
from tfbench.bench.timing import Plan
from tfbench.workloads import content
from tfbench.workloads.spec import DataSource

MIRRORED = Placement(strategy="mirrored", replicas=2)


class Bench:
    """Hold a set of three cases, one a mode, and what measuring them with a script gives."""

    def __init__(self, records: Any, says: Any, starter: Any, make_workload: Any, watcher: Any) -> None:
        self.says, self._starter, self._make_workload, self.watcher = says, starter, make_workload, watcher
        self.cases: list[Case] = [records.case(mode=mode) for mode in ("eager", "graph", "xla")]
        self.settings: dict[str, Any] = {"invocations": 3}
        self.workload: dict[str, Any] = {}
        self.data: DataSource | None = None

    def well(self, request: Request, _number: int) -> list[Any]:
        """Let everything go well."""
        script: list[Any] = self.says.measured(request.cases)
        return script

    def measuring(self, script: Any = None) -> tuple[Measuring, Any]:
        """Make the measuring, and the starter of its workers."""
        start = self._starter(script or self.well)
        made = Measuring(
            self.cases,
            catalog={"toy": self._make_workload(**self.workload)},
            data=self.data,
            settings=Settings(**self.settings),
            observer=self.watcher,
            start=start,
        )
        return made, start

    def run(self, script: Any = None) -> tuple[Measuring, Any]:
        """Measure to the end."""
        made, start = self.measuring(script)
        made.run()
        return made, start


@pytest.fixture
def bench(records: Any, says: Any, starter: Any, make_workload: Any, watcher: Any) -> Bench:
    return Bench(records, says, starter, make_workload, watcher)


def died() -> WorkerError:
    return WorkerError("killed", "the worker was ended by SIGSEGV", ("last words",))


def indexes(measuring: Measuring) -> dict[str, list[int]]:
    """Give the invocations that each measured mode has."""
    return {
        outcome.case.mode: [invocation.index for invocation in outcome.invocations]
        for outcome in measuring.outcomes()
        if isinstance(outcome, Measurement)
    }


@pytest.mark.parametrize("invocations", [1, 3])
def test_each_case_gets_as_many_invocations_as_asked_for(bench: Bench, invocations: int) -> None:
    bench.settings["invocations"] = invocations
    measuring, start = bench.run()
    wanted = list(range(1, invocations + 1))
    assert indexes(measuring) == {"eager": wanted, "graph": wanted, "xla": wanted}
    assert start.modes == ["eager graph xla"] * invocations


def test_a_measurement_carries_what_workload_and_worker_know(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "digest", lambda workload: f"the code of {workload.name}")
    measuring, _ = bench.run()
    found = measuring.outcomes()[0]
    assert isinstance(found, Measurement)
    assert (found.baseline, found.unit, found.work_per_call) == (("by_hand", "eager"), "elements", 8)
    assert (found.data, found.device, found.caution) == ("synthetic", "toy processor", "")
    assert (found.content, found.shapes) == ("the code of toy", "int32[8] -> int32[]")


def test_the_work_of_a_call_is_what_the_worker_found_where_only_it_knows(bench: Bench) -> None:
    def script(request: Request, number: int) -> list[Any]:
        found = {"work": 5, "unit": "tokens"}
        return [{**it, **found} if it["say"] == protocol.READY else it for it in bench.well(request, number)]

    measuring, _ = bench.run(script)
    works = {(it.work_per_call, it.unit) for it in measuring.outcomes() if isinstance(it, Measurement)}
    assert works == {(5, "tokens")}


def test_the_code_of_a_workload_has_a_digest(bench: Bench) -> None:
    measuring, _ = bench.run()
    digests = {outcome.content for outcome in measuring.outcomes() if isinstance(outcome, Measurement)}
    assert [len(digest) for digest in digests] == [16]


def test_the_work_counts_all_replicas(bench: Bench, records: Any) -> None:
    bench.cases = [records.case(placement=MIRRORED)]
    measuring, _ = bench.run()
    (found,) = measuring.outcomes()
    assert isinstance(found, Measurement)
    assert found.work_per_call == 16


def test_the_outcomes_stand_in_the_order_of_the_cases(bench: Bench) -> None:
    measuring, _ = bench.run()
    assert [outcome.case for outcome in measuring.outcomes()] == bench.cases


def test_each_placement_has_a_worker_of_its_own_in_each_invocation(bench: Bench, records: Any) -> None:
    bench.cases += [records.case(mode="xla", placement=MIRRORED)]
    measuring, start = bench.run()
    asked = [{case.placement for case in request.cases} for request in start.requests]
    assert [len(placements) for placements in asked] == [1] * 6
    assert [asked[i] | asked[i + 1] for i in (0, 2, 4)] == [{Placement(), MIRRORED}] * 3
    assert [len(outcome.invocations) for outcome in measuring.outcomes() if isinstance(outcome, Measurement)] == [3] * 4


def test_an_unsupported_case_is_skipped_without_a_worker(bench: Bench) -> None:
    bench.workload["unsupported"] = lambda _i, _p, mode: "too large" if mode == "xla" else None
    measuring, start = bench.run()
    assert measuring.outcomes()[2] == Skip(case=bench.cases[2], reason="too large")
    assert start.modes == ["eager graph"] * 3


def test_what_cannot_be_replicated_is_skipped_where_there_is_more_than_one_replica(bench: Bench, records: Any) -> None:
    bench.cases = [records.case(placement=Placement(strategy="mirrored", replicas=n)) for n in (1, 2)]
    bench.workload["unsupported_replicated"] = lambda _i, _p, _mode: "one only"
    measuring, _ = bench.run()
    one, two = measuring.outcomes()
    assert (type(one), two) == (Measurement, Skip(case=bench.cases[1], reason="one only"))


def test_cases_with_other_optional_parameters_bring_the_time_of_their_own_set(bench: Bench, records: Any) -> None:
    bench.cases = [records.case(mode=mode, params=(("n", n),)) for mode in ("eager", "xla") for n in (8, 9, 10)]
    bench.settings = {"invocations": 1, "plan": Plan(budget_s=4.0)}
    _, start = bench.run()
    assert [request.plan.budget_s for request in start.requests] == [12.0]


def test_a_set_of_only_unsupported_cases_starts_no_worker(bench: Bench) -> None:
    bench.workload["unsupported"] = lambda _i, _p, _mode: "never"
    measuring, start = bench.run()
    assert [outcome.reason for outcome in measuring.outcomes() if isinstance(outcome, Skip)] == ["never"] * 3
    assert start.requests == []


def test_a_worker_that_dies_costs_only_the_case_at_hand(bench: Bench) -> None:
    eager, graph, _ = bench.cases

    def script(request: Request, number: int) -> list[Any]:
        if number == 1:
            return [*bench.says.opened(eager), bench.says.stage(graph, "first call"), died()]
        return bench.well(request, number)

    measuring, start = bench.run(script)
    assert start.modes == ["eager graph xla", "eager xla", "eager xla", "eager xla"]
    assert indexes(measuring) == {"eager": [1, 2, 3], "xla": [1, 2, 3]}
    assert measuring.outcomes()[1] == Failure(
        case=graph,
        stage="first call",
        type="killed",
        message="the worker was ended by SIGSEGV",
        invocation=1,
        stderr=("last words",),
    )


def test_a_worker_that_dies_while_timing_has_its_rounds_measured_again(bench: Bench) -> None:
    bench.settings["invocations"] = 1
    eager, graph, xla = bench.cases

    def script(request: Request, number: int) -> list[Any]:
        if number == 1:
            opened = [m for case in bench.cases for m in bench.says.opened(case)]
            timed = [*bench.says.timed(eager, 9), *bench.says.timed(xla, 9)]
            return [*opened, *timed, bench.says.stage(graph, "round"), died()]
        return bench.well(request, number)

    measuring, start = bench.run(script)
    assert start.modes == ["eager graph xla", "eager xla"]
    found = [outcome for outcome in measuring.outcomes() if isinstance(outcome, Measurement)]
    assert [(len(f.call_s), f.invocations[0].complete) for f in found] == [(5, True), (5, True)]


def test_a_case_that_failed_is_not_tried_again(bench: Bench) -> None:
    def script(request: Request, _number: int) -> list[Any]:
        *others, last = request.cases
        messages = bench.says.measured(others or [last])
        if last.mode != "xla":
            return list(bench.says.measured(request.cases))
        return [bench.says.stage(last, "check"), bench.says.failure(last, "WrongAnswerError", "2, not 1"), *messages]

    measuring, start = bench.run(script)
    assert start.modes == ["eager graph xla", "eager graph", "eager graph"]
    assert indexes(measuring) == {"eager": [1, 2, 3], "graph": [1, 2, 3]}
    found = measuring.outcomes()[2]
    assert isinstance(found, Failure)
    assert (found.stage, found.type, found.invocation) == ("check", "WrongAnswerError", 1)


def test_a_case_that_fails_later_is_a_failure_of_that_invocation(bench: Bench) -> None:
    xla = bench.cases[2]

    def script(request: Request, number: int) -> list[Any]:
        if number == 2:
            failed = [bench.says.stage(xla, "round"), bench.says.failure(xla, "MemoryError", "full")]
            return [*bench.says.measured(request.cases[:2])[:-1], *failed, bench.says.end()]
        return bench.well(request, number)

    measuring, start = bench.run(script)
    found = measuring.outcomes()[2]
    assert isinstance(found, Failure)
    assert (found.type, found.invocation) == ("MemoryError", 2)
    assert start.modes == ["eager graph xla", "eager graph xla", "eager graph"]


def test_workers_that_die_at_every_case_end_with_the_last_case(bench: Bench) -> None:
    def script(request: Request, _number: int) -> list[Any]:
        return [bench.says.stage(request.cases[0], "build"), died()]

    measuring, start = bench.run(script)
    assert start.modes == ["eager graph xla", "graph xla", "xla"]
    assert [type(outcome) for outcome in measuring.outcomes()] == [Failure] * 3


@pytest.mark.parametrize("stage", ["", "import", "devices"])
def test_a_silent_failure_to_import_fails_all_at_once(bench: Bench, stage: str) -> None:
    def script(_request: Request, _number: int) -> list[Any]:
        return [*([bench.says.stage(None, stage)] if stage else []), died()]

    measuring, start = bench.run(script)
    found = [outcome for outcome in measuring.outcomes() if isinstance(outcome, Failure)]
    assert [(f.case.mode, f.stage) for f in found] == [(mode, stage or "start") for mode in ("eager", "graph", "xla")]
    assert len(start.requests) == 1


def test_a_missing_device_skips_all_its_cases_at_once(bench: Bench, records: Any) -> None:
    bench.cases += [records.case(mode="xla", placement=MIRRORED)]

    def script(request: Request, number: int) -> list[Any]:
        return [bench.says.skip("no")] if request.cases[0].placement == MIRRORED else bench.well(request, number)

    measuring, start = bench.run(script)
    assert measuring.outcomes()[3] == Skip(case=bench.cases[3], reason="no")
    assert sorted(start.modes) == ["eager graph xla"] * 3 + ["xla"]


def test_an_interruption_keeps_finished_invocations_and_rounds(bench: Bench) -> None:
    eager, graph, xla = bench.cases

    def script(request: Request, number: int) -> list[Any]:
        if number == 2:
            opened = [m for case in bench.cases for m in bench.says.opened(case)]
            timed = [*bench.says.timed(eager, 5), *bench.says.timed(graph, 4)]
            return [*opened, *timed, bench.says.stage(xla, "round"), KeyboardInterrupt()]
        return bench.well(request, number)

    measuring, start = bench.measuring(script)
    with pytest.raises(KeyboardInterrupt):
        measuring.run()
    assert indexes(measuring) == {"eager": [1, 2], "graph": [1], "xla": [1]}
    first = measuring.outcomes()[0]
    assert isinstance(first, Measurement)
    assert [invocation.complete for invocation in first.invocations] == [True, False]
    assert [worker.closed for worker in start.workers] == [True, True]


def test_an_interruption_at_the_start_leaves_no_outcome(bench: Bench) -> None:
    measuring, _ = bench.measuring(lambda _request, _number: [KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        measuring.run()
    assert measuring.outcomes() == []


def test_every_worker_is_closed(bench: Bench) -> None:
    _, start = bench.run()
    assert [worker.closed for worker in start.workers] == [True] * 3


def test_a_worker_that_ends_without_a_word_about_a_case_is_no_endless_loop(bench: Bench) -> None:
    eager, graph, _ = bench.cases
    measuring, _ = bench.run(lambda _request, _number: list(bench.says.measured([eager, graph])))
    found = measuring.outcomes()[2]
    assert isinstance(found, Failure)
    assert found.type == "protocol"


def test_checking_only_needs_no_rounds(bench: Bench) -> None:
    bench.settings.update(check_only=True, invocations=1)
    measuring, start = bench.run(lambda request, _number: bench.says.measured(request.cases, rounds=0))
    assert indexes(measuring) == {"eager": [1], "graph": [1], "xla": [1]}
    assert start.requests[0].check_only


def test_the_request_carries_settings_and_data(bench: Bench) -> None:
    eager, graph, xla = (case.id for case in bench.cases)
    bench.settings.update(files=("mine.py",), cpu_model="toy", plan=Plan(max_rounds=7))
    bench.data = DataSource(kind="folder", folder=Path("/images"))
    _, start = bench.run()
    asked = start.requests[0]
    assert (asked.files, asked.cpu_model, asked.plan) == (("mine.py",), "toy", Plan(max_rounds=7))
    assert (asked.data_kind, asked.data_folder) == ("folder", "/images")
    assert asked.baselines == {graph: eager, xla: eager}


def test_without_data_the_request_names_none(bench: Bench) -> None:
    _, start = bench.run()
    assert (start.requests[0].data_kind, start.requests[0].data_folder) == ("", "")


def test_inputs_have_the_same_seed_and_orders_another_one_in_each_invocation(bench: Bench) -> None:
    _, start = bench.run()
    assert [request.seed for request in start.requests] == [0, 0, 0]
    assert len({request.order_seed for request in start.requests}) == 3


def test_the_orders_are_those_of_the_settings_seed(bench: Bench) -> None:
    seeds = []
    for seed in (1, 1, 2):
        bench.settings["seed"] = seed
        _, start = bench.run()
        seeds.append([request.order_seed for request in start.requests])
    assert seeds[0] == seeds[1]
    assert seeds[0] != seeds[2]


def test_the_observer_hears_of_each_worker_and_message(bench: Bench) -> None:
    bench.run()
    assert bench.watcher.groups == [(3, 1, 3), (3, 2, 3), (3, 3, 3)]
    assert bench.watcher.messages == bench.says.measured(bench.cases) * 3


def test_the_software_of_the_first_worker_is_kept(bench: Bench, records: Any) -> None:
    measuring, _ = bench.run()
    assert measuring.software == {"": records.software()}


def test_only_the_first_invocation_is_examined_and_none_if_that_is_not_wanted(bench: Bench) -> None:
    _, start = bench.run()
    assert [request.examine for request in start.requests] == [True, False, False]
    bench.settings["plan"] = Plan(examine=False)
    _, start = bench.run()
    assert [request.examine for request in start.requests] == [False, False, False]


def test_a_worker_that_dies_once_all_is_timed_is_not_started_again(bench: Bench) -> None:
    bench.settings["invocations"] = 1

    def script(request: Request, _number: int) -> list[Any]:
        timed = {"say": "timed", "peak_rss_bytes": 1024, "peak_device_bytes": None, "pace_s": 0.5}
        return [*bench.says.measured(request.cases)[:-1], timed, bench.says.stage(bench.cases[0], "costs"), died()]

    measuring, start = bench.run(script)
    assert indexes(measuring) == {"eager": [1], "graph": [1], "xla": [1]}
    assert len(start.requests) == 1
