"""Colours: readable on both grounds, and told apart by everybody."""

from itertools import combinations

import pytest
from tfbench.bench import mode
from tfbench.reports import palette

GROUNDS = {"light": palette.LIGHT, "dark": palette.DARK}
TEXTS = ("ink", "soft", *palette.MODES)
MARKS = (
    *("eager", "graph", "xla", "other", "build", "trace", "compile", "first-run"),
    *("operations", "python", "all-reduce", "input"),
    *palette.SIDES,
)
FAR = 6.0  # of 100, from black to white; neighbours in a paint box are about 2 apart
# G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency" (IEEE TVCG 15, 2009), severity 1: linear red, green and blue as they are seen.
SEEN = {
    "all colours": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "no red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "no blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(colour: str) -> list[float]:
    """Give linear red, green and blue of `#rrggbb` (sRGB, IEC 61966-2-1)."""
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]


def contrast(one: str, other: str) -> float:
    """Give the contrast ratio of WCAG 2.1."""
    high, low = sorted(
        (sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear(c), strict=True)) for c in (one, other)),
        reverse=True,
    )
    return (high + 0.05) / (low + 0.05)


def distance(one: str, other: str, seen: str) -> float:
    """Give how far two colours are apart in Oklab (B. Ottosson, 2020), times 100."""
    return 100 * sum((a - b) ** 2 for a, b in zip(oklab(one, seen), oklab(other, seen), strict=True)) ** 0.5


def oklab(colour: str, seen: str) -> tuple[float, ...]:
    r, g, b = (min(1.0, max(0.0, sum(w * v for w, v in zip(row, linear(colour), strict=True)))) for row in SEEN[seen])
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def test_the_measures_know_black_from_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert distance("#000000", "#ffffff", "all colours") == pytest.approx(100, abs=0.01)
    # Pure red and a dark olive are one colour to those who see no red.
    assert distance("#ff0000", "#5e5300", "no red") < FAR < distance("#ff0000", "#5e5300", "all colours") / 3


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_text_is_readable_on_its_ground(ground: str, text: str) -> None:
    colours = GROUNDS[ground]
    assert contrast(colours[text], colours["ground"]) >= 4.5


@pytest.mark.parametrize("ground", GROUNDS)
def test_text_is_readable_on_panels(ground: str) -> None:
    colours = GROUNDS[ground]
    assert min(contrast(colours[text], colours["panel"]) for text in ("ink", "soft")) >= 4.5


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("mark", MARKS)
def test_marks_stand_out_from_their_ground(ground: str, mark: str) -> None:
    colours = GROUNDS[ground]
    assert contrast(colours[mark], colours["ground"]) >= 3


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize(
    "group",
    [palette.MODES, ("build", "trace", "compile", "first-run"), palette.SIDES],
    ids=["modes", "phases", "sides"],
)
def test_modes_phases_and_sides_are_told_apart_whichever_colours_are_seen(
    ground: str, seen: str, group: tuple[str, ...]
) -> None:
    colours = GROUNDS[ground]
    assert min(distance(colours[a], colours[b], seen) for a, b in combinations(group, 2)) >= FAR


def test_both_grounds_have_the_same_colours_and_each_mode_has_one_and_a_mark() -> None:
    assert list(palette.LIGHT) == list(palette.DARK)
    assert palette.MODES == mode.MODES == tuple(palette.SHAPES)
    assert [palette.of_mode(name) for name in ("eager", "graph", "xla", "jax")] == [
        *("var(--eager)", "var(--graph)", "var(--xla)", "var(--other)"),
    ]
    assert len({palette.shape_of(name) for name in (*mode.MODES, "jax")}) == 4


def test_the_first_36_sides_differ_in_colour_or_mark_and_the_first_6_in_both() -> None:
    found = [palette.of_side(number) for number in range(36)]
    assert found[:2] == [("var(--side-a)", "circle"), ("var(--side-b)", "diamond")]
    assert (found[6], found[35]) == (("var(--side-a)", "diamond"), ("var(--side-f)", "cross"))
    assert len(set(found)) == 36
    assert [len(set(each)) for each in zip(*found[:6], strict=True)] == [6, 6]


def test_names_of_colours_become_colours_where_there_is_no_style_sheet() -> None:
    assert palette.fixed(
        'fill="var(--eager)" stroke="var(--first-run)" var(--unknown)', {"eager": "#1", "first-run": "#2"}
    ) == ('fill="#1" stroke="#2" var(--unknown)')
    assert palette.declarations(palette.DARK, ["ink", "soft"]) == "--ink: #ececef; --soft: #a9a9b2"
