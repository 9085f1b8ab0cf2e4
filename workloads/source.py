"""Read a user's file without running it: what it defines, what its functions need, what a name stands on."""

import ast
import difflib
import symtable
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# With one of these a file may define names that its text does not show.
HIDDEN = {"globals", "vars", "exec", "eval", "setattr", "__getattr__"}
NO_DECORATORS = {"function", "tf.function"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Hold the text of a file, parsed.

    Attributes:
        path: the file.
        tree: its syntax tree.
        names: what it binds at its top, in order.
        complete: False if it may bind more than can be read off it.
    """

    path: Path
    tree: ast.Module
    names: tuple[str, ...]
    complete: bool


def read(path: Path) -> Code:
    """Parse a Python file.

    Raises:
        ValueError: it is missing, not named like Python, or has no valid syntax; the message names it.
    """
    if path.suffix != ".py":
        raise ValueError(f"{path} is not a Python file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of the user's code are told when it runs
            tree = ast.parse(data, path.name)
            table = symtable.symtable(data, path.name, "exec")  # type: ignore[arg-type]  # bytes, too, by its documentation
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # the last two of what nests too deeply
        line = getattr(error, "lineno", None)
        reason = getattr(error, "msg", "") or str(error) or "it is nested too deeply"
        raise ValueError(f"{path}{f':{line}' if line else ''}: {reason}") from error
    made_global = [name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names]
    symbols = table.get_symbols()
    bound = [s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_namespace()]
    starred = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return Code(
        path=path,
        tree=tree,
        names=tuple(dict.fromkeys([*bound, *made_global])),
        complete=not starred and not HIDDEN & {*used, *bound},
    )


def missing(file: str, name: str, known: Iterable[str]) -> str:
    """Say that a file has no such name, with the nearest that it has."""
    choices = [one for one in known if not one.startswith("_")]
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.4)
    if near:
        return f"{file} has no {name!r}: did you mean {near[0]!r}?"
    return f"{file} has no {name!r}: it has {', '.join(choices)}" if choices else f"{file} has no {name!r}"


def require(code: Code, name: str) -> None:
    """Refuse a name that the file certainly lacks; of `trainer.step` only `trainer` can be looked for.

    Raises:
        ValueError: with the nearest name.
    """
    first = name.partition(".")[0]
    if code.complete and first not in code.names:
        raise ValueError(missing(code.path.name, first, _functions(code) or code.names))


def _functions(code: Code) -> list[str]:
    return [node.name for node in code.tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def needed(code: Code, name: str) -> list[str]:
    """Name the arguments that a function cannot be called without; none where the text does not tell."""
    for node in reversed(code.tree.body):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            plain = all(ast.unparse(it).partition("(")[0] in NO_DECORATORS for it in node.decorator_list)
            return list(_without_default(node.args)) if plain else []
    return []


def _without_default(arguments: ast.arguments) -> Iterator[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    yield from (one.arg for one in positional[: len(positional) - len(arguments.defaults)])
    yield from (one.arg for one, it in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if it is None)


def standing_on(code: Code, name: str) -> str:
    """Give the statements at the top of the file that make a name, and those that make what they use, and so on.

    Comments and layout do not count.
    """
    bound = {i: set(_bound(node)) for i, node in enumerate(code.tree.body)}
    taken: set[int] = set()
    waiting = [name.partition(".")[0]]
    known = set(waiting)
    while waiting:
        wanted = waiting.pop()
        for i, node in enumerate(code.tree.body):
            if wanted in bound[i] and i not in taken:
                taken.add(i)
                used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - known
                known |= used
                waiting += used
    return "\n".join(ast.unparse(code.tree.body[i]) for i in sorted(taken))


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Name what a statement binds, or changes a part of; in a compound one too many are named rather than too few."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield from (part.id for part in ast.walk(node.value) if isinstance(part, ast.Name))
