"""The cluster that somebody else has set up around this process: TF_CONFIG, Slurm or Kubernetes. No TensorFlow here."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfbench.bench.errors import BadInputError

TF_CONFIG, SLURM, KUBERNETES = "TF_CONFIG", "Slurm", "Kubernetes"
PORT = "TFBENCH_CLUSTER_PORT"
LABEL = "TFBENCH_KUBERNETES_LABEL"
RESOLVE_S = 120.0
UNLED = ("ps", "evaluator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Hold the workers that run the same command, and which of them this one is.

    Attributes:
        source: who says so: `TF_CONFIG`, `Slurm` or `Kubernetes`.
        addresses: host and port of each worker's TensorFlow, the first worker's first: that one measures.
        index: of this worker, from 0.
        port: of the first worker's host, on which it is told who is there; 0 for the one below its TensorFlow's.
    """

    source: str
    addresses: tuple[str, ...]
    index: int
    port: int = 0

    @property
    def first(self) -> tuple[str, int]:
        """Give where the first worker's host listens for the others."""
        host, port = split(self.addresses[0])
        return host, self.port or port - 1

    def __str__(self) -> str:
        """Name it in records: `Slurm: node1:8888, node2:8888`."""
        return f"{self.source}: {', '.join(self.addresses)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Say which of the workers on one host a worker is, for its cores and GPUs.

    Attributes:
        rank: among them, from 0.
        here: how many they are.
        given: whether somebody else set the cluster up, and may have given each worker cores of its own.
    """

    rank: int = 0
    here: int = 1
    given: bool = False


def split(address: str) -> tuple[str, int]:
    """Split `host:port`, also `[fe80::1]:port`.

    Raises:
        ValueError: it is not that.
    """
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        raise ValueError(f"{address!r:.80} is not host:port")
    return host.strip("[]"), int(port)


def seat(addresses: tuple[str, ...], index: int, *, given: bool) -> Seat:
    """Find a worker's place among those that share its host."""
    hosts = [split(address)[0] for address in addresses]
    return Seat(rank=hosts[:index].count(hosts[index]), here=hosts.count(hosts[index]), given=given)


def find(environment: Mapping[str, str]) -> Cluster | None:
    """Find the cluster that the environment describes; None where there is none, or this process is all of it.

    Raises:
        BadInputError: it describes one that cannot be led: damaged, with parameter servers, or not to be resolved.
    """
    port = environment.get(PORT, "")
    if port and (not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536):
        raise BadInputError(f"{PORT}={port:.20}: give a port, from 1 to 65535")
    found = None
    if environment.get(TF_CONFIG, "").strip():
        found = _of_tf_config(environment[TF_CONFIG])
    elif _tasks(environment) > 1:
        found = _ask(SLURM)
    elif environment.get(LABEL):
        found = _ask(KUBERNETES)
    if found is None or len(found[1]) < 2:
        return None
    source, addresses, index = found
    return Cluster(source=source, addresses=addresses, index=index, port=int(port or 0))


def _tasks(environment: Mapping[str, str]) -> int:
    """Give how many tasks srun has started with this one; 0 outside srun, in a batch script too."""
    text = environment.get("SLURM_STEP_NUM_TASKS", "")
    return int(text) if text.isdigit() and environment.get("SLURM_PROCID", "").isdigit() else 0


def _of_tf_config(text: str) -> tuple[str, tuple[str, ...], int]:
    """Read TF_CONFIG as TensorFlow defines it; a `chief` is the first worker."""
    try:
        content = json.loads(text)
        jobs: dict[str, Any] = content.get("cluster", {})
        task = content.get("task", {})
        addresses = tuple(str(address) for job in ("chief", "worker") for address in jobs.get(job, ()))
        kind, index = str(task.get("type", "worker")), int(task.get("index", 0))
        for address in addresses:
            split(address)
    except (ValueError, TypeError, AttributeError) as error:
        raise BadInputError(f"{TF_CONFIG} cannot be read: {error}; unset it, or mend it") from error
    other = next((job for job in UNLED if kind == job or jobs.get(job)), None)
    if other is not None and len(addresses) > 1:
        raise BadInputError(f"{TF_CONFIG} has a task {other!r}: take clusters of workers only, without it")
    mine = index + (len(jobs.get("chief", ())) if kind == "worker" else 0)
    if addresses and not 0 <= mine < len(addresses):
        raise BadInputError(f"{TF_CONFIG}: {kind} {index} is not in the cluster, which has {len(addresses)} workers")
    return TF_CONFIG, addresses, mine


def _ask(source: str) -> tuple[str, tuple[str, ...], int]:
    """Let TensorFlow's own resolver tell, in a process of its own: importing it here would be for good."""
    command = [sys.executable, "-P", "-m", "tfbench.bench.resolver", source]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(  # noqa: S603 - this package, in this interpreter
            command, capture_output=True, text=True, timeout=RESOLVE_S, check=False, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise BadInputError(f"{source}: TensorFlow's resolver gave no answer within {RESOLVE_S:g} s") from error
    try:
        told = json.loads(done.stdout.splitlines()[-1])
        return source, tuple(str(address) for address in told["addresses"]), int(told["index"])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise BadInputError(
            f"{source}: TensorFlow's resolver cannot tell the cluster: {lines[-1]:.200}; set {TF_CONFIG} instead"
        ) from error
