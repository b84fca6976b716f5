"""Keeps results: a JSON file per suite in the run's folder, and one table per stage in the warehouse."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa

from expectations.suites.gx import Verdict
from expectations.suites.model import ResultRow, Suite

Stage = Literal["boundary_results", "outcome_results"]

_PLACES = {"boundary_results": ("domain", "object"), "outcome_results": (None, "table_name")}
_COMMON_END = (
    ("column_name", pa.string()),
    ("status", pa.string()),
    ("success", pa.bool_()),
    ("evaluated_rows", pa.int64()),
    ("unexpected_rows", pa.int64()),
    ("amount_minor", pa.decimal128(38, 0)),
    ("currency_code", pa.string()),
    ("severity", pa.string()),
    ("is_blocking", pa.bool_()),
    ("owner_role", pa.string()),
    ("words", pa.string()),
    ("run_id", pa.string()),
    ("run_failing_rows", pa.string()),
)


def write_table(connection: duckdb.DuckDBPyConnection, stage: Stage, rows: Sequence[ResultRow]) -> None:
    """Replaces `quality.<stage>` with these rows; the table exists also when there are none."""
    place = [name for name in _PLACES[stage] if name]
    schema = pa.schema(
        [(name, pa.string()) for name in ("suite", "expectation", "source_instance", *place)] + list(_COMMON_END)
    )
    table = pa.Table.from_pylist([_record(row, place) for row in rows], schema=schema)
    connection.execute("create schema if not exists quality")
    connection.register("incoming_results", table)
    try:
        connection.execute(f"create or replace table quality.{stage} as select * from incoming_results")
    finally:
        connection.unregister("incoming_results")


def write_suite(folder: Path, suite: Suite, verdict: Verdict | None, rows: Sequence[ResultRow]) -> None:
    """Writes `<folder>/<suite>/result.json`: what was expected, what GX concluded, what was measured."""
    path = folder / suite.name
    path.mkdir(parents=True, exist_ok=True)
    document = {
        "suite": suite.name,
        "relation": suite.relation,
        "checks": [
            {"name": check.name, "expectation": check.expectation.name, "failing_rows": check.failing_sql}
            for check in suite.checks
        ],
        "great_expectations": verdict.document if verdict else None,
        "results": [asdict(row) for row in rows],
    }
    text = json.dumps(document, indent=1, ensure_ascii=False, default=str)
    (path / "result.json").write_text(text + "\n", encoding="utf-8")


def _record(row: ResultRow, place: list[str]) -> dict[str, Any]:
    record = asdict(row)
    key = record.pop("asset_key")
    record |= dict(zip(place, key[-len(place) :], strict=True))
    record["success"] = None if row.status == "not_testable" else row.status == "passed"
    record["amount_minor"] = None if row.amount_minor is None else Decimal(row.amount_minor)
    return record
