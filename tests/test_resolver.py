"""TensorFlow's own resolvers, on made-up environments: real TensorFlow, in a process of its own."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.tensorflow

SCRIPT = """
import json, os, types
from tfbench.bench import resolver

def slurm(rank, nodes, tasks):
    os.environ.update(SLURM_PROCID=str(rank), SLURM_STEP_NUM_TASKS="3", SLURM_STEP_NODELIST=nodes)
    os.environ["SLURM_STEP_TASKS_PER_NODE"] = tasks
    return resolver.slurm(os.environ)

class Client:
    def list_pod_for_all_namespaces(self, label_selector):
        assert label_selector == "job-name=tfbench"
        names = {"pod-b": "10.0.0.2", "pod-a": "10.0.0.1"}
        make = types.SimpleNamespace
        pods = [make(metadata=make(name=n), status=make(phase="Running", host_ip=ip)) for n, ip in names.items()]
        return make(items=pods)

def kubernetes(ip):
    try:
        return resolver.kubernetes({"TFBENCH_KUBERNETES_LABEL": "job-name=tfbench", "HOST_IP": ip}, Client())
    except ValueError as error:
        return str(error)

found = [slurm(0, "n[1-2]", "2,1"), slurm(2, "n[1-2]", "2,1"), slurm(1, "solo", "3")]
print(json.dumps([*found, kubernetes("10.0.0.2"), kubernetes("")]))
"""


def test_addresses_and_index_are_those_of_the_tasks_and_pods() -> None:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment)
    nodes, pods = ["n1:8888", "n1:8889", "n2:8888"], ["10.0.0.1:8470", "10.0.0.2:8470"]
    assert json.loads(done.stdout.splitlines()[-1]) == [
        [nodes, 0],
        [nodes, 2],
        [["solo:8888", "solo:8889", "solo:8890"], 1],
        [pods, 1],
        "HOST_IP='' is none of the pods' hosts 10.0.0.1, 10.0.0.2: set it to status.hostIP",
    ]
