"""The textbook's claims: they name cases that exist, and every one of those answers like its reference."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tfbench.bench import options, selection
from tfbench.bench.case import Case
from tfbench.bench.record import Ledger, Measurement
from tfbench.bench.scheduler import Measuring, Settings
from tfbench.workloads import catalog, claims, claims_functions, claims_products, fashion_data
from tfbench.workloads.claims import Claim
from tfbench.workloads.spec import DataSource, Job, Workload

KNOWN = catalog.catalog()


def select(*names: str) -> list[Case]:
    return selection.select(KNOWN, options.parse({"workload": list(names), "device": ["cpu"]}))


def all_sets() -> list[Any]:
    sets = selection.comparison_sets(select("claims"), KNOWN)
    return [pytest.param(cases, id=cases[0].workload) for cases in sets]


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.name)
def test_a_claim_is_about_two_cases_that_the_group_measures(claim: Claim) -> None:
    cases = {(case.workload, case.implementation, case.mode) for case in select("claims")}
    assert {(claim.workload, *claim.faster), (claim.workload, *claim.slower)} <= cases
    assert claim.faster != claim.slower
    assert claim.what in (*claims.TIMES, *claims.COUNTS, *claims.SIZES)
    assert claim.at_least > 0.0


def test_claims_have_names_and_short_texts_of_their_own() -> None:
    names, texts = [c.name for c in claims.CLAIMS], [c.text for c in claims.CLAIMS]
    assert len(set(names)) == len(set(texts)) == len(claims.CLAIMS)
    assert [name for name in names if not re.fullmatch(r"[a-z0-9-]+", name)] == []
    assert max(map(len, texts)) <= 64


@pytest.mark.parametrize("workload", claims.WORKLOADS, ids=lambda workload: str(workload.name))
def test_every_case_of_the_group_is_a_side_of_a_claim(workload: Workload) -> None:
    sides = {side for c in claims.CLAIMS if c.workload == workload.name for side in (c.faster, c.slower)}
    assert set(workload.only) == sides
    assert {implementation for implementation, _ in workload.only} == set(workload.implementations)
    assert workload.baseline in workload.only
    assert workload.group == claims.GROUP


def test_the_reference_of_the_small_function_by_hand() -> None:
    x = np.array([0.5])
    y = 3.5
    for _ in range(32):
        y = float(np.tanh(0.5 + y))
    assert claims_functions.reference(x, 3) == pytest.approx(y, abs=1e-15)


def test_the_references_of_the_products_by_hand() -> None:
    matrices = np.stack([np.eye(2) * k for k in (1.0, 2.0, 3.0, 4.0)])
    factor = np.array([[0.0, 1.0], [1.0, 0.0]])
    chain = claims_products.reference(matrices, factor, "chain")
    assert [p.tolist() for p in chain] == [factor.tolist(), np.eye(2).tolist(), factor.tolist(), np.eye(2).tolist()]
    independent = claims_products.reference(matrices, factor, "independent")
    assert [p.tolist() for p in independent] == [(factor * k).tolist() for k in (1.0, 2.0, 3.0, 4.0)]


class Silent:
    """Observe nothing."""

    def group(self, cases: Any, *, invocation: int, invocations: int) -> None:
        """Ignore a worker's start."""

    def message(self, message: dict[str, Any]) -> None:
        """Ignore what it says."""


def check(cases: list[Case], folder: Path) -> list[Any]:
    """Compare the answers of all cases with their references; give what each ended as."""
    measuring = Measuring(
        cases,
        catalog=KNOWN,
        data=DataSource(kind="folder", folder=folder),
        settings=Settings(invocations=1, check_only=True),
        observer=Silent(),
    )
    measuring.run()
    return measuring.outcomes()


def ledgers(outcomes: list[Any]) -> dict[str, Ledger]:
    measured = (o for o in outcomes if isinstance(o, Measurement))
    return {f"{o.case.implementation}/{o.case.mode}": o.invocations[0].ledger for o in measured}


@pytest.mark.tensorflow
@pytest.mark.parametrize("cases", all_sets())
def test_every_case_answers_like_its_reference(cases: list[Case], images_folder: Path) -> None:
    outcomes = check(cases, fashion_data.named_folder(None) or images_folder)
    assert [outcome for outcome in outcomes if not isinstance(outcome, Measurement)] == []
    assert [outcome.case for outcome in outcomes] == cases
    if cases[0].workload == "claim_functions":  # ten values of one argument
        traces = {name: ledger.traces for name, ledger in ledgers(outcomes).items()}
        assert traces == {"tensors/eager": 0, "tensors/graph": 1, "numbers/graph": 10, "py_function/graph": 1}


@pytest.mark.tensorflow
def test_each_unrolled_loop_has_its_length_in_additions() -> None:
    tf = pytest.importorskip("tensorflow")
    counts = {}
    for implementation in ("tensor_loop", "unrolled_100", "unrolled_1000"):
        job = Job(implementation=implementation, params={}, mode="graph", wrap=tf.function)
        program = KNOWN["claim_loops"].build(job)
        graph = program.step.get_concrete_function(*program.inputs[0]).graph
        (body,) = (f for name, f in graph._functions.items() if "while_body" in str(name))
        counts[implementation] = sum(node.op == "AddV2" for node in body.cached_definition.node_def)
    assert counts["unrolled_1000"] - counts["unrolled_100"] == 900
    assert counts["tensor_loop"] < 10


@pytest.mark.tensorflow
def test_numpys_transpose_is_a_view_and_the_copy_is_not() -> None:
    pytest.importorskip("tensorflow")
    shared = {}
    for implementation in ("numpy_transpose", "numpy_copy"):
        program = KNOWN["claim_transpose"].build(
            Job(implementation=implementation, params={}, mode="eager", wrap=lambda function: function)
        )
        shared[implementation] = np.shares_memory(program.step(*program.inputs[0]), program.inputs[0][0])
    assert shared == {"numpy_transpose": True, "numpy_copy": False}
