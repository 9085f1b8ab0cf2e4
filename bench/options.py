"""The options of a run, parsed: what the user has chosen."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tfbench.bench import case, option, own_options
from tfbench.bench.case import DEVICES, MIRRORED, MULTI_WORKER
from tfbench.bench.errors import BadInputError
from tfbench.bench.timing import Plan
from tfbench.workloads.own import NOTHING, Own

AUTO = "auto"
SPREAD = (MIRRORED, MULTI_WORKER)
WAYS = {AUTO: case.AUTO, "ring": case.RING, "nccl": case.NCCL}
QUICK = Plan(max_rounds=20, budget_s=3.0, examine=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Hold the options of a run, parsed.

    Attributes:
        workloads, implementations, modes: names to keep; empty keeps all.
        params: values by parameter name.
        devices: kinds, or empty for all that seem present.
        placements: strategies of distributed workloads, or empty for the default.
        replicas: numbers of replicas, or empty for each workload's own.
        threads: numbers of cores of a CPU worker, or empty for all at once.
        communications: ways of summing gradients, as `case.Placement` has them.
        packs: bytes per pack of them.
        invocations, max_invocations, budget_s, timeout_s, precision: how much to measure; a precision of 0 asks
            for none.
        interpreters: label and path of each Python to measure in; empty for the one that runs.
        out: folder for results.
        quick, timing_only, profile, full: as their options say.
        files: workload files.
        chosen_files: those of them that were named to be measured.
        own: code of the user's that was not written for this suite.
        fashion_mnist: folder, or empty.
        resume: the run to go on with; None for a new one.
    """

    workloads: tuple[str, ...]
    implementations: tuple[str, ...]
    modes: tuple[str, ...]
    params: tuple[tuple[str, str], ...]
    devices: tuple[str, ...]
    placements: tuple[str, ...]
    replicas: tuple[int, ...]
    threads: tuple[int, ...]
    communications: tuple[str, ...]
    packs: tuple[int, ...]
    invocations: int
    max_invocations: int
    budget_s: float
    timeout_s: float
    precision: float
    interpreters: tuple[tuple[str, str], ...]
    out: Path
    quick: bool
    timing_only: bool
    profile: bool
    full: bool
    files: tuple[Path, ...]
    fashion_mnist: str
    chosen_files: tuple[Path, ...] = ()
    own: Own = NOTHING
    resume: Path | None = None

    @property
    def plan(self) -> Plan:
        """Give how much a worker measures."""
        base = QUICK if self.quick else Plan()
        costs = not self.timing_only
        return replace(
            base, budget_s=self.budget_s, precision=self.precision, examine=base.examine and costs, costs=costs
        )


def _names(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(option.words(raw, name)))


def _number(raw: Mapping[str, Any], name: str, default: float) -> float:
    text = raw.get(name)
    try:
        value = default if text is None else float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value < float("inf"):
        raise BadInputError(f"--{name} {text}: give a number above 0")
    return value


def _invocations(raw: Mapping[str, Any], *, default: int, precise: bool) -> tuple[int, int]:
    """Read how many invocations there are at least, and with a precision at most."""
    least, most = raw.get("invocations"), raw.get("max-invocations")
    wanted = default if least is None else option.whole(least, "invocations")
    if most is None:
        return wanted, max(20, wanted)
    limit = option.whole(most, "max-invocations")
    if not precise:
        raise BadInputError(f"--max-invocations {most}: is for --precision; without it say --invocations")
    if least is not None and limit < wanted:
        raise BadInputError(f"--max-invocations {most}: is less than --invocations {least}")
    return min(wanted, limit), limit


