"""Ways of communicating that a strategy or a device does not have; and those it has, with real TensorFlow."""

import subprocess
import sys

import pytest
from tfbench.bench import strategies
from tfbench.bench.case import Placement
from tfbench.bench.strategies import MissingDeviceError


@pytest.mark.parametrize(
    ("placement", "message"),
    [
        (
            Placement(strategy="multi_worker", communication="nccl"),
            "--communication nccl needs GPUs; on a cpu take ring or auto",
        ),
        (Placement(strategy="mirrored", communication="ring"), "--communication ring: only multi_worker has a ring"),
        (
            Placement(device="tpu", strategy="tpu", communication="ring"),
            "--communication ring: only multi_worker has a ring, not tpu",
        ),
        (Placement(strategy="mirrored", bytes_per_pack=9), "--bytes-per-pack: is for multi_worker, not mirrored"),
    ],
)
def test_what_is_not_there_is_refused(placement: Placement, message: str) -> None:
    with pytest.raises(MissingDeviceError, match=message):
        strategies.check(placement)


@pytest.mark.parametrize(
    "placement",
    [
        Placement(),
        Placement(strategy="multi_worker", communication="ring", bytes_per_pack=9),
        Placement(device="gpu", strategy="mirrored", communication="nccl"),
        Placement(device="gpu", strategy="multi_worker", communication="nccl"),
    ],
)
def test_what_is_there_is_not(placement: Placement) -> None:
    strategies.check(placement)


SCRIPT = """
import os
os.environ["TF_CONFIG"] = '{"cluster": {"worker": ["127.0.0.1:0"]}, "task": {"type": "worker", "index": 0}}'
from tfbench.bench import strategies
from tfbench.bench.case import Placement
made = strategies.multi_worker(Placement(strategy="multi_worker", communication="ring", bytes_per_pack=4096))
options = made.extended._communication_options
print(options.implementation.value, options.bytes_per_pack)
"""


@pytest.mark.tensorflow
def test_ring_and_packs_reach_tensorflow() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["RING", "4096"]
