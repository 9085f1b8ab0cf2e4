"""Explain why a function was traced again: compare its signature with the nearest earlier one, and name the fix."""

import types
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfbench.bench import calls
from tfbench.bench.calls import Cause, Stale
from tfbench.bench.signatures import (
    LITERAL,
    REFERENCE,
    TENSOR,
    Origin,
    Part,
    Parts,
    Signature,
    read_cells,
    refer,
    same,
    shape_text,
)

LEFT_OUT = "left out"
RECENT = 50

EVERY_CALL = "give it in every call, in the same way"
HOIST = "make the function once, outside of the loop"
ONE_CONTEXT = "call it from one place: always inside the strategy's scope or replica, or always outside, on one device"
ONE_OBJECT = "keep one object and pass it in every call, or give its class __eq__ and __hash__"
ONE_SELF = "keep one object: make it once, outside of the loop"
ONE_RANK = "give it one rank: tf.expand_dims or tf.reshape before the call"
OPEN = "input_signature or reduce_retracing=True with a None dimension"
OPENED = "input_signature with the None dimension from the first call on (reduce_retracing=True has opened it now)"
PAD = "pad to a few sizes (buckets): with a None dimension it is traced once, but XLA compiles for every shape"
SAME_STRUCTURE = "pass the same structure in every call"
SAVING = "none is needed: saving a model traces it once more"
SMALLER = "drop_remainder=True, or input_signature with a None dimension"
SMALLER_XLA = "drop_remainder=True, or pad to one size: with a None dimension XLA still compiles for every shape"
STACK = "stack the list into a tensor with tf.stack, or always pass the same structure"
STALE = "pass it as an argument, or keep it in a tf.Variable"
VARIABLES_FIRST = "make the variables before the first call: build the layers, or create them outside of the function"


def explain(new: Signature, earlier: Sequence[Signature]) -> tuple[bool, tuple[Cause, ...]]:
    """Tell whether a trace is the first of its code, and what changed since the nearest earlier one.

    Plain functions and those for XLA are apart, and so are the methods of objects that live side by side.
    """
    alike = [signature for signature in earlier if signature.xla == new.xla]
    mine = [signature for signature in alike if signature.owner() is not None and signature.owner() is new.owner()]
    if mine:
        # Of those that are equally near, the latest. Who traces thousands of times is not compared with all of them.
        return False, _changed(min(reversed(mine[-RECENT:]), key=lambda old: _distance(old, new)), new)
    if not alike:
        return True, ()
    if new.instance is None:
        return False, _replaced(alike[-1], new)
    objects = [signature.instance and signature.instance() for signature in alike]
    if any(known is new.instance() for known in objects):
        return False, _replaced(alike[-1], new)
    if all(known is not None for known in objects):
        return True, ()
    name = type(new.instance()).__name__
    return False, (Cause(kind=calls.OBJECT, argument="self", before=name, after=f"another {name}", fix=ONE_SELF),)


def _distance(old: Signature, new: Signature) -> tuple[int, int, int]:
    """Give number of causes, of dimensions that differ, and of differences of the context."""
    both = [(old.arguments[path], part) for path, part in new.arguments.items() if path in old.arguments]
    sizes = sum(a != b for one, other in both for a, b in zip(one.shape or (), other.shape or (), strict=False))
    outside = sum(old.context.get(name) != text for name, text in new.context.items()) + (old.scope != new.scope)
    return len(differences(old.arguments, new.arguments, xla=new.xla)), sizes, outside


def _changed(old: Signature, new: Signature) -> tuple[Cause, ...]:
    found = differences(old.arguments, new.arguments, xla=new.xla)
    if found:
        return found
    if old.scope != new.scope:
        return (Cause(kind=calls.VARIABLES, argument="", before="", after="", fix=VARIABLES_FIRST),)
    names = [name for name, text in new.context.items() if old.context.get(name) != text]
    before, after = (", ".join(f"{name}={side.context.get(name)}" for name in names) for side in (old, new))
    fix = SAVING if names == ["variable_policy"] else ONE_CONTEXT
    return (Cause(kind=calls.CONTEXT, argument="", before=before, after=after, fix=fix),)


def _replaced(old: Signature, new: Signature) -> tuple[Cause, ...]:
    """Name the variables of the closure that changed from one tf.function over the same code to the next."""
    changed = [name for name, part in new.cells.items() if name in old.cells and not same(old.cells[name], part)]
    if not changed:
        return (Cause(kind=calls.FUNCTION, argument="", before="", after="", fix=HOIST),)
    return tuple(
        Cause(
            kind=calls.FUNCTION,
            argument=name,
            before=old.cells[name].text,
            after=_after(old.cells[name], new.cells[name]),
            fix=f"{HOIST}, and pass {name} as {'a tensor' if new.cells[name].kind == LITERAL else 'an'} argument",
        )
        for name in changed
    )


def differences(before: Parts, after: Parts, *, xla: bool) -> tuple[Cause, ...]:
    """Give what differs between two sets of arguments; below a container that differs nothing is named."""
    found: list[Cause] = []
    settled: list[str] = []
    for path in dict.fromkeys([*before, *after]):
        old, new = before.get(path), after.get(path)
        if path.startswith(tuple(settled)) or (old is not None and new is not None and same(old, new)):
            continue
        settled += [f"{path}[", f"{path}."]
        found += _argument(path, old, new, xla=xla)
    return tuple(found)


