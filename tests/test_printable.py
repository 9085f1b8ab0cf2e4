"""Texts that steer nothing when they are printed."""

import pytest
from tfbench.bench import printable

CLEAR = "plain text, µs, 10 %, 'quotes' <tags> \\ and emoji \N{ROCKET}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (CLEAR, CLEAR),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("one\ntwo\r\tthree", r"one\ntwo\r\tthree"),
        ("\x9b2J", r"\x9b2J"),  # escape and bracket in one
        ("\x00\x7f", r"\x00\x7f"),
        ("abc\u202edcb", r"abc\u202edcb"),  # the rest would be read from the right
        ("a\u2028b", r"a\u2028b"),
        ("half a pair \ud83d", r"half a pair \ud83d"),
    ],
)
def test_what_steers_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert printable.printable(text) == shown
    assert shown.encode("utf-8")


def test_texts_are_found_in_lists_objects_and_names_and_numbers_stay() -> None:
    found = printable.in_values({"a\n": ["\x1b", 1, 0.5, None, True, {"b": "\x07"}]})
    assert found == {r"a\n": [r"\x1b", 1, 0.5, None, True, {"b": r"\x07"}]}
    assert [type(value) for value in found[r"a\n"][1:5]] == [int, float, type(None), bool]
