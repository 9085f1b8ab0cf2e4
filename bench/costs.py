"""Measure what a case costs beside its rounds, once these are told: dispatch, sync, graph and module. Worker only.

Whatever goes wrong here costs no case: an exception is a reason in its `Extras`, and of a worker that dies or
hangs here the parent keeps the rounds.
"""

import faulthandler
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from tfbench.bench import ceilings, codec, dispatch, graphs, link, mode, module_cost, protocol, sync_check
from tfbench.bench.case import Case
from tfbench.bench.crew import Crew
from tfbench.bench.extras import Ceilings, Extras, Link
from tfbench.bench.ledger import Meters
from tfbench.bench.protocol import Request
from tfbench.bench.timing import Timed

STAGE = "costs"
LIMIT_S = 60.0  # a case; then the worker ends itself, and the rest of its costs are missing

Part = Callable[[], dict[str, Any]]


def measure(
    ready: Sequence[Timed],
    request: Request,
    meters: Meters,
    enter: Callable[[str, str], None],
    say: Callable[[dict[str, Any]], None],
    crew: Crew | None = None,
) -> None:
    """Measure the cheap parts of all cases first, then, if asked to, what takes a compile each.

    The other workers of a cluster would wait for what is called here alone: of them only the link is measured.
    """
    cases = {case.id: case for case in request.cases}
    found: dict[str, Extras] = {}
    tops: list[Ceilings] = []
    links: list[Link] = []

    def tell(timed: Timed, parts: Iterable[Part]) -> None:
        enter(timed.id, STAGE)
        faulthandler.dump_traceback_later(LIMIT_S, exit=True, file=2)
        found[timed.id] = add(found.get(timed.id, Extras()), parts)
        faulthandler.cancel_dump_traceback_later()
        say({"say": protocol.EXTRAS, "case": timed.id, "extras": codec.encode(found[timed.id])})

    def reach() -> dict[str, Any]:
        if not tops:
            device = request.cases[0].placement.device
            tops.append(ceilings.measure(device, clock=meters.clock, sync=meters.sync))
        return {"ceilings": tops[0]}

    def connect() -> dict[str, Any]:
        if crew is not None and crew.others and not links:
            links.append(link.measure(crew, meters.clock))
        return {"link": links[0]} if links else {}

    for timed in ready:
        tell(timed, (connect,) if crew is not None else cheap_parts(timed, cases[timed.id], meters))
    if request.examine:
        for timed in ready:
            tell(timed, (reach, *dear_parts(timed, cases[timed.id])))


def add(extras: Extras, parts: Iterable[Part]) -> Extras:
    """Add what each part gives; one that raises adds the reason."""
    for part in parts:
        try:
            extras = replace(extras, **part())
        except Exception as error:  # noqa: BLE001 - whatever goes wrong here costs no case
            extras = replace(extras, reasons=(*extras.reasons, reason(part, error)))
    return extras


def reason(part: Part, error: Exception) -> str:
    """Say in one line which part went wrong, and how."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ["no reason given"]
    return f"{part.__name__}: {type(error).__name__}: {lines[0]:.200}"


def cheap_parts(timed: Timed, case: Case, meters: Meters) -> tuple[Part, ...]:
    """Give what takes a fraction of a second in every invocation: the dispatch floor and the sync check."""
    arguments = timed.program.inputs[0]
    trace = getattr(timed.program.step, "get_concrete_function", None)

    def floor() -> dict[str, Any]:
        if trace is None or case.mode == mode.EAGER:
            return {}
        concrete = trace(*arguments)
        both = dispatch.floors(concrete, arguments, mode=case.mode, clock=meters.clock, sync=meters.sync)
        return {"dispatch_s": both[0], "concrete_dispatch_s": both[1]}

    def sync() -> dict[str, Any]:
        naive_s, synced_s = sync_check.compare(timed, meters)
        return {"naive_s": naive_s, "synced_s": synced_s}

    return floor, sync


def dear_parts(timed: Timed, case: Case) -> tuple[Part, ...]:
    """Give what compiles or optimises the step again: Grappler's view of a graph, the module that XLA makes."""
    arguments = timed.program.inputs[0]
    step: Any = timed.program.step

    def grappler() -> dict[str, Any]:
        return {"optimized_ops": graphs.count_optimized_ops(step.get_concrete_function(*arguments), arguments)}

    def module() -> dict[str, Any]:
        text = step.experimental_get_compiler_ir(*arguments)(stage="optimized_hlo")
        return {"cost": module_cost.analyse(text)}

    if not hasattr(step, "get_concrete_function"):
        return ()
    return {mode.GRAPH: (grappler,), mode.XLA: (module,)}.get(case.mode, ())
