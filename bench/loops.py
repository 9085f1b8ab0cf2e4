"""Find out how often a loop of a compiled module runs. No TensorFlow here."""

import re

from tfbench.bench import hlo
from tfbench.bench.hlo import Instruction, Module

SAME = frozenset(("copy", "bitcast", "convert", "opt-barrier"))
MAX_STEPS = 100  # of following a value; more is a circle

Place = tuple[str, Instruction]


def times(loop: Instruction, module: Module) -> int | None:
    """Give how often a `while` runs: as XLA says it, else from its counter; None if that is not found.

    On CPU XLA names the counter, but not the number of runs: it is where the counter starts, the bound that the
    condition compares it with, and what the body adds to it, all constants.
    """
    said = re.search(r'known_trip_count\\?":\{\\?"n\\?":\\?"(\d+)', loop.attributes)
    if said:
        return int(said[1])
    named = re.search(r'known_induction_variable\\?":\{\\?"tuple_index\\?":\\?"(\d+)', loop.attributes)
    if not named:
        return None
    finder = Finder(module)
    bounds = finder.bounds(loop.called_as("condition"))
    step = finder.step(loop.called_as("body"), int(named[1]))
    if bounds is None or not step or step < 0:
        return None
    start, bound = bounds
    return max(0, -((start - bound) // step))


class Finder:
    """Follow values of a module to the constants that they come from."""

    def __init__(self, module: Module) -> None:
        """Note for each computation who calls it."""
        self._module = module
        self._callers: dict[str, Place] = {}
        for name, computation in module.computations.items():
            for instruction in computation.values():
                self._callers.update(dict.fromkeys(instruction.called, (name, instruction)))

    def bounds(self, condition: str) -> tuple[int, int] | None:
        """Give start and bound of the one comparison `counter < bound` that holds whenever the loop goes on."""
        place: Place | None = (condition, hlo.root(self._module.computations[condition]))
        found = self._comparison(place)
        if found is None:
            return None
        name, compare = found
        computation = self._module.computations[name]
        start, bound = (self.value(name, computation[operand]) for operand in compare.operands[:2])
        return None if start is None or bound is None else (start, bound)

    def _comparison(self, place: Place | None) -> Place | None:
        for _ in range(MAX_STEPS):
            if place is None:
                return None
            name, instruction = place
            if instruction.opcode == "compare":
                return place if "direction=LT" in instruction.attributes else None
            if instruction.opcode == "fusion":
                inner = instruction.called[0]
                place = inner, hlo.root(self._module.computations[inner])
            elif instruction.opcode in SAME or (instruction.opcode == "and" and len(set(instruction.operands)) == 1):
                place = name, self._module.computations[name][instruction.operands[0]]
            else:
                return None
        return None

    def step(self, body: str, index: int) -> int | None:
        """Give the constant that the body adds to the counter, which is element `index` of its result."""
        computation = self._module.computations[body]
        last = hlo.root(computation)
        if last.opcode != "tuple":
            return None
        name, added = body, computation[last.operands[index]]
        if added.opcode == "fusion":
            name = added.called[0]
            added = hlo.root(self._module.computations[name])
        if added.opcode != "add":
            return None
        inner = self._module.computations[name]
        found = [self.value(name, inner[operand], into_loops=False) for operand in added.operands]
        constants = [number for number in found if number is not None]
        return constants[0] if len(constants) == 1 else None

    def value(self, name: str, instruction: Instruction, *, into_loops: bool = True) -> int | None:
        """Give the whole number that an instruction has when its loop begins; None if it is no constant.

        Args:
            name: the instruction's computation.
            instruction: where to begin.
            into_loops: also follow what goes around in a loop to its value before the loop.
        """
        indices: list[int] = []  # of the tuples that it was taken out of
        for _ in range(MAX_STEPS):
            if instruction.opcode == "constant":
                return int(instruction.literal) if re.fullmatch(r"-?\d+", instruction.literal) else None
            operand = instruction.operands[0] if instruction.operands else ""
            if instruction.opcode == "get-tuple-element":
                indices += instruction.numbers("index")
            elif instruction.opcode == "tuple" and indices:
                operand = instruction.operands[indices.pop()]
            elif instruction.opcode == "parameter" and name in self._callers:
                number = int(instruction.literal)
                name, caller = self._callers[name]
                if caller.opcode == "while" and not into_loops:
                    return None
                operand = caller.operands[0 if caller.opcode == "while" else number]
            elif instruction.opcode not in SAME:
                return None
            instruction = self._module.computations[name][operand]
        return None
