"""What a workload is: its parsers and defaults, and sum_loop's limits."""

from typing import Any

import pytest
from tfbench.workloads import layer_norm, spec, sum_loop


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("007", 7), ("123456789", 123456789)])
def test_a_positive_whole_number_is_parsed(text: str, value: int) -> None:
    assert spec.positive_int(text) == value


@pytest.mark.parametrize("text", ["", "0", "-1", "+1", "1.0", "1e3", " 1", "1_000", "one", "\u0663", "\u00b2"])
def test_anything_else_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text!r} is not a whole number of at least 1$".replace("+", r"\+")):
        spec.positive_int(text)


@pytest.mark.parametrize(("text", "value"), [("2x3", "2x3"), ("032x128x768", "32x128x768")])
def test_a_shape_is_parsed_and_written_plainly(text: str, value: str) -> None:
    assert spec.shape(text) == value


@pytest.mark.parametrize("text", ["", "256", "x", "2x", "x2", "2x0", "2X3", "2x-3", "2x3.5", "2,3"])
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a "):
        spec.shape(text)


def test_a_shape_gives_its_sizes() -> None:
    assert spec.sizes_of("32x128x768") == (32, 128, 768)


@pytest.mark.parametrize(("replicas", "distributed"), [((1,), False), ((1, 2), True)])
def test_more_numbers_of_replicas_make_a_distributed_workload(
    replicas: tuple[int, ...], distributed: bool, make_workload: Any
) -> None:
    assert make_workload(replicas=replicas).distributed is distributed


def test_a_workload_supports_everything_unless_it_says_otherwise(make_workload: Any) -> None:
    assert make_workload().unsupported("by_hand", {}, "xla") is None


def test_a_reason_may_be_about_more_than_one_replica_only(make_workload: Any) -> None:
    toy = make_workload(
        unsupported=lambda implementation, _p, _m: "never" if implementation == "library" else None,
        unsupported_replicated=lambda _i, _p, mode: "one only" if mode == "xla" else None,
    )
    assert toy.skip_reason("by_hand", {}, "xla") == ""
    assert toy.skip_reason("by_hand", {}, "xla", replicas=2) == "one only"
    assert toy.skip_reason("by_hand", {}, "graph", replicas=2) == ""
    assert toy.skip_reason("library", {}, "xla", replicas=2) == "never"


@pytest.mark.parametrize(("n", "total"), [(1, 0), (2, 1), (5, 10), (10000, 49995000), (65536, 2147450880)])
def test_the_sum_of_the_numbers_below_n(n: int, total: int) -> None:
    assert sum_loop.exact_sum(n) == total


@pytest.mark.parametrize("n", [1, 65536])
def test_an_n_whose_sum_fits_into_int32_is_accepted(n: int) -> None:
    assert sum_loop.parse_n(str(n)) == n


@pytest.mark.parametrize("n", [65537, 10**12])
def test_an_n_whose_sum_overflows_int32_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match=f"^{n} is too large: .* the largest n is 65536$"):
        sum_loop.parse_n(str(n))


@pytest.mark.parametrize(
    ("implementation", "mode", "n", "supported"),
    [
        ("python_loop", "graph", 1000, True),
        ("python_loop", "graph", 1001, False),
        ("python_loop", "xla", 1001, False),
        ("python_loop", "eager", 50000, True),
        ("tensor_loop", "xla", 50000, True),
        ("vectorized", "graph", 50000, True),
    ],
)
def test_only_long_python_loops_are_not_unrolled_into_graphs(
    implementation: str, mode: str, n: int, supported: bool
) -> None:
    reason = sum_loop.unsupported(implementation, {"n": n}, mode)
    assert (reason is None) is supported
    assert supported or f"{n} graph operations" in str(reason)


@pytest.mark.parametrize("text", ["no", "yes"])
def test_gradients_are_yes_or_no(text: str) -> None:
    assert layer_norm.parse_gradients(text) == text


@pytest.mark.parametrize("text", ["", "Yes", "true", "1"])
def test_gradients_are_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text!r} is neither no nor yes$"):
        layer_norm.parse_gradients(text)


def test_a_part_of_a_step_is_compared_with_itself_only(make_workload: Any) -> None:
    workload = make_workload(parts=("compute",), baseline=("by_hand", "eager"))
    assert workload.baseline_of("library") == ("by_hand", "eager")
    assert workload.baseline_of("compute") == ("compute", "eager")


def test_a_workload_needs_a_name_an_implementation_and_what_builds_it() -> None:
    def build(_job: spec.Job) -> spec.Program:
        raise NotImplementedError

    workload = spec.Workload(name="mine", implementations=("one", "other"), build=build)
    assert (workload.unit, workload.work({}, 1), workload.parameters) == ("calls", 1, ())
    assert [workload.baseline_of(name) for name in workload.implementations] == [("one", "eager"), ("other", "eager")]
