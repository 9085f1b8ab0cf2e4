"""Fashion-MNIST images: found, checked, and drawn in batches. Real wherever they can be had."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tfbench.workloads import idx
from tfbench.workloads.spec import DataSource

VARIABLE = "TFBENCH_FASHION_MNIST"
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
SIDE = 28
CLASSES = 10
SYNTHETIC_IMAGES = 1024
DOWNLOAD_TIMEOUT_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Hold the training images.

    Attributes:
        pixels: uint8, shape (n, 28, 28).
        labels: uint8 from 0 to 9, shape (n,).
        origin: `real: N images` or `synthetic`, as records and tables print it.
    """

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    origin: str


def _find(folder: Path, stem: str) -> Path:
    for name in (f"{stem}.gz", stem):
        if (folder / name).is_file():
            return folder / name
    raise ValueError(
        f"Fashion-MNIST folder {folder} has no {stem}.gz: name the folder that holds the data set's own idx files"
    )


def read_folder(folder: Path) -> Images:
    """Read the training images and labels of a folder of idx files.

    Raises:
        ValueError: a file is missing, truncated or not idx, or images and labels do not fit together.
    """
    if not folder.is_dir():
        raise ValueError(f"Fashion-MNIST folder {folder} does not exist")
    images_path, labels_path = (_find(folder, stem) for stem in FILES)
    try:
        pixels, labels = idx.read(images_path), idx.read(labels_path)
    except OSError as error:
        raise ValueError(f"Fashion-MNIST folder {folder} cannot be read: {error}") from error
    if pixels.ndim != 3 or pixels.shape[1:] != (SIDE, SIDE):
        raise ValueError(f"{images_path} holds arrays of shape {pixels.shape}, not 28x28 images")
    if labels.ndim != 1 or len(labels) != len(pixels):
        raise ValueError(f"{images_path} has {len(pixels)} images, but {labels_path} labels of shape {labels.shape}")
    if not len(labels) or int(labels.max()) >= CLASSES:
        raise ValueError(f"{labels_path} must hold at least one label, and none above {CLASSES - 1}")
    return Images(pixels=pixels, labels=labels, origin=f"real: {len(pixels)} images")


def synthetic(seed: int = 0) -> Images:
    """Draw images of the same shape and type: one bright square a class, in noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, SYNTHETIC_IMAGES).astype(np.uint8)
    pixels = rng.integers(0, 64, (SYNTHETIC_IMAGES, SIDE, SIDE)).astype(np.uint8)
    for image, label in zip(pixels, labels, strict=True):
        row, column = divmod(int(label), 4)
        image[row * 8 + 2 : row * 8 + 9, column * 6 + 2 : column * 6 + 9] = 220
    return Images(pixels=pixels, labels=labels, origin="synthetic")


def load(source: DataSource) -> Images:
    """Load the images of a source that `resolve` gave."""
    if source.kind == "synthetic" or source.folder is None:
        return synthetic()
    return read_folder(source.folder)


def named_folder(option: str | None) -> Path | None:
    """Give the folder that the option or, without it, the environment names.

    Raises:
        ValueError: it starts with the home of a user who does not exist.
    """
    name = option or os.environ.get(VARIABLE)
    try:
        return Path(name).expanduser().resolve() if name else None
    except RuntimeError as error:
        raise ValueError(f"Fashion-MNIST folder {name}: {error}") from error


def keras_cache() -> Path:
    """Give the folder into which Keras downloads the data set's own idx files."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets" / "fashion-mnist"


def _download(python: str) -> str:
    """Let Keras download the data set in a process of its own; return why it failed, or nothing."""
    code = "import keras; keras.datasets.fashion_mnist.load_data()"
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program in the interpreter that the user chose
            [python, "-P", "-c", code],
            env=quiet,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    lines = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 else (lines[-1] if lines else f"exit code {done.returncode}")


def resolve(folder: Path | None, *, python: str = sys.executable) -> DataSource:
    """Find the images: the named folder, else Keras' download, else synthetic ones, saying so.

    Raises:
        ValueError: a folder is named, but is not readable as the data set.
    """
    if folder is not None:
        read_folder(folder)
        return DataSource(kind="folder", folder=folder)
    cache = keras_cache()
    reason = ""
    if not all((cache / f"{stem}.gz").is_file() for stem in FILES):
        reason = _download(python)
    try:
        read_folder(cache)
    except ValueError as error:
        return DataSource(
            kind="synthetic",
            note=f"synthetic images, not Fashion-MNIST: Keras' download cannot be had ({reason or error}); "
            f"name a folder with --fashion-mnist or {VARIABLE}",
        )
    return DataSource(kind="keras", folder=cache)


def draw(
    images: Images, *, batch_size: int, batches: int, seed: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Draw batches from the images, each image once before any comes again.

    Returns:
        Pixels as float32 in [0, 1], shape (batches, batch_size, 28, 28), and labels as int64,
        shape (batches, batch_size).
    """
    rng = np.random.default_rng(seed)
    wanted, count = batch_size * batches, len(images.labels)
    order = np.concatenate([rng.permutation(count) for _ in range(-(-wanted // count))])[:wanted]
    pixels = images.pixels[order].astype(np.float32) / np.float32(255)
    labels = images.labels[order].astype(np.int64)
    return pixels.reshape(batches, batch_size, SIDE, SIDE), labels.reshape(batches, batch_size)
