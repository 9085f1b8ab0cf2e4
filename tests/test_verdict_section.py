"""The first section of a page."""

from typing import Any

import pytest
from page_runs import MODES, everything, measurement
from tfbench.bench.record import INTERRUPTED
from tfbench.reports import contents, headlines, tables, verdict_section
from tfbench.reports.page import Figure, Notes, Section, Verdicts


@pytest.fixture
def section(records: Any) -> Section:
    """Give the section of a run with everything."""
    return verdict_section.make(contents.gather(everything(records)))


def of(section: Section, kind: type) -> list[Any]:
    return [item for item in section.items if isinstance(item, kind)]


def test_each_implementation_has_its_verdict_below_the_fastest_of_all(section: Section) -> None:
    (found,) = of(section, Verdicts)
    assert [(one.group, one.name) for one in found.verdicts] == [
        (("toy", "n=8,kind=small"), "fastest of all"),
        (("toy", "n=8,kind=small"), "by_hand"),
        (("toy", "n=8,kind=small"), "library"),
        (("wide", "n=8,kind=small", "cpu-threads-1"), "by_hand"),
        (("wide", "n=8,kind=small", "cpu-threads-2"), "by_hand"),
    ]
    assert found.verdicts[0].text.startswith("by_hand xla, 1.0")
    assert " a call; 8" in found.verdicts[0].text
    assert found.verdicts[0].text.split(" over ")[1].startswith("by_hand eager")


def test_the_fastest_is_said_to_be_one_of_several_where_it_is(records: Any) -> None:
    toys = [
        measurement(records, mode, implementation=name, scale_s=scale_s)
        for name, scale_s in (("by_hand", 0.001), ("library", 0.001), ("slow", 0.002))
        for mode in MODES
    ]
    (found,) = of(verdict_section.make(contents.gather(records.run(measurements=tuple(toys)))), Verdicts)
    assert found.verdicts[0].text.partition("; not told apart from ")[2] == "library xla"


def test_the_fastest_in_one_process_says_so_and_is_told_from_none(records: Any) -> None:
    toys = [records.timed((t,) * 6, mode=mode) for mode, t in (("eager", 2.0), ("graph", 1.0))]
    toys += [records.timed((0.5,) * 6, mode="graph", implementation="library")]
    (found,) = of(verdict_section.make(contents.gather(records.run(measurements=tuple(toys)))), Verdicts)
    told = "library graph, 500 ms a call; 4.00x over by_hand eager, in one process only"
    assert [one.text for one in found.verdicts][:2] == [
        told,
        "perhaps graph: graph is 2.00x over eager, but in one process only",
    ]


def test_the_sentences_are_those_of_the_headlines(section: Section, records: Any) -> None:
    (found,) = of(section, Verdicts)
    said = ["".join(word for word, _ in headlines.sentence(one)) for one in headlines.of_run(everything(records))]
    assert [one.text for one in found.verdicts if one.name != "fastest of all"] == said


def test_a_chart_shows_which_mode_costs_least_and_means_follow(section: Section, records: Any) -> None:
    (figure,) = of(section, Figure)
    assert figure.name == "verdicts"
    notes = of(section, Notes)
    assert notes[0].texts == ("synthetic images", "1 case failed: see Failures and skips.")
    assert notes[1].texts == tuple(tables.means(everything(records)))


def test_a_run_that_did_not_finish_says_so_first(records: Any, with_fields: Any) -> None:
    run = with_fields(everything(records), status=INTERRUPTED)
    first = verdict_section.make(contents.gather(run)).items[0]
    assert isinstance(first, Notes)
    assert first.texts[0] == "This run did not finish (status interrupted): the page has what was measured."


def test_a_run_without_a_second_mode_has_no_chart(records: Any) -> None:
    section = verdict_section.make(contents.gather(records.run(measurements=(records.measurement(),))))
    assert of(section, Figure) == []
    (found,) = of(section, Verdicts)
    assert [one.text for one in found.verdicts] == ["only eager was measured: 1.00 s a call"]


def test_an_empty_run_has_no_verdict(records: Any) -> None:
    (found,) = of(verdict_section.make(contents.gather(records.run())), Verdicts)
    assert found.verdicts == ()
