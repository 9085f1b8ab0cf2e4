"""The digest of a workload's code. Modules are written, imported, and written anew: the digest reads their files."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tfbench.workloads import catalog, content, fashion_mnist, layer_norm, sum_loop

CODE = """def build(job):
    # multiply
    return job * 2
"""
FILE = """from tfbench.workloads import spec

def build(job):
    raise NotImplementedError

WORKLOADS = (
    spec.Workload(
        name="mine", summary="mine", implementations=("one",), parameters=(), unit="elements",
        work=lambda params, replicas: 1, build=build, baseline=("one", "eager"),
    ),
)
"""
PACKAGE = "tfbench_test_package"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give an empty package that can be imported, and forget its modules afterwards."""
    package = tmp_path / PACKAGE
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in [name for name in sys.modules if name.startswith(("tfbench_test_", "tfbench_workloads_"))]:
        del sys.modules[name]


@pytest.fixture
def digest(folder: Path, make_workload: Any) -> Callable[..., str]:
    """Give the function that writes modules of the package, imports `work`, and gives its workload's digest."""

    def give(**sources: str) -> str:
        for name, source in sources.items():
            (folder / f"{name}.py").write_text(source, encoding="utf-8")
        importlib.invalidate_caches()
        module = importlib.import_module(f"{PACKAGE}.work")
        return content.digest(make_workload(build=module.build))

    return give


def imported(folder: Path, name: str) -> ModuleType:
    importlib.invalidate_caches()
    return importlib.import_module(f"{folder.name}.{name}")


def test_a_digest_has_16_digits(digest: Any) -> None:
    found = digest(work=CODE)
    assert (len(found), int(found, 16) > 0) == (16, True)


@pytest.mark.parametrize(
    "same",
    [
        CODE.replace("# multiply", "# times two"),
        CODE.replace("    # multiply\n", ""),
        CODE.replace("\n", "\n\n"),
        CODE.replace("\n", "   \n"),
        CODE.replace("\n", "\r\n"),
        f"# a licence\n\n{CODE}\n\n",
    ],
    ids=["other comment", "no comment", "blank lines", "blanks at the end", "line ends", "comment at the start"],
)
def test_comments_blank_lines_and_line_ends_change_nothing(digest: Any, same: str) -> None:
    assert digest(work=same) == digest(work=CODE)


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("2", "3"),
        CODE.replace("build(job)", "build(job, more=1)"),
        f"x = 1\n{CODE}",
    ],
    ids=["value", "parameter", "statement"],
)
def test_other_code_has_another_digest(digest: Any, other: str) -> None:
    assert digest(work=other) != digest(work=CODE)


def test_other_indentation_is_other_code(digest: Any) -> None:
    outside = "def build(job):\n    if job:\n        job += 1\n    return job\n"
    assert digest(work=outside.replace("    return", "        return")) != digest(work=outside)


@pytest.mark.parametrize(
    "statement",
    [
        f"from {PACKAGE} import other",
        f"from {PACKAGE}.other import value",
        f"import {PACKAGE}.other",
        f"import {PACKAGE}.other as it",
        "from . import other",
        "from .other import value",
        f"def late():\n    from {PACKAGE} import other",
    ],
)
def test_a_module_of_the_same_package_that_is_imported_counts(folder: Path, digest: Any, statement: str) -> None:
    (folder / "other.py").write_text("value = 1\n", encoding="utf-8")
    imported(folder, "other")
    before = digest(work=f"{statement}\n{CODE}")
    assert digest(other="# one\nvalue = 1\n") == before
    assert digest(other="value = 2\n") != before


def test_what_an_imported_module_imports_counts_too(digest: Any) -> None:
    before = digest(far="value = 1\n", near="from . import far\n", work=f"from . import near\n{CODE}")
    assert digest(far="value = 2\n") != before


def test_modules_that_import_each_other_have_a_digest(digest: Any) -> None:
    found = digest(other="from . import work\n", work=f"from . import other\n{CODE}")
    assert len(found) == 16


def test_a_module_of_the_package_that_is_not_imported_does_not_count(folder: Path, digest: Any) -> None:
    before = digest(other="value = 1\n", work=CODE)
    imported(folder, "other")
    assert digest(other="value = 2\n") == before


def test_the_names_of_the_imported_modules_count(digest: Any) -> None:
    one = digest(one="value = 1\n", two="value = 2\n", work=f"from . import one, two\n{CODE}")
    assert digest(one="value = 2\n", two="value = 1\n") != one


