"""Choose the cases that the options ask for, and name what is nearest where they ask for none."""

import difflib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tfbench.bench import devices
from tfbench.bench.case import CPU, MIRRORED, MULTI_WORKER, SINGLE, TPU, TPU_STRATEGY, Case, Placement
from tfbench.bench.environment import affinity
from tfbench.bench.errors import BadInputError
from tfbench.bench.mode import MODES
from tfbench.bench.options import Choice
from tfbench.workloads.spec import ParamValue, Workload


def unknown(kind: str, name: str, known: Iterable[str]) -> BadInputError:
    """Make the error for a name that nothing has, with the nearest right one."""
    choices = list(dict.fromkeys(known))
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(choices)}"
    return BadInputError(f"unknown {kind} {name!r}: {hint}")


def _check_names(kind: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise unknown(kind, name, known)


def _values(workload: Workload, choice: Choice) -> list[list[tuple[str, ParamValue]]]:
    """Give the name and chosen values of each parameter; of an optional one, only if there are any."""
    chosen: list[list[tuple[str, ParamValue]]] = []
    for parameter in workload.parameters:
        given = [text for name, text in choice.params if name == parameter.name]
        if parameter.optional and not given:
            continue
        try:
            values = [parameter.parse(text) for text in given] or list(parameter.values[: None if choice.full else 1])
        except ValueError as error:
            raise BadInputError(f"{workload.name}: parameter {parameter.name}: {error}") from error
        chosen.append([(parameter.name, value) for value in dict.fromkeys(values)])
    return chosen


def _placements(workload: Workload, choice: Choice) -> list[Placement]:
    kinds = choice.devices or devices.present()
    labels = [label for label, _ in choice.interpreters] or [""]
    replicas = (choice.replicas or workload.replicas) if workload.distributed else (1,)
    return [
        Placement(device=kind, strategy=strategy, replicas=wide, threads=threads, interpreter=label)
        for kind in kinds
        for strategy in _strategies(workload, kind, choice)
        for wide in replicas
        for threads in (choice.threads if kind == CPU and choice.threads else (0,))
        for label in labels
    ]


def _strategies(workload: Workload, kind: str, choice: Choice) -> tuple[str, ...]:
    if not workload.distributed:
        return (SINGLE,)
    return (TPU_STRATEGY,) if kind == TPU else choice.placements or (MIRRORED,)


def _cases(workload: Workload, choice: Choice) -> Iterator[Case]:
    placements = _placements(workload, choice)
    named = (*workload.implementations, *workload.parts)
    implementations = [name for name in named if name in (choice.implementations or (name,))]
    optional = {parameter.name for parameter in workload.parameters if parameter.optional}
    for params in itertools.product(*_values(workload, choice)):
        necessary = tuple(pair for pair in params if pair[0] not in optional)
        for placement, implementation, mode in itertools.product(placements, implementations, MODES):
            if implementation in workload.parts and placement.strategy != MULTI_WORKER:
                continue
            wanted = not workload.only or (implementation, mode) in workload.only
            if wanted and mode in (choice.modes or MODES):
                yield Case(
                    workload=workload.name,
                    implementation=implementation,
                    params=necessary if implementation in workload.parts else params,
                    mode=mode,
                    placement=placement,
                )


def _workloads(catalog: Mapping[str, Workload], names: Sequence[str]) -> list[Workload]:
    """Give the workloads that these names or the names of their groups choose; without names, those of no group."""
    groups = dict.fromkeys(workload.group for workload in catalog.values() if workload.group)
    _check_names("workload", names, [*catalog, *groups])
    chosen = set(names) or {""}
    return [w for w in catalog.values() if w.group in chosen or w.name in chosen]


def select(catalog: Mapping[str, Workload], choice: Choice) -> list[Case]:
    """Give the chosen cases, those of one comparison set together.

    Raises:
        BadInputError: a name is unknown, a value is not allowed, or no case is left.
    """
    _check_names("mode", choice.modes, MODES)
    workloads = _workloads(catalog, choice.workloads)
    _check_names(
        "implementation", choice.implementations, [i for w in workloads for i in (*w.implementations, *w.parts)]
    )
    _check_names("parameter", [name for name, _ in choice.params], [p.name for w in workloads for p in w.parameters])
    if (choice.replicas or choice.placements) and not any(workload.distributed for workload in workloads):
        what = "replicas" if choice.replicas else "placement"
        raise BadInputError(f"--{what}: none of the chosen workloads is distributed; choose one that is")
    most = len(affinity())
    for threads in choice.threads:
        if threads > most:
            raise BadInputError(f"--threads {threads}: this process may use {most} core{'s' * (most > 1)}")
    # A part of a step, which has no optional parameters, comes once for each of their values.
    cases = list(dict.fromkeys(case for workload in workloads for case in _cases(workload, choice)))
    if not cases:
        raise BadInputError("no case is left: the chosen workloads have none of the chosen implementations and modes")
    return cases


def comparison_sets(cases: Sequence[Case], catalog: Mapping[str, Workload]) -> list[list[Case]]:
    """Put together what is measured in turns, in order: cases of a workload with the same necessary parameters."""
    sets: dict[tuple[object, ...], list[Case]] = {}
    for case in cases:
        optional = {parameter.name for parameter in catalog[case.workload].parameters if parameter.optional}
        necessary = (pair for pair in case.params if pair[0] not in optional)
        sets.setdefault((case.workload, *necessary), []).append(case)
    return list(sets.values())
