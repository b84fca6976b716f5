"""Source faults, each a variant of the clean world of its own: one file or object was delivered badly."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sample_data.config import AS_OF, EXTRACTED_AT
from sample_data.world.state import Row

FAULTS = ("truncated_erp", "stale_extract", "retyped_column")


def _truth(title: str, key: str, cause: str) -> Row:
    return {
        "defect_id": "D001",
        "title": title,
        "code": "R38",
        "match_key": key,
        "source_instance": key.split("|")[0],
        "cause": cause,
        "amount_minor": None,
        "currency": None,
        "first_detectable_at": AS_OF.isoformat(),
        "also_expected": "",
    }


def truncated_erp(data: Path) -> Row:
    """The last file of journal lines breaks off after two thirds of its rows; its manifest still tells all of them."""
    path = sorted((data / "erp" / "journal_lines").glob("*.csv.gz"))[-1]
    lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    path.write_bytes(gzip.compress("".join(lines[: len(lines) * 2 // 3]).encode(), 9, mtime=0))
    return _truth("ERP file truncated", "erp|journal_lines", "truncated")


def stale_extract(data: Path) -> Row:
    """Payments were last extracted three days before the run."""
    for path in sorted((data / "billing" / "payments").glob("*.manifest.json")):
        content = json.loads(path.read_text())
        content["extracted_at"] = (EXTRACTED_AT - timedelta(hours=72)).isoformat()
        path.write_text(json.dumps(content, indent=1) + "\n")
    return _truth("stale extract", "billing|payments", "stale")


def retyped_column(data: Path) -> Row:
    """The amount of cash applications arrives as a floating-point number."""
    path = sorted((data / "erp" / "cash_applications").glob("*.parquet"))[-1]
    table = pq.read_table(path)
    index = table.schema.get_field_index("amount")
    table = table.set_column(index, "amount", table.column("amount").cast(pa.float64()))
    pq.write_table(table, path, compression="zstd")
    return _truth("retyped column", "erp|cash_applications", "drifted")


def apply(name: str, data: Path) -> Row:
    return {"truncated_erp": truncated_erp, "stale_extract": stale_extract, "retyped_column": retyped_column}[name](
        data
    )
