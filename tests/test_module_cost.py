"""What a compiled module computes and moves, counted by hand."""

import subprocess
import sys

import pytest
from tfbench.bench import module_cost
from tfbench.bench.extras import Cost

HEAD = """HloModule m

%sum (a: f32[], b: f32[]) -> f32[] {
  %a = f32[] parameter(0)
  %b = f32[] parameter(1)
  ROOT %add = f32[] add(%a, %b)
}

"""


def cost(*lines: str, before: str = "") -> Cost:
    """Give the cost of an entry of these instructions over x = f32[4,8], w = f32[8,2], i = s32[], zero = f32[]."""
    given = [
        "%x = f32[4,8]{1,0} parameter(0)",
        "%w = f32[8,2]{1,0} parameter(1)",
        "%i = s32[] parameter(2)",
        "%zero = f32[] constant(0)",
    ]
    body = "\n".join(f"  {line}" for line in (*given, *lines))
    return module_cost.analyse(f"{HEAD}{before}ENTRY %main (x: f32[4,8]) -> f32[] {{\n{body}\n}}\n")


def test_each_element_of_arithmetic_is_one_operation_and_all_operands_are_read() -> None:
    found = cost("ROOT %y = f32[4,8]{1,0} multiply(%x, %x)")
    assert found == Cost(flops=32, bytes_accessed=3 * 128, fusions=0, instructions=1)


def test_whole_numbers_and_moves_are_no_floating_point_operations() -> None:
    found = cost("%j = s32[] add(%i, %i)", "ROOT %t = f32[8,4]{1,0} transpose(%x), dimensions={1,0}")
    assert found == Cost(flops=0, bytes_accessed=12 + 256, fusions=0, instructions=2)


def test_a_matrix_product_is_a_product_and_a_sum_for_each_inner_value() -> None:
    found = cost("ROOT %y = f32[4,2]{1,0} dot(%x, %w), lhs_contracting_dims={1}, rhs_contracting_dims={0}")
    assert (found.flops, found.bytes_accessed) == (2 * 4 * 2 * 8, 128 + 64 + 32)


def test_a_matrix_product_of_a_library_counts_as_one() -> None:
    config = 'custom_call_target="__cublas$gemm", backend_config={"lhs_contracting_dimensions":["1"]}'
    assert cost(f"ROOT %y = f32[4,2]{{1,0}} custom-call(%x, %w), {config}").flops == 2 * 4 * 2 * 8


def test_another_call_of_a_library_makes_the_operations_unknown_only() -> None:
    found = cost('ROOT %y = f32[4,8]{1,0} custom-call(%x), custom_call_target="TopK"')
    assert found == Cost(flops=None, bytes_accessed=256, fusions=0, instructions=1)


def test_a_convolution_counts_its_kernel_for_each_output() -> None:
    found = cost(
        "%image = f32[2,8,8,3]{3,2,1,0} parameter(3)",
        "%kernel = f32[3,3,3,5]{3,2,1,0} parameter(4)",
        "ROOT %y = f32[2,8,8,5]{3,2,1,0} convolution(%image, %kernel), "
        "window={size=3x3 pad=1_1x1_1}, dim_labels=b01f_01io->b01f",
    )
    assert found.flops == 2 * (2 * 8 * 8 * 5) * (3 * 3 * 3)


def test_a_reduction_adds_all_but_the_first_of_each_sum() -> None:
    assert cost("ROOT %y = f32[4]{0} reduce(%x, %zero), dimensions={1}, to_apply=%sum").flops == 32 - 4


def test_a_window_adds_all_but_its_first() -> None:
    window = "window={size=2x2 stride=2x2}, to_apply=%sum"
    assert cost(f"ROOT %y = f32[2,4]{{1,0}} reduce-window(%x, %zero), {window}").flops == 8 * 3


FUSED = """%fused (p.0: f32[4,8], p.1: s32[]) -> f32[1,8] {
  %p.0 = f32[4,8]{1,0} parameter(0)
  %p.1 = s32[] parameter(1)
  %row = f32[1,8]{1,0} dynamic-slice(%p.0, %p.1, %p.1), dynamic_slice_sizes={1,8}
  ROOT %e = f32[1,8]{1,0} exponential(%row)
}

"""


def test_a_fusion_computes_inside_and_reads_of_a_slice_no_more_than_that() -> None:
    found = cost("ROOT %y = f32[1,8]{1,0} fusion(%x, %i), kind=kLoop, calls=%fused", before=FUSED)
    assert found == Cost(flops=8, bytes_accessed=32 + 4 + 32, fusions=1, instructions=1)


WRITES = """%writes (p.0: f32[4,8], p.1: f32[1,8], p.2: s32[]) -> f32[4,8] {
  %p.0 = f32[4,8]{1,0} parameter(0)
  %p.1 = f32[1,8]{1,0} parameter(1)
  %p.2 = s32[] parameter(2)
  ROOT %u = f32[4,8]{1,0} dynamic-update-slice(%p.0, %p.1, %p.2, %p.2)
}

"""


def test_a_fusion_that_writes_a_slice_in_place_moves_only_that() -> None:
    found = cost(
        "%row = f32[1,8]{1,0} parameter(3)",
        "ROOT %y = f32[4,8]{1,0} fusion(%x, %row, %i), kind=kLoop, calls=%writes",
        before=WRITES,
    )
    assert found.bytes_accessed == 32 + 4 + 32


LOOP = """%body (s: f32[4,8]) -> f32[4,8] {
  %s = f32[4,8]{1,0} parameter(0)
  ROOT %y = f32[4,8]{1,0} add(%s, %s)
}

%condition (s: f32[4,8]) -> pred[] {
  %s = f32[4,8]{1,0} parameter(0)
  ROOT %yes = pred[] constant(true)
}

"""


def test_a_loop_counts_as_often_as_it_runs_and_its_instructions_once() -> None:
    config = 'condition=%condition, body=%body, backend_config={"known_trip_count":{"n":"5"}}'
    found = cost(f"ROOT %y = f32[4,8]{{1,0}} while(%x), {config}", before=LOOP)
    assert found == Cost(flops=5 * 32, bytes_accessed=5 * 384, fusions=0, instructions=1)


def test_a_loop_that_runs_nobody_knows_how_often_makes_both_unknown() -> None:
    found = cost("ROOT %y = f32[4,8]{1,0} while(%x), condition=%condition, body=%body", before=LOOP)
    assert (found.flops, found.bytes_accessed, found.instructions) == (None, None, 1)


def test_of_two_branches_the_one_that_costs_more_counts() -> None:
    branches = "%zero, %x, %x), branch_computations={%body, %condition}"
    assert cost(f"ROOT %y = f32[4,8]{{1,0}} conditional({branches}", before=LOOP).flops == 32


REAL = """
import tensorflow as tf
from tfbench.bench import module_cost
@tf.function(jit_compile=True)
def step(x, w):
    grow = lambda i, x: (i + 1, tf.matmul(x, w) + 1.0)
    return tf.while_loop(lambda i, x: i < 7, grow, (0, x))[1]
text = step.experimental_get_compiler_ir(tf.ones([16, 32]), tf.ones([32, 32]))(stage="optimized_hlo")
print("COST", module_cost.analyse(text).flops)
"""


@pytest.mark.tensorflow
def test_the_text_of_this_tensorflow_is_understood() -> None:
    done = subprocess.run([sys.executable, "-c", REAL], capture_output=True, text=True, timeout=300, check=False)
    assert f"COST {7 * (2 * 16 * 32 * 32 + 16 * 32)}" in done.stdout, done.stderr[-2000:]
