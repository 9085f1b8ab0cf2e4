"""Ask TensorFlow's cluster resolvers who belongs to the cluster: `python -m tfbench.bench.resolver Slurm`. Worker only.

It prints one JSON line: the workers' addresses, and which of them this one is.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from tfbench.bench.cluster import KUBERNETES, LABEL, SLURM

HOST_IP = "HOST_IP"
Found = tuple[list[str], int]


def slurm(_environment: Mapping[str, str]) -> Found:
    """Resolve a Slurm step: a worker a task, nodes in the order of their names, ports from 8888 on.

    Which GPUs a task sees is Slurm's business (`--gpus-per-task`), and not asked here: TensorFlow's resolver wants
    a GPU for each task, and counts them with nvidia-smi, which hosts without any do not have.
    """
    import tensorflow as tf

    class Resolver(tf.distribute.cluster_resolver.SlurmClusterResolver):  # type: ignore[misc]
        def num_accelerators(self, *_: Any, **__: Any) -> dict[str, int]:
            return {}

    most = max(Resolver(gpus_per_node=1, gpus_per_task=0, auto_set_gpu=False)._task_configuration.values())  # noqa: SLF001 - no public way
    resolver = Resolver(gpus_per_node=most, gpus_per_task=1, auto_set_gpu=False)
    addresses = resolver.cluster_spec().as_dict()["worker"]
    return addresses, int(resolver.task_id)


def kubernetes(environment: Mapping[str, str], client: Any = None) -> Found:
    """Resolve the pods of a label, one on each node's own network (`hostNetwork: true`), in the order of their names.

    Args:
        environment: has the label, and HOST_IP, this pod's own `status.hostIP` by the downward API.
        client: of the Kubernetes API; the one of this pod's service account if None.

    Raises:
        ValueError: HOST_IP is missing, or none of the pods'.
    """
    import tensorflow as tf

    if client is None:
        from kubernetes import client as api
        from kubernetes import config

        config.load_incluster_config()
        client = api.CoreV1Api()
    resolver = tf.distribute.cluster_resolver.KubernetesClusterResolver(
        {"worker": [environment[LABEL]]}, override_client=client
    )
    addresses = resolver.cluster_spec().as_dict().get("worker", [])
    mine = environment.get(HOST_IP, "")
    hosts = [address.rpartition(":")[0] for address in addresses]
    if mine not in hosts:
        raise ValueError(f"{HOST_IP}={mine!r} is none of the pods' hosts {', '.join(hosts)}: set it to status.hostIP")
    return addresses, hosts.index(mine)


RESOLVERS: dict[str, Callable[[Mapping[str, str]], Found]] = {SLURM: slurm, KUBERNETES: kubernetes}


def main(arguments: list[str]) -> None:
    """Print what the resolver of this name finds."""
    addresses, index = RESOLVERS[arguments[0]](os.environ)
    print(json.dumps({"addresses": addresses, "index": index}))  # noqa: T201 - this is its answer


if __name__ == "__main__":
    main(sys.argv[1:])
