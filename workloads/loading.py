"""Run a user's files as their script would be run, each time anew. Worker only."""

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from tfbench.workloads import source

INSTALLED = {"site-packages", "dist-packages"}


class Loader:
    """Give fresh copies of some files, and of the modules beside them that they import: each with its own state."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Take the files; nothing runs yet."""
        self._paths = tuple(paths)
        self._before: frozenset[str] | None = None

    def fresh(self, seed: int) -> dict[Path, ModuleType]:
        """Run the files in new modules, with Python's, NumPy's and TensorFlow's random numbers seeded.

        They are named as when a script of their folder imports them, so that none runs as `__main__`.

        Raises:
            ValueError: one raises; the message names it.
        """
        import keras  # before the user's folder can hold something of that name

        if self._before is None:
            self._before = frozenset(sys.modules)
        self._forget()
        keras.utils.set_random_seed(seed)
        return {path: self._module(path) for path in self._paths}

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Leave to what imports later the copies that there were before, whatever is loaded inside."""
        kept = {name: sys.modules[name] for name in self._loaded()}
        try:
            yield
        finally:
            self._forget()
            sys.modules.update(kept)

    def _loaded(self) -> list[str]:
        files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
        return [name for name, file in files.items() if file and self._owns(name, Path(file))]

    def _owns(self, name: str, file: Path) -> bool:
        """Tell whether a module is one of the files, or lies beside them and was imported by them."""
        beside = any(path.parent in file.parents for path in self._paths) and not INSTALLED & set(file.parts)
        return file in self._paths or (beside and name not in (self._before or ()))

    def _forget(self) -> None:
        for name in self._loaded():
            del sys.modules[name]

    def _module(self, path: Path) -> ModuleType:
        """Give the module of a file; that which another of the files has imported is the same one."""
        folder = str(path.parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        known = sys.modules.get(path.stem)
        if known is not None and getattr(known, "__file__", None) == str(path):
            return known
        name = path.stem if known is None else f"tfbench_own_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        with _arguments(path):
            try:
                spec.loader.exec_module(module)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                raise ValueError(f"{path.name} raised {type(error).__name__}: {error}") from error
        return module


@contextmanager
def _arguments(path: Path) -> Iterator[None]:
    """Let a file that reads the command line find none."""
    before = sys.argv
    sys.argv = [str(path)]
    try:
        yield
    finally:
        sys.argv = before


def find(module: ModuleType, path: Path, name: str) -> Any:
    """Give what a name such as `train_step` or `trainer.step` stands for.

    Raises:
        ValueError: there is no such thing; the message names the nearest.
    """
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            where = path.name if found is module else f"{path.name}:{name.rpartition(f'.{part}')[0]}"
            own = [one for one in vars(found) if not one.startswith("_")] if hasattr(found, "__dict__") else []
            raise ValueError(source.missing(where, part, own))
        found = getattr(found, part)
    return found
