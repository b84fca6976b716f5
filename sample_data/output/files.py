"""Files: CSV, JSON lines, Parquet, each the same bytes for the same rows, each with its manifest."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sample_data.config import EXTRACTED_AT
from sample_data.output.schema import TOTALS, Table
from sample_data.output.values import plain, text_of
from sample_data.world.state import Row

ARROW = {
    "date": pa.date32(),
    "time": pa.timestamp("us", tz="UTC"),
    "money": pa.decimal128(16, 3),
    "base": pa.decimal128(16, 3),
    "number": pa.decimal128(21, 9),
    "rate": pa.decimal128(20, 10),
    "percent": pa.decimal128(7, 4),
    "bool": pa.bool_(),
    "int": pa.int64(),
}
Texts = list[dict[str, str | None]]


def texts(table: Table, rows: list[Row]) -> Texts:
    return [{name: text_of(kind, row.get(name), row) for name, kind in table.columns.items()} for row in rows]


CASTS: dict[str, Callable[[str], Any]] = {"bool": lambda value: value == "true", "int": int}


def _csv(table: Table, lines: Texts) -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(table.columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return buffer.getvalue().encode()


def _jsonl(table: Table, lines: Texts) -> bytes:
    """Decimals stay strings: a JSON number would be read as a float."""
    rows = (
        {k: CASTS[table.columns[k]](v) if v is not None and table.columns[k] in CASTS else v for k, v in line.items()}
        for line in lines
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _arrow_value(kind: str, value: str | None) -> Any:
    if value is None:
        return None
    if kind == "date":
        return date.fromisoformat(value)
    if kind == "time":
        return datetime.fromisoformat(value)
    if kind in ("money", "base", "number", "rate", "percent"):
        return Decimal(value)
    return CASTS.get(kind, str)(value)


def _parquet(table: Table, lines: Texts) -> bytes:
    schema = pa.schema([(name, ARROW.get(kind, pa.string())) for name, kind in table.columns.items()])
    columns = {name: [_arrow_value(kind, line[name]) for line in lines] for name, kind in table.columns.items()}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), sink, compression="zstd", compression_level=9)
    return sink.getvalue()


def encode(form: str, table: Table, lines: Texts) -> bytes:
    body = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}[form.removesuffix(".gz")](table, lines)
    return gzip.compress(body, 9, mtime=0) if form.endswith(".gz") else body


def manifest(path: Path, rows: int, totals: dict[str, str], extracted_at: datetime = EXTRACTED_AT) -> None:
    content = {
        "extracted_at": extracted_at.isoformat(),
        "row_count": rows,
        "control_totals": totals,
        "schema_version": "1",
    }
    path.with_name(path.name + ".manifest.json").write_text(json.dumps(content, indent=1) + "\n")


def write(folder: Path, name: str, table: Table, rows: list[Row]) -> None:
    lines = texts(table, rows)
    folder.mkdir(parents=True, exist_ok=True)
    form = table.format if lines or table.format == "parquet" else "csv"  # without rows a header says what was meant
    path = folder / f"{name}.{form}"
    path.write_bytes(encode(form, table, lines))
    totals = {
        c: plain(sum((Decimal(line[c] or 0) for line in lines), Decimal(0)))
        for c, kind in table.columns.items()
        if kind in TOTALS
    }
    manifest(path, len(lines), totals)
