"""What the names of events in TensorFlow's traces mean."""

import pytest
from tfbench.bench import opkinds
from tfbench.bench.opkinds import WAIT, What

LAUNCH = "__inference_step_18:__inference_step_18"

NAMES = [
    # of Python
    ("tfbench_step", ("python", "Python", "Python")),
    ("convert_to_tensor", ("python", "convert_to_tensor", "convert_to_tensor")),
    ("tf.constant", ("python", "tf.constant", "tf.constant")),
    # of TensorFlow's runtime
    ("EagerLocalExecute: Mean", ("runtime", "eager dispatch", "EagerLocalExecute")),
    ("EagerLocalExecute: __inference_step_18", ("runtime", "eager dispatch", "EagerLocalExecute")),
    ("TFE_Py_FastPathExecute_C", ("runtime", "TFE_Py_FastPathExecute_C", "TFE_Py_FastPathExecute_C")),
    ("ExecutorState::Process", ("runtime", "ExecutorState::Process", "ExecutorState::Process")),
    ("KernelAndDeviceFunc::Run", ("runtime", "KernelAndDeviceFunc::Run", "KernelAndDeviceFunc::Run")),
    (LAUNCH, ("runtime", "XLA launch", "XlaLaunch")),
    ("__inference_step_18", ("runtime", "__inference_step_18", "__inference_step_18")),
    ("__inference_a_1:__inference_b_2", ("runtime", *("__inference_a_1:__inference_b_2",) * 2)),
    # of a graph
    ("MatMul:MatMul", ("graph", "MatMul", "MatMul")),
    ("layer_norm_1/moments/mean:Mean", ("graph", "layer_norm_1/moments/mean", "Mean")),
    ("while/body/_1/add:AddV2", ("graph", "while/body/_1/add", "AddV2")),
    ("a:b/mul:Mul", ("graph", "a:b/mul", "Mul")),
    ("arg/_2:_Send", ("graph", "arg/_2", "_Send")),
    ("dense/matmul:_FusedMatMul", ("graph", "dense/matmul", "_FusedMatMul")),
    ("MyCompiler/add:AddV2", ("graph", "MyCompiler/add", "AddV2")),
    # of communication
    ("sum/CollectiveReduceV2_1:CollectiveReduceV2", ("all-reduce", "sum/CollectiveReduceV2_1", "CollectiveReduceV2")),
    ("NcclAllReduce:NcclAllReduce", ("all-reduce", "NcclAllReduce", "NcclAllReduce")),
    ("CollectiveParamResolver", ("all-reduce", "CollectiveParamResolver", "CollectiveParamResolver")),
    # of the input
    ("Iterator::Root::Prefetch", ("input", "Iterator::Root::Prefetch", "Iterator::Root::Prefetch")),
    ("it/Next:IteratorGetNext", ("input", "it/Next", "IteratorGetNext")),
    ("TensorDataset:TensorDataset", ("input", "TensorDataset", "TensorDataset")),
    ("map:ParallelMapDatasetV2", ("input", "map", "ParallelMapDatasetV2")),
    ("x:DatasetCardinality", ("graph", "x", "DatasetCardinality")),
    # of tracing and compiling
    ("tf.function-graph_building", ("trace", "tf.function-graph_building", "tf.function-graph_building")),
    ("CpuCompiler::CompileCpuExecutable", ("compile", *("CpuCompiler::CompileCpuExecutable",) * 2)),
    ("XlaCompile", ("compile", "XlaCompile", "XlaCompile")),
    ("cluster_0/xla_compile:_XlaCompile", ("graph", "cluster_0/xla_compile", "_XlaCompile")),
    # of waiting
    ("BlockUntilReady", (WAIT, "BlockUntilReady", "BlockUntilReady")),
]


@pytest.mark.parametrize(("name", "what"), NAMES, ids=[name for name, _ in NAMES])
def test_a_host_event_is_told_by_its_name(name: str, what: tuple[str, str, str]) -> None:
    assert opkinds.classify(name) == What(*what)


@pytest.mark.parametrize(
    ("name", "kind", "type_"),
    [
        ("dot.5", "xla", "dot"),
        ("add_sqrt_fusion.3", "xla", "fusion"),
        ("wrapped_reduce-window", "xla", "fusion"),
        ("fusion", "xla", "fusion"),
        ("all-reduce.1", "all-reduce", "all-reduce"),
        ("all-gather-start", "all-reduce", "all-gather-start"),
        ("reduce-scatter.2", "all-reduce", "reduce-scatter"),
        ("reduce.2", "xla", "reduce"),
        ("tf.constant", "xla", "tf"),
    ],
)
def test_an_instruction_of_a_compiled_module_is_told_by_its_statistic(name: str, kind: str, type_: str) -> None:
    assert opkinds.classify(name, hlo=True) == What(kind, name, type_)


def test_pythons_side_of_a_functions_call_is_told_by_its_statistic() -> None:
    assert opkinds.classify("step", function_call=True) == What("python", "call of tf.function step", "tf.function")


@pytest.mark.parametrize(
    ("eager", "what"),
    [
        ("Mean", What("eager", "Mean", "Mean")),
        ("CollectiveReduceV2", What("all-reduce", "CollectiveReduceV2", "CollectiveReduceV2")),
        ("IteratorGetNext", What("input", "IteratorGetNext", "IteratorGetNext")),
        ("BatchDatasetV2", What("input", "BatchDatasetV2", "BatchDatasetV2")),
        ("__inference_step_18", What(WAIT, opkinds.KERNEL, opkinds.KERNEL)),
        ("SyncDevice", What(WAIT, opkinds.KERNEL, opkinds.KERNEL)),
        ("", What(WAIT, opkinds.KERNEL, opkinds.KERNEL)),
    ],
)
def test_the_kernel_of_an_eager_operation_is_the_operation_and_of_a_function_a_wait(eager: str, what: What) -> None:
    assert opkinds.kernel(eager) == what


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("add_sqrt_fusion.3", "fusion"),
        ("wrapped_add", "fusion"),
        ("fusion.12", "fusion"),
        ("copy", "copy"),
        ("reduce-window.4.clone", "reduce-window"),
        ("confusion.1", "confusion"),
    ],
)
def test_the_name_of_an_instruction_tells_its_type(name: str, type_: str) -> None:
    assert opkinds.hlo_type(name) == type_


def test_what_the_runtime_does_on_the_threads_of_collectives_is_communication() -> None:
    loop = opkinds.classify("Loop")
    assert opkinds.on_thread(loop, "collective_ops/-7910264230327777101").kind == "all-reduce"
    assert opkinds.on_thread(loop, "tf_Compute/1").kind == "runtime"
    work = opkinds.classify("dense/MatMul:MatMul")
    assert opkinds.on_thread(work, "collective_ops/1") == work
