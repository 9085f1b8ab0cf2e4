"""Fail tests that trace tf.functions again too often: `pytest --tf-max-retraces N`, on any test suite."""

import warnings
from collections.abc import Generator

import pytest
from tfbench.bench import calls, causes, tracing
from tfbench.bench.calls import RetraceLedger, Trace
from tfbench.bench.errors import BadInputError

OPTION, DESTINATION = "--tf-max-retraces", "tf_max_retraces"
HELP = "fail each test of any suite in which tf.functions are traced again more than N times, and say why"


class Limit:
    """A pytest plugin that watches the call phase of each test.

    Attributes:
        most: retraces that a test may have.
    """

    def __init__(self, most: int) -> None:
        self.most = most

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        """Run the test, and fail it for its retraces if it has not failed by itself."""
        _import_tensorflow()
        with tracing.watch() as ledger:
            result = yield
        if not ledger.exact:
            pytest.fail(f"{OPTION}: traces cannot be counted with this TensorFlow", pytrace=False)
        found = count(ledger)
        if len(found) > self.most:
            pytest.fail(describe(item.nodeid, found, self.most), pytrace=False)
        return result


def _import_tensorflow() -> None:
    """Import it here, so that its own warnings do not fail a test that turns warnings into errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow as tf

        tf.constant(0)


def count(ledger: RetraceLedger) -> list[Trace]:
    """Give the retraces that a test is to answer for.

    Left out are the first trace of each function in the test, since what other tests called it with is not
    this test's doing, and TensorFlow's own second trace after variables were made, or of a model that is saved.
    """
    seen: set[tuple[str, str, int]] = set()
    found = []
    for trace in ledger.traces:
        place = (trace.function, trace.file, trace.line)
        own = any(cause.kind == calls.VARIABLES or cause.fix == causes.SAVING for cause in trace.causes)
        if place in seen and not trace.first and not own:
            found.append(trace)
        seen.add(place)
    return found


def describe(name: str, found: list[Trace], most: int) -> str:
    """Write the message: where, why, and what helps."""
    lines = [f"{name}: tf.functions were traced again {len(found)} times, and {OPTION} allows {most}"]
    for trace in found:
        lines.append(f"  {trace.where}, {trace.seconds:.3f} s")
        lines += [f"    {cause.text}" for cause in trace.causes]
    return "\n".join(lines)


def limit(text: str) -> Limit:
    """Read the option.

    Raises:
        BadInputError: it is no whole number of at least 0.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadInputError(f"{OPTION} {text}: give a whole number of at least 0")
    return Limit(int(text))
