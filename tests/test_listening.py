"""What a worker says, gathered into one result a case."""

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tfbench.bench import codec, listening
from tfbench.bench.case import Case, Placement
from tfbench.bench.extras import Extras
from tfbench.bench.listening import Heard
from tfbench.bench.machine import Conditions
from tfbench.bench.process import WorkerError
from tfbench.bench.record import Failure, Invocation, Skip

Listen = Callable[..., Heard]


CONDITIONS = Conditions(load_1m=1.5, others_share=0.25, steal_share=0.125, throttled=3, clock_mhz=(2000.0, 2400.0))
PID = 77


class Log:
    """Write down what happens, in order: what the worker's messages say, and when the machine is watched."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.closed: list[int] = []

    def hear(self, message: dict[str, Any]) -> None:
        """Note the stage, or what else is said."""
        self.events.append(message["stage"] if message["say"] == "stage" else message["say"].upper())

    def watch(self, pid: int, cores: tuple[int, ...], *, gpus: int) -> Any:
        """Stand for `listening.Watch`."""
        self.events.append(f"watch {pid} on {cores}" + (f" and {gpus} GPUs" if gpus else ""))
        return SimpleNamespace(conditions=self._read, close=lambda: self.closed.append(pid))

    def _read(self) -> Conditions:
        self.events.append("read")
        return CONDITIONS


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """Put the log's watch in the place of the real one."""
    found = Log()
    monkeypatch.setattr(listening, "Watch", found.watch)
    monkeypatch.setattr(listening, "affinity", lambda: (0, 2))
    return found


@pytest.fixture
def cases(records: Any) -> list[Case]:
    """Give two cases of one group."""
    return [records.case(mode="eager"), records.case(mode="xla")]


@pytest.fixture
def listen(cases: list[Case], fake_worker: Any) -> Listen:
    """Give the function that listens to a scripted worker."""

    def run(script: list[Any], tell: Callable[[Any], None] = lambda _: None) -> Heard:
        heard = Heard(invocation=3)
        worker = fake_worker(script)
        worker.pid = PID
        listening.listen(worker, cases, heard, timeout_s=1.0, tell=tell)
        return heard

    return run


def result(case: Case, heard: Heard, *, check_only: bool = False) -> Any:
    return listening.result(case, heard, min_rounds=5, check_only=check_only)


def died() -> WorkerError:
    return WorkerError("killed", "the worker was ended by SIGKILL", ("last words",))


def test_a_case_that_went_well_is_an_invocation(listen: Listen, cases: list[Case], says: Any, records: Any) -> None:
    found = result(cases[0], listen(says.measured(cases)))
    assert found == Invocation(
        index=3,
        ledger=records.ledger(),
        check=records.check(),
        iterations=2,
        round_s=(1.0,) * 5,
        blocks=(0, 1, 2, 3, 4),
        sync_s=0.5,
        peak_rss_bytes=2048,
        conditions=CONDITIONS,
        pace_s=0.25,
    )


def test_every_message_is_passed_on_in_order(listen: Listen, cases: list[Case], says: Any) -> None:
    told: list[Any] = []
    listen(says.measured(cases), told.append)
    assert told == says.measured(cases)


def test_the_software_is_kept(listen: Listen, cases: list[Case], says: Any, records: Any) -> None:
    assert listen(says.measured(cases)).software == records.software()


def test_only_kept_rounds_count_and_the_others_are_told(listen: Listen, cases: list[Case], says: Any) -> None:
    one = cases[0]
    fates = ["retraced", "kept", "compiled", "kept", "kept", "retraced", "kept", "kept"]
    rounds = [says.round(one, block, float(block), fate) for block, fate in enumerate(fates)]
    found = result(one, listen([*says.opened(one), *rounds, says.end()]))
    assert (found.blocks, found.round_s) == ((1, 3, 4, 6, 7), (1.0, 3.0, 4.0, 6.0, 7.0))
    assert (found.retraced_rounds, found.compiled_rounds) == (2, 1)


def test_a_case_that_never_gets_steady_fails(listen: Listen, cases: list[Case], says: Any) -> None:
    one = cases[0]
    fates = ["kept", "retraced", "retraced", "compiled", "kept"]
    rounds = [says.round(one, block, 1.0, fate) for block, fate in enumerate(fates)]
    message = "only 2 of 5 rounds can be used: 2 were traced in, 1 compiled in; its calls never reach a steady state"
    found = result(one, listen([*says.opened(one), *rounds, says.end()]))
    assert found == Failure(case=one, stage="round", type="unsteady", message=message, invocation=3)


