"""`landed.batches`, `batch_totals`, `quarantine` and `schema_drift`: what was delivered, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

import duckdb

from dagster_project.archive.batches import Batch
from dagster_project.archive.store import quarantine_path
from dagster_project.settings import Settings
from dagster_project.warehouse import tables

_BATCH_TYPES = {
    "source_instance": "VARCHAR",
    "domain": "VARCHAR",
    "vendor": "VARCHAR",
    "object": "VARCHAR",
    "batch_id": "VARCHAR",
    "file_name": "VARCHAR",
    "sha256": "VARCHAR",
    "bytes": "BIGINT",
    "extracted_at": "TIMESTAMP",
    "schema_version": "VARCHAR",
    "received_at": "TIMESTAMP",
    "state": "VARCHAR",
    "received_rows": "BIGINT",
    "parsed_rows": "BIGINT",
    "accepted_rows": "BIGINT",
    "duplicate_rows": "BIGINT",
    "quarantined_rows": "BIGINT",
    "reported_row_count": "BIGINT",
    "refusal_reason": "VARCHAR",
    "smallest_key": "VARCHAR",
    "largest_key": "VARCHAR",
    "contract_version": "VARCHAR",
    "contract_sha256": "VARCHAR",
}
_TOTAL_TYPES = {
    "batch_id": "VARCHAR",
    "source_instance": "VARCHAR",
    "object": "VARCHAR",
    "column_name": "VARCHAR",
    "reported_total": "DECIMAL(38,10)",
    "received_total": "DECIMAL(38,10)",
}
_DRIFT_TYPES = {
    "source_instance": "VARCHAR",
    "domain": "VARCHAR",
    "object": "VARCHAR",
    "batch_id": "VARCHAR",
    "column_name": "VARCHAR",
    "drift": "VARCHAR",
    "is_breaking": "BOOLEAN",
    "detail": "VARCHAR",
}
QUARANTINE_TYPES = {
    "source_instance": "VARCHAR",
    "domain": "VARCHAR",
    "vendor": "VARCHAR",
    "object": "VARCHAR",
    "batch_id": "VARCHAR",
    "row_number": "BIGINT",
    "line_number": "BIGINT",
    "column_name": "VARCHAR",
    "value": "VARCHAR",
    "expected": "VARCHAR",
    "reason": "VARCHAR",
    "failure_class": "VARCHAR",
    "key_text": "VARCHAR",
    "payload": "VARCHAR",
}


def write(con: duckdb.DuckDBPyConnection, settings: Settings, known: list[Batch]) -> None:
    """Replaces the four tables."""
    tables.create(con, "landed.batches", _BATCH_TYPES, map(_batch, known))
    tables.create(con, "landed.batch_totals", _TOTAL_TYPES, _totals(known))
    tables.create(con, "landed.schema_drift", _DRIFT_TYPES, _drift(known))
    tables.create(con, "landed.quarantine", QUARANTINE_TYPES, _dead_letters(known))
    files = [
        str(quarantine_path(settings, batch.manifest))
        for batch in known
        if batch.state == "loaded" and batch.manifest.quarantined_rows
    ]
    if files:
        names = ", ".join(QUARANTINE_TYPES)
        con.execute(f"insert into landed.quarantine select {names} from read_parquet(?)", [sorted(files)])


def _batch(batch: Batch) -> tuple[Any, ...]:
    link, sidecar = batch.manifest, batch.sidecar
    return (
        link.source_instance,
        link.domain,
        link.vendor,
        link.object,
        link.batch_id,
        link.file_name,
        link.sha256,
        link.bytes,
        sidecar.extracted_at.replace(tzinfo=None) if sidecar and sidecar.extracted_at else None,
        sidecar.schema_version if sidecar else None,
        link.received_at.replace(tzinfo=None),
        batch.state,
        link.received_rows,
        link.parsed_rows,
        link.parsed_rows,
        0,
        link.quarantined_rows,
        sidecar.row_count if sidecar else None,
        link.refusal.reason if link.refusal else None,
        link.smallest_key,
        link.largest_key,
        link.contract_version,
        link.contract_sha256,
    )


def _totals(known: list[Batch]) -> Iterator[tuple[Any, ...]]:
    for batch in known:
        if batch.sidecar is None:
            continue
        link = batch.manifest
        for column, reported in sorted(batch.sidecar.control_totals.items()):
            received = link.received_totals.get(column)
            yield link.batch_id, link.source_instance, link.object, column, _fits(reported), _fits(received)


def _fits(total: str | None) -> str | None:
    """Null where the number does not fit DECIMAL(38,10): a control total of forty digits ties to nothing."""
    try:
        return total if total is not None and abs(Decimal(total)) < Decimal(10) ** 28 else None
    except InvalidOperation:
        return None


def _drift(known: list[Batch]) -> Iterator[tuple[Any, ...]]:
    for batch in known:
        link = batch.manifest
        for item in batch.drift if batch.state != "replaced" else ():
            yield (
                link.source_instance,
                link.domain,
                link.object,
                link.batch_id,
                item.column_name,
                item.drift,
                item.is_breaking,
                item.detail,
            )


def _dead_letters(known: list[Batch]) -> Iterator[tuple[Any, ...]]:
    for batch in known:
        link, refusal = batch.manifest, batch.manifest.refusal
        if batch.state == "refused" and refusal is not None:
            place = (link.source_instance, link.domain, link.vendor, link.object, link.batch_id)
            fault = (refusal.column_name, refusal.value, refusal.expected, refusal.reason, refusal.failure_class)
            yield (*place, None, refusal.line_number, *fault, None, None)
