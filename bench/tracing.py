"""Count the traces of tf.functions, the time they take, and say why each was made.

This is the one adapter to TensorFlow's private `tracing_compilation._create_concrete_function`, which every trace of
every tf.function passes. `install` counts for the life of a worker, `watch` for a `with` block in any process.
"""

import functools
import importlib.util
import os
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tfbench.bench import calls, compile_log, signatures
from tfbench.bench.calls import Cause, RetraceLedger, Trace
from tfbench.bench.causes import History
from tfbench.bench.signatures import Origin, Signature

XLA_COMPILE = "_XlaMustCompile"


@dataclass(slots=True)
class Traces:
    """Hold what was traced in this process so far.

    Attributes:
        count: traces of any tf.function, nested ones included.
        seconds: time spent in traces, nested ones counted once.
        exact: False if TensorFlow's internals have moved and nothing is counted.
        events: the traces of functions whose code is neither TensorFlow's nor Keras', in the order they began.
    """

    count: int = 0
    seconds: float = 0.0
    exact: bool = True
    events: list[Trace] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Open:
    """Hold a trace that has begun; `inside_s` is the time of the user's traces inside it."""

    origin: Origin
    signature: Signature
    first: bool
    causes: tuple[Cause, ...]
    place: int
    inside_s: float = 0.0


@dataclass(slots=True, eq=False)
class _Recorder:
    """Stand in for TensorFlow's private function, and write down what passes."""

    inner: Callable[..., Any]
    clock: Callable[[], float]
    frameworks: tuple[str, ...]
    traces: Traces = field(default_factory=Traces)
    history: History = field(default_factory=History)
    on: bool = True
    probes: int = 0
    _depth: int = 0
    _open: list[_Open] = field(default_factory=list)

    def create(self, *args: Any, **kwargs: Any) -> Any:
        """Make the concrete function as TensorFlow does."""
        origin = _origin(args)
        if not self.on or (origin is not None and origin.code is compile_log.probe.__code__):
            self.probes += self.on
            return self.inner(*args, **kwargs)
        begun = self._begin(origin, args)
        # Replica threads of a strategy trace while the thread that started them waits: one depth for all.
        self.traces.count += 1
        self._depth += 1
        done = False
        start = self.clock()
        try:
            made = self.inner(*args, **kwargs)
            done = True
            return made
        finally:
            seconds = self.clock() - start
            self._depth -= 1
            if not self._depth:
                self.traces.seconds += seconds
            if begun is not None:
                self._end(begun, seconds, failed=not done)

    def _begin(self, origin: Origin | None, args: tuple[Any, ...]) -> _Open | None:
        if origin is None or origin.code.co_filename.startswith(self.frameworks):
            return None
        try:
            signature = _signature(origin, args)
            earlier = functools.partial(_cached, signature, args)
            first, causes = self.history.enter(origin, signature, earlier)
        except Exception as error:  # noqa: BLE001 - what explains a call must never break it
            signature = Signature(owner=lambda: None, arguments={}, cells={}, context={})
            reason = f"{type(error).__name__}: {error}"
            first, causes = False, (Cause(kind=calls.UNKNOWN, argument="", before="", after="", fix=reason),)
        begun = _Open(origin, signature, first, causes, place=len(self.traces.events))
        self._open.append(begun)
        return begun

    def _end(self, begun: _Open, seconds: float, *, failed: bool) -> None:
        outer = self._open[: self._open.index(begun)]
        self._open.remove(begun)
        if outer:
            outer[-1].inside_s += seconds
        with suppress(Exception):  # as above: a call must never break here
            self.history.leave(begun.origin, begun.signature, failed=failed)
        if failed:
            return
        code = begun.origin.code
        trace = Trace(
            function=code.co_qualname,
            file=code.co_filename,
            line=code.co_firstlineno,
            seconds=max(0.0, seconds - begun.inside_s),
            first=begun.first,
            causes=begun.causes,
        )
        self.traces.events.insert(begun.place, trace)  # before what was traced inside it


def _origin(args: tuple[Any, ...]) -> Origin | None:
    """Give the Python function of TensorFlow's (function_type, type_context, func_graph, tracing_options)."""
    function = getattr(args[3], "python_function", None) if len(args) == 4 else None
    return None if function is None else signatures.unwrap(function)


