"""Machines side by side: who is compared with whom, what wins where, where a device pays, and what it costs."""

from typing import Any

import pytest
from tfbench.bench.case import Placement
from tfbench.bench.errors import BadInputError
from tfbench.bench.record import Run
from tfbench.reports import hardware, hardware_cells, speedup
from tfbench.reports.hardware import ANY, Hardware
from tfbench.reports.machines import Machine

MILLI = 1e-3
NAME = "toy-by_hand-n=8,kind=small"


@pytest.fixture
def on(records: Any) -> Any:
    """Give the function that makes a run on a machine: times of a call by mode, or by mode and batch size."""

    def make(name: str, times: dict[Any, Any], *, device: str = "cpu", conditions: Any = None, **changes: Any) -> Run:
        done = []
        for key, call_s in times.items():
            mode, size = key if isinstance(key, tuple) else (key, None)
            params = (("n", 8), ("kind", "small")) if size is None else (("batch_size", size),)
            placement = changes.get("placement", Placement(device=device))
            fields = {"work_per_call": size or 8, "unit": "examples", "device": f"{device} of {name}"}
            done.append(records.timed(*call_s, mode=mode, params=params, placement=placement, **fields))
            if conditions is not None:
                invocations = tuple(
                    records.invocation(i.round_s, index=i.index, iterations=1, conditions=conditions)
                    for i in done[-1].invocations
                )
                done[-1] = records.measurement(
                    **{f: getattr(done[-1], f) for f in done[-1].__slots__ if f != "invocations"},
                    invocations=invocations,
                )
        host = {n: changes[n] for n in ("cpu", "affinity", "cores", "memory_bytes") if n in changes}
        return records.run(
            name=name,
            host=records.host(name=changes.get("host", name), **host),
            software=(records.software(tensorflow=changes.get("tensorflow", "2.21.0")),),
            measurements=tuple(done),
            status=changes.get("status", "complete"),
        )

    return make


def named(found: Hardware) -> list[str]:
    return list(found.names.values())


def cells(found: Hardware) -> dict[str, dict[str, hardware_cells.Cell]]:
    """Give the cells by the names of row and machine."""
    return {row.name: {found.names[m]: cell for m, cell in row.cells.items()} for row in found.rows}


STEADY = (1.0, 1.01, 0.99)
TWICE = (0.5, 0.505, 0.495)


def test_each_machine_is_compared_with_the_first(on: Any) -> None:
    found = hardware.make([on("a", {"eager": STEADY}), on("b", {"eager": TWICE}), on("c", {"eager": STEADY})])
    assert named(found) == ["a/2-cores", "b/2-cores", "c/2-cores"]
    row = cells(found)[f"{NAME}-eager"]
    assert (row["a/2-cores"].found, row["a/2-cores"].verdict) == (None, None)
    assert row["b/2-cores"].found.ratio == pytest.approx(2.0)
    assert [row[name].verdict.word for name in ("b/2-cores", "c/2-cores")] == ["faster", "same"]
    assert (row["a/2-cores"].seconds, row["b/2-cores"].per_second) == (1.0, 16.0)


def test_another_machine_can_be_the_one_to_compare_with(on: Any) -> None:
    runs = [on("a", {"eager": STEADY}), on("b", {"eager": TWICE})]
    for against in ("b", "b/2-cores"):
        row = cells(hardware.make(runs, against=against))[f"{NAME}-eager"]
        assert row["a/2-cores"].found.ratio == pytest.approx(0.5)
        assert row["b/2-cores"].found is None


def test_the_same_host_with_fewer_cores_is_another_machine(on: Any) -> None:
    runs = [on("two", {"eager": STEADY}, host="vm"), on("one", {"eager": STEADY}, host="vm", affinity=(0,))]
    found = hardware.make(runs)
    assert named(found) == ["vm/2-cores", "vm/1-core"]
    row = cells(found)[f"{NAME}-eager"]
    assert [(cell.count, cell.each) for cell in row.values()] == [(2, "core"), (1, "core")]


def test_devices_of_one_run_are_machines_measured_in_turns(on: Any, records: Any) -> None:
    both = [on("box", {"eager": times}, device=device) for device, times in (("cpu", STEADY), ("gpu", TWICE))]
    run = records.run(name="box", host=both[0].host, measurements=both[0].measurements + both[1].measurements)
    found = hardware.make([run])
    assert named(found) == ["box/2-cores", "box/gpu"]
    cell = cells(found)[f"{NAME}-eager"]["box/gpu"]
    assert cell.found == speedup.paired(run.measurements[1], run.measurements[0])
    assert (cell.count, cell.each) == (1, "gpu")


