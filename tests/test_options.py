"""The options of a run, parsed."""

from pathlib import Path
from typing import Any

import pytest
from tfbench.bench import flags, options
from tfbench.bench.errors import BadInputError
from tfbench.bench.options import Choice
from tfbench.bench.timing import Plan


def test_without_options_everything_is_chosen_five_times() -> None:
    assert options.parse({}) == Choice(
        workloads=(),
        implementations=(),
        modes=(),
        params=(),
        devices=(),
        placements=(),
        replicas=(),
        threads=(),
        communications=("",),
        packs=(0,),
        invocations=5,
        max_invocations=20,
        budget_s=4.0,
        timeout_s=300.0,
        precision=0.0,
        interpreters=(),
        out=Path("results"),
        quick=False,
        timing_only=False,
        profile=False,
        full=False,
        files=(),
        fashion_mnist="",
    )


def test_all_options_are_parsed(tmp_path: Path) -> None:
    raw = {
        "workload": ["sum_loop"],
        "implementation": ["keras"],
        "param": ["n=1000"],
        "mode": ["eager"],
        "device": ["cpu", "gpu"],
        "placement": ["multi_worker"],
        "replicas": ["2"],
        "threads": ["1,2"],
        "communication": ["auto,ring"],
        "bytes-per-pack": ["0", "65536"],
        "invocations": "4",
        "max-invocations": "9",
        "precision": "2%",
        "python": ["old=/old/python", "new=/new/python"],
        "budget": "1.5",
        "timeout": "60",
        "out": "elsewhere",
        "quick": True,
        "timing-only": True,
        "profile": True,
        "full": True,
        "workloads": [str(tmp_path / "mine.py")],
        "fashion-mnist": "images",
    }
    assert options.parse(raw) == Choice(
        workloads=("sum_loop",),
        implementations=("keras",),
        modes=("eager",),
        params=(("n", "1000"),),
        devices=("cpu", "gpu"),
        placements=("multi_worker",),
        replicas=(2,),
        threads=(1, 2),
        communications=("", "ring"),
        packs=(0, 65536),
        invocations=4,
        max_invocations=9,
        budget_s=1.5,
        timeout_s=60.0,
        precision=0.02,
        interpreters=(("old", "/old/python"), ("new", "/new/python")),
        out=Path("elsewhere"),
        quick=True,
        timing_only=True,
        profile=True,
        full=True,
        files=(tmp_path / "mine.py",),
        fashion_mnist="images",
    )


def test_quick_means_one_invocation_and_a_small_plan() -> None:
    choice = options.parse({"quick": True})
    plan = Plan(max_rounds=20, budget_s=3.0, examine=False)
    assert (choice.invocations, choice.budget_s, choice.plan) == (1, 3.0, plan)


def test_quick_gives_way_to_what_is_given() -> None:
    choice = options.parse({"quick": True, "invocations": "2", "budget": "4"})
    assert (choice.invocations, choice.plan.budget_s, choice.plan.max_rounds) == (2, 4.0, 20)


def test_the_plan_takes_the_budget() -> None:
    assert options.parse({"budget": "3"}).plan == Plan(max_rounds=60, budget_s=3.0)


@pytest.mark.parametrize("quick", [False, True])
def test_the_plan_takes_the_precision(quick: bool) -> None:
    choice = options.parse({"quick": quick, "precision": "2%"})
    assert (choice.precision, choice.plan.precision) == (0.02, 0.02)


@pytest.mark.parametrize(
    ("text", "value"), [("5%", 0.05), (" 5 % ", 0.05), ("0.05", 0.05), ("0.5%", 0.005), ("1e-2", 0.01), ("99%", 0.99)]
)
def test_a_precision_is_a_share_or_a_percentage(text: str, value: float) -> None:
    assert options.parse({"precision": text}).precision == value


@pytest.mark.parametrize(
    ("raw", "most"),
    [({}, 20), ({"invocations": "30"}, 30), ({"max-invocations": "8", "precision": "2%"}, 8), ({"quick": True}, 20)],
    ids=["default", "more asked for", "given", "quick"],
)
def test_there_are_at_most_20_invocations_if_not_more_are_asked_for(raw: dict[str, Any], most: int) -> None:
    assert options.parse(raw).max_invocations == most


def test_fewer_invocations_at_most_than_the_default_are_that_few() -> None:
    assert options.parse({"max-invocations": "3", "precision": "2%"}).invocations == 3


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"max-invocations": "8"}, "is for --precision"),
        ({"max-invocations": "3", "invocations": "4", "precision": "2%"}, "is less than --invocations 4"),
    ],
)
def test_invocations_at_most_that_cannot_be_meant_are_refused(raw: dict[str, str], reason: str) -> None:
    with pytest.raises(BadInputError, match=reason):
        options.parse(raw)


def test_interpreters_keep_their_order_and_their_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Resolved, the link of a virtual environment would be the system's Python, without its packages.
    (tmp_path / "python").symlink_to("/usr/bin/env")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    given = ["tf_2.21=python", f"b={tmp_path}/python", "a=~/venv/bin/python", "c=/odd=name,/python"]
    assert options.parse({"python": given}).interpreters == (
        ("tf_2.21", f"{tmp_path}/python"),
        ("b", f"{tmp_path}/python"),
        ("a", "/home/me/venv/bin/python"),
        ("c", "/odd=name,/python"),
    )


