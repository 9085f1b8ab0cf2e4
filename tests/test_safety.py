"""Nothing that is read is ever run, and nobody outside this machine is listened to: rules over the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from tfbench.reports import tensorboard_command

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for folder in ("bench", "workloads", "reports") for path in (ROOT / folder).rglob("*.py"))
FORBIDDEN_IMPORTS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml", "http.server"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "os.system", "os.popen", "builtins.eval", "builtins.exec"}
FORBIDDEN_METHODS = {"read_pickle", "to_pickle"}
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# The workers of a cluster come to its first worker's own address: docs/cluster.md.
CLUSTER = {"bench/reception.py", "bench/link.py", "bench/crew.py"}
WALL_CLOCKS = {"time.time", "time.time_ns", "datetime.utcnow"}


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


def name_of(node: ast.AST) -> str:
    """Give the dotted name of what is called, as far as it is one."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def unsafe(source: str) -> list[str]:
    """Name what reads data as code, or hands a text to a shell."""
    tree = ast.parse(source)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.partition(".")[0] in FORBIDDEN_IMPORTS]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in FORBIDDEN_IMPORTS:
            found.append(node.module or "")
    for call in calls(tree):
        name = name_of(call.func)
        last = name.rpartition(".")[2]
        if name in FORBIDDEN_CALLS or last in FORBIDDEN_METHODS:
            found.append(f"{name}()")
        found += [
            f"{name}({k.arg}=True)" for k in call.keywords if k.arg in {"shell", "allow_pickle"} and _true(k.value)
        ]
    return found


def _true(node: ast.AST) -> bool:
    return not (isinstance(node, ast.Constant) and not node.value)


def listening(source: str) -> list[str]:
    """Name the calls that open a socket for others to come to."""
    servers = {
        "bind",
        "create_server",
        "start_server",
        "serve_forever",
        "HTTPServer",
        "TCPServer",
        "ThreadingHTTPServer",
    }
    return [
        name
        for call in calls(ast.parse(source))
        if (name := name_of(call.func)).rpartition(".")[2] in servers and name not in {"views.bind", "signature.bind"}
    ]


def texts(source: str) -> set[str]:
    """Give all texts of a module, docstrings too."""
    return {n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import pickle", ["pickle"]),
        ("from yaml import load", ["yaml"]),
        ("eval(text)", ["eval()"]),
        ("pd.read_pickle(path)", ["pd.read_pickle()"]),
        ("subprocess.run(text, shell=True)", ["subprocess.run(shell=True)"]),
        ("np.load(path, allow_pickle=flag)", ["np.load(allow_pickle=True)"]),
        ("np.load(path, allow_pickle=False); re.compile(text); ast.literal_eval(text)", []),
    ],
)
def test_the_rule_sees_what_is_unsafe(source: str, found: list[str]) -> None:
    assert unsafe(source) == found


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_no_data_is_run_and_no_text_goes_to_a_shell(path: Path) -> None:
    assert unsafe(path.read_text(encoding="utf-8")) == []


def test_only_a_clusters_modules_open_sockets_and_the_one_of_this_machine_alone_is_on_loopback() -> None:
    found = {label(path) for path in MODULES if listening(path.read_text(encoding="utf-8"))}
    assert found <= CLUSTER
    assert "bench/reception.py" in found  # the rule sees it
    crew = (ROOT / "bench" / "crew.py").read_text(encoding="utf-8")
    assert {text for text in texts(crew) if text in LOOPBACK} == {"127.0.0.1"}


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_nothing_listens_on_all_addresses(path: Path) -> None:
    assert texts(path.read_text(encoding="utf-8")) & {"0.0.0.0", "--bind_all"} == set()


def test_tensorboard_is_told_to_serve_this_machine_only() -> None:
    assert tensorboard_command.HOST == "127.0.0.1"
    source = (ROOT / "reports" / "tensorboard_command.py").read_text(encoding="utf-8")
    assert '"--host", HOST' in source


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_durations_are_never_taken_from_a_clock_that_can_be_set(path: Path) -> None:
    names = [name_of(call.func) for call in calls(ast.parse(path.read_text(encoding="utf-8")))]
    assert [name for name in names if name in WALL_CLOCKS] == []


def under_profiles(source: str) -> list[str]:
    """Give what is appended to the folder of profiles: `run / PROFILES / this`."""
    pairs = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
    ]
    inner = [
        node for node in pairs if isinstance(node.left, ast.BinOp) and name_of(node.left.right) == "files.PROFILES"
    ]
    return [name_of(node.right.func) if isinstance(node.right, ast.Call) else ast.dump(node.right) for node in inner]


def test_profiles_lie_in_folders_of_checked_names_only() -> None:
    found = {label(path): under_profiles(path.read_text(encoding="utf-8")) for path in MODULES}
    assert {name: parts for name, parts in found.items() if parts} == {
        "bench/profiling.py": ["files.case_folder"],
        "reports/dashboard.py": ["files.case_folder"],
        "reports/ops.py": ["files.case_folder"],
    }
