"""A run is gone on with: its options, what is missing in it, and when that is refused."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tfbench.bench import flags, interpreters, options, resume, store
from tfbench.bench.errors import BadInputError
from tfbench.bench.resume import Resumption
from tfbench.workloads import content

NOW = "2026-11-02T00:00:00+00:00"


@pytest.fixture
def write(records: Any, tmp_path: Path) -> Any:
    """Give the function that writes a run with these fields, and gives its folder."""
    return lambda **changes: records.write(records.run(**changes), tmp_path)


@pytest.fixture
def resumption(write: Any) -> Any:
    """Give the function that writes a run and makes its resumption, with further options."""

    def make(raw: dict[str, Any] | None = None, **changes: Any) -> Resumption:
        return Resumption(options.parse({"invocations": "1", **(raw or {}), "resume": str(write(**changes))}))

    return make


def test_without_a_run_the_options_stay_as_they_are() -> None:
    assert resume.fill({"mode": ["xla"], "resume": None}) == {"mode": ["xla"], "resume": None}


def test_every_option_survives_the_record() -> None:
    values = {
        option.name: True if not option.metavar else ["a b", "c,d"] if option.words else ["e,f"] if option.many else "g"
        for option in flags.OPTIONS
    }
    texts = {option.name: option.record(values[option.name]) for option in flags.OPTIONS}
    assert {option.name: option.given(texts[option.name]) for option in flags.OPTIONS} == values
    assert (texts["python"], texts["mode"], texts["quick"]) == ("'a b' c,d", "e,f", "True")


def test_a_comma_list_and_a_repeated_option_are_recorded_alike() -> None:
    option = next(option for option in flags.OPTIONS if option.name == "param")
    assert option.record(["n=1", "n=2"]) == option.record(["n=1,n=2"])


def test_the_options_are_those_of_the_run(write: Any) -> None:
    folder = write(options={"mode": "eager,xla", "quick": "True", "budget": "2"})
    found = resume.fill({"resume": str(folder), "timeout": "9"})
    assert found == {"mode": ["eager,xla"], "quick": True, "budget": "2", "timeout": "9", "resume": str(folder)}


def test_saying_the_same_again_is_fine(write: Any) -> None:
    folder = write(options={"mode": "eager,xla"})
    assert resume.fill({"resume": str(folder), "mode": ["eager", "xla"]})["mode"] == ["eager", "xla"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"mode": ["xla"]},
            "--mode xla: run 20261101T000000Z-box was made with eager, and keeps its options: leave it",
        ),
        (
            {"quick": True},
            "--quick True: run 20261101T000000Z-box was made without it, and keeps its options: leave it",
        ),
        ({"out": "x"}, "--out x: run 20261101T000000Z-box was made without it, and keeps its options: leave it"),
    ],
)
def test_an_option_that_contradicts_is_refused(given: dict[str, Any], message: str, write: Any) -> None:
    folder = write(options={"mode": "eager"})
    with pytest.raises(BadInputError) as caught:
        resume.fill({"resume": str(folder), **given})
    assert str(caught.value) == message


@pytest.mark.parametrize("recorded", [{"surprise": "1"}, {"python": "old='unclosed"}])
def test_an_option_of_another_tfbench_is_refused(recorded: dict[str, str], write: Any) -> None:
    folder = write(options=recorded)
    with pytest.raises(BadInputError, match="which is not known here: start a new run"):
        resume.fill({"resume": str(folder)})


@pytest.mark.parametrize("name", ["nowhere", "~no_such_user_of_tfbench/run"])
def test_a_run_that_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(BadInputError):
        resume.fill({"resume": name})


@pytest.fixture
def known(make_workload: Any) -> Any:
    """Give the catalog of the toy."""
    return {"toy": make_workload()}


def _cases(records: Any) -> list[Any]:
    return [records.case(mode=mode) for mode in ("eager", "graph", "xla")]


def test_a_set_whose_cases_all_ended_well_is_finished(records: Any, resumption: Any, known: Any) -> None:
    eager, graph, xla = _cases(records)
    ends = records.measurement(case=eager), records.measurement(case=graph), records.skip(case=xla)
    found = resumption(measurements=ends[:2], skips=ends[2:])
    assert found.finished([eager, graph, xla]) == ends
    assert found.unfinished([eager, graph, xla], known) == set()


@pytest.mark.parametrize(
    "what", ["a case is missing", "a case failed", "an invocation was cut short", "one is missing"]
)
def test_a_set_with_anything_missing_or_failed_is_not(what: str, records: Any, resumption: Any, known: Any) -> None:
    eager, graph, xla = cases = _cases(records)
    last: dict[str, Any] = {
        "a case is missing": {},
        "a case failed": {"failures": (records.failure(case=xla),)},
        "an invocation was cut short": {
            "invocations": (records.invocation(), records.invocation(index=2, complete=False))
        },
        "one is missing": {"invocations": (records.invocation(),)},
    }[what]
    two = (records.invocation(), records.invocation(index=2))
    done = [records.measurement(case=case, invocations=two) for case in (eager, graph)]
    if "invocations" in last:
        done.append(records.measurement(case=xla, invocations=last.pop("invocations")))
    found = resumption({"invocations": "2"}, measurements=tuple(done), **last)
    assert found.finished(cases) is None
    assert found.has(cases)
    # A case that failed is an end, though one that is tried again.
    assert found.unfinished(cases, known) == (set() if what == "a case failed" else {case.id for case in cases})


@pytest.mark.parametrize(("most", "finished"), [("3", False), ("2", True)])
def test_with_a_precision_a_set_is_finished_once_it_is_met_or_the_invocations_end(
    most: str, finished: bool, records: Any, resumption: Any
) -> None:
    wide = records.timed(1.0, 2.0, mode="eager"), records.timed(2.0, 1.0, mode="xla")
    narrow = records.timed(1.0, 1.0, mode="eager"), records.timed(2.0, 2.0, mode="xla")
    raw = {"precision": "1%", "max-invocations": most}
    for measurements, wanted in ((wide, finished), (narrow, True)):
        found = resumption(
            {"invocations": "2", **raw}, measurements=measurements, name=f"run{wanted}{measurements is wide}"
        )
        assert (found.finished([m.case for m in measurements]) is not None) == wanted


def test_only_what_was_planned_is_measured_in_whole_sets(records: Any, resumption: Any, known: Any) -> None:
    eager, graph, xla = cases = _cases(records)
    other = records.case(params=(("n", 16), ("kind", "small")))
    found = resumption(planned=(xla.id, eager.id))
    assert found.planned([*cases, other]) == [eager, xla]
    assert found.sets([eager, xla, other], {xla.id}, known) == [[eager, xla]]
    with pytest.raises(BadInputError, match=f"was to measure {xla.id}, which is there no more: start a new run"):
        found.planned([eager, graph])
    assert resumption(name="old").planned([*cases, other]) == [*cases, other]


@pytest.fixture
def here(records: Any, make_workload: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give this machine's part in a check: a catalog and a host; the software is the fixture's, the code is `abc`."""
    software = records.software()
    names = ("python", "tensorflow", "keras", "numpy")
    monkeypatch.setattr(interpreters, "versions", lambda _path: {name: getattr(software, name) for name in names})
    monkeypatch.setattr(content, "digest", lambda _workload: "abc")
    for name in ("XLA_FLAGS", "TF_XLA_FLAGS"):
        monkeypatch.delenv(name, raising=False)
    return SimpleNamespace(catalog={"toy": make_workload()}, host=records.host)


