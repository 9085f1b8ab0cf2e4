"""Write and read run.json: pytest-benchmark's own JSON, with tfbench's records inside."""

import contextlib
import itertools
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest_benchmark
from pytest_benchmark.stats import Stats
from tfbench.bench import codec, files, printable, soundness
from tfbench.bench.errors import BadInputError, BadRunError, StorageError
from tfbench.bench.record import SCHEMA, Failure, Measurement, Outcome, Run, Skip

FILE = "run.json"
LATEST = "latest"
KEY = "tfbench"
SUITE = "bench/suite/bench_workloads.py"


def statistics(call_s: Iterable[float]) -> dict[str, Any]:
    """Give pytest-benchmark's statistics of the times of one call in seconds."""
    stats: Any = Stats()  # type: ignore[no-untyped-call]
    for seconds in call_s:
        stats.update(seconds)
    return {**stats.as_dict(), "data": stats.data}


def to_row(measurement: Measurement) -> dict[str, Any]:
    """Give a measurement as a row of pytest-benchmark's JSON."""
    case = measurement.case
    name = f"test_workload[{case.id}]"
    return {
        "group": case.comparison_set,
        "name": name,
        "fullname": f"{SUITE}::{name}",
        "params": {"case_id": case.id},
        "param": case.id,
        "extra_info": {KEY: codec.encode(measurement)},
        "options": {"disable_gc": True, "timer": "perf_counter", "warmup": True},
        "stats": {**statistics(measurement.call_s), "iterations": 1},
    }


def to_json(run: Run, machine_info: dict[str, Any], commit_info: dict[str, Any]) -> dict[str, Any]:
    """Give the whole file: pytest-benchmark's fields, and what only tfbench knows under its own key."""
    header = codec.encode(replace(run, measurements=()))
    del header["measurements"]
    return {
        "machine_info": machine_info,
        "commit_info": commit_info,
        "benchmarks": [to_row(measurement) for measurement in run.measurements],
        "datetime": run.started,
        "version": pytest_benchmark.__version__,
        KEY: {"schema": SCHEMA, **header},
    }


def to_text(content: dict[str, Any]) -> str:
    """Write the file's content, a row of the benchmarks a line: as small and fast to read as JSON can be."""

    def value(name: str) -> str:
        if name != "benchmarks":
            return json.dumps(content[name], allow_nan=False)
        rows = (json.dumps(row, allow_nan=False) for row in content[name])
        return "[\n" + ",\n".join(rows) + "\n]"

    return "{" + ",\n".join(f"{json.dumps(name)}: {value(name)}" for name in content) + "}\n"


