"""Machines have names of their own: host, usable cores or accelerator."""

from typing import Any

import pytest
from tfbench.bench.errors import BadInputError
from tfbench.reports import machines
from tfbench.reports.machines import Machine


def machine(**changes: Any) -> Machine:
    fields: dict[str, Any] = {"host": "vm", "cpu": "toy", "cores": 2, "usable": 2, "memory_gib": 8}
    return Machine(**{**fields, **changes})


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, "vm/2-cores"),
        ({"usable": 1}, "vm/1-core"),
        ({"usable": 1000, "cores": 1024}, "vm/1000-cores"),
        ({"device": "gpu", "device_name": "Tesla T4"}, "vm/gpu"),
        ({"host": "", "device": "tpu"}, "/tpu"),
    ],
)
def test_a_machine_is_named_by_host_and_cores_or_device(change: dict[str, Any], name: str) -> None:
    assert machine(**change).name == name


def test_machines_that_would_share_a_name_are_numbered() -> None:
    one, other, third = machine(), machine(cpu="other"), machine(cpu="third")
    pinned = machine(usable=1)
    assert machines.names([one, pinned, one, other, third]) == {
        one: "vm/2-cores",
        pinned: "vm/1-core",
        other: "vm/2-cores#2",
        third: "vm/2-cores#3",
    }


def test_a_machine_is_chosen_by_its_name_or_all_of_a_host_by_its_own() -> None:
    known = machines.names([machine(), machine(usable=1), machine(host="box")])
    assert machines.chosen("vm/1-core", known, "against") == [machine(usable=1)]
    assert machines.chosen("vm", known, "price") == [machine(), machine(usable=1)]
    with pytest.raises(BadInputError) as caught:
        machines.chosen("v", known, "price")
    assert str(caught.value) == "--price v: there is no such machine; choose from vm/2-cores, vm/1-core, box/2-cores"