def test_a_failure_is_that_of_the_case_and_stage_at_hand(listen: Listen, cases: list[Case], says: Any) -> None:
    one, two = cases
    script = [says.stage(one, "build"), says.failure(one, "OSError", "no disk"), *says.measured([two])[2:]]
    heard = listen(script)
    assert result(one, heard) == Failure(
        case=one, stage="build", type="OSError", message="no disk", invocation=3, stderr=("last words",)
    )
    assert isinstance(result(two, heard), Invocation)


def test_a_death_is_the_failure_of_the_case_at_hand_only(listen: Listen, cases: list[Case], says: Any) -> None:
    one, two = cases
    heard = listen([*says.opened(one), says.stage(two, "first call"), died()])
    assert result(two, heard) == Failure(
        case=two,
        stage="first call",
        type="killed",
        message="the worker was ended by SIGKILL",
        invocation=3,
        stderr=("last words",),
    )
    assert result(one, heard) is None


@pytest.mark.parametrize("stage", ["import", "devices", "warm-up"])
def test_a_death_outside_any_case_fails_all(listen: Listen, cases: list[Case], says: Any, stage: str) -> None:
    heard = listen([says.stage(None, stage), died()])
    found = [result(case, heard) for case in cases]
    assert [(f.case, f.stage, f.type) for f in found] == [(case, stage, "killed") for case in cases]


def test_a_death_before_the_first_word_fails_all_at_the_start(listen: Listen, cases: list[Case]) -> None:
    heard = listen([died()])
    assert [result(case, heard).stage for case in cases] == ["start", "start"]


def test_an_import_that_fails_fails_all_with_its_reason(listen: Listen, cases: list[Case], says: Any) -> None:
    heard = listen([says.stage(None, "import"), says.failure(None, "ImportError", "no tensorflow")])
    found = [result(case, heard) for case in cases]
    assert [(f.stage, f.type, f.message) for f in found] == [("import", "ImportError", "no tensorflow")] * 2


def test_a_missing_device_skips_all(listen: Listen, cases: list[Case], says: Any) -> None:
    heard = listen([says.stage(None, "devices"), says.skip("no GPU")])
    assert [result(case, heard) for case in cases] == [Skip(case=case, reason="no GPU") for case in cases]


@pytest.mark.parametrize(
    "message",
    [
        {"say": "nonsense"},
        {"case": "x"},
        {"say": "round", "block": 1},
        {"say": "software", "python": 3},
        {"say": "stage"},
        {"say": "failure"},
    ],
)
def test_a_message_that_is_not_understood_is_a_protocol_failure(
    message: dict[str, Any], listen: Listen, cases: list[Case], says: Any
) -> None:
    heard = listen([says.stage(cases[0], "check"), message])
    found = result(cases[0], heard)
    assert (found.stage, found.type) == ("check", "protocol")
    assert found.message.startswith("the worker's message was not understood: ")
    assert result(cases[1], heard) is None


def test_a_message_about_a_case_that_was_not_asked_for_fails_all(
    listen: Listen, cases: list[Case], says: Any, records: Any
) -> None:
    heard = listen([says.stage(records.case(workload="other"), "build"), died()])
    assert [result(case, heard).type for case in cases] == ["killed", "killed"]


def test_a_case_that_was_never_opened_has_no_result(listen: Listen, cases: list[Case], says: Any) -> None:
    assert result(cases[1], listen([*says.opened(cases[0])])) is None


def test_with_too_few_rounds_and_no_end_there_is_no_result(listen: Listen, cases: list[Case], says: Any) -> None:
    one = cases[0]
    assert result(one, listen([*says.opened(one), *says.timed(one, 4)])) is None


def test_enough_rounds_without_an_end_are_an_incomplete_invocation(
    listen: Listen, cases: list[Case], says: Any
) -> None:
    one = cases[0]
    found = result(one, listen([*says.opened(one), *says.timed(one, 5)]))
    assert (found.complete, len(found.round_s), found.peak_rss_bytes) == (False, 5, None)
    assert (found.conditions, found.pace_s) == (None, None)


def test_the_machine_is_watched_from_the_first_round_to_the_end(
    listen: Listen, cases: list[Case], says: Any, log: Log
) -> None:
    listen(says.measured(cases, rounds=2), log.hear)
    opened = ["build", "check", "READY"]
    rounds = ["round", "ROUND"]
    watched = ["watch 77 on (0, 2)", *rounds * 4, "read"]
    assert log.events == ["import", "SOFTWARE", *opened * 2, *watched, "END"]


def test_without_rounds_the_machine_is_not_watched(listen: Listen, cases: list[Case], says: Any, log: Log) -> None:
    end = {**says.end(), "pace_s": None}
    found = result(cases[0], listen([*says.opened(cases[0]), end], log.hear), check_only=True)
    assert log.events == ["build", "check", "READY", "END"]
    assert (found.conditions, found.pace_s) == (None, None)


