"""XLA's compile log is asked for where nobody minds."""

import sys

import pytest
from tfbench.bench import compile_log

ASKED = {"TF_CPP_VMODULE": "device_compilation_profiler=1"}


@pytest.fixture(autouse=True)
def no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that TensorFlow was not imported yet."""
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)


@pytest.mark.parametrize("level", [{}, {"TF_CPP_MIN_LOG_LEVEL": "0"}])
def test_the_log_is_asked_for_before_tensorflow_is_imported(level: dict[str, str]) -> None:
    environment = dict(level)
    compile_log.ask(environment)
    assert environment == {**level, **ASKED}


@pytest.mark.parametrize("given", [{"TF_CPP_MIN_LOG_LEVEL": "2"}, {"TF_CPP_VMODULE": "other=1"}])
def test_what_the_user_asked_for_stays(given: dict[str, str]) -> None:
    environment = dict(given)
    compile_log.ask(environment)
    assert environment == given


def test_after_the_import_nothing_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    environment: dict[str, str] = {}
    compile_log.ask(environment)
    assert environment == {}