def test_several_runs_on_a_machine_are_put_together(on: Any) -> None:
    runs = [
        on("a", {"eager": STEADY}),
        on("b1", {"eager": (0.5, 0.5)}, host="b"),
        on("b2", {"eager": (0.6,)}, host="b"),
    ]
    found = hardware.make(runs)
    cell = cells(found)[f"{NAME}-eager"]["b/2-cores"]
    assert (len(cell.entry.measurement.invocations), cell.seconds) == (3, 0.5)
    assert [run.name for run in found.runs[next(m for m in found.names if m.host == "b")]] == ["b1", "b2"]


def test_threads_and_replicas_are_cases_of_their_own(on: Any) -> None:
    one, wide = Placement(threads=1), Placement(strategy="mirrored", replicas=2, interpreter="old")
    runs = [on(name, {"eager": STEADY}, placement=place) for name, place in (("a", one), ("b", wide))]
    assert set(cells(hardware.make(runs))) == {f"{NAME}-eager-threads-1", f"{NAME}-eager-mirrored-2-old"}


def test_what_is_not_equal_work_or_not_on_both_is_not_compared(on: Any, records: Any) -> None:
    base = on("a", {"eager": STEADY})
    other = records.run(
        name="b",
        host=records.host(name="b"),
        measurements=(records.timed(*TWICE, work_per_call=16, unit="examples"), records.timed(*TWICE, mode="xla")),
    )
    found = cells(hardware.make([base, other]))
    assert found[f"{NAME}-eager"]["b/2-cores"].reason == "a call does 16 examples, in the base 8"
    assert found[f"{NAME}-xla"]["b/2-cores"].reason == "not measured there"
    assert [cell.found for row in found.values() for cell in row.values()] == [None] * 3


def test_the_fastest_mode_of_each_machine_is_told_with_its_lead(on: Any) -> None:
    times = {"eager": (8.0, 8.1), "graph": (2.0, 2.1), "xla": (1.0, 1.05)}
    slow_xla = {**times, "xla": (3.0, 3.1)}
    found = hardware.make([on("a", times), on("b", slow_xla), on("c", {"eager": (1.0, 1.0)})])
    wins = {found.names[win.machine]: win for win in found.wins}
    assert set(wins) == {"a/2-cores", "b/2-cores"}
    assert [(w.name, w.mode, w.second) for w in wins.values()] == [(NAME, "xla", "graph"), (NAME, "graph", "xla")]
    assert wins["a/2-cores"].found.ratio == pytest.approx(2.0)
    run = on("a", times)
    assert wins["a/2-cores"].found == speedup.paired(run.measurements[2], run.measurements[1])


def test_a_device_pays_from_a_batch_size_on_in_each_mode_and_in_the_fastest(on: Any) -> None:
    # On the CPU a call takes 1 ms an example eagerly and half of that with XLA; on the GPU 64 and 48 ms at any size.
    sizes = (32, 128)
    cpu = {(mode, n): [n * each * MILLI] * 3 for n in sizes for mode, each in (("eager", 1.0), ("xla", 0.5))}
    gpu = {(mode, n): [ms * MILLI] * 3 for n in sizes for mode, ms in (("eager", 64.0), ("xla", 48.0))}
    found = hardware.make([on("cpu", cpu), on("gpu", gpu, device="gpu")])
    pays = {one.mode: one for one in found.pays}
    assert {found.names[one.machine] for one in found.pays} == {"gpu/gpu"}
    assert {one.name for one in found.pays} == {"toy-by_hand"}
    sizes_found = {mode: one.found.size for mode, one in pays.items()}
    assert sizes_found == {"eager": pytest.approx(64.0), "xla": pytest.approx(96.0), ANY: pytest.approx(96.0)}


def test_one_mode_alone_has_no_fastest_and_one_size_no_crossing(on: Any) -> None:
    times = {("eager", 32): STEADY, ("eager", 64): STEADY, ("xla", 32): STEADY}
    found = hardware.make([on("a", times), on("b", times)])
    assert [one.mode for one in found.pays] == ["eager", ANY]
    alone = {("eager", 32): STEADY, ("eager", 64): STEADY}
    assert [one.mode for one in hardware.make([on("a", alone), on("b", alone)]).pays] == ["eager"]


