"""The options of a run, once for pytest (`--tf-NAME`) and for `tfbench run` (`--NAME`)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tfbench.bench.case import DEVICES, MIRRORED, MULTI_WORKER
from tfbench.bench.errors import BadInputError
from tfbench.bench.timing import Plan

AUTO = "auto"
SPREAD = (MIRRORED, MULTI_WORKER)
QUICK = Plan(max_rounds=20, budget_s=3.0, examine=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Describe one option.

    Attributes:
        name: without dashes and prefix.
        help: one line for `--help`.
        metavar: what stands for its value; empty for a switch.
        many: may be given more than once, and as a comma list.
        shared: has no `tf-` prefix under pytest either.
    """

    name: str
    help: str
    metavar: str = ""
    many: bool = False
    shared: bool = False

    @property
    def destination(self) -> str:
        """Give the attribute that a parser stores it in."""
        return f"tf_{self.name.replace('-', '_')}"


OPTIONS = (
    Option(
        name="workload",
        metavar="NAME",
        many=True,
        help="measure only these workloads or groups, such as claims",
    ),
    Option(name="implementation", metavar="NAME", many=True, help="measure only these implementations"),
    Option(name="param", metavar="NAME=VALUE", many=True, help="take these parameter values, such as n=1000"),
    Option(name="mode", metavar="MODE", many=True, help="measure only these modes: eager, graph, xla"),
    Option(name="device", metavar="KIND", many=True, help="cpu, gpu, tpu, or auto (default): all that seem present"),
    Option(name="replicas", metavar="N", many=True, help="numbers of replicas of distributed workloads"),
    Option(
        name="placement",
        metavar="STRATEGY",
        many=True,
        help="of distributed workloads: mirrored (default), or multi_worker: a process with a core of its own each",
    ),
    Option(
        name="threads",
        metavar="N",
        many=True,
        help="on the CPU: give a worker so many cores of its own, and as many threads; 1,2,4 sweeps them",
    ),
    Option(name="invocations", metavar="K", help="fresh processes for each group of cases (default 5; quick 1)"),
    Option(
        name="budget", metavar="SECONDS", help="time for the rounds of a group, each invocation (default 4; quick 3)"
    ),
    Option(
        name="precision",
        metavar="PERCENT",
        help="measure until the 95%% interval of each speed-up is at most this wide to either side, such as 2%%",
    ),
    Option(name="max-invocations", metavar="N", help="with --precision: at most so many fresh processes (default 20)"),
    Option(
        name="python",
        metavar="LABEL=PATH",
        many=True,
        help="measure in this Python, such as new=/venvs/new/bin/python; give two to compare them in turns",
    ),
    Option(name="timeout", metavar="SECONDS", help="how long a worker may be silent before it is ended (default 300)"),
    Option(name="out", metavar="DIR", help="folder for results (default results)"),
    Option(name="quick", help="a first look: 1 invocation, small budget, wide spread"),
    Option(name="timing-only", help="leave out what is measured beside the times: costs and call sequences"),
    Option(
        name="profile",
        help="after timing, trace some steps of each case for TensorBoard and for report --table ops",
    ),
    Option(name="full", help="take every value of each parameter instead of the first"),
    Option(name="workloads", metavar="PATH", many=True, help="Python file that defines WORKLOADS; its code is run"),
    Option(name="fashion-mnist", metavar="DIR", shared=True, help="folder with Fashion-MNIST's own idx files"),
)


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
        invocations, max_invocations, budget_s, timeout_s, precision: how much to measure; a precision of 0 asks
            for none.
        interpreters: label and path of each Python to measure in; empty for the one that runs.
        out: folder for results.
        quick, timing_only, profile, full: as their options say.
        files: workload files.
        fashion_mnist: folder, or empty.
    """

    workloads: tuple[str, ...]
    implementations: tuple[str, ...]
    modes: tuple[str, ...]
    params: tuple[tuple[str, str], ...]
    devices: tuple[str, ...]
    placements: tuple[str, ...]
    replicas: tuple[int, ...]
    threads: tuple[int, ...]
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

    @property
    def plan(self) -> Plan:
        """Give how much a worker measures."""
        base = QUICK if self.quick else Plan()
        costs = not self.timing_only
        return replace(
            base, budget_s=self.budget_s, precision=self.precision, examine=base.examine and costs, costs=costs
        )


def _words(raw: Mapping[str, Any], name: str) -> list[str]:
    given: list[str] = raw.get(name) or []
    return [part.strip() for text in given for part in text.split(",") if part.strip()]


def _names(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_words(raw, name)))


def _path(text: str, name: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise BadInputError(f"--{name} {text}: {error}") from error


def _number(raw: Mapping[str, Any], name: str, default: float) -> float:
    text = raw.get(name)
    try:
        value = default if text is None else float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value < float("inf"):
        raise BadInputError(f"--{name} {text}: give a number above 0")
    return value


def whole(text: str, name: str) -> int:
    """Read a whole number of at least 1.

    Raises:
        BadInputError: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) < 1:
        raise BadInputError(f"--{name} {text}: give a whole number of at least 1")
    return int(text)


def _invocations(raw: Mapping[str, Any], *, default: int, precise: bool) -> tuple[int, int]:
    """Read how many invocations there are at least, and with a precision at most."""
    least, most = raw.get("invocations"), raw.get("max-invocations")
    wanted = default if least is None else whole(least, "invocations")
    if most is None:
        return wanted, max(20, wanted)
    limit = whole(most, "max-invocations")
    if not precise:
        raise BadInputError(f"--max-invocations {most}: is for --precision; without it say --invocations")
    if least is not None and limit < wanted:
        raise BadInputError(f"--max-invocations {most}: is less than --invocations {least}")
    return min(wanted, limit), limit


def _params(raw: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Read `n=1000,10000` and `n=1000` `n=10000` alike."""
    found: list[tuple[str, str]] = []
    for part in _words(raw, "param"):
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
        found[label] = str(_path(path, "python").absolute())
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


def parse(raw: Mapping[str, Any]) -> Choice:
    """Parse the options by name, texts as they were given, lists of texts for `many`, booleans for switches.

    Raises:
        BadInputError: a value is not what its option takes.
    """
    quick = bool(raw.get("quick"))
    precision = share(raw["precision"], "precision") if raw.get("precision") is not None else 0.0
    invocations, most = _invocations(raw, default=1 if quick and not precision else 5, precise=precision > 0)
    return Choice(
        workloads=_names(raw, "workload"),
        implementations=_names(raw, "implementation"),
        modes=_names(raw, "mode"),
        params=_params(raw),
        devices=_devices(raw),
        placements=_placements(raw),
        replicas=tuple(whole(text, "replicas") for text in _names(raw, "replicas")),
        threads=tuple(whole(text, "threads") for text in _names(raw, "threads")),
        invocations=invocations,
        max_invocations=most,
        precision=precision,
        interpreters=_interpreters(raw),
        budget_s=_number(raw, "budget", QUICK.budget_s if quick else Plan().budget_s),
        timeout_s=_number(raw, "timeout", 300.0),
        out=_path(raw.get("out") or "results", "out"),
        quick=quick,
        timing_only=bool(raw.get("timing-only")),
        profile=bool(raw.get("profile")),
        full=bool(raw.get("full")),
        files=tuple(_path(text, "workloads").resolve() for text in raw.get("workloads") or []),
        fashion_mnist=str(raw.get("fashion-mnist") or ""),
    )
