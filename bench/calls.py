"""The records of the retrace ledger: calls, what was traced and compiled in them, and why."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

SHAPE, RANK, DTYPE = "shape", "rank", "dtype"
VALUE, STRUCTURE, OBJECT = "python value", "structure", "object"
FUNCTION, VARIABLES, CONTEXT = "new function", "variables", "context"
CLOSURE, UNKNOWN = "closure", "unknown"
ARGUMENT_KINDS = (SHAPE, RANK, DTYPE, VALUE, STRUCTURE, OBJECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Hold one reason why a function was traced again.

    Attributes:
        kind: what changed: one of the kinds above. "closure" alone is no retrace: the value changed, the trace
            did not, and calls go on with the old value.
        argument: name, such as `x`, `batch['image']` or `layers[2]`; of a variable of the closure for "new
            function" and "closure"; empty where nothing is named.
        before: what it was in the nearest earlier trace, as text.
        after: what it is now.
        fix: what makes the retrace go away.
    """

    kind: str
    argument: str
    before: str
    after: str
    fix: str

    @property
    def text(self) -> str:
        """Say it in one line."""
        return f"{self.reason}; fix: {self.fix}"

    @property
    def reason(self) -> str:
        """Say what changed, without the fix."""
        change = f"{self.before} became {self.after}" if self.before or self.after else ""
        if self.kind in ARGUMENT_KINDS:
            # Between a tensor and a Python value the change says itself what it is.
            kind = "" if self.kind == VALUE and "tensor" in {self.before[:6], self.after[:6]} else f"{self.kind} "
            return f"argument {self.argument}: {kind}{change}"
        if self.kind == CLOSURE:
            return f"closure {self.argument}: {change} after the trace, and calls still use {self.before}"
        said = {
            FUNCTION: "a new tf.function over the same code",
            VARIABLES: "variables were made in the first call, so it is traced once more without",
            CONTEXT: "the same arguments in another context",
        }.get(self.kind, "the reason could not be read from TensorFlow's signatures")
        name = f"closure {self.argument}: " if self.argument else ""
        return f"{said}, {name}{change}" if change else said


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Hold one trace of a tf.function.

    Attributes:
        function: qualified name of the Python function.
        file: where its code stands.
        line: first line of the function there, decorators included.
        seconds: time of the trace; traces of other functions of the user inside it are left out, they have
            their own record.
        first: it is the first trace of this code; only other traces are retraces and have causes.
        causes: what changed since the nearest earlier trace.
    """

    function: str
    file: str
    line: int
    seconds: float
    first: bool
    causes: tuple[Cause, ...]

    @property
    def where(self) -> str:
        """Give function, file and line."""
        return f"{self.function} ({self.file}:{self.line})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """Hold a variable of a closure that changed after the trace: no retrace, and silently the old value.

    Attributes:
        function, file, line: as those of a trace.
        cause: the change, of kind "closure".
    """

    function: str
    file: str
    line: int
    cause: Cause

    @property
    def where(self) -> str:
        """Give function, file and line."""
        return f"{self.function} ({self.file}:{self.line})"


def again(traces: Iterable[Trace]) -> str:
    """Say in one line how often functions were traced again and why, with the first cause; empty where they were not.

    TensorFlow's own second trace, after variables were made, is left out.
    """
    found = [it for it in traces if not it.first and not any(cause.kind == VARIABLES for cause in it.causes)]
    reasons = list(dict.fromkeys(cause.text for it in found for cause in it.causes))
    if not found:
        return ""
    often = "once more" if len(found) == 1 else f"{len(found)} times more"
    more = len(reasons) - 1
    others = f" (and {more} other{'s' if more > 1 else ''})" if more > 0 else ""
    return f"traced {often} after the first call" + (f": {reasons[0]}{others}" if reasons else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Hold what one call of a sequence did.

    Attributes:
        label: what is called with what, such as `batch of 24`.
        seconds: time of the call, the wait for the device included.
        traces: what was traced in it.
        compiles: how many times XLA compiled in it.
        compile_s: time spent in that.
        rss_bytes: how much the process grew in it; None where the system does not tell.
        compiled: which function each compilation was for; a gradient is compiled apart from its function.
        note: what the call itself said that traces do not show, such as that its answer is stale.
    """

    label: str
    seconds: float
    traces: tuple[Trace, ...]
    compiles: int
    compile_s: float
    rss_bytes: int | None
    compiled: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """Hold a realistic sequence of calls of a workload.

    Attributes:
        workload: its name.
        mode: execution mode.
        name: what makes the sequence realistic, such as `last, smaller batch`.
        fix: what makes its retraces go away.
        fixed: the fix was applied.
        calls: in their order.
    """

    workload: str
    mode: str
    name: str
    fix: str
    fixed: bool
    calls: tuple[Call, ...]


class RetraceLedger:
    """Give what a watch saw; while it is open, what it has seen so far.

    Attributes:
        traces: all traces of the user's functions, in the order they began.
        exact: False if TensorFlow's internals have moved and nothing is seen.
    """

    def __init__(
        self,
        traces: list[Trace],
        stale: Callable[[], list[Stale]],
        compiles: Callable[[], int | None],
        *,
        exact: bool,
    ) -> None:
        self.traces, self.exact = traces, exact
        self._stale, self._compiles = stale, compiles

    @property
    def retraces(self) -> list[Trace]:
        """Give the traces that are not the first of their code."""
        return [trace for trace in self.traces if not trace.first]

    @property
    def compiles(self) -> int | None:
        """Count XLA's compilations; None where its log cannot be read.

        It can where `compiling.LOGGING` was in the environment before TensorFlow was imported and stderr is a file.
        """
        return self._compiles()

    @property
    def stale(self) -> list[Stale]:
        """Give what a function still uses the old value of, since nothing traced it anew when that changed."""
        return self._stale()

    def close(self) -> None:
        """Keep what was seen up to now."""
        stale, compiles = self._stale(), self._compiles()
        self._stale, self._compiles = lambda: stale, lambda: compiles

    def __str__(self) -> str:
        """Write one line a trace, and one below for each cause and its fix."""
        if not self.exact:
            return "traces cannot be counted with this TensorFlow"
        compiles = "unknown" if self.compiles is None else str(self.compiles)
        seconds = sum(trace.seconds for trace in self.traces)
        lines = [f"traces: {len(self.traces)} in {seconds:.3f} s, retraces: {len(self.retraces)}, compiles: {compiles}"]
        for trace in self.traces:
            lines.append(f"  {trace.where}  {trace.seconds:.3f} s  {'first' if trace.first else 'again'}")
            lines += [f"    {cause.text}" for cause in trace.causes]
        for stale in self.stale:
            lines += [f"  {stale.where}  not traced again", f"    {stale.cause.text}"]
        return "\n".join(lines)