def test_the_same_machine_software_and_code_go_on(records: Any, resumption: Any, here: Any) -> None:
    found = resumption(software=(records.software(),), measurements=(records.measurement(content="abc"),))
    found.check(here.catalog, here.host(load_1m=9.0, git_commit="other", affinity=(1, 3)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "crate"}, "with host box, here it is crate: start a new run"),
        ({"cpu": "another"}, "with processor toy processor, here it is another"),
        ({"affinity": (0,)}, "with cores 2 of 4, here it is 1 of 4"),
        ({"memory_bytes": 2**34}, "with memory in GiB 8, here it is 16"),
        ({"system": "Linux 7"}, "with system Linux 6, here it is Linux 7"),
    ],
)
def test_another_host_is_refused(changes: dict[str, Any], message: str, resumption: Any, here: Any) -> None:
    with pytest.raises(BadInputError, match=message):
        resumption().check(here.catalog, here.host(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tensorflow": "2.20.0"}, "with tensorflow 2.20.0, here it is 2.21.0: start a new run"),
        ({"keras": "3.0.0"}, "with keras 3.0.0, here it is 3.15.1"),
        ({"python": "3.12.0"}, "with python 3.12.0, here it is 3.11.9"),
        ({"xla_flags": "--xla_x"}, "with XLA_FLAGS --xla_x, here it is not set"),
    ],
)
def test_other_software_is_refused(
    changes: dict[str, str], message: str, records: Any, resumption: Any, here: Any
) -> None:
    with pytest.raises(BadInputError, match=message):
        resumption(software=(records.software(**changes),)).check(here.catalog, here.host())


