"""A worker is of this checkout in any Python, whatever else is installed there. Real children, without TensorFlow."""

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tfbench.bench import bootstrap
from tfbench.bench.process import command

ROOT = Path(__file__).resolve().parents[1]
STAND_IN = f"""
import runpy, sys
from pathlib import Path
provide = runpy.run_path({command("")[-1]!r})["provide"]
provide("tfbench")
for part in ("bench", "workloads"):
    provide(f"tfbench.{{part}}", Path({str(ROOT)!r}) / part)
before = set(sys.modules)
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """Give an environment in which another tfbench comes first, a whole one that cannot be imported."""
    for name in ("", "bench", "workloads", "bench/worker.py"):
        path = tmp_path / "site" / "tfbench" / name
        path = path if name.endswith(".py") else path / "__init__.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("raise RuntimeError('the other tfbench')\n", encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(tmp_path / "site")}


def test_another_tfbench_on_the_path_would_be_imported_otherwise(elsewhere: dict[str, str]) -> None:
    arguments = [sys.executable, "-P", "-c", "import tfbench"]
    done = subprocess.run(arguments, env=elsewhere, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.splitlines()[-1] == "RuntimeError: the other tfbench"


def test_the_worker_is_that_of_this_checkout_whatever_tfbench_is_installed(elsewhere: dict[str, str]) -> None:
    read, write = os.pipe()
    os.write(write, b"{}\n")  # a request that is refused, before TensorFlow is imported
    os.close(write)
    done = subprocess.run(
        [*command(sys.executable), str(read), "1"],
        env=elsewhere,
        pass_fds=(read,),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        process_group=0,  # a worker without a parent ends its group
    )
    os.close(read)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == "ValueError: Request: missing field 'cases'"
    files = {line.split('"')[1] for line in done.stderr.splitlines() if line.startswith("  File ")}
    ours = {str(ROOT / "bench" / name) for name in ("bootstrap.py", "worker.py", "codec.py")}
    assert {name for name in files if "tfbench" in name or str(ROOT) in name} == ours


def test_a_worker_ends_with_its_group_when_its_parent_is_gone_before_the_request(elsewhere: dict[str, str]) -> None:
    read, write = os.pipe()
    os.close(write)
    arguments = [*command(sys.executable), str(read), "1"]
    done = subprocess.run(arguments, env=elsewhere, pass_fds=(read,), timeout=60, check=False, process_group=0)
    os.close(read)
    assert done.returncode == -signal.SIGKILL


def test_a_worker_needs_no_package_but_numpy_before_it_imports_tensorflow(elsewhere: dict[str, str]) -> None:
    code = f"""{STAND_IN}
import json, tfbench.bench.worker
new = [sys.modules[name] for name in set(sys.modules) - before]
print(json.dumps([[module.__name__.partition(".")[0], getattr(module, "__file__", None) or ""] for module in new]))
"""
    arguments = [sys.executable, "-P", "-c", code]
    done = subprocess.run(arguments, env=elsewhere, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {name for name, file in found if "site-packages" in file} == {"numpy"}
    assert {Path(file).parent for name, file in found if name == "tfbench"} == {ROOT / "bench", ROOT / "workloads"}


def test_a_package_is_made_of_all_its_folders(tmp_path: Path) -> None:
    name = "tfbench_test_bootstrap"
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.py").write_text(f"value = {folder!r}\n", encoding="utf-8")
    try:
        bootstrap.provide(name, tmp_path / "one", tmp_path / "two")
        found = [importlib.import_module(f"{name}.{part}").value for part in ("one", "two")]
        assert found == ["one", "two"]
    finally:
        for made in [made for made in sys.modules if made.startswith(name)]:
            del sys.modules[made]


def test_a_provided_package_takes_the_place_of_one_that_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tfbench_test_bootstrap", json)
    bootstrap.provide("tfbench_test_bootstrap")
    assert sys.modules["tfbench_test_bootstrap"].__path__ == []
