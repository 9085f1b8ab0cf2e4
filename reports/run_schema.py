"""Describe the parts of run.json that summaries need, as Arrow's types: its reader takes these and nothing else."""

import pyarrow as pa

TEXT, FLOAT, WHOLE, FLAG = pa.string(), pa.float64(), pa.int64(), pa.bool_()


def _record(**fields: pa.DataType) -> pa.StructType:
    """Describe a record: `name_or_none` may be missing or null, everything else must be there."""
    return pa.struct(
        [pa.field(name.removesuffix("_or_none"), kind, name.endswith("_or_none")) for name, kind in fields.items()]
    )


def _list(kind: pa.DataType) -> pa.ListType:
    return pa.list_(pa.field("item", kind, nullable=False))


PLACEMENT = _record(
    device=TEXT,
    strategy=TEXT,
    replicas=WHOLE,
    threads=WHOLE,
    interpreter_or_none=TEXT,
    communication_or_none=TEXT,
    bytes_per_pack_or_none=WHOLE,
)
LEDGER = _record(
    **dict.fromkeys(("build_s", "trace_s", "first_call_s"), FLOAT),
    **dict.fromkeys(("first_run_s_or_none", "compile_s_or_none"), FLOAT),
    traces=WHOLE,
    compiles=WHOLE,
)
INVOCATION = _record(
    index=WHOLE,
    ledger=LEDGER,
    check=_record(max_abs_error=FLOAT, max_rel_error=FLOAT),
    iterations=WHOLE,
    round_s=_list(FLOAT),
    blocks=_list(WHOLE),
    retraced_rounds=WHOLE,
    compiled_rounds=WHOLE,
    complete=FLAG,
    peak_rss_bytes_or_none=WHOLE,
    peak_device_bytes_or_none=WHOLE,
    pace_s_or_none=FLOAT,
)
MEASUREMENT = _record(
    case=_record(workload=TEXT, implementation=TEXT, mode=TEXT, placement=PLACEMENT),
    baseline=_list(TEXT),
    unit=TEXT,
    work_per_call=WHOLE,
    data=TEXT,
    device=TEXT,
    invocations=_list(INVOCATION),
    caution_or_none=TEXT,
    content_or_none=TEXT,
    shapes_or_none=TEXT,
    health_or_none=_list(_record(kind=TEXT, text=TEXT)),
    precision_or_none=_record(wanted_or_none=FLOAT, reached_or_none=FLOAT, met_or_none=FLAG),
)
HOST = _record(
    name=TEXT, cpu=TEXT, cores=WHOLE, affinity=_list(WHOLE), memory_bytes=WHOLE, python=TEXT, git_commit=TEXT
)
HEADER = _record(
    schema=WHOLE,
    name=TEXT,
    started=TEXT,
    status=TEXT,
    host=HOST,
    software=_list(_record(interpreter_or_none=TEXT, tensorflow=TEXT, keras=TEXT, python=TEXT)),
    failures=_list(_record(stage=TEXT)),
    skips=_list(_record(reason=TEXT)),
)
ROW = _record(group=TEXT, param=TEXT, extra_info=_record(tfbench=MEASUREMENT))
RUNS = pa.schema([pa.field("benchmarks", _list(ROW), nullable=False), pa.field("tfbench", HEADER, nullable=False)])


def _lenient(kind: pa.DataType) -> pa.DataType:
    """Give a type in which anything may be missing."""
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, _lenient(field.type)) for field in kind])
    return pa.list_(pa.field("item", _lenient(kind.value_type))) if pa.types.is_list(kind) else kind


# Arrow's JSON reader forgets what must be there once it has looked.
READ = pa.schema([pa.field(field.name, _lenient(field.type)) for field in RUNS])
