"""Fashion-MNIST: found, checked, drawn."""

import gzip
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tfbench.workloads import fashion_data
from tfbench.workloads.fashion_data import Images
from tfbench.workloads.spec import DataSource

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let no download go well; give Keras' empty folder."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(fashion_data, "_download", lambda _python: "no route to host")
    return tmp_path / "keras" / "datasets" / "fashion-mnist"


def numbers(pixels: Any) -> list[int]:
    """Tell which images of `images_folder` these are: its first pixel is an image's number."""
    return [round(float(value)) for value in np.asarray(pixels)[..., 0, 0].ravel() * 255]


def test_a_folder_gives_its_images(images_folder: Path) -> None:
    images = fashion_data.read_folder(images_folder)
    assert (images.pixels.shape, images.pixels.dtype, images.origin) == ((40, 28, 28), np.uint8, "real: 40 images")
    assert images.pixels[:, 0, 0].tolist() == list(range(40))
    assert images.labels.tolist() == [i % 10 for i in range(40)]


def test_unpacked_files_are_read_as_well(images_folder: Path) -> None:
    for name in (IMAGES, LABELS):
        packed = images_folder / name
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    assert len(fashion_data.read_folder(images_folder).labels) == 40


@pytest.mark.parametrize("name", ["missing", "file"])
def test_a_missing_folder_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match=f"^Fashion-MNIST folder {tmp_path / name} does not exist$"):
        fashion_data.read_folder(tmp_path / name)


@pytest.mark.parametrize("name", [IMAGES, LABELS])
def test_a_missing_file_is_refused_by_name(images_folder: Path, name: str) -> None:
    (images_folder / name).unlink()
    with pytest.raises(ValueError, match=f"^Fashion-MNIST folder {images_folder} has no {name}: "):
        fashion_data.read_folder(images_folder)


@pytest.mark.parametrize("name", [IMAGES, LABELS])
def test_a_damaged_file_is_refused_by_name(images_folder: Path, name: str) -> None:
    path = images_folder / name
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ValueError, match=str(path)):
        fashion_data.read_folder(images_folder)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        (LABELS, np.zeros(39), r"has 40 images, but .* labels of shape \(39,\)$"),
        (LABELS, np.zeros((40, 1)), r"has 40 images, but .* labels of shape \(40, 1\)$"),
        (LABELS, np.full(40, 10), "must hold at least one label, and none above 9$"),
        (IMAGES, np.zeros((40, 28, 27)), r"holds arrays of shape \(40, 28, 27\), not 28x28 images$"),
        (IMAGES, np.zeros((40, 784)), r"holds arrays of shape \(40, 784\), not 28x28 images$"),
    ],
    ids=["too few labels", "labels in two axes", "label 10", "narrow images", "flat images"],
)
def test_files_that_do_not_fit_together_are_refused(
    name: str, values: Any, message: str, images_folder: Path, make_idx: Any
) -> None:
    (images_folder / name).write_bytes(gzip.compress(make_idx(values)))
    with pytest.raises(ValueError, match=message):
        fashion_data.read_folder(images_folder)


def test_a_folder_without_a_single_image_is_refused(images_folder: Path, make_idx: Any) -> None:
    (images_folder / IMAGES).write_bytes(make_idx(np.zeros((0, 28, 28))))
    (images_folder / LABELS).write_bytes(make_idx(np.zeros(0)))
    with pytest.raises(ValueError, match="must hold at least one label"):
        fashion_data.read_folder(images_folder)


