"""Every workload gives the right answer in every mode, with every value of its parameters. Real TensorFlow."""

from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import options, selection
from tfbench.bench.case import Case
from tfbench.bench.record import Measurement, Skip
from tfbench.bench.scheduler import Measuring, Settings
from tfbench.bench.timing import Plan
from tfbench.workloads import catalog, fashion_data
from tfbench.workloads.spec import DataSource, Job

pytestmark = pytest.mark.tensorflow
KNOWN = catalog.catalog()


class Silent:
    """Observe nothing."""

    def group(self, cases: Any, *, invocation: int, invocations: int) -> None:
        """Ignore a worker's start."""

    def message(self, message: dict[str, Any]) -> None:
        """Ignore what it says."""


def check(cases: list[Case], folder: Path) -> dict[str, Any]:
    """Compare the answers of all cases with their references; give what each ended as."""
    data = DataSource(kind="folder", folder=folder)
    measuring = Measuring(
        cases, catalog=KNOWN, data=data, settings=Settings(invocations=1, check_only=True), observer=Silent()
    )
    measuring.run()
    return {outcome.case.id: outcome for outcome in measuring.outcomes()}


def why_not(case: Case) -> str:
    """Give the reason why a case is skipped, or nothing."""
    workload, replicas = KNOWN[case.workload], case.placement.replicas
    return workload.skip_reason(case.implementation, dict(case.params), case.mode, replicas=replicas)


def all_sets() -> list[Any]:
    """Give all comparison sets of a full run on the CPU."""
    choice = options.parse({"full": True, "device": ["cpu"]})
    sets = selection.comparison_sets(selection.select(KNOWN, choice), KNOWN)
    return [pytest.param(cases, id=cases[0].comparison_set) for cases in sets]


@pytest.fixture
def images(images_folder: Path) -> Path:
    """Give the real images where the environment names them, else made-up ones in the same format."""
    return fashion_data.named_folder(None) or images_folder


@pytest.mark.parametrize("cases", all_sets())
def test_every_case_answers_like_its_reference(cases: list[Case], images: Path) -> None:
    outcomes = check(cases, images)
    unsupported = {case.id for case in cases if why_not(case)}
    assert set(outcomes) == {case.id for case in cases}
    assert {name for name, outcome in outcomes.items() if isinstance(outcome, Skip)} == unsupported
    failures = [o for o in outcomes.values() if not isinstance(o, Measurement | Skip)]
    assert failures == []


def test_two_replicas_of_half_the_batch_are_checked_against_the_same_answer_as_one_replica(images: Path) -> None:
    wide = selection.select(KNOWN, options.parse({"workload": ["distributed"], "replicas": ["1"], "device": ["cpu"]}))
    half = options.parse(
        {"workload": ["distributed"], "replicas": ["2"], "param": ["batch_size=128"], "device": ["cpu"]}
    )
    outcomes = {**check(wide, images), **check(selection.select(KNOWN, half), images)}
    errors = [o.invocations[0].check.max_rel_error for o in outcomes.values() if isinstance(o, Measurement)]
    assert len(errors) == 7  # three modes each, and of one replica the whole step
    assert max(errors) < 1e-3


@pytest.mark.parametrize(
    "raw",
    [
        {"workload": ["fashion_mnist"], "implementation": ["custom_loop,keras"]},
        {"workload": ["distributed"], "replicas": ["2"], "implementation": ["data_parallel"]},
    ],
    ids=["fashion_mnist", "distributed"],
)
def test_several_steps_a_call_and_every_feed_answer_like_the_reference(raw: dict[str, Any], images: Path) -> None:
    ways = {
        "several": ["batch_size=9", "steps_per_execution=3", "feed=device,numpy,dataset"],
        "fed": ["batch_size=9", "feed=numpy,dataset"],
    }
    chosen = [options.parse({**raw, "param": given, "device": ["cpu"]}) for given in ways.values()]
    cases = [case for choice in chosen for case in selection.select(KNOWN, choice) if not why_not(case)]
    outcomes = check(cases, images)
    calls = {o.case.params: o.invocations[0].check.calls for o in outcomes.values() if isinstance(o, Measurement)}
    assert len(outcomes) == len(cases) == sum(isinstance(o, Measurement) for o in outcomes.values())
    assert {count for params, count in calls.items() if ("steps_per_execution", 3) in params} == {2}
    assert {dict(params)["feed"] for params in calls} == {"device", "numpy", "dataset"}


def test_replicas_with_parts_of_unequal_size_answer_like_one_on_the_whole_batch(images: Path) -> None:
    choice = options.parse(
        {
            "workload": ["distributed"],
            "replicas": ["3"],
            "param": ["batch_size=64", "scaling=strong"],
            "device": ["cpu"],
        }
    )
    outcomes = check(selection.select(KNOWN, choice), images)  # 22, 21 and 21 examples
    errors = [o.invocations[0].check.max_rel_error for o in outcomes.values() if isinstance(o, Measurement)]
    assert len(errors) == 3
    assert max(errors) < 1e-3


def test_a_worker_keeps_to_the_cores_it_is_given(images: Path) -> None:
    choice = options.parse({"workload": ["sum_loop"], "mode": ["graph"], "device": ["cpu"], "threads": ["1"]})
    data = DataSource(kind="folder", folder=images)
    plan = Plan(max_rounds=1, min_rounds=1, budget_s=0.1, costs=False, examine=False)
    measuring = Measuring(
        selection.select(KNOWN, choice)[-1:],
        catalog=KNOWN,
        data=data,
        settings=Settings(invocations=1, plan=plan),
        observer=Silent(),
    )
    measuring.run()
    assert [software.intra_op_threads for software in measuring.software.values()] == [1]
    (measured,) = measuring.outcomes()
    assert isinstance(measured, Measurement)
    assert measured.case.id == "sum_loop-vectorized-n=10000-graph-cpu-threads-1"


def test_traces_and_compiles_are_counted_as_known_by_construction(images: Path) -> None:
    choice = options.parse({"workload": ["layer_norm"], "implementation": ["custom"], "device": ["cpu"]})
    outcomes = check(selection.select(KNOWN, choice), images)
    ledgers = {o.case.mode: o.invocations[0].ledger for o in outcomes.values() if isinstance(o, Measurement)}
    assert {mode: (ledger.traces, ledger.compiles) for mode, ledger in ledgers.items()} == {
        "eager": (0, 0),
        "graph": (1, 0),
        "xla": (1, 1),
    }
    assert ledgers["eager"].trace_s == 0.0
    assert ledgers["graph"].trace_s > 0.0
    assert ledgers["xla"].compile_s > 0.0


def test_an_unrolled_loop_adds_to_a_tensor_so_that_tracing_folds_nothing() -> None:
    tf = pytest.importorskip("tensorflow")
    program = KNOWN["sum_loop"].build(
        Job(implementation="python_loop", params={"n": 100}, mode="graph", wrap=tf.function)
    )
    graph = program.step.get_concrete_function(*program.inputs[0]).graph
    assert sum(operation.type == "AddV2" for operation in graph.get_operations()) == 100