def _signature(origin: Origin, args: tuple[Any, ...]) -> Signature:
    from tensorflow.python.eager.polymorphic_function import function_context

    function_type, options = args[0], args[3]
    return Signature(
        # All traces of one tf.function share it, and it takes weak references.
        owner=weakref.ref(options.function_captures) if options.function_captures is not None else lambda: None,
        arguments=signatures.read_arguments(function_type.parameters, options.default_values or {}),
        cells=signatures.read_cells(origin.function),
        instance=None if origin.instance is None else _weak(origin.instance),
        xla=bool((options.attributes or {}).get(XLA_COMPILE)),
        **_context(function_context.make_function_context(options.scope_type)),
    )


def _weak(instance: Any) -> Any:
    found = signatures.refer(instance)
    return found if isinstance(found, weakref.ref) else None


def _context(known: Any) -> dict[str, Any]:
    """Give scope and context of TensorFlow's `FunctionContext` as texts; none of its graphs is kept alive."""
    return {"scope": str(known.scope_type), "context": {k: f"{v!r:.80}" for k, v in known.context._asdict().items()}}


def _cached(signature: Signature, args: tuple[Any, ...]) -> list[Signature]:
    """Give what this tf.function was traced for before the recording began, from its own cache."""
    options = args[3]
    primary = getattr(options.function_cache, "_primary", {})
    return [
        Signature(
            owner=signature.owner,
            arguments=signatures.read_arguments(function_type.parameters, options.default_values or {}),
            cells={},
            instance=signature.instance,
            xla=signature.xla,
            **_context(known),
        )
        for known, function_type in primary
    ]


def _attach(clock: Callable[[], float]) -> tuple[_Recorder, Any]:
    """Put a recorder in the place of TensorFlow's private function.

    One function is traced to prove that it is seen; if it is not, the traces say `exact=False`.

    Returns:
        The recorder, and the module it stands in, or None if TensorFlow has no such function any more.
    """
    import tensorflow as tf

    recorder = _Recorder(lambda *_: None, clock, _frameworks())
    try:
        from tensorflow.python.eager.polymorphic_function import tracing_compilation as module
    except ImportError:
        module = None
    inner = getattr(module, "_create_concrete_function", None)
    if inner is None:
        recorder.traces.exact = False
        return recorder, None
    recorder.inner = inner
    module._create_concrete_function = recorder.create  # noqa: SLF001 - the one adapter to it
    tf.function(compile_log.probe, autograph=False).get_concrete_function()
    recorder.traces.exact = recorder.probes == 1
    return recorder, module


def _detach(recorder: _Recorder, module: Any) -> None:
    """Put back what was there; a recorder that another one has been put over only falls silent."""
    recorder.on = False
    if module is not None and module._create_concrete_function == recorder.create:  # noqa: SLF001 - as above
        module._create_concrete_function = recorder.inner  # noqa: SLF001 - as above


@functools.cache
def _frameworks() -> tuple[str, ...]:
    """Give the folders of TensorFlow and Keras: what is traced of theirs is not the user's."""
    specs = [importlib.util.find_spec(name) for name in ("tensorflow", "keras", "tf_keras")]
    return tuple(os.path.join(place, "") for spec in specs if spec for place in spec.submodule_search_locations or ())  # noqa: PTH118 - a code's file name is text


def install(clock: Callable[[], float] = time.perf_counter) -> Traces:
    """Count every trace in this process from now on."""
    return _attach(clock)[0].traces


@contextmanager
def counting(clock: Callable[[], float] = time.perf_counter) -> Iterator[Traces]:
    """Count the traces inside a `with` block, in any process."""
    recorder, module = _attach(clock)
    try:
        yield recorder.traces
    finally:
        _detach(recorder, module)


@contextmanager
def watch(clock: Callable[[], float] = time.perf_counter) -> Iterator[RetraceLedger]:
    """Watch what is traced, and compiled, inside a `with` block, in any process and around any code.

    What the functions were traced for before the block counts: a new shape is a retrace, not a first trace.
    """
    with compile_log.opened() as log:
        recorder, module = _attach(clock)
        before = log.count if log else 0

        def compiles() -> int | None:
            if log is None:
                return None
            log.read()
            return int(log.count - before)

        ledger = RetraceLedger(recorder.traces.events, recorder.history.stale, compiles, exact=recorder.traces.exact)
        try:
            yield ledger
        finally:
            _detach(recorder, module)
            ledger.close()
