"""Which cluster the environment describes: TF_CONFIG here, TensorFlow's resolvers by what they answer."""

import json
import subprocess
from typing import Any

import pytest
from tfbench.bench import cluster
from tfbench.bench.cluster import Cluster, Seat
from tfbench.bench.errors import BadInputError

TWO = ("a:1000", "b:1000")


def config(kind: str = "worker", index: int = 0, **jobs: list[str]) -> dict[str, str]:
    """Give an environment with a TF_CONFIG."""
    return {"TF_CONFIG": json.dumps({"cluster": jobs, "task": {"type": kind, "index": index}})}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"TF_CONFIG": ""}, None),
        ({"TF_CONFIG": "{}"}, None),
        (config(worker=["a:1000"]), None),  # this process is all of it
        (config(index=1, worker=list(TWO)), Cluster(source="TF_CONFIG", addresses=TWO, index=1)),
        (config("chief", chief=["a:1000"], worker=["b:1000"]), Cluster(source="TF_CONFIG", addresses=TWO, index=0)),
        (config(chief=["a:1000"], worker=["b:1000"]), Cluster(source="TF_CONFIG", addresses=TWO, index=1)),
        (
            {**config(worker=list(TWO)), "TFBENCH_CLUSTER_PORT": "77"},
            Cluster(source="TF_CONFIG", addresses=TWO, index=0, port=77),
        ),
        ({"SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}, None),
        ({"SLURM_NTASKS": "2", "SLURM_PROCID": "0"}, None),  # a batch script, outside srun
    ],
)
def test_a_cluster_is_found_where_it_has_two_workers(environment: dict[str, str], expected: Cluster | None) -> None:
    assert cluster.find(environment) == expected


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"TF_CONFIG": "{"}, "TF_CONFIG cannot be read: .*; unset it, or mend it"),
        ({"TF_CONFIG": "[]"}, "TF_CONFIG cannot be read"),
        (config(worker=["a:1000", "b"]), "TF_CONFIG cannot be read: 'b' is not host:port"),
        (config(worker=["a:1000", "b:99999"]), "'b:99999' is not host:port"),
        (config(index=2, worker=list(TWO)), "TF_CONFIG: worker 2 is not in the cluster, which has 2 workers"),
        (config("ps", ps=["c:1"], worker=list(TWO)), "TF_CONFIG has a task 'ps': take clusters of workers only"),
        ({"TFBENCH_CLUSTER_PORT": "0"}, "TFBENCH_CLUSTER_PORT=0: give a port, from 1 to 65535"),
    ],
)
def test_what_cannot_be_led_is_refused(environment: dict[str, str], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        cluster.find(environment)


def answer(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> list[list[str]]:
    """Let the resolver's process answer this; give the commands that were run."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        commands.append(command)
        return subprocess.CompletedProcess(command, **{"returncode": 0, "stdout": "", "stderr": "", **fields})

    monkeypatch.setattr(subprocess, "run", run)
    return commands


@pytest.mark.parametrize(
    ("environment", "source"),
    [
        ({"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"}, "Slurm"),
        ({"TFBENCH_KUBERNETES_LABEL": "job-name=tfbench"}, "Kubernetes"),
    ],
)
def test_tensorflows_resolvers_are_asked(
    environment: dict[str, str], source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = answer(monkeypatch, stdout='a banner\n{"addresses": ["a:1000", "b:1000"], "index": 1}\n')
    assert cluster.find(environment) == Cluster(source=source, addresses=TWO, index=1)
    assert commands[0][-2:] == ["tfbench.bench.resolver", source]


def test_a_resolver_that_fails_is_named_with_its_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, returncode=1, stderr="Traceback\nRuntimeError: no scontrol here\n")
    with pytest.raises(
        BadInputError, match=r"Slurm: TensorFlow's resolver cannot .*: RuntimeError: no scontrol here; set"
    ):
        cluster.find({"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"})


def test_the_others_come_to_the_port_below_the_first_ones_unless_another_is_named() -> None:
    found = Cluster(source="Slurm", addresses=("[fe80::1]:8888", "b:8888"), index=0)
    assert found.first == ("fe80::1", 8887)
    assert Cluster(source="Slurm", addresses=TWO, index=0, port=9).first == ("a", 9)
    assert str(found) == "Slurm: [fe80::1]:8888, b:8888"


def test_workers_on_one_host_have_places_in_turn() -> None:
    addresses = ("a:1", "b:1", "a:2", "a:3")
    assert [cluster.seat(addresses, index, given=True) for index in (0, 1, 3)] == [
        Seat(rank=0, here=3, given=True),
        Seat(rank=0, here=1, given=True),
        Seat(rank=2, here=3, given=True),
    ]
