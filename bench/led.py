"""A program that is done in all workers of a cluster at once: each call is told to the others first. Worker only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tfbench.bench.case import Case
from tfbench.workloads.spec import Program

BUILD, TRACE, CALL, RESET, LOSSES, ECHO, STOP, OVER = (
    "build",
    "trace",
    "call",
    "reset",
    "losses",
    "echo",
    "stop",
    "over",
)


@dataclass(slots=True)
class LedStep:
    """Call a step in all workers at once: each call here is told to the others first, or many before they begin."""

    step: Callable[..., Any]
    tell: Callable[..., None]
    case_id: str
    places: dict[int, int] = field(default_factory=dict)
    announced: int = 0

    def __call__(self, *arguments: Any) -> Any:
        """Call it here, and there."""
        if self.announced:
            self.announced -= 1
        else:
            self.tell(CALL, case=self.case_id, first=self.places[id(arguments[0])], count=1)
        return self.step(*arguments)

    def announce(self, count: int) -> None:
        """Tell the others of so many calls with the inputs in turn, so that none waits for word of the next."""
        self.announced = count
        self.tell(CALL, case=self.case_id, first=0, count=count)

    def __getattr__(self, name: str) -> Any:
        """Give what a tf.function has beside being called; tracing must happen in all workers alike."""
        found = getattr(self.step, name)
        if name != "get_concrete_function":
            return found

        def trace(*arguments: Any) -> Any:
            self.tell(TRACE, case=self.case_id)
            return found(*arguments)

        return trace


def lead(program: Program, case: Case, tell: Callable[..., None]) -> Program:
    """Give the program with all that it does done in all workers."""
    places = {id(arguments[0]): i for i, arguments in enumerate(program.inputs)}

    def reset() -> None:
        tell(RESET, case=case.id)
        assert program.reset is not None, "only then is this one in its place"
        program.reset()

    def losses() -> Sequence[tuple[float, int]]:
        tell(LOSSES, case=case.id)
        assert program.shard_losses is not None, "only then is this one in its place"
        return program.shard_losses()

    return replace(
        program,
        step=LedStep(program.step, tell, case.id, places),
        reset=None if program.reset is None else reset,
        shard_losses=None if program.shard_losses is None else losses,
    )