def test_modules_of_other_packages_do_not_count(digest: Any, tmp_path: Path) -> None:
    library = tmp_path / "tfbench_test_library.py"
    library.write_text("value = 1\n", encoding="utf-8")
    before = digest(work=f"import tfbench_test_library\n{CODE}")
    library.write_text("value = 2\n", encoding="utf-8")
    assert digest() == before


@pytest.mark.parametrize("module", [sum_loop, fashion_mnist, layer_norm])
def test_the_interface_of_workloads_does_not_count(
    module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = content.digest(module.WORKLOAD)
    other = tmp_path / "other.py"
    other.write_text("value = 1\n", encoding="utf-8")
    for name in ("spec", "catalog", "content"):
        monkeypatch.setattr(sys.modules[f"tfbench.workloads.{name}"], "__file__", str(other))
    assert content.digest(module.WORKLOAD) == before != ""


def test_the_module_that_two_workloads_share_counts_for_both_and_for_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    workloads = (fashion_mnist.WORKLOAD, catalog.distributed.WORKLOAD, sum_loop.WORKLOAD, layer_norm.WORKLOAD)
    before = [content.digest(workload) for workload in workloads]
    other = tmp_path / "mlp.py"
    other.write_text("value = 1\n", encoding="utf-8")
    find = content._file
    monkeypatch.setattr(content, "_file", lambda name: other if name == "tfbench.workloads.mlp" else find(name))
    same = [content.digest(workload) == old for workload, old in zip(workloads, before, strict=True)]
    assert same == [False, False, True, True]


def test_every_built_in_workload_has_a_digest_of_its_own() -> None:
    found = [content.digest(workload) for workload in catalog.BUILT_IN]
    assert sorted(set(found)) == sorted(found)
    assert "" not in found


@pytest.mark.usefixtures("folder")
def test_a_workload_file_has_the_digest_of_its_code_wherever_it_lies(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("here.py", "there.py", "other.py")]
    for path, source in zip(paths, (FILE, f"# mine\n{FILE}", f"value = 1\n{FILE}"), strict=True):
        path.write_text(source, encoding="utf-8")
    here, there, other = (content.digest(catalog.from_file(path)[0]) for path in paths)
    assert (here == there, here == other, len(here)) == (True, False, 16)


@pytest.mark.parametrize("source", [b"\xff\xfe", b"def build(:\n", b"x = '\x00'\n"], ids=["bytes", "syntax", "zero"])
def test_a_source_that_cannot_be_read_has_no_digest(folder: Path, digest: Any, source: bytes) -> None:
    digest(work=CODE)
    (folder / "work.py").write_bytes(source)
    assert digest() == ""


def test_an_imported_module_that_cannot_be_read_leaves_no_digest(folder: Path, digest: Any) -> None:
    digest(other="value = 1\n", work=f"from . import other\n{CODE}")
    (folder / "other.py").unlink()
    assert digest() == ""


def test_a_source_that_is_gone_has_no_digest(folder: Path, digest: Any, make_workload: Any) -> None:
    digest(work=CODE)
    (folder / "work.py").unlink()
    assert content.digest(make_workload(build=sys.modules[f"{PACKAGE}.work"].build)) == ""


def test_a_function_of_no_module_has_no_digest(make_workload: Any) -> None:
    space: dict[str, Any] = {"__name__": "tfbench_test_nowhere"}
    exec(CODE, space)
    assert content.digest(make_workload(build=space["build"])) == ""


def test_a_decorated_function_is_looked_through(digest: Any, tmp_path: Path) -> None:
    library = "class Keep:\n    def __init__(self, function):\n        self.__wrapped__ = function\n"
    (tmp_path / "tfbench_test_library.py").write_text(library, encoding="utf-8")
    decorated = f"from tfbench_test_library import Keep\n\n@Keep\n{CODE}"
    found = digest(work=decorated)
    assert (len(found), digest(work=decorated.replace("2", "3")) != found) == (16, True)


@pytest.mark.parametrize("name", ["sum_loop", "fashion_mnist", "layer_norm", "distributed"])
def test_call_sequences_are_no_part_of_what_is_measured(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    find = content._file
    monkeypatch.setattr(content, "_file", lambda module: read.append(module) or find(module))
    assert len(content.digest(catalog.catalog()[name])) == 16
    assert [module for module in read if "sequences" in module] == []
