"""Scaling: speed-up, efficiency and serial fraction, worked out by hand; and its tables."""

import io
import math
from typing import Any

import pytest
from rich.console import Console
from tfbench.bench.case import Placement
from tfbench.reports import per_core_view, scaling, scaling_view, views


@pytest.fixture
def widths(records: Any) -> Any:
    """Make a case at each width: seconds of a call in each of three invocations."""

    def make(
        seconds: dict[int, float], *, axis: str = "replicas", weak: bool = False, spread: float = 1.0
    ) -> list[Any]:
        found = []
        for wide, call_s in seconds.items():
            done = tuple(
                records.invocation((call_s * spread ** (i if wide > 1 else 0),) * 2, index=i + 1, iterations=1)
                for i in range(3)
            )
            placement = Placement(strategy="mirrored" if axis == "replicas" else "single", **{axis: wide})
            work = 8 * wide if weak else 8
            found.append(
                records.measurement(
                    case=records.case(mode="graph", placement=placement), invocations=done, work_per_call=work
                )
            )
        return found

    return make


def the_points(measurements: list[Any]) -> list[scaling.Point]:
    (found,) = scaling.points(measurements)
    return found


def test_half_the_time_on_two_is_perfect_strong_scaling(widths: Any) -> None:
    base, two = the_points(widths({1: 4.0, 2: 2.0}))
    assert (base.kind, base.width, base.efficiency, base.serial_fraction) == ("strong", 1, (1.0, 1.0, 1.0), None)
    assert two.speedup == pytest.approx((2.0, 2.0, 2.0))
    assert two.efficiency == pytest.approx((1.0, 1.0, 1.0))
    assert two.serial_fraction == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)


def test_karp_and_flatt_find_amdahls_serial_fraction(widths: Any) -> None:
    # A quarter of 8 s is serial: 2 + 6/2 on two, 2 + 6/4 on four.
    points = the_points(widths({1: 8.0, 2: 5.0, 4: 3.5}))
    assert [point.serial_fraction and point.serial_fraction[0] for point in points[1:]] == pytest.approx([0.25, 0.25])
    assert scaling.amdahl(points) == pytest.approx(0.25)


def test_amdahls_fit_needs_three_widths(widths: Any) -> None:
    assert scaling.amdahl(the_points(widths({1: 8.0, 2: 5.0}))) is None


def test_the_same_time_for_twice_the_work_is_perfect_weak_scaling(widths: Any) -> None:
    _, two = the_points(widths({1: 4.0, 2: 4.0}, weak=True))
    assert (two.kind, two.efficiency) == ("weak", pytest.approx((1.0, 1.0, 1.0)))
    assert two.serial_fraction == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)


def test_gustafsons_serial_fraction_of_weak_scaling(widths: Any) -> None:
    # Twice the work in 1.5 times the time: S = 4/3, (2 - 4/3) / (2 - 1) = 2/3.
    _, two = the_points(widths({1: 4.0, 2: 6.0}, weak=True))
    assert two.serial_fraction is not None
    assert two.serial_fraction[0] == pytest.approx(2 / 3)


def test_gustafsons_fit_needs_three_widths(widths: Any) -> None:
    # A quarter is serial: S = 2 - 1/4 = 1.75 on two, 4 - 3/4 = 3.25 on four.
    points = the_points(widths({1: 4.0, 2: 8.0 / 1.75, 4: 16.0 / 3.25}, weak=True))
    assert scaling.gustafson(points) == pytest.approx(0.25)
    assert scaling.gustafson(points[:2]) is None
    assert scaling.amdahl(points) is None


def test_a_worker_of_a_cluster_has_one_core_of_its_own(records: Any) -> None:
    found = [records.timed((4.0,), placement=Placement(strategy="multi_worker", threads=threads)) for threads in (0, 2)]
    assert [scaling.width(one, "threads") for one in found] == [1, 2]


def test_the_interval_is_that_of_the_paired_speed_up(widths: Any) -> None:
    _, two = the_points(widths({1: 4.0, 2: 2.0}, spread=1.1))
    assert two.efficiency is not None
    middle, low, high = two.efficiency
    # Log-ratios log 2, log 2 - log 1.1, log 2 - 2 log 1.1: mean log(2/1.1), sd log 1.1, t(2) = 4.303.
    half = 4.302653 * math.log(1.1) / math.sqrt(3)
    assert (middle, low, high) == pytest.approx((1 / 1.1, math.exp(-half) / 1.1, math.exp(half) / 1.1))
    assert two.serial_fraction is not None
    assert two.serial_fraction[1] < two.serial_fraction[0] < two.serial_fraction[2]  # type: ignore[operator]


