"""Tried as a new user would: the built wheel in an environment of its own, in an empty folder."""

import json
import os
import shutil
import site
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import chromium
import pytest
from tfbench.bench import store

ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).with_name("new_user.sh")


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTEST_ADDOPTS", "VIRTUAL_ENV"}}
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False, env={**known, **environment}
    )


def build_wheel(folder: Path) -> Path:
    """Build the wheel from a copy: leftovers of the checkout's own builds must not get into it."""
    source = folder / "source"
    for name in ("bench", "workloads", "reports"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    done = run(*pip, "-w", folder, source, cwd=folder)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    shutil.rmtree(source)
    return wheel


def make_environment(folder: Path, wheel: Path) -> Path:
    """Make an environment with the wheel; TensorFlow and the rest are those of this one, tfbench's checkout is not."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    others = list(dict.fromkeys([sysconfig.get_path("purelib"), *site.getsitepackages()]))
    # A folder named in a .pth file is searched, but its own .pth files, as the checkout has one, are not read.
    (packages / "others.pth").write_text("\n".join(others), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index"]
    done = run(*pip, "--ignore-installed", wheel, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


@pytest.mark.tensorflow
def test_a_new_user_gets_from_the_wheel_to_a_comparison_and_a_test_of_their_own(tmp_path: Path) -> None:
    programs = make_environment(tmp_path / "environment", build_wheel(tmp_path))
    work = tmp_path / "work"
    work.mkdir()
    where = run(programs / "python", "-c", "import tfbench.bench.plugin as it; print(it.__file__)", cwd=work)
    assert Path(where.stdout.strip()).is_relative_to(tmp_path / "environment"), where.stdout + where.stderr
    done = run("bash", SCRIPT, cwd=work, PATH=f"{programs}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 0, done.stdout + done.stderr
    cases = [measurement.case.id for measurement in store.load(work / "results").measurements]
    assert cases == [f"my_step-train_step-{mode}-cpu" for mode in ("eager", "graph", "xla")]
    assert len(store.load(work / "before").measurements) == len(store.load(work / "after").measurements) == 4
    assert "my_workload-by_hand-rows=1000-graph-cpu" in done.stdout
    assert (work / "report.md").read_text(encoding="utf-8").startswith("**my_step**\n\n| implementation |")
    rows = json.loads((work / "mine.json").read_text(encoding="utf-8"))["benchmarks"]
    assert [row["param"] for row in rows] == ["eager", "graph"]
    look_at(work / "page.html")


def look_at(page: Path) -> None:
    """Open the page in a browser: all its charts are drawn, and nothing is wrong."""
    chromium.require()
    with chromium.opened() as browser:
        chromium.show(browser, page)
        script = "return [tfbench.state.drawn, tfbench.state.failed, tfbench.state.all]"
        drawn, failed, every = browser.execute_script(script)
        assert (drawn, failed) == (every, 0)
        assert every > 2
        assert chromium.said(browser) == []
