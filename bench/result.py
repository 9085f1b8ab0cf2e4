"""What measuring a function in a test gives: times, ratios with intervals, retraces."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from tfbench.bench import intervals, mode, pairing
from tfbench.bench.calls import Trace
from tfbench.bench.errors import BadInputError
from tfbench.bench.ratio import Ratio
from tfbench.bench.record import Ledger, Measurement


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Result:
    """Hold what was measured of a function in this process, in some modes.

    Attributes:
        measurements: by mode.
        retraced: what was traced after the first call of each mode, with the causes.
        compiles: how many times XLA compiled, first calls included; None where its log cannot be read.
    """

    measurements: Mapping[str, Measurement]
    retraced: tuple[Trace, ...]
    compiles: int | None

    @property
    def retraces(self) -> int:
        """Count what was traced after the first calls."""
        return len(self.retraced)

    def median_s(self, name: str) -> float:
        """Give the median seconds of a call in a mode."""
        return median(self._of(name).call_s)

    def first_call_s(self, name: str) -> float:
        """Give what the first call of a mode took, trace and compile included."""
        return self.ledger(name).first_call_s

    def ledger(self, name: str) -> Ledger:
        """Give the cold ledger of a mode."""
        return self._of(name).invocations[0].ledger

    def speedup(self, name: str, over: str = mode.EAGER) -> Ratio:
        """Give how many times faster a mode is than another, paired block by block.

        The 95 % interval is that of the median within this one process: another may well lie outside.
        """
        logs = intervals.estimate(pairing.samples(self._of(name), self._of(over)))
        return Ratio(logs=logs)

    def _of(self, name: str) -> Measurement:
        if name not in self.measurements:
            raise BadInputError(f"mode {name!r} was not measured: only {', '.join(self.measurements)}")
        return self.measurements[name]

    def __repr__(self) -> str:
        """Write what pytest shows where an assertion fails: retraces with their causes, then the modes."""
        return f"Result({'; '.join(reversed([line.strip() for line in self._lines()]))})"

    def __str__(self) -> str:
        """Write a line a mode, then traces and compiles; a star reminds of the single process."""
        return "\n".join([*self._lines(), "* within one process: another may well lie outside the interval"])

    def _lines(self) -> list[str]:
        first = next(iter(self.measurements))
        lines = []
        for name in self.measurements:
            lines.append(
                f"{name}: {self.median_s(name) * 1e6:.1f} us a call, first call {self.first_call_s(name):.3g} s"
            )
            if name != first:
                found = self.speedup(name, over=first)
                lines[-1] += f", {found.ratio:.2f}x [{found.low:.2f}, {found.high:.2f}]* over {first}"
        compiles = "unknown" if self.compiles is None else self.compiles
        lines.append(f"retraces: {self.retraces}, XLA compiles: {compiles}")
        lines += [f"  {trace.where}: {cause.text}" for trace in self.retraced for cause in trace.causes]
        return lines