def test_a_version_may_be_written_as_the_package_has_it(
    records: Any, resumption: Any, here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreters, "versions", lambda _path: {"tensorflow": "2.21.0rc1"})
    resumption(software=(records.software(tensorflow="2.21.0-rc1"),)).check(here.catalog, here.host())


@pytest.mark.parametrize("catalog", [{}, None], ids=["gone", "changed"])
def test_a_changed_workload_is_refused(catalog: Any, records: Any, resumption: Any, here: Any) -> None:
    found = resumption(measurements=(records.measurement(content="abd"),))
    with pytest.raises(BadInputError, match=r"^workload toy has changed since run .*: start a new run$"):
        found.check(here.catalog if catalog is None else catalog, here.host())


def test_a_cluster_is_refused(resumption: Any, here: Any) -> None:
    with pytest.raises(BadInputError, match="was measured by a cluster: start a new run"):
        resumption(cluster="Slurm: a, b").check(here.catalog, here.host())


@pytest.mark.parametrize(("data", "synthetic", "fine"), [("real: 9 images", False, True), ("", True, True)])
def test_images_of_the_same_kind_go_on(data: str, synthetic: bool, fine: bool, records: Any, resumption: Any) -> None:
    resumption(measurements=(records.measurement(data=data),)).check_data(synthetic=synthetic)


@pytest.mark.parametrize(("data", "here"), [("real: 9 images", "synthetic"), ("synthetic", "real")])
def test_images_of_another_kind_are_refused(data: str, here: str, records: Any, resumption: Any) -> None:
    found = resumption(measurements=(records.measurement(data=data),))
    with pytest.raises(BadInputError, match=f"here they are {here}: name the same with --fashion-mnist"):
        found.check_data(synthetic=here == "synthetic")


def test_the_run_notes_that_it_was_resumed_and_nothing_else_changes(
    records: Any, resumption: Any, with_fields: Any
) -> None:
    found = resumption(status="interrupted", measurements=(records.measurement(),), resumed=("before",))
    writer = found.writer(works=True, now=NOW)
    writer.close()
    wanted = with_fields(found.run, status="running", resumed=("before", NOW))
    assert store.load(found.path) == wanted


def test_with_nothing_to_do_the_run_stays_as_it_is(resumption: Any) -> None:
    found = resumption(status="complete")
    found.writer(works=False, now=NOW).close()
    assert store.load(found.path) == found.run
    assert found.told(3, 0) == "tfbench: nothing is missing or failed in 20261101T000000Z-box"
    assert found.told(3, 1) == "tfbench: goes on with 20261101T000000Z-box: 1 of 3 comparison sets, the others stay"


def test_a_run_that_is_still_measured_is_left_alone(resumption: Any) -> None:
    found = resumption()
    first = found.writer(works=False, now=NOW)
    with pytest.raises(BadInputError, match="is being measured into by another process: wait for its end"):
        found.writer(works=True, now=NOW)
    first.close()


def test_a_run_that_another_process_has_just_gone_on_with_is_left_alone(resumption: Any) -> None:
    found = resumption()
    found.writer(works=True, now="earlier").close()
    with pytest.raises(BadInputError, match="has just been measured into by another process: say it again"):
        found.writer(works=True, now=NOW)
    assert store.load(found.path).resumed == ("earlier",)


def test_a_run_that_was_moved_makes_no_latest_where_there_was_none(resumption: Any) -> None:
    found = resumption()
    found.writer(works=True, now=NOW).close()
    assert [path.name for path in found.path.parents[1].iterdir()] == [found.run.name]
