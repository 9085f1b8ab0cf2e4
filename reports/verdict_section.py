"""The first section of a page: what the run comes to."""

from collections.abc import Iterator

from tfbench.bench.record import COMPLETE
from tfbench.reports import charts_calls, headlines, speedup, tables, units, views
from tfbench.reports.contents import ComparisonSet, Contents
from tfbench.reports.headlines import Headline
from tfbench.reports.page import Item, Notes, Section, Tags, Verdict, Verdicts

MOST_NAMED = 3


def make(contents: Contents) -> Section:
    """Make the section: a verdict for each implementation, and which mode costs least after so many calls."""
    items: list[Item] = []
    warnings = tuple(_warnings(contents))
    if warnings:
        items.append(Notes(texts=warnings))
    items.append(Verdicts(verdicts=tuple(_verdicts(contents))))
    several = [headline for headline in contents.headlines if len(headline.members) > 1]
    if several:
        named = {contents.name(headline): headline for headline in several}
        items.append(charts_calls.cheapest(named, name=f"{contents.prefix}verdicts"))
    starred = any(stage.within for headline in several for stage in headline.stages)
    notes = (*tables.means(contents.run), *((views.ONE_PROCESS,) if starred else ()))
    if notes:
        items.append(Notes(texts=notes))
    return Section(heading="Verdicts", text=(_text(several),) if several else (), items=tuple(items))


def _text(headlines: list[Headline]) -> str:
    """Say what is compared with what."""
    base, *others = dict.fromkeys(headline.base for headline in headlines)
    over = "the first of its modes" if others else f"its own {base} mode, as in tfbench report --baseline {base}"
    return f"Each implementation over {over}; 95 % intervals in brackets."


def _warnings(contents: Contents) -> Iterator[str]:
    run = contents.run
    if run.status != COMPLETE:
        yield f"This run did not finish (status {run.status}): the page has what was measured."
    if run.data_note:
        yield run.data_note
    for word in ("failed", "skipped"):
        count = int((contents.summary["status"] == word).sum())
        if count and word == "failed":
            yield f"{units.count(count, 'case')} {word}: see Failures and skips."


def _verdicts(contents: Contents) -> Iterator[Verdict]:
    for one in contents.sets:
        several = len(contents.places(one.workload)) > 1
        for place in one.tags["device"]:
            group = tuple(part for part in (one.workload, one.params, place if several else "") if part)
            tags = {"workload": (one.workload,), "device": (place,)}
            ids = {m.case.id for m in one.measurements if m.case.placement.label == place}
            told = [headline for headline in one.headlines if headline.members[0].case.id in ids]
            if len(told) > 1:
                yield from _fastest(contents, one, ids, group, tags)
            yield from (_verdict(headline, group, tags) for headline in told)


def _verdict(headline: Headline, group: tuple[str, ...], tags: Tags) -> Verdict:
    return Verdict(
        group=group,
        name=headline.members[0].case.implementation,
        words=tuple(headlines.sentence(headline)),
        reasons=tuple(headlines.reasons(headline)),
        tags=tags,
    )


def _fastest(
    contents: Contents, one: ComparisonSet, ids: set[str], group: tuple[str, ...], tags: Tags
) -> Iterator[Verdict]:
    """Name the fastest case of a comparison set, and those that may be as fast."""
    rows = contents.summary[contents.summary["case"].isin(ids) & contents.summary["speedup"].notna()]
    if not len(rows):
        return
    first = rows.sort_values("speedup", ascending=False, kind="stable").iloc[0]
    row = {str(name): value for name, value in first.to_dict().items()}
    base = rows[rows["case"] == row["baseline"]]
    told, alone = f", {units.seconds(row['median_s'])} a call", False
    if len(base) and row["case"] != row["baseline"]:
        alone = bool(row["speedup_within"])
        ratio, _, interval = tables.speedup_text({**row, "speedup_within": False}).partition(" ")
        told += f"; {ratio} over {base.iloc[0]['implementation']} {base.iloc[0]['mode']} {interval}".rstrip()
    told += ", in one process only" if alone else _also(one, row["case"], ids)
    words = ((f"{row['implementation']} ", ""), (row["mode"], row["mode"]), (told, ""))
    yield Verdict(group=group, name="fastest of all", words=words, tags=tags)


def _also(one: ComparisonSet, fastest: str, ids: set[str]) -> str:
    """Name the cases from which the fastest cannot be told."""
    members = {m.case.id: m for m in one.measurements if m.case.id in ids}
    compared = {case: speedup.paired(members[fastest], m) for case, m in members.items() if case != fastest}
    near = [one.names[case] for case, found in compared.items() if found is not None and (found.low or 0.0) <= 1.0]
    if not near:
        return ""
    more = f" and {len(near) - MOST_NAMED} more" if len(near) > MOST_NAMED else ""
    return f"; not told apart from {', '.join(near[:MOST_NAMED])}{more}"
