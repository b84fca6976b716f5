"""`landed.batches`, `batch_totals`, `schema_drift`, `replays` and `quarantine`: what was delivered, and what became of
it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

import duckdb

from dagster_project import tables
from dagster_project.archive.batches import Batch
from dagster_project.settings import Settings
from dagster_project.warehouse import quarantine

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
_REPLAY_TYPES = {
    "source_instance": "VARCHAR",
    "domain": "VARCHAR",
    "object": "VARCHAR",
    "batch_id": "VARCHAR",
    "attempt": "BIGINT",
    "replayed_at": "TIMESTAMP",
    "contract_version": "VARCHAR",
    "mapping_sha256": "VARCHAR",
    "rescued_rows": "BIGINT",
    "refused_rows": "BIGINT",
    "double_effect_count": "BIGINT",
}


def write(con: duckdb.DuckDBPyConnection, settings: Settings, known: list[Batch]) -> None:
    """Replaces the five tables."""
    tables.create(con, "landed.batches", _BATCH_TYPES, map(_batch, known))
    tables.create(con, "landed.batch_totals", _TOTAL_TYPES, _totals(known))
    tables.create(con, "landed.schema_drift", _DRIFT_TYPES, _drift(known))
    tables.create(con, "landed.replays", _REPLAY_TYPES, _replays(known))
    quarantine.write(con, settings, known)


def _batch(batch: Batch) -> tuple[Any, ...]:
    link, now, sidecar = batch.manifest, batch.now, batch.sidecar
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
        now.received_rows,
        now.parsed_rows,
        now.parsed_rows,
        0,
        now.quarantined_rows,
        sidecar.row_count if sidecar else None,
        now.refusal.reason if now.refusal else None,
        now.smallest_key,
        now.largest_key,
        now.contract_version,
        now.contract_sha256,
    )


def _totals(known: list[Batch]) -> Iterator[tuple[Any, ...]]:
    for batch in known:
        if batch.sidecar is None:
            continue
        link = batch.manifest
        for column, reported in sorted(batch.sidecar.control_totals.items()):
            received = batch.now.received_totals.get(column)
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


def _replays(known: list[Batch]) -> Iterator[tuple[Any, ...]]:
    """The double effects are counted when the rows are landed."""
    for batch in known:
        for link in batch.replays:
            if link.replay is not None:
                yield (
                    link.source_instance,
                    link.domain,
                    link.object,
                    link.batch_id,
                    link.replay.attempt,
                    link.received_at.replace(tzinfo=None),
                    link.contract_version,
                    link.mapping_sha256,
                    link.replay.rescued_rows,
                    link.replay.refused_rows,
                    0,
                )
