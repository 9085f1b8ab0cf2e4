"""Start a worker process, listen to it, and end it with everything it started."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self

from tfbench.bench import codec, compiling
from tfbench.bench.protocol import END, FAILURE, SCRATCH_PREFIX, SKIP, Request, send

STDERR_LINES = 20
GRACE_S = 2.0
MEMORY = ", as the system does when memory runs out"
LAST = (END, FAILURE, SKIP)


class WorkerError(Exception):
    """Say how a worker ended too early.

    Attributes:
        kind: `killed`, `timeout` or `protocol`.
        stderr: the last lines it wrote.
    """

    def __init__(self, kind: str, message: str, stderr: tuple[str, ...]) -> None:
        """Keep kind and stderr beside the message."""
        super().__init__(message)
        self.kind = kind
        self.stderr = stderr


def command(python: str) -> list[str]:
    """Give the command that starts a worker; -P, so that no keras.py of the user's folder is imported."""
    return [python, "-P", str(Path(__file__).with_name("bootstrap.py"))]


def inherited() -> dict[str, str]:
    """Give the environment without TF_CONFIG: only a worker of a cluster has it, and sets it itself."""
    return {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}


class Worker:
    """A worker process, from its request to its last message. Use as a context manager: it never outlives it."""

    def __init__(
        self,
        request: Request,
        *,
        python: str = sys.executable,
        start: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the process in this Python, or with the command `start`, and hand it the request."""
        self._stderr: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        # TensorFlow leaves generated files behind when it is ended: they go with this folder.
        self._scratch = tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX, ignore_cleanup_errors=True)
        read_request, write_request = os.pipe()
        read_answer, write_answer = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this package, in the interpreter of the user's choice
                [*(start or command(python)), str(read_request), str(write_answer)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                pass_fds=(read_request, write_answer, *([request.listener] if request.listener >= 0 else [])),
                env={**inherited(), **compiling.LOGGING, "TMPDIR": self._scratch.name, **(environment or {})},
                process_group=0,
            )
        finally:
            os.close(read_request)
            os.close(write_answer)
        self._request, self._answer = write_request, read_answer
        with contextlib.suppress(BrokenPipeError):
            send(self._request, codec.encode(request))

    def __enter__(self) -> Self:
        """Give the worker itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process group, whatever happened."""
        self.close()

    @property
    def pid(self) -> int:
        """Give the process id, also the id of its group."""
        return self._process.pid

    def messages(self, *, timeout_s: float) -> Iterator[dict[str, Any]]:
        """Give what the worker says until it has ended well.

        Raises:
            WorkerError: it died, was silent for `timeout_s`, or said something that is no message.
        """
        ended = False
        for line in self._lines(timeout_s):
            try:
                message = json.loads(line)
                ended = message["say"] in LAST
            except (ValueError, TypeError, KeyError):
                raise WorkerError("protocol", f"the worker said {line!r:.80}", self.stderr()) from None
            yield message
            if message["say"] == END:
                return  # a process that the workload has left behind may still hold the pipe
        code = self._wait(GRACE_S)
        if code is None:
            raise WorkerError("timeout", "the worker closed its pipe, but did not end", self.stderr())
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            memory = MEMORY if code == -signal.SIGKILL else ""
            raise WorkerError("killed", f"the worker was ended by {name}{memory}", self.stderr())
        if code > 0:
            raise WorkerError("killed", f"the worker ended with exit code {code}", self.stderr())
        if not ended:
            raise WorkerError("protocol", "the worker ended before it was done", self.stderr())

    def _lines(self, timeout_s: float) -> Iterator[bytes]:
        pending = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._answer, selectors.EVENT_READ)
            while True:
                if not selector.select(timeout_s):
                    raise WorkerError("timeout", f"the worker was silent for {timeout_s:g} s", self.stderr())
                data = os.read(self._answer, 65536)
                if not data:
                    break
                *lines, pending = (pending + data).split(b"\n")
                yield from lines
        if pending:
            yield pending

    def stderr(self) -> tuple[str, ...]:
        """Give the last lines of the worker's stderr, without the compile log that tfbench asked for."""
        size = os.fstat(self._stderr.fileno()).st_size
        tail = os.pread(self._stderr.fileno(), 65536, max(0, size - 65536)).decode("utf-8", "replace")
        lines = [line for line in tail.splitlines() if line.strip() and not compiling.is_log_line(line)]
        return tuple(lines[-STDERR_LINES:])

    def _wait(self, seconds: float) -> int | None:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """Kill the whole process group and wait for the worker; a second call does nothing."""
        if self._answer < 0:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._request)
        os.close(self._answer)
        self._answer = -1
        self._stderr.close()
        self._scratch.cleanup()
