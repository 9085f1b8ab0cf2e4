"""claim_layer_norm: layer normalisation by hand and as Keras' layer, in a graph."""

from dataclasses import replace

from tfbench.workloads import layer_norm, spec

ROWS, WIDTH = 256, 512


def build(job: spec.Job) -> spec.Program:
    """Build layer_norm's forward step."""
    return layer_norm.build(replace(job, params={"shape": f"{ROWS}x{WIDTH}", "gradients": "no"}))


WORKLOAD = spec.Workload(
    name="claim_layer_norm",
    summary="layer normalisation of 256x512 values, by hand and as Keras' layer",
    implementations=("custom", "keras"),
    parameters=(),
    unit="elements",
    work=lambda _params, _replicas: ROWS * WIDTH,
    build=build,
    baseline=("custom", "graph"),
    group="claims",
    only=(("custom", "graph"), ("keras", "graph")),
)
