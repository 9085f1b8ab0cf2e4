"""Gather what one worker says into one result for each of its cases. No TensorFlow here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfbench.bench import codec, protocol
from tfbench.bench.case import GPU, Case, Placement
from tfbench.bench.conditions import Watch
from tfbench.bench.environment import affinity
from tfbench.bench.extras import Extras
from tfbench.bench.machine import Conditions, Software
from tfbench.bench.process import Worker, WorkerError
from tfbench.bench.record import Check, Failure, Invocation, Ledger, Skip
from tfbench.bench.timing import COMPILED, KEPT, RETRACED


@dataclass(slots=True)
class Heard:
    """Hold what a worker has said so far.

    Attributes:
        invocation: which one it is, from 1.
        software: what it runs on.
        ready: what it said of each case that it opened, by case id.
        rounds: the rounds of each case.
        failures: the cases that failed, with why.
        skip: why it cannot measure any of them.
        watch: watches the machine from the first round on.
        conditions: what the watch saw, once the worker was at its end.
        end: what it said when all was timed, or at its end: from then on nothing that goes wrong costs a case.
        extras: what it measured of each case after that.
        case_id: the case at hand, empty outside any.
        stage: the stage at hand.
    """

    invocation: int
    software: Software | None = None
    ready: dict[str, dict[str, Any]] = field(default_factory=dict)
    rounds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    skip: str = ""
    watch: Watch | None = None
    conditions: Conditions | None = None
    end: dict[str, Any] | None = None
    extras: dict[str, Extras] = field(default_factory=dict)
    case_id: str = ""
    stage: str = "start"


def listen(
    worker: Worker,
    cases: Sequence[Case],
    heard: Heard,
    *,
    timeout_s: float,
    tell: Callable[[dict[str, Any]], None],
) -> None:
    """Listen to a worker until it ends, into `heard`; where it dies, the case at hand is its failure.

    Outside any case, as when TensorFlow cannot be imported, all of them fail.
    """
    by_id = {case.id: case for case in cases}

    def fail(kind: str, message: str, blamed: str) -> None:
        if heard.end is not None:
            return
        for case_id in [blamed] if blamed in by_id else by_id:
            heard.failures[case_id] = Failure(
                case=by_id[case_id],
                stage=heard.stage,
                type=kind,
                message=message,
                invocation=heard.invocation,
                stderr=worker.stderr(),
            )

    try:
        for message in worker.messages(timeout_s=timeout_s):
            _hear(heard, message, fail)
            _look(heard, message, worker.pid, cases[0].placement)
            tell(message)
    except WorkerError as error:
        fail(error.kind, str(error), heard.case_id)
    except (KeyError, ValueError, TypeError) as error:
        fail("protocol", f"the worker's message was not understood: {error!r}", heard.case_id)
    finally:
        if heard.watch is not None:
            heard.watch.close()


def _hear(heard: Heard, message: dict[str, Any], fail: Callable[[str, str, str], None]) -> None:
    said = message["say"]
    if said == protocol.STAGE:
        heard.case_id, heard.stage = message["case"], message["stage"]
    elif said == protocol.SOFTWARE:
        heard.software = codec.decode(Software, {k: v for k, v in message.items() if k != "say"})
    elif said == protocol.READY:
        heard.ready[message["case"]] = message
    elif said == protocol.ROUND:
        heard.rounds.setdefault(message["id"], []).append(message)
    elif said == protocol.FAILURE:
        fail(message["type"], message["message"], message["case"])
    elif said == protocol.SKIP:
        heard.skip = message["reason"]
    elif said in {protocol.TIMED, protocol.END}:
        heard.end = heard.end or message
    elif said == protocol.EXTRAS:
        heard.extras[message["case"]] = codec.decode(Extras, message["extras"])
    else:
        raise ValueError(f"unknown message {said!r}")


def _look(heard: Heard, message: dict[str, Any], pid: int, placement: Placement) -> None:
    """Watch the machine from the first round to the last."""
    if heard.watch is None and message["say"] == protocol.STAGE and message["stage"] == protocol.ROUND:
        heard.watch = Watch(pid, affinity(), gpus=placement.replicas if placement.device == GPU else 0)
    elif heard.watch is not None and heard.conditions is None and message["say"] in {protocol.TIMED, protocol.END}:
        heard.conditions = heard.watch.conditions()


def result(case: Case, heard: Heard, *, min_rounds: int, check_only: bool) -> Invocation | Failure | Skip | None:
    """Give what the case ended as in this invocation; None if it was not finished."""
    if heard.skip:
        return Skip(case=case, reason=heard.skip)
    if case.id in heard.failures:
        return heard.failures[case.id]
    ready = heard.ready.get(case.id)
    if ready is None:
        return None
    rounds = heard.rounds.get(case.id, [])
    kept = [r for r in rounds if r["fate"] == KEPT]
    retraced, compiled = (sum(r["fate"] == fate for r in rounds) for fate in (RETRACED, COMPILED))
    if not check_only and len(kept) < min_rounds:
        if heard.end is None:
            return None
        message = (
            f"only {len(kept)} of {len(rounds)} rounds can be used: {retraced} were traced in, {compiled} compiled in; "
            "its calls never reach a steady state"
        )
        return Failure(case=case, stage="round", type="unsteady", message=message, invocation=heard.invocation)
    return Invocation(
        index=heard.invocation,
        ledger=codec.decode(Ledger, ready["ledger"]),
        check=codec.decode(Check, ready["check"]),
        iterations=ready["iterations"],
        round_s=tuple(r["seconds"] for r in kept),
        blocks=tuple(r["block"] for r in kept),
        retraced_rounds=retraced,
        compiled_rounds=compiled,
        sync_s=ready["sync_s"],
        peak_rss_bytes=heard.end["peak_rss_bytes"] if heard.end else None,
        peak_device_bytes=heard.end["peak_device_bytes"] if heard.end else None,
        complete=heard.end is not None,
        conditions=heard.conditions,
        pace_s=heard.end["pace_s"] if heard.end else None,
        extras=heard.extras.get(case.id),
    )
