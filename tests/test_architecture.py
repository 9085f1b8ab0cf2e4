"""The rules of the structure, with no list of exceptions."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("bench", "workloads", "reports")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
FRAMEWORKS = {"tensorflow", "keras"}
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40

Found = tuple[str, int]


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


def inside(folder: str) -> list[Path]:
    return [path for path in MODULES if path.relative_to(ROOT).parts[0] == folder]


def names_of(node: ast.AST) -> list[str]:
    """Give what a statement or call imports: `a.b.c` for `from a.b import c`, `.x` where it is relative."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return [str(node.args[0].value)] if called in {"import_module", "__import__", "importorskip"} else []
    return []


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what runs when a module is imported: everything outside functions, class bodies and branches included."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from at_import(child)


def imports(path: Path, *, everywhere: bool = True) -> list[Found]:
    """Give name and line of all imports of a module, or of those that run when it is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if everywhere else at_import(tree)
    return [(name, getattr(node, "lineno", 0)) for node in nodes for name in names_of(node)]


def under(found: list[Found], *packages: str) -> list[Found]:
    return [(name, line) for name, line in found if any(f"{name}.".startswith(f"{package}.") for package in packages)]


def functions(path: Path) -> list[tuple[str, int]]:
    """Give name and length of each function, decorators left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(n.name, (n.end_lineno or 0) - n.lineno + 1) for n in ast.walk(tree) if isinstance(n, kinds)]


def test_the_rules_look_at_all_modules() -> None:
    folders = {label(path).split("/")[0] for path in MODULES}
    assert folders == set(FOLDERS)
    assert ROOT / "bench" / "suite" / "bench_workloads.py" in MODULES


def test_the_rules_see_every_kind_of_import(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text(
        "import a.b, c\nfrom d.e import f\nfrom . import g\nif c:\n    import h\n"
        "class K:\n    import i\ndef j():\n    import k\n    import_module('l.m')\n",
        encoding="utf-8",
    )
    everywhere = [("a.b", 1), ("c", 1), ("d.e.f", 2), ("..g", 3), ("h", 5), ("i", 7), ("k", 9), ("l.m", 10)]
    assert sorted(imports(path), key=lambda found: found[1]) == everywhere
    assert imports(path, everywhere=False) == everywhere[:-2]
    assert under([("keras", 1), ("keras.x", 2), ("kerastuner", 3)], "keras") == [("keras", 1), ("keras.x", 2)]


@pytest.mark.parametrize("path", inside("workloads"), ids=label)
def test_workloads_import_neither_bench_nor_reports(path: Path) -> None:
    assert under(imports(path), "tfbench.bench", "tfbench.reports", "bench", "reports") == []


@pytest.mark.parametrize("path", inside("bench"), ids=label)
def test_bench_never_imports_reports(path: Path) -> None:
    assert under(imports(path), "tfbench.reports", "reports") == []


@pytest.mark.parametrize("path", inside("reports"), ids=label)
def test_reports_never_import_tensorflow(path: Path) -> None:
    assert under(imports(path), *FRAMEWORKS) == []


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_no_module_imports_tensorflow_when_it_is_imported(path: Path) -> None:
    assert under(imports(path, everywhere=False), *FRAMEWORKS) == []


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_imports_are_absolute(path: Path) -> None:
    assert [(name, line) for name, line in imports(path) if name.startswith(".")] == []


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=label)
def test_a_package_file_holds_a_docstring_at_most(path: Path) -> None:
    (only,) = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(only, ast.Expr)
    assert isinstance(only.value, ast.Constant)


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_a_module_has_at_most_300_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_MODULE_LINES


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_a_function_has_at_most_40_lines(path: Path) -> None:
    assert [(name, lines) for name, lines in functions(path) if lines > MAX_FUNCTION_LINES] == []


COLLECT = "import pytest; code = pytest.main(['bench', '--collect-only', '-q', '-p', 'no:cacheprovider'])"
LIST = "from tfbench.reports import cli; code = cli.main(['list'])"
TELL = "import sys; print('FRAMEWORKS', sorted({'tensorflow', 'keras'} & set(sys.modules)), int(code))"


@pytest.mark.parametrize("action", [COLLECT, LIST], ids=["pytest bench --collect-only", "tfbench list"])
def test_listing_the_cases_imports_no_tensorflow(action: str) -> None:
    command = [sys.executable, "-c", f"{action}\n{TELL}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines()[-1:] == ["FRAMEWORKS [] 0"], done.stdout[-2000:] + done.stderr[-2000:]
    assert "sum_loop-vectorized-n=10000-xla-cpu" in done.stdout
