"""Which cases the options choose."""

from typing import Any

import pytest
from tfbench.bench import devices, options, selection
from tfbench.bench.case import Placement
from tfbench.bench.errors import BadInputError
from tfbench.workloads import spec, sum_loop
from tfbench.workloads.spec import Workload

Catalog = dict[str, Workload]


@pytest.fixture
def catalog(make_workload: Any) -> Catalog:
    """Give a toy with two parameters, a distributed one without, and sum_loop."""
    spread = make_workload(name="spread", implementations=("parallel",), parameters=(), replicas=(1, 2))
    return {"toy": make_workload(), "spread": spread, "sum_loop": sum_loop.WORKLOAD}


def ids(catalog: Catalog, **raw: Any) -> list[str]:
    choice = options.parse({"device": ["cpu"], **raw})
    return [case.id for case in selection.select(catalog, choice)]


def test_a_normal_run_takes_the_first_value_of_each_parameter(catalog: Catalog) -> None:
    assert ids(catalog, workload=["toy"]) == [
        "toy-by_hand-n=8,kind=small-eager-cpu",
        "toy-by_hand-n=8,kind=small-graph-cpu",
        "toy-by_hand-n=8,kind=small-xla-cpu",
        "toy-library-n=8,kind=small-eager-cpu",
        "toy-library-n=8,kind=small-graph-cpu",
        "toy-library-n=8,kind=small-xla-cpu",
    ]


def test_a_full_run_takes_every_combination_of_values(catalog: Catalog) -> None:
    found = ids(catalog, workload=["toy"], implementation=["library"], mode=["xla"], full=True)
    assert found == [
        "toy-library-n=8,kind=small-xla-cpu",
        "toy-library-n=8,kind=big-xla-cpu",
        "toy-library-n=16,kind=small-xla-cpu",
        "toy-library-n=16,kind=big-xla-cpu",
    ]


def test_given_values_replace_those_of_the_workload(catalog: Catalog) -> None:
    found = ids(catalog, workload=["toy"], implementation=["library"], mode=["xla"], param=["n=1000,2000"])
    assert found == ["toy-library-n=1000,kind=small-xla-cpu", "toy-library-n=2000,kind=small-xla-cpu"]


def test_given_values_stand_in_a_full_run_too(catalog: Catalog) -> None:
    found = ids(catalog, workload=["toy"], implementation=["library"], mode=["xla"], param=["kind=odd"], full=True)
    assert found == ["toy-library-n=8,kind=odd-xla-cpu", "toy-library-n=16,kind=odd-xla-cpu"]


def test_a_value_written_twice_is_taken_once(catalog: Catalog) -> None:
    found = ids(catalog, workload=["toy"], implementation=["library"], mode=["xla"], param=["n=8,08"])
    assert found == ["toy-library-n=8,kind=small-xla-cpu"]


def test_a_parameter_binds_every_workload_that_has_it(catalog: Catalog) -> None:
    found = ids(
        catalog, workload=["toy,sum_loop"], implementation=["library", "vectorized"], mode=["xla"], param=["n=9"]
    )
    assert found == ["toy-library-n=9,kind=small-xla-cpu", "sum_loop-vectorized-n=9-xla-cpu"]


def test_everything_is_chosen_in_the_order_of_the_catalog(catalog: Catalog) -> None:
    assert len(ids(catalog)) == 2 * 3 + 2 * 3 + 3 * 3
    assert list(dict.fromkeys(name.partition("-")[0] for name in ids(catalog))) == ["toy", "spread", "sum_loop"]


def test_a_distributed_workload_runs_mirrored_on_its_own_numbers_of_replicas(catalog: Catalog) -> None:
    assert ids(catalog, workload=["spread"], mode=["graph"]) == [
        "spread-parallel-graph-cpu-mirrored-1",
        "spread-parallel-graph-cpu-mirrored-2",
    ]


def test_given_replicas_replace_those_of_the_workload(catalog: Catalog) -> None:
    assert ids(catalog, workload=["spread"], mode=["graph"], replicas=["4"]) == ["spread-parallel-graph-cpu-mirrored-4"]


def test_given_replicas_leave_other_workloads_alone(catalog: Catalog) -> None:
    found = ids(catalog, workload=["spread,toy"], implementation=["parallel,library"], mode=["xla"], replicas=["4"])
    assert found == ["toy-library-n=8,kind=small-xla-cpu", "spread-parallel-xla-cpu-mirrored-4"]


def test_replicas_without_a_distributed_workload_are_refused(catalog: Catalog) -> None:
    with pytest.raises(BadInputError, match=r"^--replicas: none of the chosen workloads is distributed"):
        ids(catalog, workload=["toy"], replicas=["2"])


