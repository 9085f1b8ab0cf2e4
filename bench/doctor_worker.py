"""Look at what TensorFlow sees: the child of `tfbench doctor`, the only part of it that imports TensorFlow.

`python -P doctor_worker.py` prints one JSON object as the last line of stdout: the fields of `facts.Seen`, or an
`error`. It imports nothing else of tfbench, so it runs in any Python.
"""

import ctypes
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

# TensorFlow 2.21 loads these by name, once it finds a GPU: without the first two it finds none, without one of the
# others it registers none. NCCL comes later, with the first collective operation.
DRIVER = ("libcuda.so.1", "libnvidia-ml.so.1")
CUDA_12 = (
    "libcudart.so.12",
    "libcublas.so.12",
    "libcublasLt.so.12",
    "libcufft.so.11",
    "libcusolver.so.11",
    "libcusparse.so.12",
    "libnccl.so.2",
)


def libraries(build: dict[str, Any]) -> tuple[str, ...]:
    """Name what a GPU takes, for this build of TensorFlow; nothing where that is not known."""
    if not str(build.get("cuda_version", "")).startswith("12."):
        return ()
    return (*DRIVER, *CUDA_12, f"libcudnn.so.{build.get('cudnn_version', '9')}")


def _loads(name: str, folders: Sequence[Path]) -> bool:
    for path in (name, *(str(folder / name) for folder in folders)):
        try:
            ctypes.CDLL(path)
        except OSError:
            continue
        return True
    return False


def missing(names: Iterable[str], folders: Sequence[Path]) -> list[str]:
    """Give the libraries that neither the system's search nor one of the folders has."""
    return [name for name in names if not _loads(name, folders)]


def reason(error: Exception) -> str:
    """Say in one line what was raised; TensorFlow puts a whole traceback into some messages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    inner = [line for line in lines if line.startswith(f"{type(error).__name__}: ")]
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    note = "" if backend == "tensorflow" else f" (KERAS_BACKEND={backend})"
    return (inner[-1] if inner else f"{type(error).__name__}: {lines[0] if lines else ''}") + note


def look() -> dict[str, Any]:
    """Import TensorFlow and Keras, and say what is there."""
    start = time.perf_counter()
    import tensorflow as tf

    build = dict(tf.sysconfig.get_build_info())
    import keras

    import_s = time.perf_counter() - start
    gpus = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    # The wheels of tfbench[cuda] lie beside TensorFlow, which looks for them there.
    folders = sorted((Path(tf.__file__).parents[1] / "nvidia").glob("*/lib"))
    return {
        "tensorflow": tf.__version__,
        "import_s": import_s,
        "keras_backend": keras.config.backend(),
        "cuda": bool(tf.test.is_built_with_cuda()),
        "devices": dict(Counter(device.device_type for device in tf.config.list_physical_devices())),
        "gpus": [str(details.get("device_name", "GPU")) for details in gpus],
        "missing": [] if gpus else missing(libraries(build), folders),
    }


def main() -> None:
    """Print what was found, or why nothing was."""
    try:
        answer = look()
    except Exception as error:  # noqa: BLE001 - told to the parent, whatever it is
        answer = {"error": reason(error)}
    sys.stdout.write(f"\n{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
    # At once: TensorFlow's own clean-up can take seconds, or hang.
    os._exit(0)
