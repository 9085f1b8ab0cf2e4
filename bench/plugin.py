"""The pytest front: options, one test a case, and the run at the end. `pytest -p tfbench.bench.plugin`."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import flags, hooks, options, resume, retraces
from tfbench.bench.errors import BadInputError, StorageError
from tfbench.bench.record import COMPLETE
from tfbench.bench.session import Suite

pytest_plugins = ["tfbench.bench.fixture"]
SUITE_FILE = Path(__file__).parent / "suite" / "bench_workloads.py"
SUITE = pytest.StashKey[Suite]()
PARAMETER = "case_id"
NOTHING = "tfbench: nothing was measured: every case was skipped, for the reasons above"


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hook that shows a run."""
    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a run, with their prefix."""
    group = parser.getgroup("tfbench", "TensorFlow workloads in all execution modes")
    group.addoption("--benchmark", action="store_true", dest="tf_benchmark", help="run tfbench's suite of workloads")
    group.addoption(retraces.OPTION, dest=retraces.DESTINATION, metavar="N", help=retraces.HELP)
    for option in flags.OPTIONS:
        flag = f"--{option.name}" if option.shared else f"--tf-{option.name}"
        details: dict[str, Any] = {"dest": option.destination, "help": option.help, "default": None}
        if not option.metavar:
            details |= {"action": "store_true", "default": False}
        else:
            details |= {"action": "append" if option.many else "store", "metavar": option.metavar}
        group.addoption(flag, **details)


def _given(config: pytest.Config) -> dict[str, Any]:
    values = {option.name: config.getoption(option.destination) for option in flags.OPTIONS}
    return {name: value for name, value in values.items() if value not in (None, False, [])}


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the options; a wrong one ends the session here, before anything is collected."""
    if config.getoption("tf_benchmark") and config.args_source != config.ArgsSource.ARGS:
        config.args[:] = [str(SUITE_FILE)]
    given = _given(config)
    try:
        suite = _make_suite(config, given)
        if given:
            suite.cases  # noqa: B018 - chosen now, so that a wrong name is a usage error
        most = config.getoption(retraces.DESTINATION)
        if most is not None:
            config.pluginmanager.register(retraces.limit(most))
    except BadInputError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[SUITE] = suite


def _make_suite(config: pytest.Config, given: dict[str, Any]) -> Suite:
    def infos() -> tuple[dict[str, Any], dict[str, Any]]:
        machine = config.hook.pytest_benchmark_generate_machine_info(config=config)
        config.hook.pytest_benchmark_update_machine_info(config=config, machine_info=machine)
        return machine, config.hook.pytest_benchmark_generate_commit_info(config=config)

    def uncaptured() -> Any:
        capture = config.pluginmanager.getplugin("capturemanager")
        return capture.global_and_fixture_disabled() if capture else nullcontext()

    return Suite(
        options.parse(resume.fill(given)),
        given={option.name: option.record(given[option.name]) for option in flags.OPTIONS if option.name in given},
        check_only=bool(config.getoption("benchmark_disable")),
        infos=infos,
        uncaptured=uncaptured,
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test a case of whatever test wants one."""
    if {PARAMETER, "tfbench_suite"} <= set(metafunc.fixturenames):
        metafunc.parametrize(PARAMETER, [case.id for case in metafunc.config.stash[SUITE].cases])


@pytest.fixture(scope="session")
def tfbench_suite(pytestconfig: pytest.Config) -> Suite:
    """Give the suite of this session."""
    return pytestconfig.stash[SUITE]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell the suite which cases are left, unless they are only listed."""
    kept = [
        str(item.callspec.params[PARAMETER])
        for item in session.items
        if isinstance(item, pytest.Function) and "tfbench_suite" in item.fixturenames and hasattr(item, "callspec")
    ]
    if kept and not session.config.getoption("collectonly"):
        try:
            session.config.stash[SUITE].plan(kept)
        except (BadInputError, StorageError) as error:
            raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Take part in another host's run instead of the tests, where a cluster's first worker measures."""
    suite = session.config.stash[SUITE]
    if not suite.planned or not suite.membership.follows:
        return None
    visit = suite.attend()
    if not (visit.over and visit.text == COMPLETE):
        how = f"the run of worker 1 is over: {visit.text}" if visit.over else visit.text
        pytest.exit(f"tfbench: {how}", returncode=pytest.ExitCode.INTERRUPTED)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write how the run ended, before anything is shown; a run that measured nothing is no success."""
    if SUITE not in session.config.stash:
        return
    suite = session.config.stash[SUITE]
    if suite.only_skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    try:
        suite.finish()
    except StorageError as error:
        session.exitstatus = pytest.ExitCode.INTERRUPTED
        print(f"tfbench: {error}", file=sys.stderr)  # noqa: T201 - pytest has no way to say it here


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Let whoever can show the run do so."""
    suite = config.stash[SUITE]
    if suite.writer is not None:
        config.hook.pytest_tfbench_show_run(config=config, path=suite.writer.path)
    if suite.only_skipped:
        terminalreporter.write_line(NOTHING, yellow=True)