def test_a_tpu_has_its_own_strategy(catalog: Catalog) -> None:
    choice = options.parse({"workload": ["spread"], "mode": ["xla"], "device": ["tpu"], "replicas": ["8"]})
    (case,) = selection.select(catalog, choice)
    assert case.placement == Placement(device="tpu", strategy="tpu", replicas=8)


@pytest.mark.parametrize(("most", "expected"), [(1, (1,)), (2, (1, 2)), (4, (1, 2, 4)), (6, (1, 2, 4, 6))])
def test_widths_are_powers_of_two_up_to_what_there_is(most: int, expected: tuple[int, ...]) -> None:
    assert selection.widths(most) == expected


def wide(catalog: Catalog, workers: int = 0, **raw: Any) -> list[str]:
    """Give the labels of where the distributed toy runs."""
    choice = options.parse({"workload": ["spread"], "mode": ["graph"], "device": ["cpu"], **raw})
    return [case.placement.label for case in selection.select(catalog, choice, workers)]


def test_workers_are_as_many_as_there_are_cores_for(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "count", lambda _kind: 8)
    monkeypatch.setattr(selection, "affinity", lambda: tuple(range(8)))
    assert wide(catalog, placement=["multi_worker"]) == [
        *(f"cpu-multi_worker-{n}" for n in (1, 2, 4, 8)),
        *(f"cpu-multi_worker-1-threads-{n}" for n in (2, 4, 8)),  # the alternative
    ]
    assert wide(catalog, placement=["multi_worker"], replicas=["2"]) == ["cpu-multi_worker-2"]
    found = wide(catalog, placement=["multi_worker"], threads=["4"])
    assert found == [f"cpu-multi_worker-{n}-threads-4" for n in (1, 2)]


def test_replicas_are_as_many_as_there_are_gpus(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "count", lambda _kind: 3)
    assert wide(catalog, device=["gpu"]) == [f"gpu-mirrored-{n}" for n in (1, 2, 3)]


def test_a_cluster_that_is_given_is_taken(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "count", lambda _kind: 2)  # of the first host
    assert wide(catalog, workers=3) == [*(f"cpu-multi_worker-{n}" for n in (1, 2, 3)), "cpu-multi_worker-1-threads-2"]
    assert wide(catalog, workers=3, placement=["mirrored"], replicas=["2"]) == ["cpu-mirrored-2"]


def test_ways_of_communicating_are_measured_beside_each_other(catalog: Catalog) -> None:
    found = wide(
        catalog,
        **{"placement": ["multi_worker"], "replicas": ["2"], "communication": ["auto,ring"], "bytes-per-pack": ["0,9"]},
    )
    ways = ("", "-pack-9", "-ring", "-ring-pack-9")
    assert found == [f"cpu-multi_worker-2{way}" for way in ways]


@pytest.mark.parametrize("option", [{"communication": ["ring"]}, {"bytes-per-pack": ["9"]}])
def test_communication_without_a_distributed_workload_is_refused(catalog: Catalog, option: dict[str, Any]) -> None:
    with pytest.raises(BadInputError, match=r"none of the chosen workloads is distributed"):
        ids(catalog, workload=["toy"], **option)


def test_each_case_is_measured_in_each_interpreter(catalog: Catalog) -> None:
    raw = {"implementation": ["library", "parallel"], "mode": ["xla"], "python": ["old=/old", "new=/new"]}
    assert ids(catalog, workload=["toy", "spread"], **raw) == [
        "toy-library-n=8,kind=small-xla-cpu-old",
        "toy-library-n=8,kind=small-xla-cpu-new",
        "spread-parallel-xla-cpu-mirrored-1-old",
        "spread-parallel-xla-cpu-mirrored-1-new",
        "spread-parallel-xla-cpu-mirrored-2-old",
        "spread-parallel-xla-cpu-mirrored-2-new",
    ]


def test_one_interpreter_takes_the_place_of_the_suites_own(catalog: Catalog) -> None:
    found = ids(catalog, workload=["toy"], implementation=["library"], mode=["xla"], python=["old=/old"])
    assert found == ["toy-library-n=8,kind=small-xla-cpu-old"]


def test_the_interpreters_of_a_case_are_one_comparison_set(catalog: Catalog) -> None:
    raw = {"workload": ["toy"], "device": ["cpu"], "python": ["old=/old", "new=/new"]}
    (only,) = selection.comparison_sets(selection.select(catalog, options.parse(raw)), catalog)
    assert len(only) == 2 * 2 * 3