def test_an_interpreter_without_a_label_is_told_how_to_write_it() -> None:
    message = r"^--python /bin/python: write it as label=path, such as new=/venvs/new/bin/python$"
    with pytest.raises(BadInputError, match=message):
        options.parse({"python": ["/bin/python"]})


def test_two_interpreters_of_one_label_are_refused() -> None:
    with pytest.raises(BadInputError, match=r"^--python a=/two: the label 'a' stands twice$"):
        options.parse({"python": ["a=/one", "a=/two"]})


@pytest.mark.parametrize(
    "given", [["eager,xla"], ["eager", "xla"], [" eager , xla "], ["eager,,xla,"], ["eager,xla,eager"]]
)
def test_a_comma_list_and_a_repeated_option_are_the_same(given: list[str]) -> None:
    assert options.parse({"mode": given}).modes == ("eager", "xla")


@pytest.mark.parametrize("given", [["n=1000,2000"], ["n=1000", "n=2000"], ["n=1000,n=2000"], ["n = 1000, 2000"]])
def test_params_take_several_values(given: list[str]) -> None:
    assert options.parse({"param": given}).params == (("n", "1000"), ("n", "2000"))


def test_a_bare_value_belongs_to_the_parameter_before_it() -> None:
    found = options.parse({"param": ["n=1,2", "size=3,4"]}).params
    assert found == (("n", "1"), ("n", "2"), ("size", "3"), ("size", "4"))


def test_two_parameters_may_take_the_same_value() -> None:
    found = options.parse({"param": ["n=1,2", "size=3,2"]}).params
    assert found == (("n", "1"), ("n", "2"), ("size", "3"), ("size", "2"))


def test_a_value_may_hold_an_equals_sign() -> None:
    assert options.parse({"param": ["flags=a=b"]}).params == (("flags", "a=b"),)


@pytest.mark.parametrize("given", [["auto"], ["auto,cpu"], []])
def test_auto_leaves_the_devices_open(given: list[str]) -> None:
    assert options.parse({"device": given}).devices == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("invocations", "0"),
        ("invocations", "-1"),
        ("invocations", "1.5"),
        ("invocations", "three"),
        ("invocations", ""),
        ("invocations", "\u00b2"),
        ("budget", "0"),
        ("budget", "-1"),
        ("budget", "nan"),
        ("budget", "inf"),
        ("budget", "soon"),
        ("budget", ""),
        ("timeout", "0"),
        ("timeout", "-0.5"),
        ("timeout", "nan"),
        ("timeout", "inf"),
        ("timeout", "5 min"),
        ("max-invocations", "0"),
        ("max-invocations", "many"),
        ("max-invocations", ""),
        ("precision", "0"),
        ("precision", "0%"),
        ("precision", "-1%"),
        ("precision", "1"),
        ("precision", "2"),
        ("precision", "100%"),
        ("precision", "nan"),
        ("precision", "inf"),
        ("precision", "narrow"),
        ("precision", "%"),
        ("python", ["python3"]),
        ("python", ["=/bin/python"]),
        ("python", ["new="]),
        ("python", ["a-b=/bin/python"]),
        ("python", ["a b=/bin/python"]),
        ("python", ["a/b=/bin/python"]),
        ("python", ["new=~no_such_user_of_tfbench/python"]),
        ("replicas", ["0"]),
        ("threads", ["0"]),
        ("placement", ["single"]),
        ("threads", ["all"]),
        ("replicas", ["-2"]),
        ("replicas", ["1,two"]),
        ("replicas", ["1.0"]),
        ("param", ["1000"]),
        ("param", ["n"]),
        ("device", ["gpux"]),
        ("device", ["cpu,CPU"]),
        ("out", "~no_such_user_of_tfbench/results"),
        ("workloads", ["~no_such_user_of_tfbench/mine.py"]),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_option(name: str, value: Any) -> None:
    with pytest.raises(BadInputError, match=rf"^(--|unknown ){name} "):
        options.parse({name: value})


def test_the_message_says_what_was_given_and_what_is_wanted() -> None:
    with pytest.raises(BadInputError, match=r"^--budget soon: give a number above 0$"):
        options.parse({"budget": "soon"})


def test_each_option_has_a_name_of_its_own() -> None:
    names = [option.name for option in flags.OPTIONS]
    assert sorted(set(names)) == sorted(names)


def test_a_destination_is_a_python_name() -> None:
    found = {option.name: option.destination for option in flags.OPTIONS}
    assert (found["fashion-mnist"], found["mode"]) == ("tf_fashion_mnist", "tf_mode")
    assert all(name.isidentifier() for name in found.values())


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    choice = options.parse({"out": "~/runs", "workloads": ["~/mine.py"]})
    assert (choice.out, choice.files) == (tmp_path / "runs", (tmp_path / "mine.py",))