def test_a_worker_that_dies_while_timing_is_not_read_again(
    listen: Listen, cases: list[Case], says: Any, log: Log
) -> None:
    heard = listen([*says.opened(cases[0]), *says.timed(cases[0], 1), died()], log.hear)
    assert log.events == ["build", "check", "READY", "watch 77 on (0, 2)", "round", "ROUND"]
    assert heard.conditions is None


@pytest.mark.parametrize("killed", [False, True])
def test_the_watch_is_closed_however_the_worker_ends(
    killed: bool, listen: Listen, cases: list[Case], says: Any, log: Log
) -> None:
    listen([*says.opened(cases[0]), *says.timed(cases[0], 1), died()] if killed else says.measured(cases))
    assert log.closed == [PID]


def test_the_gpus_of_a_worker_are_watched_with_it(says: Any, log: Log, fake_worker: Any, records: Any) -> None:
    case = records.case(placement=Placement(device="gpu", strategy="mirrored", replicas=2))
    heard = Heard(invocation=1)
    listening.listen(fake_worker(says.measured([case])), [case], heard, timeout_s=1.0, tell=log.hear)
    assert [event for event in log.events if event.startswith("watch")] == [f"watch {os.getpid()} on (0, 2) and 2 GPUs"]


def test_all_cases_of_a_worker_share_its_conditions(listen: Listen, cases: list[Case], says: Any) -> None:
    heard = listen(says.measured(cases))
    assert [result(case, heard).conditions for case in cases] == [CONDITIONS] * 2


def test_a_check_needs_no_rounds(listen: Listen, cases: list[Case], says: Any) -> None:
    one = cases[0]
    found = result(one, listen([*says.opened(one), says.end()]), check_only=True)
    assert (found.round_s, found.complete) == ((), True)


def test_an_interruption_passes_through_and_keeps_what_was_heard(
    cases: list[Case], says: Any, fake_worker: Any
) -> None:
    heard = Heard(invocation=1)
    worker = fake_worker([*says.opened(cases[0]), KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        listening.listen(worker, cases, heard, timeout_s=1.0, tell=lambda _: None)
    assert (list(heard.ready), heard.failures) == ([cases[0].id], {})


def timed_message() -> dict[str, Any]:
    return {"say": "timed", "peak_rss_bytes": 1024, "peak_device_bytes": None, "pace_s": 0.5}


def extras_message(case: Case, **changes: Any) -> dict[str, Any]:
    return {"say": "extras", "case": case.id, "extras": codec.encode(Extras(**changes))}


def test_what_is_measured_after_the_rounds_belongs_to_the_invocation(
    listen: Listen, cases: list[Case], says: Any
) -> None:
    one, two = cases
    script = says.measured(cases)
    heard = listen([*script[:-1], timed_message(), extras_message(one, naive_s=0.5), script[-1]])
    assert [result(case, heard).extras for case in cases] == [Extras(naive_s=0.5), None]
    assert result(two, heard).peak_rss_bytes == 1024  # before all that


def test_a_later_word_about_the_same_case_replaces_the_earlier(listen: Listen, cases: list[Case], says: Any) -> None:
    more = [extras_message(cases[0], naive_s=0.5), extras_message(cases[0], naive_s=0.5, dispatch_s=0.25)]
    heard = listen([*says.measured(cases)[:-1], timed_message(), *more, says.end()])
    assert result(cases[0], heard).extras == Extras(naive_s=0.5, dispatch_s=0.25)


@pytest.mark.parametrize(
    "last",
    [
        died(),
        WorkerError("timeout", "silent", ()),
        {"say": "failure", "case": "", "stage": "", "type": "OSError", "message": "no disk"},
        {"say": "extras", "case": "toy", "extras": {"unknown": 1}},
    ],
    ids=["died", "timeout", "failure", "nonsense"],
)
def test_what_goes_wrong_when_all_is_timed_costs_no_case(
    last: Any, listen: Listen, cases: list[Case], says: Any, records: Any
) -> None:
    heard = listen([*says.measured(cases)[:-1], timed_message(), says.stage(cases[0], "costs"), last])
    found = [result(case, heard) for case in cases]
    assert [(f.complete, len(f.round_s), f.pace_s, f.extras) for f in found] == [(True, 5, 0.5, None)] * 2
    assert found[0].conditions == CONDITIONS
    assert records.check() == found[0].check


def test_the_machine_is_watched_to_the_last_round_only(listen: Listen, cases: list[Case], says: Any, log: Log) -> None:
    listen([*says.measured(cases, rounds=1)[:-1], timed_message(), extras_message(cases[0]), says.end()], log.hear)
    assert log.events[-5:] == ["ROUND", "read", "TIMED", "EXTRAS", "END"]
