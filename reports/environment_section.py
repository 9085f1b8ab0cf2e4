"""The last sections of a page: what the run was measured on, what failed, and what it does not have."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from tfbench.bench import files
from tfbench.bench.record import Run
from tfbench.reports import ops, units
from tfbench.reports.contents import Contents
from tfbench.reports.page import Cell, DataTable, Heading, Item, Line, Notes, Section

GIB = 2**30
RETRACING = "Call sequences that retrace: tfbench run, without --quick or --timing-only"
ROOFLINE = "A roofline of XLA's modules: tfbench run, without --quick or --timing-only"
SCALING = (
    "What each further core gives: tfbench run fashion_mnist --threads 1,2; or tfbench run distributed "
    "--placement multi_worker --replicas 1,2"
)
PROFILES = "Where a step's time goes, and its operations: tfbench run --profile"


def make(contents: Contents) -> Iterator[Section]:
    """Make the sections."""
    run = contents.run
    if run.failures or run.skips:
        yield Section(heading="Failures and skips", items=tuple(_ends(run)))
    if run.profiles:
        yield Section(heading="Profiles", text=_profile_text(run), items=tuple(_profiles(run)))
    yield Section(heading="Measured on", items=(_environment(run), *_commands(run)))
    absent = tuple(_absent(contents))
    if absent:
        yield Section(heading="Not in this run", items=(Notes(texts=absent),))


def _ends(run: Run) -> Iterator[Item]:
    lines = []
    for failure in run.failures:
        why = f"{failure.stage}, invocation {failure.invocation}: {failure.type}: {failure.message}"
        lines.append(("failed", failure.case, why))
    lines += [("skipped", skip.case, skip.reason) for skip in run.skips]
    yield DataTable(
        caption="What has no numbers, and why",
        headings=(Heading(text="case"), Heading(text="ended"), Heading(text="reason")),
        lines=tuple(
            Line(
                cells=tuple(Cell(text=text, value=text) for text in (case.id, word, why)),
                tags={"workload": (case.workload,), "mode": (case.mode,), "device": (case.placement.label,)},
            )
            for word, case, why in lines
        ),
    )
    for failure in run.failures:
        if failure.stderr:
            yield Notes(title=f"Last words of {failure.case.id}", texts=failure.stderr, code=True)


def place(run: Run) -> str:
    """Give the run's folder as a command takes it."""
    return shlex.quote(str(run.folder or Path("results") / run.name))


def _profile_text(run: Run) -> tuple[str, ...]:
    text = (
        f"tfbench tensorboard {place(run)} opens them: choose a case and the trace viewer there. The links below lead "
        "to the traces themselves; they work while this page lies in the run's folder, not from a mail."
    )
    return (text,)


def _profiles(run: Run) -> Iterator[Item]:
    cases = {m.case.id: m.case for m in run.measurements}
    lines = []
    for profile in run.profiles:
        case = cases.get(profile.case_id)
        link = f"{files.PROFILES}/{files.case_folder(profile.case_id)}/"
        cells = (
            Cell(text=profile.case_id, value=profile.case_id, link=link),
            Cell(text=f"{profile.steps:,}", value=profile.steps),
            Cell(text=units.seconds(profile.plain_s), value=profile.plain_s),
            Cell(text=units.seconds(profile.traced_s), value=profile.traced_s),
            Cell(text=f"{profile.trace_bytes / 1e3:,.0f} kB", value=profile.trace_bytes),
        )
        tags = {"workload": (case.workload,), "mode": (case.mode,), "device": (case.placement.label,)} if case else {}
        lines.append(Line(cells=cells, tags=tags))
    headings = ("steps", "a step", "while traced", "trace")
    yield DataTable(
        caption="Traces for TensorBoard",
        headings=(Heading(text="case"), *(Heading(text=text, right=True) for text in headings)),
        lines=tuple(lines),
    )
    notes = tuple(ops.missing(run))
    if notes:
        yield Notes(texts=notes)


def _environment(run: Run) -> DataTable:
    lines = [Line(cells=(Cell(text=name, value=name), Cell(text=text, value=text))) for name, text in _facts(run)]
    headings = (Heading(text="what"), Heading(text="value"))
    return DataTable(caption="The machine and its software", headings=headings, lines=tuple(lines))


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    host = run.host
    yield "run", run.name
    yield "started", run.started
    yield "status", run.status
    yield "host", f"{host.name}, {host.system}"
    yield "processor", f"{host.cpu}, {len(host.affinity)} of {units.count(host.cores, 'core')}"
    yield "memory", f"{host.memory_bytes / GIB:.1f} GiB"
    yield "load at the start", f"{host.load_1m:g}"
    yield "commit", host.git_commit or units.NOTHING
    for one in run.software:
        label = f" ({one.interpreter})" if one.interpreter else ""
        yield f"TensorFlow{label}", f"{one.tensorflow}, Keras {one.keras}, NumPy {one.numpy}, Python {one.python}"
        intra, inter = (number or "as TensorFlow chooses" for number in (one.intra_op_threads, one.inter_op_threads))
        yield f"threads{label}", f"intra-op: {intra}, inter-op: {inter}"
        yield f"oneDNN{label}", "on" if one.onednn else "off"
        for name, flags in (("XLA_FLAGS", one.xla_flags), ("TF_XLA_FLAGS", one.tf_xla_flags)):
            if flags:
                yield f"{name}{label}", flags
        yield f"devices{label}", ", ".join(one.devices)
        if not one.traces_counted:
            yield f"traces{label}", "could not be counted in this TensorFlow: rounds that traced anew are kept"


def _commands(run: Run) -> Iterator[Notes]:
    yield Notes(title="The command that made the run", texts=(run.command,), code=True)


def _absent(contents: Contents) -> Iterator[str]:
    run, rows = contents.run, contents.rows
    if not run.sequences:
        yield RETRACING
    yield from run.ledger_notes
    if not rows["roofline"]:
        yield ROOFLINE
    if not rows["scaling"]:
        yield SCALING
    if not run.profiles:
        yield PROFILES
        yield from run.profile_notes
