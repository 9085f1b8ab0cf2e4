"""The textbook's claims about TensorFlow's performance: what each says is faster than what. No TensorFlow here.

They are those of A. Géron, "Hands-On Machine Learning with Scikit-Learn, Keras and TensorFlow" (3rd edition),
chapter 12, and of courses built on it. Each is a pair of cases of a workload of the group `claims`.
"""

from dataclasses import dataclass

from tfbench.workloads import (
    claims_functions,
    claims_layer_norm,
    claims_loops,
    claims_products,
    claims_training,
    claims_transpose,
)

WORKLOADS = (
    claims_loops.WORKLOAD,
    claims_functions.WORKLOAD,
    claims_products.WORKLOAD,
    claims_transpose.WORKLOAD,
    claims_training.WORKLOAD,
    claims_layer_norm.WORKLOAD,
)
GROUP = "claims"
STEADY, FIRST_CALL, TRACE, TRACES, OPERATIONS = "steady", "first call", "trace", "traces", "operations"
MEMORY = "memory"
TIMES, COUNTS, SIZES = (STEADY, FIRST_CALL, TRACE), (TRACES, OPERATIONS), (MEMORY,)

Side = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Say that one case takes less than another.

    Attributes:
        name: unique; letters, digits and dashes.
        text: the claim in a short sentence, for the table.
        workload: whose cases they are.
        faster, slower: implementation and mode of the case that takes less, and of the one that takes more.
        what: of what: the `steady` time of a call, the time of the `first call`, that of its `trace`, the number
            of its `traces`, that of the `operations` of its graph, or by how much `memory` grows in the first call.
        at_least: the claim holds if the slower side takes more than so many times what the faster one takes;
            below 1, if it takes not much less.
    """

    name: str
    text: str
    workload: str
    faster: Side
    slower: Side
    what: str = STEADY
    at_least: float = 1.0


CLAIMS = (
    Claim(
        name="graph-loop",
        text="A graph loop beats the eager Python loop",
        workload="claim_loops",
        faster=("tensor_loop", "graph"),
        slower=("python_loop", "eager"),
    ),
    Claim(
        name="graph-loop-first",
        text="It does so even with its tracing included",
        workload="claim_loops",
        faster=("tensor_loop", "graph"),
        slower=("python_loop", "eager"),
        what=FIRST_CALL,
    ),
    Claim(
        name="unrolled",
        text="A Python range is unrolled into the graph, tf.range is not",
        workload="claim_loops",
        faster=("tensor_loop", "graph"),
        slower=("unrolled_1000", "graph"),
        what=OPERATIONS,
        at_least=2.0,
    ),
    Claim(
        name="unrolled-growth",
        text="So the graph grows with the range: 1,000 against 100",
        workload="claim_loops",
        faster=("unrolled_100", "graph"),
        slower=("unrolled_1000", "graph"),
        what=OPERATIONS,
        at_least=2.0,
    ),
    Claim(
        name="unrolled-trace",
        text="And so does the time to trace it",
        workload="claim_loops",
        faster=("unrolled_100", "graph"),
        slower=("unrolled_1000", "graph"),
        what=TRACE,
        at_least=2.0,
    ),
    Claim(
        name="vectorized-eager",
        text="Vectorising beats the eager loop",
        workload="claim_loops",
        faster=("vectorized", "graph"),
        slower=("python_loop", "eager"),
    ),
    Claim(
        name="vectorized-graph",
        text="Vectorising beats the graph loop",
        workload="claim_loops",
        faster=("vectorized", "graph"),
        slower=("tensor_loop", "graph"),
    ),
    Claim(
        name="numbers-traces",
        text="Python numbers as arguments trace once a value",
        workload="claim_functions",
        faster=("tensors", "graph"),
        slower=("numbers", "graph"),
        what=TRACES,
    ),
    Claim(
        name="numbers-memory",
        text="And memory grows with each of the ten",
        workload="claim_functions",
        faster=("tensors", "graph"),
        slower=("numbers", "graph"),
        what=MEMORY,
        at_least=2.0,
    ),
    Claim(
        name="numbers-first",
        text="So the first round of ten numbers takes longer",
        workload="claim_functions",
        faster=("tensors", "graph"),
        slower=("numbers", "graph"),
        what=FIRST_CALL,
    ),
    Claim(
        name="py-function",
        text="tf.py_function slows a graph down",
        workload="claim_functions",
        faster=("tensors", "graph"),
        slower=("py_function", "graph"),
    ),
    Claim(
        name="py-function-eager",
        text="It costs what the graph saves: under 10 % are left",
        workload="claim_functions",
        faster=("tensors", "eager"),
        slower=("py_function", "graph"),
        at_least=0.9,
    ),
    Claim(
        name="float64",
        text="float64 costs more than float32",
        workload="claim_products",
        faster=("chain", "graph"),
        slower=("chain_float64", "graph"),
    ),
    Claim(
        name="parallel",
        text="A graph runs independent operations in parallel",
        workload="claim_products",
        faster=("independent", "graph"),
        slower=("chain", "graph"),
    ),
    Claim(
        name="transpose-copies",
        text="tf.transpose copies, as tf.reshape does not",
        workload="claim_transpose",
        faster=("tf_reshape", "eager"),
        slower=("tf_transpose", "eager"),
        at_least=2.0,
    ),
    Claim(
        name="transpose-view",
        text="NumPy's transpose is a view, not a copy",
        workload="claim_transpose",
        faster=("numpy_transpose", "eager"),
        slower=("numpy_copy", "eager"),
        at_least=2.0,
    ),
    Claim(
        name="transpose-numpy",
        text="So NumPy's transpose is faster than tf.transpose",
        workload="claim_transpose",
        faster=("numpy_transpose", "eager"),
        slower=("tf_transpose", "eager"),
    ),
    Claim(
        name="run-eagerly",
        text="fit with run_eagerly=True is slower than without",
        workload="claim_training",
        faster=("fit", "graph"),
        slower=("fit", "eager"),
    ),
    Claim(
        name="fit",
        text="A hand-written loop beats fit, in epochs of 16 batches",
        workload="claim_training",
        faster=("custom_loop", "graph"),
        slower=("fit", "graph"),
    ),
    Claim(
        name="two-optimizers",
        text="Two optimizers cost more than one",
        workload="claim_training",
        faster=("custom_loop", "graph"),
        slower=("two_optimizers", "graph"),
    ),
    Claim(
        name="layer-norm",
        text="Keras' LayerNormalization beats one by hand",
        workload="claim_layer_norm",
        faster=("keras", "graph"),
        slower=("custom", "graph"),
    ),
)
