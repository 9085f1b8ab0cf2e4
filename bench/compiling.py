"""Count XLA's compilations, and the time they take, from its compiler's own log. Worker only.

XLA says `Compiled <name> <n> times, compile time: <t> us` for every executable it makes, if the
environment of `LOGGING` is set before TensorFlow is imported. The worker's stderr is a file, so it can
read its own log.
"""

import os
import re
from dataclasses import dataclass

LOGGING = {"TF_CPP_VMODULE": "device_compilation_profiler=1", "TF_CPP_MIN_LOG_LEVEL": "0"}

_COMPILED = re.compile(rb"device_compilation_profiler\.cc:\d+\] Compiled (\S+) \d+ times, compile time: (\d+) us")


@dataclass(slots=True)
class Compiles:
    """Follow the log on a file descriptor.

    Attributes:
        descriptor: of the regular file that the log goes to.
        count: compilations so far.
        seconds: time spent in them.
    """

    descriptor: int
    count: int = 0
    seconds: float = 0.0
    _offset: int = 0

    def read(self) -> None:
        """Take in what was logged since the last time; a half-written line waits for the next."""
        size = os.fstat(self.descriptor).st_size
        if size <= self._offset:
            return
        text = os.pread(self.descriptor, size - self._offset, self._offset)
        whole = text.rfind(b"\n") + 1
        self._offset += whole
        for match in _COMPILED.finditer(text[:whole]):
            self.count += 1
            self.seconds += int(match[2]) / 1e6


def is_log_line(line: str) -> bool:
    """Tell whether a line of stderr is only the log that was asked for here."""
    return bool(_COMPILED.search(line.encode("utf-8", "replace")))
