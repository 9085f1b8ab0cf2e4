"""Read the text of a module that XLA has compiled: its computations and their instructions. No TensorFlow here."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Shape = tuple[str, tuple[int, ...]]

_ARRAY = re.compile(r"\b([a-z]+\d*\w*)\[([\d,<=]*)\]")
_NAME = re.compile(r"%([\w.\-]+)")
_HEAD = re.compile(r"(ENTRY )?%?([\w.\-]+) \(.*\) -> .*\{$")
_START = re.compile(r"(ROOT )?%?([\w.\-]+) = ")
_CALLED = re.compile(r"\b(?:calls|to_apply|body|condition|true_computation|false_computation)=%?([\w.\-]+)")
_BRANCHES = re.compile(r"branch_computations=\{([^}]*)\}")
_WIDTH = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """Hold one instruction.

    Attributes:
        name: unique in its computation.
        opcode: such as `add`, `fusion` or `while`.
        shapes: type and axes of each array that it gives.
        operands: names of the instructions whose results it takes.
        literal: what stands in the parentheses; the value of a constant, the number of a parameter.
        attributes: the rest of the line.
        root: whether its result is that of the computation.
    """

    name: str
    opcode: str
    shapes: tuple[Shape, ...]
    operands: tuple[str, ...]
    literal: str
    attributes: str
    root: bool = False

    @property
    def elements(self) -> int:
        """Give the number of elements of its first array."""
        return math.prod(self.shapes[0][1]) if self.shapes else 0

    @property
    def size_bytes(self) -> int:
        """Give the bytes of all that it gives."""
        return sum(math.prod(axes) * width_bytes(kind) for kind, axes in self.shapes)

    @property
    def called(self) -> tuple[str, ...]:
        """Give the names of the computations that it runs."""
        branches = _BRANCHES.search(self.attributes)
        names = _NAME.findall(branches[1]) if branches else []
        return (*_CALLED.findall(self.attributes), *names)

    def numbers(self, attribute: str) -> tuple[int, ...]:
        """Give the numbers of an attribute such as `lhs_contracting_dims={1,2}` or `index=3`; empty without it."""
        found = re.search(rf"\b{attribute}=\{{?([\d,]*)", self.attributes)
        return tuple(int(number) for number in found[1].split(",") if number) if found else ()

    def called_as(self, attribute: str) -> str:
        """Give the name of the computation under an attribute such as `body`; empty without it."""
        found = re.search(rf"\b{attribute}=%?([\w.\-]+)", self.attributes)
        return found[1] if found else ""


Computation = Mapping[str, Instruction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """Hold a module: its computations by name, each with its instructions by name, and which one is run."""

    computations: Mapping[str, Computation]
    entry: str


def width_bytes(kind: str) -> int:
    """Give the bytes of one element: 4 for `f32`, 1 for `pred`, 0 for a token."""
    if kind in {"token", "opaque"}:
        return 0
    bits = _WIDTH.search(kind)
    return max(1, int(bits[0]) // 8) if bits else 1


def root(computation: Computation) -> Instruction:
    """Give the instruction whose result is the computation's."""
    return next(instruction for instruction in computation.values() if instruction.root)


def parse(text: str) -> Module:
    """Read the text that `experimental_get_compiler_ir` gives.

    Raises:
        ValueError: it has no entry computation.
    """
    computations: dict[str, dict[str, Instruction]] = {}
    entry, current = "", None
    for line in _lines(text):
        head = _HEAD.match(line)
        if head and " = " not in line.split("(", 1)[0]:
            current = computations.setdefault(head[2], {})
            entry = head[2] if head[1] else entry
        elif line == "}":
            current = None
        elif current is not None and (found := _instruction(line)):
            current[found.name] = found
    if not entry:
        raise ValueError("the text holds no entry computation")
    return Module(computations=computations, entry=entry)


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield re.sub(r"/\*.*?\*/", "", line).strip()


def _instruction(line: str) -> Instruction | None:
    start = _START.match(line)
    if not start:
        return None
    rest = line[start.end() :]
    kind, rest = _cut(rest) if rest.startswith("(") else rest.split(" ", 1)
    opcode, parenthesis, rest = rest.strip().partition("(")
    literal, attributes = _cut(parenthesis + rest)
    attributes = re.sub(r"metadata=\{[^}]*\}", "", attributes)
    shapes = tuple((name, _axes(axes)) for name, axes in _ARRAY.findall(kind))
    return Instruction(
        name=start[2],
        opcode=opcode,
        shapes=shapes,
        operands=tuple(_NAME.findall(literal)),
        literal=literal[1:-1],
        attributes=attributes,
        root=bool(start[1]),
    )


def _axes(text: str) -> tuple[int, ...]:
    return tuple(int(size.lstrip("<=")) for size in text.split(",") if size)


def _cut(text: str) -> tuple[str, str]:
    """Cut off what stands in the parentheses at the beginning, with them."""
    depth = 0
    for i, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[: i + 1], text[i + 1 :]
    return text, ""