def test_without_a_device_all_that_seem_present_are_taken(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "present", lambda: ("cpu", "gpu"))
    assert ids(catalog, workload=["toy"], implementation=["library"], mode=["xla"], device=["auto"]) == [
        "toy-library-n=8,kind=small-xla-cpu",
        "toy-library-n=8,kind=small-xla-gpu",
    ]


@pytest.fixture
def grouped(make_workload: Any) -> Catalog:
    """Give a toy, two workloads of a group, and one of another."""
    one = {"implementations": ("one",), "parameters": ()}
    groups = {"plain": "", "first": "claims", "second": "claims", "other": "others"}
    return {name: make_workload(name=name, group=group, **one) for name, group in groups.items()}


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ([], ["plain"]),
        (["claims"], ["first", "second"]),
        (["second"], ["second"]),
        (["claims", "plain"], ["plain", "first", "second"]),
        (["second,claims"], ["first", "second"]),
        (["claims", "others"], ["first", "second", "other"]),
    ],
)
def test_a_workload_of_a_group_is_chosen_by_its_name_or_its_groups(
    names: list[str], chosen: list[str], grouped: Catalog
) -> None:
    assert ids(grouped, workload=names, mode=["xla"]) == [f"{name}-one-xla-cpu" for name in chosen]


def test_an_unknown_name_is_likened_to_groups_too(grouped: Catalog) -> None:
    with pytest.raises(BadInputError, match=r"^unknown workload 'claim': did you mean 'claims'\?$"):
        ids(grouped, workload=["claim"])


def test_without_a_name_a_catalog_of_groups_alone_has_no_case(grouped: Catalog) -> None:
    del grouped["plain"]
    with pytest.raises(BadInputError, match=r"^no case is left"):
        ids(grouped)


def test_a_workload_may_say_which_sides_it_has(make_workload: Any) -> None:
    toy = make_workload(parameters=(), only=(("by_hand", "eager"), ("library", "graph")))
    assert ids({"toy": toy}) == ["toy-by_hand-eager-cpu", "toy-library-graph-cpu"]
    assert ids({"toy": toy}, mode=["graph"]) == ["toy-library-graph-cpu"]
    assert ids({"toy": toy}, implementation=["by_hand"]) == ["toy-by_hand-eager-cpu"]
    with pytest.raises(BadInputError, match=r"^no case is left: .* implementations and modes$"):
        ids({"toy": toy}, mode=["xla"])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"workload": ["sumloop"]}, r"^unknown workload 'sumloop': did you mean 'sum_loop'\?$"),
        ({"workload": ["toy,zzz"]}, "^unknown workload 'zzz': choose from toy, spread, sum_loop$"),
        ({"mode": ["eagr"]}, r"^unknown mode 'eagr': did you mean 'eager'\?$"),
        ({"mode": ["qqq"]}, "^unknown mode 'qqq': choose from eager, graph, xla$"),
        ({"implementation": ["tensorloop"]}, r"^unknown implementation 'tensorloop': did you mean 'tensor_loop'\?$"),
        ({"param": ["kin=8"]}, r"^unknown parameter 'kin': did you mean 'kind'\?$"),
        ({"workload": ["spread"], "param": ["n=8"]}, "^unknown parameter 'n'"),
        ({"workload": ["toy"], "implementation": ["vectorized"]}, "^unknown implementation 'vectorized'"),
        ({"workload": ["toy"], "param": ["n=two"]}, "^toy: parameter n: 'two' is not a whole number of at least 1$"),
        ({"workload": ["toy"], "param": ["n=0"]}, "^toy: parameter n: '0' is not"),
        ({"workload": ["toy"], "param": ["n="]}, "^toy: parameter n: '' is not"),
    ],
)
def test_a_wrong_name_or_value_is_refused_with_the_nearest_right_one(
    raw: dict[str, Any], message: str, catalog: Catalog
) -> None:
    with pytest.raises(BadInputError, match=message):
        ids(catalog, **raw)


def test_a_sum_that_overflows_int32_is_refused(catalog: Catalog) -> None:
    message = "^sum_loop: parameter n: 65537 is too large: the sum 2147516416 overflows int32; the largest n is 65536$"
    with pytest.raises(BadInputError, match=message):
        ids(catalog, workload=["sum_loop"], param=["n=65537"])


def test_the_largest_sum_that_fits_is_accepted(catalog: Catalog) -> None:
    found = ids(catalog, workload=["sum_loop"], implementation=["vectorized"], mode=["xla"], param=["n=65536"])
    assert found == ["sum_loop-vectorized-n=65536-xla-cpu"]


