"""Fixtures that the tests share: records, worker messages, a fake clock with its meters, a folder of images."""

import contextlib
import fcntl
import gzip
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pytest
from tfbench.bench import codec, machine, protocol, record, store, timing
from tfbench.bench.case import Case, Placement
from tfbench.bench.ledger import Meters
from tfbench.bench.tracing import Traces
from tfbench.workloads import spec

# The tests' own runs of pytest are none of pytest-xdist's: pytest-benchmark would measure nothing.
os.environ.pop("PYTEST_XDIST_WORKER", None)


TURNS = pytest.StashKey[Path]()


def turns_folder(run_id: str) -> Path:
    """Give the folder of the locks by which the processes of one test run take turns."""
    return Path(tempfile.gettempdir()) / f"tfbench-tests-{run_id}"


@contextlib.contextmanager
def turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """Wait until the tests of other processes let this one run: beside them, or alone.

    Who waits to be alone keeps the first lock meanwhile, so that no other begins.
    """
    with (folder / "first.lock").open("w") as first, (folder / "second.lock").open("w") as second:
        fcntl.flock(first, fcntl.LOCK_EX)
        fcntl.flock(second, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(first, fcntl.LOCK_UN)
        yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, where several processes share them: none must wait for one at the end."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("tensorflow")}
        items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    """Run a test that is marked as `alone` while no other runs, where several processes do (`pytest -n`)."""
    worker = getattr(item.config, "workerinput", None)
    if worker is None:
        return (yield)
    folder = turns_folder(worker["testrunuid"])
    folder.mkdir(exist_ok=True)
    with turn(folder, alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Remember, in the process that hands the tests out, the folder by which the others take turns."""
    node.config.stash[TURNS] = turns_folder(node.workerinput["testrunuid"])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove that folder once all are done."""
    if TURNS in config.stash:
        shutil.rmtree(config.stash[TURNS], ignore_errors=True)


class Records:
    """Make valid records; the binary fractions in them are exact."""

    def case(self, **changes: Any) -> Case:
        """Make a case."""
        fields: dict[str, Any] = {
            "workload": "toy",
            "implementation": "by_hand",
            "params": (("n", 8), ("kind", "small")),
            "mode": "eager",
            "placement": Placement(),
        }
        return Case(**{**fields, **changes})

    def ledger(self, **changes: Any) -> record.Ledger:
        """Make a cold ledger."""
        fields: dict[str, Any] = {
            "build_s": 0.5,
            "trace_s": 0.25,
            "compile_s": 0.125,
            "first_run_s": 0.0625,
            "traces": 2,
            "compiles": 1,
        }
        fields |= changes
        parts = sum(fields[part] or 0.0 for part in ("trace_s", "compile_s", "first_run_s"))
        return record.Ledger(**{"first_call_s": parts, **fields})

    def check(self, **changes: Any) -> record.Check:
        """Make a check."""
        fields: dict[str, Any] = {"calls": 1, "max_abs_error": 0.25, "max_rel_error": 0.125}
        return record.Check(**{**fields, **changes})

    def conditions(self, **changes: Any) -> machine.Conditions:
        """Tell of a machine with nothing else to do."""
        fields: dict[str, Any] = {"load_1m": 0.5, "others_share": 0.0, "steal_share": 0.0, "throttled": 0}
        return machine.Conditions(**{**fields, **changes})

    def invocation(self, round_s: Sequence[float] = (1.0, 2.0, 4.0), **changes: Any) -> record.Invocation:
        """Make an invocation of these rounds, 2 calls in each."""
        fields: dict[str, Any] = {
            "index": 1,
            "ledger": self.ledger(),
            "check": self.check(),
            "iterations": 2,
            "round_s": tuple(round_s),
            "blocks": tuple(range(len(round_s))),
            "peak_rss_bytes": 1024,
        }
        return record.Invocation(**{**fields, **changes})

    def measurement(self, **changes: Any) -> record.Measurement:
        """Make a measurement with one invocation."""
        fields: dict[str, Any] = {
            "case": self.case(),
            "baseline": ("by_hand", "eager"),
            "unit": "elements",
            "work_per_call": 8,
            "data": "",
            "device": "toy processor",
            "invocations": (self.invocation(),),
        }
        return record.Measurement(**{**fields, **changes})

    def failure(self, **changes: Any) -> record.Failure:
        """Make the failure of the graph case."""
        fields: dict[str, Any] = {
            "case": self.case(mode="graph"),
            "stage": "build",
            "type": "OSError",
            "message": "no disk",
            "invocation": 2,
            "stderr": ("one", "two"),
        }
        return record.Failure(**{**fields, **changes})

    def skip(self, **changes: Any) -> record.Skip:
        """Make the skip of the XLA case."""
        fields: dict[str, Any] = {"case": self.case(mode="xla"), "reason": "too large"}
        return record.Skip(**{**fields, **changes})

    def host(self, **changes: Any) -> machine.Host:
        """Make a host."""
        fields: dict[str, Any] = {
            "name": "box",
            "system": "Linux 6",
            "cpu": "toy processor",
            "cores": 4,
            "affinity": (0, 2),
            "memory_bytes": 2**33,
            "load_1m": 0.5,
            "python": "3.11.9",
            "git_commit": "abc+dirty",
        }
        return machine.Host(**{**fields, **changes})

    def software(self, **changes: Any) -> machine.Software:
        """Describe the software."""
        fields: dict[str, Any] = {
            "python": "3.11.9",
            "tensorflow": "2.21.0",
            "keras": "3.15.1",
            "numpy": "2.4.6",
            "onednn": True,
            "xla_flags": "",
            "tf_xla_flags": "",
            "intra_op_threads": 0,
            "inter_op_threads": 2,
            "eager_async": False,
            "traces_counted": True,
            "devices": ("/physical_device:CPU:0",),
        }
        return machine.Software(**{**fields, **changes})

    def run(self, **changes: Any) -> record.Run:
        """Make a run without cases."""
        fields: dict[str, Any] = {
            "name": "20261101T000000Z-box",
            "started": "2026-11-01T00:00:00+00:00",
            "status": record.COMPLETE,
            "command": "tfbench run toy",
            "options": {"workload": "toy"},
            "host": self.host(),
        }
        return record.Run(**{**fields, **changes})

    def full_run(self) -> record.Run:
        """Give a run with one of everything."""
        return self.run(
            software=(self.software(),),
            data_note="synthetic images",
            measurements=(self.measurement(),),
            failures=(self.failure(),),
            skips=(self.skip(),),
        )

    def timed(
        self, *call_s: float | Sequence[float], pace_s: float | None = None, **changes: Any
    ) -> record.Measurement:
        """Make a measurement of these invocations: the time of a call in each, or in each of its blocks.

        Changes are of the case where it has such a field, else of the measurement.
        """
        rounds = [(one,) if isinstance(one, int | float) else tuple(one) for one in call_s]
        done = (self.invocation(s, index=i, iterations=1, pace_s=pace_s) for i, s in enumerate(rounds, start=1))
        of_case = {name: changes.pop(name) for name in Case.__slots__ if name in changes}
        return self.measurement(**{"case": self.case(**of_case), "invocations": tuple(done), **changes})

    def write(self, run: record.Run, folder: Path) -> Path:
        """Write a run to a folder of its own, named as the run; give that folder."""
        (folder / run.name).mkdir(parents=True)
        text = json.dumps(store.to_json(run, {}, {}), allow_nan=False)
        (folder / run.name / store.FILE).write_text(text, encoding="utf-8")
        return folder / run.name


class Says:
    """Make the messages of a worker, as they come out of its pipe."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def software(self, **changes: Any) -> dict[str, Any]:
        """Describe the software."""
        return {"say": protocol.SOFTWARE, **codec.encode(self._records.software(**changes))}

    def stage(self, case: Case | None, stage: str) -> dict[str, Any]:
        """Name the stage that begins."""
        return {"say": protocol.STAGE, "case": case.id if case else "", "stage": stage}

    def ready(self, case: Case, **changes: Any) -> dict[str, Any]:
        """Tell what opening the case cost."""
        message = {
            "say": protocol.READY,
            "case": case.id,
            "ledger": codec.encode(self._records.ledger()),
            "check": codec.encode(self._records.check()),
            "iterations": 2,
            "data": "synthetic",
            "device": "toy processor",
            "caution": "",
            "work": 0,
            "unit": "",
            "reduced_bytes": 0,
            "shard_losses": [],
            "shapes": "int32[8] -> int32[]",
            "sync_s": 0.5,
        }
        return {**message, **changes}

    def round(self, case: Case, block: int, seconds: float = 1.0, fate: str = timing.KEPT) -> dict[str, Any]:
        """Tell one round."""
        return {"say": protocol.ROUND, "id": case.id, "block": block, "seconds": seconds, "fate": fate}

    def failure(self, case: Case | None, kind: str = "ValueError", message: str = "wrong") -> dict[str, Any]:
        """Tell that a case failed."""
        case_id = case.id if case else ""
        return {"say": protocol.FAILURE, "case": case_id, "stage": "", "type": kind, "message": message}

    def skip(self, reason: str) -> dict[str, Any]:
        """Tell that nothing can be measured."""
        return {"say": protocol.SKIP, "reason": reason}

    def end(self) -> dict[str, Any]:
        """Tell the memory, at the end."""
        return {"say": protocol.END, "peak_rss_bytes": 2048, "peak_device_bytes": None, "pace_s": 0.25}

    def opened(self, case: Case) -> list[dict[str, Any]]:
        """Give all that is said while a case is opened."""
        return [self.stage(case, "build"), self.stage(case, "check"), self.ready(case)]

    def timed(self, case: Case, rounds: int = 5) -> list[dict[str, Any]]:
        """Give all that is said while a case alone is timed."""
        return [m for i in range(rounds) for m in (self.stage(case, "round"), self.round(case, i))]

    def measured(self, cases: Sequence[Case], rounds: int = 5) -> list[dict[str, Any]]:
        """Give all that a worker says for whom everything goes well."""
        opened = [m for case in cases for m in self.opened(case)]
        timed = [m for case in cases for m in self.timed(case, rounds)]
        return [self.stage(None, "import"), self.software(), *opened, *timed, self.end()]


class FakeWorker:
    """Say what a script holds; an exception in the script is raised."""

    def __init__(self, script: Sequence[dict[str, Any] | BaseException]) -> None:
        self.script = list(script)
        self.closed = False
        self.pid = os.getpid()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.closed = True

    def messages(self, *, timeout_s: float) -> Iterator[dict[str, Any]]:
        """Give the script."""
        for item in self.script:
            if isinstance(item, BaseException):
                raise item
            yield item

    def stderr(self) -> tuple[str, ...]:
        """Give the last words."""
        return ("last words",)


Script = Callable[[protocol.Request, int], list[Any]]


class Starter:
    """Start scripted workers; keep what was asked of them. More than 20 workers are an endless loop."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.requests: list[protocol.Request] = []
        self.pythons: list[str] = []
        self.workers: list[FakeWorker] = []

    def __call__(self, request: protocol.Request, *, python: str) -> Any:
        """Start the next one; the script takes its request and its number, from 1."""
        self.requests.append(request)
        self.pythons.append(python)
        assert len(self.requests) <= 20, "workers are started without end"
        self.workers.append(FakeWorker(self._script(request, len(self.requests))))
        return self.workers[-1]

    @property
    def modes(self) -> list[str]:
        """Tell the modes that each worker was asked for."""
        return [" ".join(case.mode for case in request.cases) for request in self.requests]


class Watcher:
    """An observer of the scheduler that writes down what it is told."""

    def __init__(self) -> None:
        self.groups: list[tuple[int, int, int]] = []
        self.messages: list[dict[str, Any]] = []

    def group(self, cases: Sequence[Case], *, invocation: int, invocations: int) -> None:
        """Note the number of cases, and which invocation it is."""
        self.groups.append((len(cases), invocation, invocations))

    def message(self, message: dict[str, Any]) -> None:
        """Note the message."""
        self.messages.append(message)


@dataclass
class FakeClock:
    """Show the time that tests set."""

    now: float = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds


@dataclass
class FakeCompiles:
    """Stand for the compile log: what was logged counts from the next `read` on."""

    count: int = 0
    seconds: float = 0.0
    functions: list[str] = field(default_factory=list)
    unread: list[float] = field(default_factory=list)

    def log(self, seconds: float) -> None:
        """Take a compilation in."""
        self.unread.append(seconds)

    def read(self) -> None:
        """Count what was logged."""
        self.count += len(self.unread)
        self.seconds += sum(self.unread)
        self.functions += ["step"] * len(self.unread)
        self.unread.clear()


def _make_workload(**changes: Any) -> spec.Workload:
    def build(_job: spec.Job) -> spec.Program:
        raise NotImplementedError

    fields: dict[str, Any] = {
        "name": "toy",
        "summary": "a toy",
        "implementations": ("by_hand", "library"),
        "parameters": (
            spec.Parameter(name="n", values=(8, 16), parse=spec.positive_int),
            spec.Parameter(name="kind", values=("small", "big"), parse=str),
        ),
        "unit": "elements",
        "work": lambda params, replicas: params["n"] * replicas,
        "build": build,
        "baseline": ("by_hand", "eager"),
    }
    return spec.Workload(**{**fields, **changes})


def _make_program(step: Callable[..., Any], **changes: Any) -> spec.Program:
    fields: dict[str, Any] = {"inputs": ((),), "expected": lambda: [0], "rtol": 0.0, "atol": 0.0}
    return spec.Program(step=step, **{**fields, **changes})


@pytest.fixture(scope="session")
def records() -> Records:
    """Give the factory of records."""
    return Records()


@pytest.fixture
def says(records: Records) -> Says:
    """Give the factory of a worker's messages."""
    return Says(records)


@pytest.fixture
def fake_worker() -> type[FakeWorker]:
    """Give the class of scripted workers."""
    return FakeWorker


@pytest.fixture
def starter() -> type[Starter]:
    """Give the class that starts scripted workers."""
    return Starter


@pytest.fixture
def watcher() -> Watcher:
    """Give an observer that writes down what it is told."""
    return Watcher()


@pytest.fixture
def measured(records: Records) -> Callable[..., record.Measurement]:
    """Give the factory of a measurement from (index, {block: seconds a call})."""

    def make(*invocations: tuple[int, dict[int, float]], mode: str = "eager", **changes: Any) -> record.Measurement:
        done = tuple(
            records.invocation(tuple(times.values()), index=index, blocks=tuple(times), iterations=1)
            for index, times in invocations
        )
        return records.measurement(case=records.case(mode=mode, **changes), invocations=done)

    return make


@pytest.fixture
def make_workload() -> Callable[..., spec.Workload]:
    """Give the factory of workloads that nothing builds."""
    return _make_workload


@pytest.fixture
def make_program() -> Callable[..., spec.Program]:
    """Give the factory of programs around a step."""
    return _make_program


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that stands still."""
    return FakeClock()


@pytest.fixture
def meters(clock: FakeClock) -> Meters:
    """Give meters that show what the test sets."""
    compiles: Any = FakeCompiles()
    return Meters(clock=clock, sync=lambda: None, traces=Traces(), compiles=compiles)


@pytest.fixture
def make_idx() -> Callable[[Any], bytes]:
    """Give the function that writes an array of bytes as idx."""

    def make(values: Any) -> bytes:
        array = np.asarray(values, np.uint8)
        header = bytes([0, 0, 8, array.ndim]) + np.asarray(array.shape, ">u4").tobytes()
        return header + array.tobytes()

    return make


@pytest.fixture
def images_folder(tmp_path: Path, make_idx: Callable[[Any], bytes]) -> Path:
    """Write 40 valid images in Fashion-MNIST's files; pixel (0, 0) of image i is i, its label i modulo 10."""
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 28, 28)).astype(np.uint8)
    pixels[:, 0, 0] = np.arange(40)
    contents = {"train-images-idx3-ubyte.gz": pixels, "train-labels-idx1-ubyte.gz": np.arange(40) % 10}
    for name, values in contents.items():
        (folder / name).write_bytes(gzip.compress(make_idx(values)))
    return folder


@pytest.fixture(scope="session")
def tf() -> Any:
    """Give TensorFlow, imported in the tests' own process, and Keras with it; its warnings are its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
        import tensorflow as tf

        keras.utils.set_random_seed(0)
    return tf


@pytest.fixture
def with_fields() -> Callable[..., Any]:
    """Give `dataclasses.replace`, so that a test reads as a sentence."""
    return replace


@pytest.fixture
def browser() -> Iterator[Any]:
    """Give headless Chromium; where there is none the test is skipped, and in CI fails."""
    import chromium

    chromium.require()
    with chromium.opened() as opened:
        yield opened