def test_a_price_makes_dollars_for_a_million(on: Any) -> None:
    runs = [on("a", {"eager": STEADY}), on("b", {"eager": TWICE})]
    found = cells(hardware.make(runs, prices={"a": 3.6, "b/2-cores": 0.0}))[f"{NAME}-eager"]
    # 3.6 dollars an hour are a thousandth of one a second; a million examples take a million eighths of a second.
    assert (found["a/2-cores"].usd, found["b/2-cores"].usd) == (pytest.approx(125.0), 0.0)


def test_the_price_of_a_host_is_that_of_all_its_machines(on: Any) -> None:
    runs = [on("two", {"eager": STEADY}, host="vm"), on("one", {"eager": STEADY}, host="vm", affinity=(0,))]
    found = hardware.make(runs, prices={"vm": 1.0})
    assert sorted(found.prices.values()) == [1.0, 1.0]
    assert list(hardware.make(runs, prices={"vm/1-core": 2.0}).prices.values()) == [2.0]


def test_energy_is_mean_power_times_the_time(on: Any, records: Any) -> None:
    told = records.conditions(energy_j=200.0, energy_s=4.0, energy_source="package-0")
    runs = [on("a", {"eager": STEADY}, conditions=told), on("b", {"eager": TWICE}, conditions=records.conditions())]
    found = cells(hardware.make(runs))[f"{NAME}-eager"]
    cell = found["a/2-cores"]
    assert (cell.watts, cell.joules, cell.per_watt) == (50.0, pytest.approx(50 * 1e6 / 8), pytest.approx(8 / 50))
    assert hardware_cells.energy_source(cell) == "package-0"
    assert (found["b/2-cores"].watts, found["b/2-cores"].joules, found["b/2-cores"].per_watt) == (None, None, None)
    assert hardware_cells.energy_source(found["b/2-cores"]) == ""


def test_a_time_of_0_costs_nothing_that_can_be_told(on: Any) -> None:
    found = cells(hardware.make([on("a", {"eager": (0.0,)}), on("b", {"eager": STEADY})], prices={"a": 1.0}))
    cell = found[f"{NAME}-eager"]["a/2-cores"]
    assert (cell.per_second, cell.usd) == (0.0, None)
    assert found[f"{NAME}-eager"]["b/2-cores"].reason == "one side has no rounds"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"against": "c"}, "--against c: there is no such machine; choose from vm/2-cores, vm/1-core"),
        ({"against": "vm"}, "--against vm: that host is several machines here; choose from vm/2-cores, vm/1-core"),
        ({"prices": {"c": 1.0}}, "--price c: there is no such machine; choose from vm/2-cores, vm/1-core"),
    ],
)
def test_a_machine_that_is_not_there_is_one_line(options: dict[str, Any], message: str, on: Any) -> None:
    runs = [on("two", {"eager": STEADY}, host="vm"), on("one", {"eager": STEADY}, host="vm", affinity=(0,))]
    with pytest.raises(BadInputError) as caught:
        hardware.make(runs, **options)
    assert str(caught.value) == message


def test_one_machine_alone_and_a_run_named_twice_are_refused(on: Any, records: Any) -> None:
    run = on("a", {"eager": STEADY})
    with pytest.raises(
        BadInputError, match=r"^nothing to compare by machine: there is only a/2-cores; name a run from"
    ):
        hardware.make([run])
    with pytest.raises(BadInputError, match="there is only none with a time"):
        hardware.make([records.run()])
    with pytest.raises(BadInputError, match="the run a is named twice"):
        hardware.make([run, run])


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, False),
        ({"host": "other"}, False),
        ({"cpu": "other"}, True),
        ({"affinity": (0,)}, True),
        ({"device": "gpu"}, True),
        ({"memory_bytes": 2**34}, True),
    ],
)
def test_runs_differ_by_what_they_were_measured_on_not_by_the_name_of_the_host(
    changes: dict[str, Any], wanted: bool, on: Any
) -> None:
    runs = [on("a", {"eager": STEADY}, host="vm"), on("b", {"eager": STEADY}, **{"host": "vm", **changes})]
    assert hardware.differ(runs) is wanted


def test_the_versions_of_a_machine_are_those_of_its_runs(on: Any) -> None:
    runs = [on("a1", {"eager": STEADY}, host="a"), on("a2", {"eager": STEADY}, host="a", tensorflow="2.20.0")]
    found = hardware.make([*runs, on("b", {"eager": STEADY})])
    first, second = found.names
    assert (hardware.versions(found, first), hardware.versions(found, second)) == (["2.21.0", "2.20.0"], ["2.21.0"])
    assert isinstance(first, Machine)
