"""Describe the machine that a run is measured on. No TensorFlow here."""

import os
import platform
import socket
import subprocess
from pathlib import Path

import psutil
from tfbench.bench.machine import Host


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", *arguments],  # noqa: S607 - git is the user's own
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def git_commit() -> str:
    """Give the commit of the current folder, `+dirty` appended if files changed; empty outside git."""
    commit = _git("rev-parse", "HEAD")
    return f"{commit}+dirty" if commit and _git("status", "--porcelain", "--untracked-files=no") else commit


def affinity() -> tuple[int, ...]:
    """Give the cores that this process may use; all of them where the system has no affinity."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def host() -> Host:
    """Describe this machine, without TensorFlow."""
    return Host(
        name=socket.gethostname(),
        system=f"{platform.system()} {platform.release()}",
        cpu=_cpu_model(),
        cores=os.cpu_count() or 1,
        affinity=affinity(),
        memory_bytes=psutil.virtual_memory().total,
        load_1m=round(psutil.getloadavg()[0], 2),
        python=platform.python_version(),
        git_commit=git_commit(),
    )