def _params(raw: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Read `n=1000,10000` and `n=1000` `n=10000` alike."""
    found: list[tuple[str, str]] = []
    for part in option.words(raw, "param"):
        name, equals, value = part.partition("=")
        if equals:
            found.append((name.strip(), value.strip()))
        elif found:
            found.append((found[-1][0], part))
        else:
            raise BadInputError(f"--param {part}: write it as name=value, such as n=1000")
    return tuple(found)


def share(text: str, name: str) -> float:
    """Read `5%` or `0.05`.

    Raises:
        BadInputError: it is neither, or not between 0 and 1.
    """
    percent = text.strip().endswith("%")
    try:
        value = float(text.strip().removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        value = 0.0
    if not 0.0 < value < 1.0:
        raise BadInputError(f"--{name} {text}: give a share such as 5% or 0.05")
    return value


def _interpreters(raw: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Read `old=PATH`; the path is not resolved, since a virtual environment is known by its link."""
    found: dict[str, str] = {}
    for text in raw.get("python") or []:
        label, equals, path = text.partition("=")
        if not equals or not path or not re.fullmatch(r"[A-Za-z0-9_.]+", label):
            raise BadInputError(f"--python {text}: write it as label=path, such as new=/venvs/new/bin/python")
        if label in found:
            raise BadInputError(f"--python {text}: the label {label!r} stands twice")
        found[label] = str(option.path(path, "python").absolute())
    return tuple(found.items())


def _devices(raw: Mapping[str, Any]) -> tuple[str, ...]:
    given = _names(raw, "device")
    for name in given:
        if name not in {AUTO, *DEVICES}:
            raise BadInputError(f"unknown device {name!r}: choose from auto, {', '.join(DEVICES)}")
    return () if AUTO in given else given


def _placements(raw: Mapping[str, Any]) -> tuple[str, ...]:
    given = _names(raw, "placement")
    for name in given:
        if name not in SPREAD:
            raise BadInputError(f"unknown placement {name!r}: choose from {', '.join(SPREAD)}")
    return given


def _communications(raw: Mapping[str, Any]) -> tuple[str, ...]:
    given = _names(raw, "communication") or (AUTO,)
    for name in given:
        if name not in WAYS:
            raise BadInputError(f"unknown communication {name!r}: choose from {', '.join(WAYS)}")
    return tuple(WAYS[name] for name in given)


def parse(raw: Mapping[str, Any]) -> Choice:
    """Parse the options by name, texts as they were given, lists of texts for `many`, booleans for switches.

    Raises:
        BadInputError: a value is not what its option takes.
    """
    quick = bool(raw.get("quick"))
    named = own_options.parse(raw)
    precision = share(raw["precision"], "precision") if raw.get("precision") is not None else 0.0
    invocations, most = _invocations(raw, default=1 if quick and not precision else 5, precise=precision > 0)
    return Choice(
        workloads=(*named.workloads, *named.own.names),
        implementations=_names(raw, "implementation"),
        modes=_names(raw, "mode"),
        params=(*_params(raw), *(("batch_size", text) for text in _names(raw, own_options.BATCH_SIZE))),
        devices=_devices(raw),
        placements=_placements(raw),
        replicas=tuple(option.whole(text, "replicas") for text in _names(raw, "replicas")),
        threads=tuple(option.whole(text, "threads") for text in _names(raw, "threads")),
        communications=_communications(raw),
        packs=tuple(option.whole(text, "bytes-per-pack", least=0) for text in _names(raw, "bytes-per-pack")) or (0,),
        invocations=invocations,
        max_invocations=most,
        precision=precision,
        interpreters=_interpreters(raw),
        budget_s=_number(raw, "budget", QUICK.budget_s if quick else Plan().budget_s),
        timeout_s=_number(raw, "timeout", 300.0),
        out=option.path(raw.get("out") or "results", "out"),
        quick=quick,
        timing_only=bool(raw.get("timing-only")),
        profile=bool(raw.get("profile")),
        full=bool(raw.get("full")),
        files=(*named.files, *(option.path(text, "workloads").resolve() for text in raw.get("workloads") or [])),
        chosen_files=named.files,
        own=named.own,
        fashion_mnist=str(raw.get("fashion-mnist") or ""),
        resume=option.path(raw["resume"], "resume") if raw.get("resume") else None,
    )
