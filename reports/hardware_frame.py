"""Give a comparison of machines as data: a frame for CSV, and JSON values."""

from typing import Any

import pandas as pd
from tfbench.reports import crossover, hardware, hardware_cells, hardware_tables
from tfbench.reports.hardware import Hardware
from tfbench.reports.hardware_cells import Cell, Row
from tfbench.reports.machines import Machine

DTYPES = {
    **dict.fromkeys(("case", "workload", "implementation", "params", "mode"), "string"),
    **dict.fromkeys(("machine", "host", "device", "device_name", "tensorflow", "runs"), "string"),
    "median_s": "float64",
    "unit": "string",
    "throughput": "float64",
    "count": "int64",
    "each": "string",
    "throughput_each": "float64",
    "against": "string",
    **dict.fromkeys(("speedup", "speedup_low", "speedup_high"), "float64"),
    "speedup_within": "boolean",
    "verdict": "string",
    "p_value": "float64",
    "more_invocations": "Int64",
    "reason": "string",
    **dict.fromkeys(("usd_per_million", "watts", "joules_per_million", "throughput_per_watt"), "float64"),
    "energy_source": "string",
}


def to_frame(found: Hardware) -> pd.DataFrame:
    """Give each case on each machine, a row each, with the columns and types of DTYPES. Times are seconds a call."""
    rows = [_frame_row(found, row, machine, cell) for row in found.rows for machine, cell in row.cells.items()]
    return pd.DataFrame(rows, columns=list(DTYPES)).astype(DTYPES)


def _frame_row(found: Hardware, row: Row, machine: Machine, cell: Cell) -> dict[str, Any]:
    gained, judged = cell.found, cell.verdict
    return {
        "case": row.name,
        "workload": row.case.workload,
        "implementation": row.case.implementation,
        "params": row.case.params_label,
        "mode": row.case.mode,
        "machine": found.names[machine],
        "host": machine.host,
        "device": machine.device,
        "device_name": cell.entry.measurement.device,
        "tensorflow": " and ".join(hardware.versions(found, machine)),
        "runs": " ".join(member.run.name for member in cell.entry.members),
        "median_s": cell.seconds,
        "unit": row.unit,
        "throughput": cell.per_second,
        "count": cell.count,
        "each": cell.each,
        "throughput_each": cell.per_second / cell.count,
        "against": found.names[found.against],
        **{name: getattr(gained, part, None) for name, part in _SPEEDUP.items()},
        "verdict": judged.word if judged else None,
        "p_value": judged.p_value if judged else None,
        "more_invocations": judged.more if judged else None,
        "reason": cell.reason,
        "usd_per_million": cell.usd,
        "watts": cell.watts,
        "joules_per_million": cell.joules,
        "throughput_per_watt": cell.per_watt,
        "energy_source": hardware_cells.energy_source(cell),
    }


_SPEEDUP = {"speedup": "ratio", "speedup_low": "low", "speedup_high": "high", "speedup_within": "within"}


def to_json(found: Hardware) -> dict[str, Any]:
    """Give the whole comparison as JSON values."""
    frame = to_frame(found)
    return {
        "against": found.names[found.against],
        "machines": [
            {
                "name": name,
                **{field: getattr(machine, field) for field in Machine.__slots__},
                "tensorflow": hardware.versions(found, machine),
                "runs": [run.name for run in found.runs[machine]],
                "usd_per_hour": found.prices.get(machine),
            }
            for machine, name in found.names.items()
        ],
        "cases": frame.astype(object).where(frame.notna(), None).to_dict(orient="records"),
        "fastest": [
            {
                "cases": win.name,
                "machine": found.names[win.machine],
                "mode": win.mode,
                "second": win.second,
                **{name: getattr(win.found, part) for name, part in _SPEEDUP.items()},
                "verdict": win.verdict.word,
            }
            for win in found.wins
        ],
        "batch_sizes": [
            {
                "cases": one.name,
                "mode": one.mode,
                "machine": found.names[one.machine],
                **{field: getattr(one.found, field) for field in crossover.Crossover.__slots__},
            }
            for one in found.pays
        ],
        "notes": [*hardware_tables.header(found), *hardware_tables.notes(found)],
    }