def _argument(path: str, old: Part | None, new: Part | None, *, xla: bool) -> list[Cause]:
    def cause(kind: str, before: str, after: str, fix: str) -> Cause:
        return Cause(kind=kind, argument=path, before=before, after=after, fix=fix)

    texts = (old.text if old else LEFT_OUT, _after(old, new))
    if old is None or new is None:
        return [cause(calls.STRUCTURE, *texts, EVERY_CALL)]
    kinds = {old.kind, new.kind}
    if kinds == {TENSOR}:
        return _tensors(cause, old, new, xla=xla)
    if kinds == {REFERENCE}:
        return [cause(calls.OBJECT, *texts, ONE_OBJECT)]
    if kinds == {LITERAL} or (kinds == {LITERAL, TENSOR} and None not in {_literal(old), _literal(new)}):
        return [cause(calls.VALUE, *texts, _value_fix(old, new))]
    lists = all(part.text.startswith(("list of", "tuple of")) for part in (old, new))
    fix = EVERY_CALL if LITERAL in kinds else STACK if lists else SAME_STRUCTURE
    return [cause(calls.STRUCTURE, *texts, fix)]


def _literal(part: Part) -> Any:
    return part.value if part.kind == LITERAL else part.kind


def _after(old: Part | None, new: Part | None) -> str:
    if new is None:
        return LEFT_OUT
    again = old is not None and old.kind == REFERENCE and old.text == new.text
    return f"another {new.text}" if again else new.text


def _tensors(cause: Any, old: Part, new: Part, *, xla: bool) -> list[Cause]:
    if old.text.split()[0] != new.text.split()[0]:  # a tensor and a tf.Variable, say
        return [cause(calls.STRUCTURE, old.text, new.text, SAME_STRUCTURE)]
    found = []
    if old.shape != new.shape:
        texts = shape_text(old.shape), shape_text(new.shape)
        ranks = [None if part.shape is None else len(part.shape) for part in (old, new)]
        ranked = ranks[0] == ranks[1]
        found.append(
            cause(calls.SHAPE, *texts, _shape_fix(old, new, xla=xla)) if ranked else cause(calls.RANK, *texts, ONE_RANK)
        )
    if old.dtype != new.dtype:
        found.append(
            cause(calls.DTYPE, old.dtype, new.dtype, f"cast to one dtype before the call, such as {old.dtype}")
        )
    return found or [cause(calls.STRUCTURE, old.text, new.text, SAME_STRUCTURE)]


def _shape_fix(old: Part, new: Part, *, xla: bool) -> str:
    before, after = old.shape or (), new.shape or ()
    if any(size is None and size != known for size, known in zip(after, before, strict=False)):
        return OPENED
    sizes = before[0] if before else None, after[0] if after else None
    smaller = sizes[0] is not None and sizes[1] is not None and sizes[0] > sizes[1]
    if smaller and len(before) > 1 and before[1:] == after[1:]:
        return SMALLER_XLA if xla else SMALLER
    return PAD if xla else OPEN


def _value_fix(old: Part, new: Part) -> str:
    values = [part.value for part in (new, old) if part.kind == LITERAL]
    given = "give it in every call" if any(part.text.endswith("(default)") for part in (old, new)) else "pass it"
    if all(isinstance(value, bool) for value in values):
        return f"{given} with the same value, or as a tensor and branch with tf.cond: each value of a flag is a trace"
    numbers = [value for value in values if isinstance(value, int | float | complex)]
    if numbers:
        return (
            f"{given} as a tensor instead of a Python number, such as tf.constant({numbers[0]!r}), or as a tf.Variable"
        )
    return f"{given} with the same value: each value is a trace"


@dataclass(slots=True)
class _Known:
    """Hold what is known of one code object, which it keeps, so that its identity stays its own."""

    code: types.CodeType
    signatures: list[Signature] = field(default_factory=list)
    latest: dict[int, tuple[Any, Any, Parts]] = field(default_factory=dict)  # owner, function, cells by owner's id


class History:
    """Hold the signatures of all traces so far, by the code that was traced."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    def enter(
        self, origin: Origin, signature: Signature, earlier: Callable[[], Iterable[Signature]]
    ) -> tuple[bool, tuple[Cause, ...]]:
        """Explain a trace that begins, and keep its signature.

        Args:
            origin: what is traced.
            signature: what it is traced for.
            earlier: gives the signatures that this tf.function has had before anything was recorded.
        """
        known = self._known.setdefault(id(origin.code), _Known(origin.code))
        if not any(old.owner() is signature.owner() for old in known.signatures):
            known.signatures += earlier()
        found = explain(signature, known.signatures)
        known.signatures.append(signature)
        return found

    def leave(self, origin: Origin, signature: Signature, *, failed: bool) -> None:
        """Drop the signature of a trace that failed; of others keep what the closure holds now."""
        known = self._known[id(origin.code)]
        if failed:
            known.signatures[:] = [old for old in known.signatures if old is not signature]
            return
        cells = read_cells(origin.function)
        known.latest[id(signature.owner())] = (signature.owner, refer(origin.function), cells)

    def stale(self) -> list[Stale]:
        """Give what has changed in the closure of a function since its last trace: no retrace tells of it."""
        found = []
        for known in self._known.values():
            for owner, function, cells in known.latest.values():
                if owner() is not None and function() is not None:
                    found += _stale(known.code, cells, read_cells(function()))
        return found


def _stale(code: types.CodeType, before: Parts, after: Parts) -> list[Stale]:
    def stale(name: str, old: Part, new: Part) -> Stale:
        cause = Cause(kind=calls.CLOSURE, argument=name, before=old.text, after=_after(old, new), fix=STALE)
        return Stale(function=code.co_qualname, file=code.co_filename, line=code.co_firstlineno, cause=cause)

    both = [(name, part, after[name]) for name, part in before.items() if name in after]
    return [stale(name, old, new) for name, old, new in both if not same(old, new)]
