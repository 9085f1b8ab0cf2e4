"""Tell from an event's name in a TensorFlow trace what kind of work it is. No TensorFlow here.

The names were read off traces of TensorFlow 2.21 on CPU: the profiler does not document them.
"""

import re
from dataclasses import dataclass, replace

from tfbench.bench.profile import (
    ALL_REDUCE,
    COMPILING,
    DEVICE,
    EAGER,
    GRAPH,
    INPUT,
    PYTHON,
    RUNTIME,
    TRACING,
    XLA,
)

WAIT = "wait"  # a thread that waits for others
MARKER = "tfbench_step"
EAGER_PREFIX = "EagerLocalExecute: "
KERNEL = "KernelAndDeviceFunc::Run"
REGION = "ThreadpoolListener::StartRegion", "ThreadpoolListener::StopRegion"
OWN_WAIT = "SyncDevice"  # the operation of tfbench's own wait for the device

_GRAPH_OP = re.compile(r"(?P<name>.+):(?P<type>_?[A-Z]\w*)")
_COLLECTIVE = re.compile(r"Collective|Nccl|all-?reduce|all-?gather|reduce-scatter", re.IGNORECASE)
_INPUT = re.compile(r"Iterator|\w*Dataset(V\d+)?$")
_NAMES = (
    (re.compile(r"Iterator::"), INPUT),
    (re.compile(r"tf\.function-graph_building$"), TRACING),
    (re.compile(r".*Compile"), COMPILING),
    (re.compile(r"Collective"), ALL_REDUCE),
)
_PYTHON = {"convert_to_tensor", "tf.constant"}


@dataclass(frozen=True, slots=True)
class What:
    """Say what an event is.

    Attributes:
        kind: one of `profile.KINDS`, or `WAIT`.
        name, type: of the operation.
    """

    kind: str
    name: str
    type: str


def classify(name: str, *, hlo: bool = False, function_call: bool = False) -> What:
    """Tell what a host event is, from its name and which statistics it carries.

    Args:
        name: as it stands in the trace.
        hlo: it carries `hlo_op`: an instruction of a module that XLA compiled.
        function_call: it carries `tf_function_call`: Python's side of calling a tf.function.
    """
    if hlo:
        return What(_by_type(name, XLA), name, hlo_type(name))
    if function_call:
        return What(PYTHON, f"call of tf.function {name}", "tf.function")
    if name == MARKER:
        return What(PYTHON, "Python", "Python")
    if name in _PYTHON:
        return What(PYTHON, name, name)
    if name == "BlockUntilReady":
        return What(WAIT, name, name)
    return _of_runtime(name)


def _of_runtime(name: str) -> What:
    """Tell what a name that TensorFlow's C++ part has given means."""
    if name.startswith(EAGER_PREFIX):
        return What(RUNTIME, "eager dispatch", "EagerLocalExecute")
    if name.startswith("__") and _twice(name):
        return What(RUNTIME, "XLA launch", "XlaLaunch")
    found = None if "::" in name else _GRAPH_OP.fullmatch(name)
    if found is not None:
        return What(_by_type(found["type"], GRAPH), found["name"], found["type"])
    return What(next((kind for pattern, kind in _NAMES if pattern.match(name)), RUNTIME), name, name)


def on_thread(what: What, thread: str) -> What:
    """Tell what an event is by the thread it lies on: what the runtime does on those for collectives is theirs."""
    return replace(what, kind=ALL_REDUCE) if what.kind == RUNTIME and thread.startswith("collective_ops") else what


def _twice(name: str) -> bool:
    """Tell whether it is `name:name`, as the kernel that runs a compiled function calls itself."""
    first, _, second = name.partition(":")
    return first == second


def _by_type(type_: str, otherwise: str) -> str:
    if _COLLECTIVE.match(type_):
        return ALL_REDUCE
    return INPUT if _INPUT.match(type_) else otherwise


def classify_kernel(name: str) -> What:
    """Tell what ran on an accelerator."""
    return What(_by_type(name, DEVICE), name, hlo_type(name))


def kernel(eager: str) -> What:
    """Tell what the kernel of an eager operation is: of a function it only waits for the function's own operations."""
    if eager.startswith("__") or eager == OWN_WAIT or not eager:
        return What(WAIT, KERNEL, KERNEL)
    return What(_by_type(eager, EAGER), eager, eager)


def hlo_type(name: str) -> str:
    """Give the kind of instruction that an HLO name tells: `fusion` for `add_sqrt_fusion.3` and `wrapped_add`."""
    base = name.partition(".")[0]
    return "fusion" if base.endswith("_fusion") or base.startswith(("wrapped_", "fusion")) else base
