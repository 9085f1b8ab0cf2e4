"""Count what a module compiled by XLA computes and moves, from its text. No TensorFlow here.

XLA has such a count (`HloCostAnalysis`), but TensorFlow's wheels do not let Python reach it, so this follows its
rules, with three differences: floating point only, a loop counts as often as it runs, and a function such as `exp`
counts as one operation (XLA counts those apart).
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tfbench.bench import hlo, loops
from tfbench.bench.extras import Cost
from tfbench.bench.hlo import Computation, Instruction, Module

ARITHMETIC = frozenset(
    (
        *("add", "subtract", "multiply", "divide", "remainder", "power", "maximum", "minimum", "negate", "abs", "sign"),
        *("floor", "ceil", "clamp", "round-nearest-afz", "round-nearest-even", "sqrt", "rsqrt", "cbrt", "exponential"),
        *("exponential-minus-one", "log", "log-plus-one", "logistic", "tanh", "sine", "cosine", "tan", "atan2", "erf"),
    )
)
FREE = frozenset(
    (
        *("parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all"),
        *("partition-id", "replica-id", "opt-barrier"),
    )
)
NESTED = frozenset(("while", "call", "conditional", "async-start"))
MATRIX_PRODUCTS = ("__cublas$gemm", "__cublas$lt$matmul")
SLICES = frozenset(("slice", "dynamic-slice", "gather"))


@dataclass(frozen=True, slots=True)
class Work:
    """Hold operations and bytes."""

    flops: int = 0
    moved: int = 0

    def __add__(self, other: "Work") -> "Work":
        """Add both."""
        return Work(self.flops + other.flops, self.moved + other.moved)

    def __mul__(self, times: int) -> "Work":
        """Do it so many times."""
        return Work(self.flops * times, self.moved * times)


def analyse(text: str) -> Cost:
    """Give the cost of one run of the module of this text; what cannot be known is None.

    Raises:
        ValueError: it is not the text of a module.
    """
    module = hlo.parse(text)
    counter = Counter(module)
    work = counter.run(module.entry)
    ran = [i for name in counter.ran for i in module.computations[name].values()]
    return Cost(
        flops=None if counter.unknown_flops or counter.unknown_loops else work.flops,
        bytes_accessed=None if counter.unknown_loops else work.moved,
        fusions=sum(i.opcode == "fusion" for i in ran),
        instructions=sum(i.opcode not in FREE and i.opcode not in NESTED for i in ran),
    )


@dataclass(slots=True)
class Counter:
    """Count over a module.

    Attributes:
        module: what is counted.
        unknown_flops: instructions whose operations are not known.
        unknown_loops: loops of which it is not known how often they run.
        ran: names of the computations that run instruction by instruction: the entry, loop bodies, branches.
    """

    module: Module
    unknown_flops: list[str] = field(default_factory=list)
    unknown_loops: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)

    def run(self, name: str) -> Work:
        """Count a computation that is run instruction by instruction."""
        self.ran.append(name)
        computation = self.module.computations[name]
        return sum((self._one(i, computation) for i in computation.values()), Work())

    def _one(self, i: Instruction, computation: Computation) -> Work:
        if i.opcode in FREE or i.opcode.endswith("-done"):
            return Work()
        if i.opcode == "while":
            times = loops.times(i, self.module)
            if times is None:
                self.unknown_loops.append(i.name)
            return (self.run(i.called_as("body")) + self.run(i.called_as("condition"))) * (times or 0)
        if i.opcode == "conditional":  # the branch that costs most
            return max((self.run(name) for name in i.called), key=lambda work: (work.flops, work.moved))
        if i.opcode in NESTED:
            return sum((self.run(name) for name in i.called), Work())
        return Work(self.flops(i, computation), self.moved(i, computation))

    def flops(self, i: Instruction, computation: Computation) -> int:
        """Count the floating-point operations of one instruction."""
        if i.opcode in ARITHMETIC:
            return i.elements if is_float(i) else 0
        if i.opcode in {"fusion", "call"}:
            return sum(self._each(name) for name in i.called)
        if i.opcode == "custom-call":
            return self._custom(i, computation)
        operands = [computation[name] for name in i.operands if name in computation]
        if i.opcode == "dot":
            return dot_flops(i, operands[0], i.numbers("lhs_contracting_dims"))
        if i.opcode == "convolution":
            return convolution_flops(i, operands[1])
        return applications(i, operands) * sum(self._each(name) for name in i.called)

    def _each(self, name: str) -> int:
        inner = self.module.computations[name]
        return sum(self.flops(i, inner) for i in inner.values())

    def _custom(self, i: Instruction, computation: Computation) -> int:
        """Count a call of a library: matrix products are known by their configuration."""
        axes = re.search(r'lhs_contracting_dimensions\\?":\[([^\]]*)\]', i.attributes)
        if axes and any(f'"{name}"' in i.attributes for name in MATRIX_PRODUCTS):
            return dot_flops(i, computation[i.operands[0]], [int(axis) for axis in re.findall(r"\d+", axes[1])])
        self.unknown_flops.append(i.name)
        return 0

    def moved(self, i: Instruction, computation: Computation) -> int:
        """Count the bytes that one instruction reads and writes; of what it slices only the slice."""
        sizes = [computation[name].size_bytes for name in i.operands if name in computation]
        if i.opcode in SLICES:
            return 2 * i.size_bytes + sum(sizes[1:])
        if i.opcode == "dynamic-update-slice":
            return 2 * sizes[1] + sum(sizes[2:])
        if i.opcode != "fusion" or not i.called:
            return i.size_bytes + sum(sizes)
        inner = self.module.computations[i.called[0]]
        read = sum(min(size, read_bytes(inner, index, size)) for index, size in enumerate(sizes))
        return read + written_bytes(inner, i)


def is_float(i: Instruction) -> bool:
    """Tell whether it computes in floating point, complex numbers included."""
    return bool(i.shapes) and bool(re.match(r"(f|bf|c)\d", i.shapes[0][0]))


def dot_flops(i: Instruction, left: Instruction, axes: Sequence[int]) -> int:
    """Count a matrix product: for each output a product and a sum for each value along the axes of its left side."""
    return 2 * i.elements * math.prod(left.shapes[0][1][axis] for axis in axes)


def applications(i: Instruction, operands: Sequence[Instruction]) -> int:
    """Count how often an instruction applies the computation that it calls, such as the sum of a reduction."""
    if i.opcode == "reduce":
        return max(0, operands[0].elements - i.elements)
    if i.opcode == "reduce-window":
        window = re.search(r"size=([\dx]+)", i.attributes)
        return i.elements * (math.prod(int(n) for n in window[1].split("x")) - 1) if window else 0
    if i.opcode == "scatter":
        return operands[-1].elements
    return i.elements if i.opcode == "map" else 0


def convolution_flops(i: Instruction, kernel: Instruction) -> int:
    """Count a convolution: for each output as many products and sums as the kernel has values for one feature."""
    labels = re.search(r"dim_labels=\w+_(\w+)->", i.attributes)
    if not labels:
        return 0
    axes = kernel.shapes[0][1]
    return 2 * i.elements * math.prod(axes) // max(1, axes[labels[1].index("o")])


def read_bytes(inner: Computation, index: int, size: int) -> int:
    """Count what a fusion reads of its parameter `index`: all, or the slices where it only slices it."""
    name = next((i.name for i in inner.values() if i.opcode == "parameter" and i.literal == str(index)), "")
    users = [i for i in inner.values() if name in i.operands]
    sliced = 0
    for user in users:
        if user.opcode in SLICES and user.operands[0] == name:
            sliced += user.size_bytes
        elif user.opcode != "dynamic-update-slice" or user.operands[0] != name:
            return size
    return sliced


def written_bytes(inner: Computation, fusion: Instruction) -> int:
    """Count what a fusion writes: its result, or only the slice that it puts into it in place."""
    last = hlo.root(inner)
    return inner[last.operands[1]].size_bytes if last.opcode == "dynamic-update-slice" else fusion.size_bytes
