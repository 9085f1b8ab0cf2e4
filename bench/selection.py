"""Choose the cases that the options ask for, and name what is nearest where they ask for none."""

import difflib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tfbench.bench import devices
from tfbench.bench.case import AUTO, CPU, MIRRORED, MULTI_WORKER, SINGLE, TPU, TPU_STRATEGY, Case, Placement
from tfbench.bench.environment import affinity
from tfbench.bench.errors import BadInputError
from tfbench.bench.mode import MODES
from tfbench.bench.options import Choice
from tfbench.workloads.catalog import from_file
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
            values = list(dict.fromkeys(values))
        except Exception as error:  # a workload's own parser may raise anything
            raise BadInputError(f"{workload.name}: parameter {parameter.name}: {error}") from error
        chosen.append([(parameter.name, value) for value in values])
    return chosen


def _placements(workload: Workload, choice: Choice, workers: int) -> list[Placement]:
    kinds = choice.devices or devices.present()
    labels = [label for label, _ in choice.interpreters] or [""]
    return [
        Placement(
            device=kind,
            strategy=strategy,
            replicas=wide,
            threads=threads,
            communication=way,
            bytes_per_pack=pack,
            interpreter=label,
        )
        for kind in kinds
        for strategy in _strategies(workload, kind, choice, workers)
        for wide, threads in _widths(workload, kind, strategy, choice, workers)
        for way, pack in _ways(choice, strategy)
        for label in labels
    ]


def _strategies(workload: Workload, kind: str, choice: Choice, workers: int) -> tuple[str, ...]:
    if not workload.distributed:
        return (SINGLE,)
    return (TPU_STRATEGY,) if kind == TPU else choice.placements or ((MULTI_WORKER,) if workers else (MIRRORED,))


def _widths(workload: Workload, kind: str, strategy: str, choice: Choice, workers: int) -> Iterator[tuple[int, int]]:
    """Give numbers of replicas and threads.

    Beside workers with a core each stands one worker with as many cores: on a CPU, threads are the alternative.
    """
    replicas = _replicas(workload, kind, strategy, choice, workers)
    threads = choice.threads if kind == CPU and choice.threads else (0,)
    yield from itertools.product(replicas, threads)
    if kind == CPU and strategy == MULTI_WORKER and not choice.threads and 1 in replicas:
        yield from ((1, cores) for cores in replicas if 1 < cores <= devices.count(CPU))


def _replicas(workload: Workload, kind: str, strategy: str, choice: Choice, workers: int) -> tuple[int, ...]:
    """Give the widths: those asked for, else powers of two up to what there is, where that is known.

    Logical CPU devices, which show function only, are as many as the workload says.
    """
    if not workload.distributed:
        return (1,)
    if strategy == MULTI_WORKER:
        most = workers or devices.count(kind) // max(choice.threads or (1,))
    else:
        most = 0 if kind == CPU else devices.count(kind)
    return choice.replicas or (widths(most) if most else workload.replicas)


def widths(most: int) -> tuple[int, ...]:
    """Give the powers of two below a number, and the number itself: 1, 2, 4, 6."""
    return (*(1 << power for power in range((most - 1).bit_length())), most)


def _ways(choice: Choice, strategy: str) -> list[tuple[str, int]]:
    """Give the ways of communicating and the packs that were asked for; none where nothing is to be summed."""
    return [(AUTO, 0)] if strategy == SINGLE else list(itertools.product(choice.communications, choice.packs))


def _cases(workload: Workload, choice: Choice, workers: int) -> Iterator[Case]:
    placements = _placements(workload, choice, workers)
    named = (*workload.implementations, *workload.parts)
    implementations = [name for name in named if name in (choice.implementations or (name,))]
    optional = {parameter.name for parameter in workload.parameters if parameter.optional}
    for params in itertools.product(*_values(workload, choice)):
        necessary = tuple(pair for pair in params if pair[0] not in optional)
        for placement, implementation, mode in itertools.product(placements, implementations, MODES):
            alternative = bool(placement.threads) and not choice.threads
            if implementation in workload.parts and (placement.strategy != MULTI_WORKER or alternative):
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


def _names(choice: Choice) -> list[str]:
    """Give what was named: workloads and groups, and the workloads of files."""
    return [*choice.workloads, *(workload.name for path in choice.chosen_files for workload in from_file(path))]


def _workloads(catalog: Mapping[str, Workload], names: Sequence[str]) -> list[Workload]:
    """Give the workloads that these names or the names of their groups choose; without names, those of no group."""
    groups = dict.fromkeys(workload.group for workload in catalog.values() if workload.group)
    _check_names("workload", names, [*catalog, *groups])
    chosen = set(names) or {""}
    return [w for w in catalog.values() if w.group in chosen or w.name in chosen]


def select(catalog: Mapping[str, Workload], choice: Choice, workers: int = 0) -> list[Case]:
    """Give the chosen cases, those of one comparison set together.

    Args:
        catalog: the workloads by name.
        choice: the options.
        workers: how many there are in a cluster that somebody else set up; 0 without one.

    Raises:
        BadInputError: a name is unknown, a value is not allowed, or no case is left.
    """
    _check_names("mode", choice.modes, MODES)
    workloads = _workloads(catalog, _names(choice))
    _check_names(
        "implementation", choice.implementations, [i for w in workloads for i in (*w.implementations, *w.parts)]
    )
    _check_names("parameter", [name for name, _ in choice.params], [p.name for w in workloads for p in w.parameters])
    wide = {
        "replicas": choice.replicas,
        "placement": choice.placements,
        "communication": any(choice.communications),
        "bytes-per-pack": any(choice.packs),
    }
    if any(wide.values()) and not any(workload.distributed for workload in workloads):
        what = next(name for name, given in wide.items() if given)
        raise BadInputError(f"--{what}: none of the chosen workloads is distributed; choose one that is")
    most = len(affinity())
    for threads in choice.threads:
        if threads > most:
            raise BadInputError(f"--threads {threads}: this process may use {most} core{'s' * (most > 1)}")
    # A part of a step, which has no optional parameters, comes once for each of their values.
    cases = list(dict.fromkeys(case for workload in workloads for case in _cases(workload, choice, workers)))
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
