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
        (
            "Graph execution error:\n\nDetected at node G\n  File 1\ni = 9 is too much\n\t [[{{node G}}]] [Op:f]",
            "i = 9 is too much",
        ),
        ("Graph execution error:\n\nno disk", "Graph execution error:"),
        ("{{function_node __wrapped__G_device_CPU:0}} i = 9 is too much [Op:G]", "i = 9 is too much [Op:G]"),
    ],
)
def test_an_exception_says_one_line_and_of_autograph_its_last(text: str, line: str) -> None:
    assert group.first_line(ValueError(text)) == line
