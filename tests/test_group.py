"""A group of cases in a worker: what an exception says. What workers do with cases is seen in test_worker.py."""

import pytest
from tfbench.bench import group


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("no disk", "no disk"),
        ("\n  no disk \nand more", "no disk"),
        ("", "ValueError"),
        ('in user code:\n\n    File "mine.py", line 3, in step  *\n\n    ValueError: no disk\n    at all\n', "no disk"),
        ('in user code:\n\n    File "mine.py", line 3, in step  *\n\n    TypeError: no disk\n', "TypeError: no disk"),
    ],
)
def test_an_exception_says_one_line_and_of_autograph_its_last(text: str, line: str) -> None:
    assert group.first_line(ValueError(text)) == line
