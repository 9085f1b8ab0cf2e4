"""Count XLA's compilations, and the time they take, from its compiler's own log. Worker only.

XLA says `Compiled <name> <n> times, compile time: <t> us` for every executable it makes, if the
environment of `LOGGING` is set before TensorFlow is imported. The worker's stderr is a file, so it can
read its own log.
"""

import os
import re
from dataclasses import dataclass, field

LOGGING = {"TF_CPP_VMODULE": "device_compilation_profiler=1", "TF_CPP_MIN_LOG_LEVEL": "0"}

# TensorFlow's names of a traced function, of what a tape runs of it, and of the way back; numbers make them unique.
_NAMES = (
    (re.compile(r"__inference___backward_(.+?)_\d+_\d+"), "{} (gradient)"),
    (re.compile(r"__(?:inference|forward)_(.+?)_\d+"), "{}"),
)
_COMPILED = re.compile(rb"device_compilation_profiler\.cc:\d+\] Compiled (\S+) \d+ times, compile time: (\d+) us")


@dataclass(slots=True)
class Compiles:
    """Follow the log on a file descriptor.

    Attributes:
        descriptor: of the regular file that the log goes to; negative where there is none, and nothing is counted.
        count: compilations so far.
        seconds: time spent in them.
        functions: which function each compilation was for.
    """

    descriptor: int
    count: int = 0
    seconds: float = 0.0
    functions: list[str] = field(default_factory=list)
    _offset: int = 0

    def read(self) -> None:
        """Take in what was logged since the last time; a half-written line waits for the next."""
        size = os.fstat(self.descriptor).st_size if self.descriptor >= 0 else 0
        if size <= self._offset:
            return
        text = os.pread(self.descriptor, size - self._offset, self._offset)
        whole = text.rfind(b"\n") + 1
        self._offset += whole
        for match in _COMPILED.finditer(text[:whole]):
            self.count += 1
            self.seconds += int(match[2]) / 1e6
            self.functions.append(function_of(match[1].decode("utf-8", "replace")))


def function_of(name: str) -> str:
    """Give the Python function that a compiled function was made of, as far as TensorFlow's name tells it.

    >>> function_of("__inference_step_12"), function_of("__inference___backward_step_33_38")
    ('step', 'step (gradient)')
    """
    bare = name.partition("[")[0]
    for pattern, text in _NAMES:
        match = pattern.fullmatch(bare)
        if match:
            return text.format(match[1])
    return name


def is_log_line(line: str) -> bool:
    """Tell whether a line of stderr is only the log that was asked for here."""
    return bool(_COMPILED.search(line.encode("utf-8", "replace")))
