"""Which workloads there are, and files that define more."""

from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tfbench.workloads import catalog
from tfbench.workloads.spec import Workload

GOOD = """
from tfbench.workloads import spec

def workload(name):
    return spec.Workload(
        name=name, summary="", implementations=("a",), parameters=(), unit="elements",
        work=lambda params, replicas: 1, build=lambda _job: None, baseline=("a", "eager"),
    )

"""


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no installed package bring workloads of its own."""
    monkeypatch.setattr(catalog.metadata, "entry_points", lambda **_group: ())


def write(folder: Path, text: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(GOOD + text, encoding="utf-8")
    return path


def test_the_built_in_workloads_are_four_and_those_of_the_claims() -> None:
    found = catalog.catalog()
    assert [name for name, workload in found.items() if not workload.group] == [
        "sum_loop",
        "fashion_mnist",
        "layer_norm",
        "distributed",
    ]
    assert {workload.group for workload in found.values()} == {"", "claims"}


def test_a_workload_with_the_name_of_a_group_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "WORKLOADS = (workload('claims'),)")
    with pytest.raises(ValueError, match=r"^workload 'claims' has the name of a group: rename it$"):
        catalog.catalog([path])


def test_a_files_workloads_come_after_the_built_in_ones(tmp_path: Path) -> None:
    path = write(tmp_path, "WORKLOADS = (workload('one'), workload('two'))")
    found = catalog.catalog([path])
    assert (list(found)[-2:], found["one"].name) == (["one", "two"], "one")


def test_several_files_may_be_given(tmp_path: Path) -> None:
    paths = [write(tmp_path, f"WORKLOADS = (workload({name!r}),)", f"{name}.py") for name in ("one", "two")]
    assert list(catalog.catalog(paths))[-2:] == ["one", "two"]


def test_a_name_of_a_built_in_workload_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "WORKLOADS = (workload('sum_loop'),)")
    with pytest.raises(ValueError, match=r"^workload 'sum_loop' is defined twice: rename one of them$"):
        catalog.catalog([path])


def test_the_same_name_in_one_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "WORKLOADS = (workload('one'), workload('one'))")
    with pytest.raises(ValueError, match=r"^workload 'one' is defined twice"):
        catalog.catalog([path])


def test_a_file_that_raises_is_refused_with_what_it_raised(tmp_path: Path) -> None:
    path = write(tmp_path, "raise KeyError('broken')")
    with pytest.raises(ValueError, match=rf"^workload file {path} raised KeyError: 'broken'$"):
        catalog.from_file(path)


def test_a_file_that_is_no_python_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "this is no Python")
    with pytest.raises(ValueError, match=f"^workload file {path} raised SyntaxError: "):
        catalog.from_file(path)


def test_a_file_that_exits_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "raise SystemExit('no licence')")
    with pytest.raises(ValueError, match=f"^workload file {path} raised SystemExit: no licence$"):
        catalog.from_file(path)


@pytest.mark.parametrize(
    "text",
    ["", "WORKLOADS = [workload('one')]", "WORKLOADS = workload('one')", "WORKLOADS = ('one',)", "WORKLOADS = None"],
    ids=["none", "a list", "not in a tuple", "names", "None"],
)
def test_a_file_without_a_tuple_of_workloads_is_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ValueError, match=f"^workload file {path} must define WORKLOADS as a tuple of "):
        catalog.from_file(path)


@pytest.mark.parametrize("name", ["missing.py", "folder"])
def test_a_missing_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match=f"^workload file {tmp_path / name} does not exist$"):
        catalog.from_file(tmp_path / name)


def test_a_file_that_is_not_named_like_python_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "WORKLOADS = ()", "mine.txt")
    with pytest.raises(ValueError, match=f"^workload file {path} is not a Python file$"):
        catalog.from_file(path)


def test_two_files_of_the_same_name_are_two_modules(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    paths = [write(tmp_path / name, f"WORKLOADS = (workload({name!r}),)") for name in "ab"]
    assert [w.name for path in paths for w in catalog.from_file(path)] == ["a", "b"]


def test_a_file_may_define_records_under_postponed_annotations(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    record = "from dataclasses import dataclass\n@dataclass\nclass Size:\n    rows: int = 1\n"
    text = f"from __future__ import annotations\n{record}{GOOD}WORKLOADS = (workload('one'),)"
    path.write_text(text, encoding="utf-8")
    assert [w.name for w in catalog.from_file(path)] == ["one"]


def _install(monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    def load() -> Any:
        if isinstance(value, BaseException):
            raise value
        return value

    point = SimpleNamespace(name="theirs", value="their.module:WORKLOADS", load=load)

    def entry_points(*, group: str) -> Iterable[Any]:
        return (point,) if group == "tfbench.workloads" else ()

    monkeypatch.setattr(catalog.metadata, "entry_points", entry_points)


def test_installed_workloads_stand_between_built_in_ones_and_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_workload: Any
) -> None:
    _install(monkeypatch, (make_workload(name="theirs"),))
    path = write(tmp_path, "WORKLOADS = (workload('mine'),)")
    assert list(catalog.catalog([path]))[-3:] == [catalog.BUILT_IN[-1].name, "theirs", "mine"]


def test_an_entry_point_that_raises_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, ImportError("no such thing"))
    with pytest.raises(
        ValueError, match=r"^entry point theirs \(their\.module:WORKLOADS\) raised ImportError: no such"
    ):
        catalog.catalog()


def test_an_entry_point_that_gives_no_workloads_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, "nonsense")
    message = r"^entry point theirs \(their\.module:WORKLOADS\) must define WORKLOADS as a tuple"
    with pytest.raises(ValueError, match=message):
        catalog.catalog()


@pytest.mark.parametrize("workload", catalog.BUILT_IN, ids=lambda workload: str(workload.name))
def test_a_built_in_baseline_is_one_of_its_cases(workload: Workload) -> None:
    implementation, mode = workload.baseline
    assert implementation in workload.implementations
    assert mode in {"eager", "graph", "xla"}
    first = {parameter.name: parameter.values[0] for parameter in workload.parameters}
    assert workload.unsupported(implementation, first, mode) is None


@pytest.mark.parametrize("workload", catalog.BUILT_IN, ids=lambda workload: str(workload.name))
def test_the_built_in_values_are_what_the_user_would_write(workload: Workload) -> None:
    for parameter in workload.parameters:
        assert tuple(parameter.parse(str(value)) for value in parameter.values) == parameter.values


@pytest.mark.parametrize(
    ("name", "params", "replicas", "work"),
    [
        ("sum_loop", {"n": 1000}, 1, 1000),
        ("fashion_mnist", {"batch_size": 32}, 1, 32),
        ("fashion_mnist", {"batch_size": 32, "steps_per_execution": 50, "feed": "numpy"}, 1, 1600),
        ("layer_norm", {"shape": "2x3x4", "gradients": "no"}, 1, 24),
        ("distributed", {"batch_size": 256, "scaling": "weak"}, 2, 512),
        ("distributed", {"batch_size": 256, "scaling": "strong"}, 2, 256),
        ("distributed", {"batch_size": 256, "scaling": "weak", "steps_per_execution": 3}, 2, 1536),
        ("claim_loops", {}, 1, 10000),
        ("claim_functions", {}, 1, 10240),
        ("claim_products", {}, 1, 4),
        ("claim_transpose", {}, 1, 1048576),
        ("claim_training", {}, 1, 512),
        ("claim_layer_norm", {}, 1, 131072),
    ],
)
def test_the_built_in_work_of_a_call_by_hand(name: str, params: Any, replicas: int, work: int) -> None:
    assert catalog.catalog()[name].work(params, replicas) == work
