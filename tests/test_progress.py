"""What is running and how long is left."""

import io
from typing import Any

import pytest
from rich.console import Console
from tfbench.bench.progress import Progress, duration


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(out: io.StringIO, clock: Any) -> Progress:
    """Give the progress of four workers, on no terminal."""
    return Progress(workers=4, console=Console(file=out, force_terminal=False, width=40), clock=clock)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "1 s"), (0.4, "1 s"), (1.6, "2 s"), (40.0, "40 s"), (89.0, "89 s"), (90.0, "2 min"), (600.0, "10 min")],
)
def test_a_duration_is_written_in_seconds_or_minutes(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_each_worker_has_a_line_of_its_own(progress: Progress, out: io.StringIO, records: Any, clock: Any) -> None:
    with progress:
        progress.group([records.case(), records.case(mode="xla")], invocation=2, invocations=3)
    assert out.getvalue() == ("tfbench: toy n=8,kind=small (cpu), invocation 2 of 3: 2 cases, about 60 s left\n")


def test_a_worker_is_named_by_what_all_its_cases_share(progress: Progress, out: io.StringIO, records: Any) -> None:
    with progress:
        progress.group([records.case(), records.case(params=(("n", 8),))], invocation=1, invocations=1)
    assert out.getvalue().startswith("tfbench: toy n=8 (cpu), ")


def test_a_worker_for_something_else_has_its_own_line(
    progress: Progress, out: io.StringIO, clock: Any, records: Any
) -> None:
    with progress:
        progress.aside([records.case()], "call sequences")
        clock.advance(3.0)
    assert out.getvalue() == "tfbench: toy, call sequences, about 60 s left\n"
    assert progress.left() == "about 9 s"


def test_names_that_look_like_markup_are_printed_as_they_are(
    progress: Progress, out: io.StringIO, records: Any
) -> None:
    with progress:
        progress.group([records.case(workload="[red]toy[/]")], invocation=1, invocations=1)
    assert "tfbench: [red]toy[/] n=8" in out.getvalue()


def test_messages_print_nothing_where_there_is_no_terminal(progress: Progress, out: io.StringIO, says: Any) -> None:
    with progress:
        progress.message(says.stage(None, "import"))
    assert out.getvalue() == ""


def test_the_first_guess_is_15_s_a_worker(progress: Progress) -> None:
    assert progress.left() == "about 60 s"


def test_the_worker_at_hand_brings_the_end_nearer(progress: Progress, records: Any, clock: Any) -> None:
    progress.group([records.case()], invocation=1, invocations=1)
    clock.advance(10.0)
    assert progress.left() == "about 50 s"


def test_a_worker_that_takes_longer_than_guessed_leaves_the_others(
    progress: Progress, records: Any, clock: Any
) -> None:
    progress.group([records.case()], invocation=1, invocations=1)
    clock.advance(1000.0)
    assert progress.left() == "about 45 s"


def test_finished_workers_say_how_long_the_others_take(progress: Progress, records: Any, clock: Any) -> None:
    for seconds in (30.0, 10.0):
        progress.group([records.case()], invocation=1, invocations=1)
        clock.advance(seconds)
    progress.group([records.case()], invocation=1, invocations=1)
    assert progress.left() == "about 40 s"  # two more of 20 s


def test_more_workers_than_planned_never_leave_nothing(progress: Progress, records: Any, clock: Any) -> None:
    for _ in range(6):
        progress.group([records.case()], invocation=1, invocations=1)
        clock.advance(20.0)
    progress.group([records.case()], invocation=1, invocations=1)
    assert progress.left() == "about 20 s"


def test_the_time_between_two_sets_is_not_counted(progress: Progress, records: Any, clock: Any) -> None:
    with progress:
        progress.group([records.case()], invocation=1, invocations=1)
        clock.advance(20.0)
    clock.advance(1000.0)
    with progress:
        assert progress.left() == "about 60 s"  # three more of 20 s


def test_a_terminal_shows_case_stage_and_round(out: io.StringIO, clock: Any, records: Any, says: Any) -> None:
    console = Console(file=out, force_terminal=True, width=200)
    case = records.case(workload="[red]toy[/]")
    with Progress(workers=1, console=console, clock=clock) as progress:
        progress.group([case], invocation=1, invocations=1)
        progress.message(says.stage(None, "import"))
        assert progress._status is not None
        lines = [str(progress._status.renderable.text)]
        for _ in range(2):
            progress.message(says.stage(case, "round"))
        progress.message(says.round(case, 0))
        lines.append(str(progress._status.renderable.text))
    what = "about 15 s left, invocation 1 of 1: [red]toy[/] n=8,kind=small (cpu), "
    assert lines == [f"{what}TensorFlow: import", f"{what}by_hand eager: round 2"]


def test_the_live_line_is_cut_at_the_width_of_the_terminal(out: io.StringIO, clock: Any, records: Any) -> None:
    console = Console(file=out, force_terminal=True, width=40)
    with Progress(workers=1, console=console, clock=clock) as progress:
        progress.group([records.case(workload="w" * 100)], invocation=1, invocations=1)
        assert progress._status is not None
        shown = console.render_lines(progress._status.renderable)
    assert len(shown) == 1


def test_the_live_line_is_taken_away(out: io.StringIO, clock: Any) -> None:
    progress = Progress(workers=1, console=Console(file=out, force_terminal=True), clock=clock)
    with pytest.raises(KeyboardInterrupt), progress:
        raise KeyboardInterrupt
    assert progress._status is None
    assert "\x1b[?25h" in out.getvalue()  # the cursor is shown again