def test_laws_about_a_width_of_one_say_nothing_without_it(widths: Any) -> None:
    # 0.2 + 0.8 / N: taking two for one would give a serial fraction of a third.
    points = the_points(widths({2: 0.6, 4: 0.4, 16: 0.25}, axis="threads"))
    assert [point.serial_fraction for point in points] == [None] * 3
    assert (scaling.amdahl(points), scaling.gustafson(points)) == (None, None)
    assert points[1].efficiency == pytest.approx((0.75, 0.75, 0.75))  # a half more from twice the width


def test_the_table_says_why_there_is_no_serial_fraction(widths: Any, records: Any) -> None:
    lines = shown(scaling_view.VIEW, records.run(measurements=tuple(widths({2: 0.6, 4: 0.6}, axis="threads"))))
    assert lines[-1] == "no serial fraction without a width of 1: add it, as in --threads 1,2,4"
    assert lines[-2].endswith("1.00x 50 % [50, 50] -")  # as fast as the base is not the base


@pytest.mark.parametrize(("spread", "text"), [(1.01, "slower"), (3.0, "-")])
def test_a_wider_one_is_slower_where_its_interval_says_so(spread: float, text: str, widths: Any) -> None:
    _, two = the_points(widths({1: 1.0, 2: 1.5}, axis="threads", spread=spread))
    assert scaling_view.serial_text(scaling_view.row(two)) == text


def test_threads_are_a_series_of_their_own(widths: Any) -> None:
    _, two = the_points(widths({1: 4.0, 2: 3.0}, axis="threads"))
    assert (two.axis, two.width, two.speedup) == ("threads", 2, pytest.approx((4 / 3,) * 3))


def test_one_width_and_other_modes_make_no_series(widths: Any, records: Any) -> None:
    assert list(scaling.points(widths({2: 4.0}))) == []
    assert list(scaling.points([records.measurement(), records.measurement(case=records.case(mode="xla"))])) == []


def test_work_that_neither_stays_nor_grows_with_the_width_has_no_law(widths: Any, records: Any) -> None:
    one, two = widths({1: 4.0, 2: 4.0})
    odd = records.measurement(case=two.case, invocations=two.invocations, work_per_call=12)
    found = the_points([one, odd])[1]
    assert (found.kind, found.serial_fraction) == ("", None)


def shown(view: views.View, run: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=300)
    views.show(view, run, console)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines() if line.strip()]


def test_the_table_shows_the_base_and_what_wider_gives(widths: Any, records: Any) -> None:
    lines = shown(scaling_view.VIEW, records.run(measurements=tuple(widths({1: 4.0, 2: 2.5, 4: 2.0}))))
    assert lines[4:] == [
        "cpu-mirrored-1 1 4.00 s 2.00 2.00 base - -",
        "cpu-mirrored-2 2 2.50 s 3.20 1.60 1.60x 80 % [80, 80] 25 % [25, 25]",
        "cpu-mirrored-4 4 2.00 s 4.00 1.00 2.00x 50 % [50, 50] 33 % [33, 33]",
        "cpu-mirrored: logical CPU devices share one thread pool: functional, not scaling",
        # 0.25 over 0.8125, sums over the wider two
        "toy by_hand n=8,kind=small graph (cpu-mirrored-1) and wider: Amdahl's law fits a serial fraction of 30.8 %",
    ]


@pytest.mark.parametrize(
    ("placement", "expected"),
    [
        (Placement(), (2, "core")),  # the host's affinity
        (Placement(threads=1), (1, "core")),
        (Placement(strategy="mirrored", replicas=2), (2, "core")),
        (Placement(strategy="multi_worker", replicas=1), (1, "core")),
        (Placement(strategy="multi_worker", replicas=3, threads=2), (6, "core")),
        (Placement(device="gpu", strategy="mirrored", replicas=4), (4, "gpu")),
    ],
)
def test_what_a_case_may_use(records: Any, placement: Placement, expected: tuple[int, str]) -> None:
    assert per_core_view.devices(records.case(placement=placement), records.host()) == expected


def test_throughput_is_divided_by_the_cores(records: Any) -> None:
    (row,) = per_core_view.rows(records.run(measurements=(records.measurement(),)))
    assert (row["throughput"], row["count"], row["throughput_each"]) == (8.0, 2, 4.0)  # 8 elements in 1 s