def test_a_file_that_cannot_be_read_is_refused_by_folder(images_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_path: Path, _mode: str) -> None:
        raise PermissionError("denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(ValueError, match=f"^Fashion-MNIST folder {images_folder} cannot be read: denied$"):
        fashion_data.read_folder(images_folder)


@pytest.mark.parametrize("batch_size", [1, 7, 8, 40])
def test_each_image_is_drawn_once_before_any_comes_again(images_folder: Path, batch_size: int) -> None:
    images = fashion_data.read_folder(images_folder)
    pixels, _ = fashion_data.draw(images, batch_size=batch_size, batches=80 // batch_size + 1, seed=0)
    drawn = numbers(pixels)
    assert [sorted(drawn[i : i + 40]) for i in (0, 40)] == [list(range(40))] * 2


def test_the_second_pass_has_another_order(images_folder: Path) -> None:
    pixels, _ = fashion_data.draw(fashion_data.read_folder(images_folder), batch_size=40, batches=2, seed=0)
    assert numbers(pixels[0]) != numbers(pixels[1])


def test_the_draw_is_that_of_the_seed(images_folder: Path) -> None:
    images = fashion_data.read_folder(images_folder)
    drawn = [numbers(fashion_data.draw(images, batch_size=8, batches=3, seed=seed)[0]) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_labels_go_with_their_images(images_folder: Path) -> None:
    pixels, labels = fashion_data.draw(fashion_data.read_folder(images_folder), batch_size=8, batches=3, seed=0)
    assert labels.ravel().tolist() == [number % 10 for number in numbers(pixels)]


def test_batches_have_their_shapes_and_types(images_folder: Path) -> None:
    pixels, labels = fashion_data.draw(fashion_data.read_folder(images_folder), batch_size=8, batches=3, seed=0)
    assert (pixels.shape, pixels.dtype) == ((3, 8, 28, 28), np.float32)
    assert (labels.shape, labels.dtype) == ((3, 8), np.int64)


def test_pixels_reach_from_0_to_1() -> None:
    pixels = np.zeros((1, 28, 28), np.uint8)
    pixels[0, 1, :3] = (0, 51, 255)
    images = Images(pixels=pixels, labels=np.zeros(1, np.uint8), origin="x")
    drawn, _ = fashion_data.draw(images, batch_size=1, batches=1, seed=0)
    assert drawn[0, 0, 1, :3].tolist() == [0.0, np.float32(0.2), 1.0]


def test_synthetic_images_look_like_real_ones_to_a_program() -> None:
    images = fashion_data.synthetic()
    assert (images.pixels.shape, images.pixels.dtype, images.origin) == ((1024, 28, 28), np.uint8, "synthetic")
    assert (images.labels.shape, images.labels.dtype) == ((1024,), np.uint8)
    assert sorted(set(images.labels.tolist())) == list(range(10))


def test_synthetic_images_show_a_square_in_the_place_of_their_class() -> None:
    images = fashion_data.synthetic()
    places = {
        int(label): tuple(int(edge) for edge in np.argwhere(image == 220)[[0, -1]].ravel())
        for image, label in zip(images.pixels, images.labels, strict=True)
    }
    wanted = {c: (c // 4 * 8 + 2, c % 4 * 6 + 2, c // 4 * 8 + 8, c % 4 * 6 + 8) for c in range(10)}
    assert places == wanted


def test_synthetic_images_are_those_of_the_seed() -> None:
    one, same, other = (fashion_data.synthetic(seed).pixels for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_load_reads_the_folder_of_a_source(images_folder: Path) -> None:
    for kind in ("folder", "keras"):
        assert fashion_data.load(DataSource(kind=kind, folder=images_folder)).origin == "real: 40 images"
    assert fashion_data.load(DataSource(kind="synthetic")).origin == "synthetic"


@pytest.mark.parametrize(
    ("option", "variable", "wanted"),
    [("given", "set", "given"), (None, "set", "set"), ("", "set", "set"), ("given", None, "given")],
)
def test_the_option_goes_before_the_environment(
    option: str | None, variable: str | None, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFBENCH_FASHION_MNIST", raising=False)
    if variable:
        monkeypatch.setenv("TFBENCH_FASHION_MNIST", variable)
    assert fashion_data.named_folder(option) == tmp_path / wanted


@pytest.mark.parametrize("variable", ["", None])
def test_without_option_and_environment_no_folder_is_named(
    variable: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TFBENCH_FASHION_MNIST", raising=False)
    if variable is not None:
        monkeypatch.setenv("TFBENCH_FASHION_MNIST", variable)
    assert fashion_data.named_folder("") is None


def test_home_is_expanded_in_a_named_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert fashion_data.named_folder("~/images") == tmp_path / "images"


def test_keras_caches_under_home_or_its_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    assert fashion_data.keras_cache() == tmp_path / ".keras" / "datasets" / "fashion-mnist"
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "elsewhere"))
    assert fashion_data.keras_cache() == tmp_path / "elsewhere" / "datasets" / "fashion-mnist"


@pytest.mark.usefixtures("offline")
def test_a_named_folder_is_taken_without_a_note(images_folder: Path) -> None:
    assert fashion_data.resolve(images_folder) == DataSource(kind="folder", folder=images_folder)


@pytest.mark.usefixtures("offline")
def test_a_named_folder_that_is_wrong_is_refused_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        fashion_data.resolve(tmp_path / "missing")


def test_files_that_keras_has_are_taken_without_a_download(
    offline: Path, images_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(_python: str) -> str:
        raise AssertionError("downloaded again")

    monkeypatch.setattr(fashion_data, "_download", forbidden)
    shutil.copytree(images_folder, offline)
    assert fashion_data.resolve(None) == DataSource(kind="keras", folder=offline)


def test_what_keras_downloads_is_taken(offline: Path, images_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def download(python: str) -> str:
        asked.append(python)
        shutil.copytree(images_folder, offline)
        return ""

    monkeypatch.setattr(fashion_data, "_download", download)
    assert fashion_data.resolve(None, python="mine") == DataSource(kind="keras", folder=offline)
    assert asked == ["mine"]


@pytest.mark.usefixtures("offline")
def test_a_download_that_fails_gives_synthetic_images_and_says_so() -> None:
    assert fashion_data.resolve(None) == DataSource(
        kind="synthetic",
        note="synthetic images, not Fashion-MNIST: Keras' download cannot be had (no route to host); "
        "name a folder with --fashion-mnist or TFBENCH_FASHION_MNIST",
    )


def test_a_damaged_download_gives_synthetic_images_and_says_why(offline: Path, images_folder: Path) -> None:
    shutil.copytree(images_folder, offline)
    (offline / LABELS).write_bytes(b"<html>")
    found = fashion_data.resolve(None)
    assert found.kind == "synthetic"
    assert f"{offline / LABELS} is not an idx file" in found.note


def test_a_download_without_an_interpreter_says_so(tmp_path: Path) -> None:
    assert "No such file" in fashion_data._download(str(tmp_path / "python"))


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 0", ""),
        ("exit 3", "exit code 3"),
        ("echo first >&2; echo 'URL fetch failure' >&2; exit 1", "URL fetch failure"),
        ("echo only a warning >&2; exit 0", ""),
    ],
)
def test_a_download_tells_the_last_line_of_what_went_wrong(script: str, reason: str, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    python.chmod(0o755)
    assert fashion_data._download(str(python)) == reason


def test_a_download_that_takes_too_long_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_data, "DOWNLOAD_TIMEOUT_S", 0.1)
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 1\n", encoding="utf-8")
    python.chmod(0o755)
    assert "timed out after 0.1 seconds" in fashion_data._download(str(python))
