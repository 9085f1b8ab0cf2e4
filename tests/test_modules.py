"""The modules that XLA dumps: which of their texts are kept, under which names, and how much of them."""

import tempfile
from pathlib import Path

import pytest
from tfbench.bench import modules

STEP = "module_0001.a_inference_step_795__XlaMustCompile_true_config_proto_3175580994766145631_executor_type_11160.16"


@pytest.fixture
def dumped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder that XLA dumps into, in a temporary folder of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    modules.folder().mkdir(parents=True)
    return modules.folder()


def names(folder: Path) -> list[str]:
    """Give the files of a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "{}"),
        ({"XLA_FLAGS": ""}, "{}"),
        ({"XLA_FLAGS": "--xla_cpu_use_onednn=false"}, "--xla_cpu_use_onednn=false {}"),
    ],
)
def test_xla_is_asked_to_dump_beside_what_the_user_asks_of_it(dumped: Path, before: dict, after: str) -> None:
    environment = {"HOME": "/home", **before}
    modules.dump(environment)
    asked = after.format(f"--xla_dump_to={dumped} --xla_dump_hlo_as_text")
    assert environment == {"HOME": "/home", "XLA_FLAGS": asked}


def test_the_texts_before_and_after_the_optimisations_are_kept_and_nothing_else(dumped: Path, tmp_path: Path) -> None:
    for ending in (
        "before_optimizations.txt",
        "cpu_after_optimizations.txt",
        "cpu_after_optimizations-buffer-assignment.txt",
        "cpu_after_optimizations-memory-usage-report.txt",
        "ir-no-opt.ll",
        "o",
    ):
        (dumped / f"{STEP}.{ending}").write_text(ending, encoding="utf-8")
    assert modules.keep(tmp_path / "run" / "hlo") == []
    kept = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "run" / "hlo").iterdir()}
    assert kept == {
        "0001.inference_step_795.before.txt": "before_optimizations.txt",
        "0001.inference_step_795.after.txt": "cpu_after_optimizations.txt",
    }


@pytest.mark.parametrize("files", [None, [], ["module_0001.x.o"]], ids=["no folder", "no file", "no text"])
def test_no_folder_is_made_for_no_text(dumped: Path, tmp_path: Path, files: list[str] | None) -> None:
    if files is None:
        dumped.rmdir()
    for name in files or []:
        (dumped / name).touch()
    assert modules.keep(tmp_path / "hlo") == []
    assert not (tmp_path / "hlo").exists()


def test_what_another_case_dumped_is_forgotten(dumped: Path, tmp_path: Path) -> None:
    (dumped / f"{STEP}.before_optimizations.txt").touch()
    modules.clear()
    modules.clear()  # there may be none
    assert modules.keep(tmp_path / "hlo") == []
    assert not (tmp_path / "hlo").exists()


def test_a_long_text_is_cut_and_says_so(dumped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modules, "MOST_BYTES", 1_000_000)
    (dumped / f"{STEP}.before_optimizations.txt").write_bytes(b"x" * 1_000_000)
    (dumped / f"{STEP}.cpu_after_optimizations.txt").write_bytes(b"y" * 2_400_000)
    assert modules.keep(tmp_path / "hlo") == ["0001.inference_step_795.after.txt has 2 MB: cut at 1 MB"]
    assert (tmp_path / "hlo" / "0001.inference_step_795.before.txt").read_bytes() == b"x" * 1_000_000
    after = (tmp_path / "hlo" / "0001.inference_step_795.after.txt").read_bytes()
    assert after == b"y" * 1_000_000 + b"\n// cut by tfbench\n"


def test_the_limit_of_a_text_is_2_mb() -> None:
    assert modules.MOST_BYTES == 2_000_000


def test_of_many_texts_the_first_40_are_kept(dumped: Path, tmp_path: Path) -> None:
    for i in range(41):
        (dumped / f"module_{i:04}.a_inference_f_{i}.before_optimizations.txt").touch()
    assert modules.keep(tmp_path / "hlo") == ["41 texts of modules: only 40 are kept"]
    assert names(tmp_path / "hlo") == [f"{i:04}.inference_f_{i}.before.txt" for i in range(40)]


@pytest.mark.parametrize(
    ("dumped_name", "name"),
    [
        ("module_0012.jit_f.before_optimizations.txt", "0012.jit_f.before.txt"),
        ("module_0012.jit_f.gpu_after_optimizations.txt", "0012.jit_f.after.txt"),
        ("module_0012.jit_f.sm_9.0_gpu_after_optimizations.txt", "0012.jit_f.after.txt"),
        (f"{STEP}.before_optimizations.txt", "0001.inference_step_795.before.txt"),
        ("module_0001.a_inference_<lambda>_7.before_optimizations.txt", "0001.inference__lambda__7.before.txt"),
        (f"module_0001.{'f' * 90}.before_optimizations.txt", f"0001.{'f' * 80}.before.txt"),
        ("other.before_optimizations.txt", "0000.module.before.txt"),
    ],
)
def test_a_text_is_named_by_number_function_and_stage(dumped_name: str, name: str) -> None:
    assert modules.short_name(dumped_name) == name
