"""Have AutoGraph convert code anew for each case, as it does in a user's process. Worker only."""

from typing import Any


def forget() -> bool:
    """Forget what AutoGraph has converted in this process; tell whether it could be forgotten.

    AutoGraph converts each code once a process, for all its traces. Where several modes of one code share a worker,
    only the first to be traced would pay: 12 of 30 ms of custom LayerNorm's first graph call, 45 of 250 ms of the
    Fashion-MNIST step's. A user's process runs one mode, and pays.
    """
    from tensorflow.python.autograph.impl import api

    transpiler: Any = getattr(api, "_TRANSPILER", None)  # private, like its cache: without, nothing is forgotten
    cache = getattr(getattr(transpiler, "_cache", None), "_cache", None)
    if cache is None:
        return False
    cache.clear()
    return True
