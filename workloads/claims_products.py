"""claim_products: four matrix products, one after another or independent of each other, in float32 and float64."""

from typing import Any

import numpy as np
import numpy.typing as npt
from tfbench.workloads import spec

PRODUCTS, SIDE = 4, 256

Floats = npt.NDArray[np.float64]


def reference(matrices: Floats, factor: Floats, implementation: str) -> list[Floats]:
    """Give the four products in float64: of the first matrix by the factor again and again, or of each matrix."""
    if implementation == "independent":
        return [matrix @ factor for matrix in matrices]
    products = [matrices[0] @ factor]
    for _ in range(PRODUCTS - 1):
        products.append(products[-1] @ factor)
    return products


def build(job: spec.Job) -> spec.Program:
    """Build the step over seeded normal matrices, scaled so that products of them keep their size."""
    import tensorflow as tf

    rng = np.random.default_rng(job.seed)
    kind = np.float64 if job.implementation == "chain_float64" else np.float32
    matrices = rng.normal(0.0, 1.0, (PRODUCTS, SIDE, SIDE)).astype(kind)
    factor = (rng.normal(0.0, 1.0, (SIDE, SIDE)) / np.sqrt(SIDE)).astype(kind)

    def chain(*operands: Any) -> Any:
        *each, by = operands
        product, products = each[0], []
        for _ in range(PRODUCTS):
            product = tf.matmul(product, by)
            products.append(product)
        return products

    def independent(*operands: Any) -> Any:
        *each, by = operands
        return [tf.matmul(matrix, by) for matrix in each]

    step = independent if job.implementation == "independent" else chain
    return spec.Program(
        step=job.wrap(step),
        inputs=(tuple(tf.constant(matrix) for matrix in (*matrices, factor)),),
        expected=lambda: [reference(matrices.astype(np.float64), factor.astype(np.float64), job.implementation)],
        rtol=1e-4,
        atol=1e-4,
    )


WORKLOAD = spec.Workload(
    name="claim_products",
    summary="four products of 256x256 matrices: a chain in float32 and float64, and independent ones",
    implementations=("chain", "chain_float64", "independent"),
    parameters=(),
    unit="products",
    work=lambda _params, _replicas: PRODUCTS,
    build=build,
    baseline=("chain", "graph"),
    group="claims",
    only=(("chain", "graph"), ("chain_float64", "graph"), ("independent", "graph")),
)