def test_an_empty_catalog_leaves_no_case() -> None:
    with pytest.raises(BadInputError, match=r"^no case is left"):
        ids({})


def test_comparison_sets_keep_order_and_put_together_what_may_be_compared(records: Any, catalog: Catalog) -> None:
    a, b = records.case(mode="eager"), records.case(mode="xla")
    other = records.case(params=(("n", 9),))
    assert selection.comparison_sets([a, other, b], catalog) == [[a, b], [other]]


@pytest.fixture
def fed(make_workload: Any) -> Catalog:
    """Give a workload with an optional parameter, and a part."""
    parameters = (
        spec.Parameter(name="n", values=(8, 16), parse=spec.positive_int),
        spec.Parameter(name="steps", values=(1, 50), parse=spec.positive_int, optional=True),
    )
    sides = {"implementations": ("whole",), "parts": ("part",), "baseline": ("whole", "eager")}
    return {"fed": make_workload(name="fed", parameters=parameters, replicas=(1, 2), **sides)}


@pytest.mark.parametrize("full", [False, True])
def test_an_optional_parameter_is_in_no_case_unless_it_is_asked_for(fed: Catalog, full: bool) -> None:
    sizes = ["n=8", "n=16"] if full else ["n=8"]
    found = ids(fed, mode=["xla"], replicas=["1"], full=full)
    assert found == [f"fed-whole-{size}-xla-cpu-mirrored-1" for size in sizes]


def test_an_optional_parameter_that_is_asked_for_is_in_the_case(fed: Catalog) -> None:
    found = ids(fed, mode=["xla"], replicas=["1"], param=["steps=1,7"])
    assert found == ["fed-whole-n=8,steps=1-xla-cpu-mirrored-1", "fed-whole-n=8,steps=7-xla-cpu-mirrored-1"]


def test_a_part_of_a_step_has_no_optional_parameter_and_comes_once(fed: Catalog) -> None:
    found = ids(fed, mode=["xla"], replicas=["2"], placement=["multi_worker"], param=["steps=1,7"])
    where = "xla-cpu-multi_worker-2"
    assert found == [f"fed-whole-n=8,steps=1-{where}", f"fed-part-n=8-{where}", f"fed-whole-n=8,steps=7-{where}"]


def test_cases_that_differ_in_optional_parameters_only_are_measured_in_turns(fed: Catalog) -> None:
    raw = {"mode": ["xla"], "replicas": ["1"], "device": ["cpu"], "param": ["n=8,16", "steps=1,7"]}
    sets = selection.comparison_sets(selection.select(fed, options.parse(raw)), fed)
    assert [[case.params_label for case in cases] for cases in sets] == [
        ["n=8,steps=1", "n=8,steps=7"],
        ["n=16,steps=1", "n=16,steps=7"],
    ]


def test_every_case_has_an_id_of_its_own(catalog: Catalog) -> None:
    found = ids(catalog, full=True, device=["cpu", "gpu", "tpu"])
    assert sorted(set(found)) == sorted(found)


def test_threads_multiply_the_placements_of_the_cpu_only(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "affinity", lambda: (0, 1, 2, 3))
    found = ids(
        catalog, workload=["toy"], implementation=["by_hand"], mode=["xla"], device=["cpu,gpu"], threads=["1,4"]
    )
    assert [case_id.rpartition("-xla-")[2] for case_id in found] == ["cpu-threads-1", "cpu-threads-4", "gpu"]


def test_more_threads_than_cores_are_refused(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "affinity", lambda: (0,))
    with pytest.raises(BadInputError, match=r"^--threads 2: this process may use 1 core$"):
        ids(catalog, workload=["toy"], threads=["1,2"])


def test_replicas_may_be_workers_of_their_own_with_the_parts_of_their_step(make_workload: Any) -> None:
    spread = make_workload(
        name="spread",
        implementations=("whole",),
        parts=("compute",),
        parameters=(),
        replicas=(1, 2),
        baseline=("whole", "eager"),
    )
    known = {"spread": spread}
    assert ids(known, workload=["spread"], mode=["graph"], placement=["multi_worker"], replicas=["2"]) == [
        "spread-whole-graph-cpu-multi_worker-2",
        "spread-compute-graph-cpu-multi_worker-2",
    ]
    assert ids(known, workload=["spread"], mode=["graph"], replicas=["2"]) == ["spread-whole-graph-cpu-mirrored-2"]


def test_a_placement_without_a_distributed_workload_is_refused(catalog: Catalog) -> None:
    with pytest.raises(BadInputError, match=r"^--placement: none of the chosen workloads is distributed"):
        ids(catalog, workload=["toy"], placement=["multi_worker"])