class Writer:
    """Keep run.json of one run up to date, outcome by outcome. Its folder is this process's own meanwhile."""

    def __init__(
        self,
        folder: Path,
        run: Run,
        *,
        machine_info: dict[str, Any],
        commit_info: dict[str, Any],
        before: Run | None = None,
    ) -> None:
        """Write run.json into the folder, made here if it is not there, and point `latest` to it.

        `before` is what run.json must hold now, for a run that is gone on with.

        Raises:
            BadInputError: another process measures into the folder, or has just done so.
            StorageError: it cannot be written.
        """
        self.path = folder / FILE
        self.run = run
        self._machine_info = machine_info
        self._commit_info = commit_info
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock = files.lock(folder)
        except BlockingIOError:
            raise BadInputError(f"{folder} is being measured into by another process: wait for its end") from None
        if before is not None and load(self.path) != before:
            self.close()
            raise BadInputError(f"{folder} has just been measured into by another process: say it again")
        files.remove_partials(self.path)
        points = before is None or (folder.parent / LATEST).is_symlink()  # a run may have been moved elsewhere
        self._write()
        if points:
            _point_latest(folder)

    def close(self) -> None:
        """Let others have the folder; a second call does nothing."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def update(self, **changes: Any) -> None:
        """Change fields of the run: status, software, data_note."""
        self.run = replace(self.run, **changes)
        self._write()

    def add(self, outcomes: Iterable[Outcome], **changes: Any) -> None:
        """Append what cases ended as, change other fields, and write the file."""
        self.replace((), outcomes, **changes)

    def replace(self, case_ids: Iterable[str], outcomes: Iterable[Outcome], **changes: Any) -> None:
        """Drop what these cases ended as, append outcomes, change other fields, and write the file."""
        added, old = tuple(outcomes), set(case_ids)
        self.run = replace(
            self.run,
            **changes,
            measurements=_without(self.run.measurements, old) + tuple(o for o in added if isinstance(o, Measurement)),
            failures=_without(self.run.failures, old) + tuple(o for o in added if isinstance(o, Failure)),
            skips=_without(self.run.skips, old) + tuple(o for o in added if isinstance(o, Skip)),
        )
        self._write()

    def _write(self) -> None:
        content = to_json(self.run, self._machine_info, self._commit_info)
        try:
            files.write_atomically(self.path, to_text(content))
        except OSError as error:
            reason = error.strerror or error
            raise StorageError(
                f"{self.path} cannot be written: {reason}; what it held before stays: put that right, then go on with "
                f"tfbench run --resume {self.path.parent}"
            ) from error


Outcomes = TypeVar("Outcomes", Measurement, Failure, Skip)


def _without(outcomes: tuple[Outcomes, ...], case_ids: set[str]) -> tuple[Outcomes, ...]:
    return tuple(outcome for outcome in outcomes if outcome.case.id not in case_ids)


def _point_latest(folder: Path) -> None:
    """Make `latest` a link to the run; where that cannot be, as where a folder has that name, there is none."""
    partial = folder.parent / f".{LATEST}.{folder.name}"  # a name that no other run has
    try:
        partial.unlink(missing_ok=True)
        partial.symlink_to(folder.name)
        partial.replace(folder.parent / LATEST)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()


def new_folder(results: Path, host: str, *, now: datetime) -> Path:
    """Make a folder of its own for a run: `<time>-<host>`, with a number behind if that is another run's.

    Making it decides: two runs that start at once, or after the clock was set back, never get the same.

    Raises:
        StorageError: it cannot be made.
    """
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    safe = "".join(c if (c.isascii() and c.isalnum()) or c in "-_." else "_" for c in host)[:64] or "host"
    for count in itertools.count(1):
        folder = results / (f"{stamp}-{safe}" + (f"-{count}" if count > 1 else ""))
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            if isinstance(error, FileExistsError) and os.path.lexists(folder):
                continue
            reason = error.strerror or error
            raise StorageError(f"{folder} cannot be made: {reason}; choose another folder with --out") from error
        return folder
    raise AssertionError("the count has no end")


def check_writable(results: Path) -> None:
    """Refuse an output folder that cannot be written, by trying.

    Raises:
        BadInputError: it, or the nearest folder above it that exists, is not a writable folder.
    """
    existing = results
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        with tempfile.TemporaryDirectory(prefix=".tfbench-", dir=existing):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise BadInputError(f"output folder {results} cannot be written: {reason}; choose another with --out") from None


def find(path: Path) -> Path:
    """Give the run.json that a file, a run's folder or a folder of runs stands for."""
    if path.is_dir():
        candidates = (path / FILE, path / LATEST / FILE)
        return next((candidate for candidate in candidates if candidate.exists()), candidates[0])
    return path


def load(path: Path) -> Run:
    """Read a run from its run.json, its folder, or the latest one of a results folder.

    Raises:
        BadRunError: it is missing, cut off, of a newer schema, or some other tool's.
    """
    file = find(path)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or error
        raise BadRunError(f"cannot read run {file}: {reason}; name a run, or make one with tfbench run") from error
    except (ValueError, RecursionError) as error:
        raise BadRunError(f"{file} is not JSON, or cut off: {error}") from error
    return replace(from_json(content, str(file)), folder=file.parent)


def from_json(content: Any, name: str) -> Run:
    """Build the run of parsed JSON; `name` stands in the errors.

    Raises:
        BadRunError: it is some other tool's, of a newer schema, or not valid.
    """
    header = content.get(KEY) if isinstance(content, dict) else None
    if not isinstance(header, dict) or "schema" not in header:
        raise BadRunError(f"{name} was not written by tfbench: it has no {KEY!r} part; name a run.json of tfbench run")
    schema = header["schema"]
    if isinstance(schema, bool) or not isinstance(schema, int) or not 1 <= schema <= SCHEMA:
        raise BadRunError(f"{name} has schema {schema!r:.20}, not one of the 1 to {SCHEMA} known here: update tfbench")
    try:
        rows = [row["extra_info"][KEY] for row in content["benchmarks"]]
        fields = {key: value for key, value in header.items() if key != "schema"}
        if schema == 1:
            software = fields.pop("software", None)
            fields["software"] = [] if software is None else [software]
        # What a file holds goes to terminals and pages: no name in it may steer them.
        run = codec.decode(Run, printable.in_values({**fields, "measurements": rows}), "run")
        soundness.check(run)
    except (KeyError, TypeError) as error:
        raise BadRunError(f"{name} is damaged: a row lacks {error}") from error
    except (ValueError, RecursionError) as error:
        raise BadRunError(f"{name} is damaged: {error}") from error
    return run
