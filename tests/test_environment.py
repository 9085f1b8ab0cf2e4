"""What the machine is, without TensorFlow."""

import os
import platform
import socket
import subprocess
from pathlib import Path

import psutil
import pytest
from tfbench.bench import environment


def git(*arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder that belongs to no git repository."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def repository(folder: Path) -> Path:
    """Stand in a repository with one commit."""
    git("init", "-q")
    (folder / "file").write_text("one", encoding="utf-8")
    git("add", "file")
    git("commit", "-q", "-m", "one")
    return folder


@pytest.mark.usefixtures("folder")
def test_outside_git_there_is_no_commit() -> None:
    assert environment.git_commit() == ""


@pytest.mark.usefixtures("repository")
def test_a_clean_repository_gives_its_commit() -> None:
    assert environment.git_commit() == git("rev-parse", "HEAD")


def test_a_changed_file_makes_it_dirty(repository: Path) -> None:
    (repository / "file").write_text("two", encoding="utf-8")
    assert environment.git_commit() == f"{git('rev-parse', 'HEAD')}+dirty"


def test_an_untracked_file_does_not(repository: Path) -> None:
    (repository / "results").write_text("", encoding="utf-8")
    assert environment.git_commit() == git("rev-parse", "HEAD")


@pytest.mark.usefixtures("folder")
def test_a_repository_without_commits_has_none() -> None:
    git("init", "-q")
    assert environment.git_commit() == ""


def test_without_git_there_is_no_commit(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert environment.git_commit() == ""


def test_the_affinity_is_that_of_the_process() -> None:
    assert environment.affinity() == tuple(sorted(os.sched_getaffinity(0)))


def test_without_affinity_all_cores_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert environment.affinity() == (0, 1, 2)


@pytest.mark.usefixtures("folder")
def test_the_host_is_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "getloadavg", lambda: (0.126, 9.0, 9.0))
    host = environment.host()
    assert (host.name, host.python) == (socket.gethostname(), platform.python_version())
    assert (host.cores, host.affinity) == (os.cpu_count(), environment.affinity())
    assert (host.memory_bytes, host.load_1m) == (psutil.virtual_memory().total, 0.13)
    assert (host.system.split()[0], host.git_commit) == (platform.system(), "")
    assert host.cpu


def test_without_cpuinfo_the_processor_still_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(_path: Path, **_options: str) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", unreadable)
    assert environment._cpu_model() == (platform.processor() or platform.machine())


def test_the_processor_is_named_as_cpuinfo_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "processor\t: 0\nmodel name\t: Toy: the CPU\nprocessor\t: 1\nmodel name\t: Other\n"
    monkeypatch.setattr(Path, "read_text", lambda _path, **_options: text)
    assert environment._cpu_model() == "Toy: the CPU"
