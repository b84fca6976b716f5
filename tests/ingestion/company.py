"""A company of a few files: each test writes only what it is about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dagster_project import archive, warehouse
from dagster_project.archive import IngestReport, ObjectReport
from dagster_project.archive.replay import replay
from dagster_project.archive.replay_report import ReplayReport, Selection
from dagster_project.settings import FilesConnector, Settings, Source

INVOICE_HEADER = (
    "invoice_id,number,series,customer_id,legal_entity_code,currency,issue_date,finalized_at,due_date,status,"
    "net_amount,tax_amount,total_amount,replaces_invoice_id,correlation_id,updated_at"
)
EVENT_HEADER = "event_id,tenant_id,subscription_id,meter_code,quantity,occurred_at,ingested_at,properties"
NOW = datetime(2026, 10, 12, tzinfo=UTC)


def invoice(invoice_id: str = "inv-1", **changes: Any) -> dict[str, Any]:
    """An invoice that keeps the contract, with changes."""
    row = {
        "invoice_id": invoice_id,
        "number": f"US-{invoice_id}",
        "series": "US",
        "customer_id": "cus-1",
        "legal_entity_code": "US",
        "currency": "USD",
        "issue_date": "2026-09-01",
        "finalized_at": "2026-09-01T08:00:00Z",
        "due_date": "2026-10-01",
        "status": "open",
        "net_amount": "100.00",
        "tax_amount": "8.25",
        "total_amount": "108.25",
        "replaces_invoice_id": None,
        "correlation_id": None,
        "updated_at": "2026-09-01T08:00:00Z",
    }
    return row | changes


def event(event_id: str = "ev-1", **changes: Any) -> dict[str, Any]:
    """A usage event that keeps the contract, with changes."""
    row = {
        "event_id": event_id,
        "tenant_id": "ten-1",
        "subscription_id": "sub-1",
        "meter_code": "api",
        "quantity": "3",
        "occurred_at": "2026-09-01T08:00:00Z",
        "ingested_at": "2026-09-01T08:00:05Z",
        "properties": None,
    }
    return row | changes


def csv_text(rows: list[dict[str, Any]], columns: list[str] | None = None, end: str = "\n") -> str:
    """CSV of the rows; a value with a comma, quote or line end is quoted."""
    names = columns or list(rows[0])
    lines = [",".join(names)] + [",".join(_field(row.get(name)) for name in names) for row in rows]
    return end.join(lines) + end


def jsonl_text(rows: list[dict[str, Any]]) -> str:
    """One JSON object per line."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def _field(value: Any) -> str:
    text = "" if value is None else str(value)
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\n\r') else text


@dataclass
class Company:
    """Sources in `data/<domain>`, run-time state in `home`."""

    root: Path
    settings: Settings

    def path(self, file: str) -> Path:
        """The path of `domain/object/name`, its folder made."""
        path = self.root / "data" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def deliver(self, file: str, content: str | bytes, sidecar: Any = None) -> Path:
        """Writes a landing file, and its sidecar where given (text, bytes or what JSON can say)."""
        path = self.path(file)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if sidecar is not None:
            text = sidecar if isinstance(sidecar, str) else json.dumps(sidecar)
            path.with_name(path.name + ".manifest.json").write_text(text, encoding="utf-8")
        return path

    def map(self, text: str, name: str = "billing") -> None:
        """Gives a source a mapping, or mends the one that it has."""
        file = self.root / f"{name}_mapping.yml"
        file.write_text(text, encoding="utf-8")
        sources = (
            source.model_copy(update={"mapping": file}) if source.name == name else source
            for source in self.settings.sources
        )
        self.settings = self.settings.model_copy(update={"sources": tuple(sources)})

    def replay(self, now: datetime = NOW, is_dry: bool = False, **selection: str) -> ReplayReport:
        """Replays the dead letters chosen, at a fixed time."""
        return replay(self.settings, Selection(**selection), now=now, is_dry=is_dry)

    def ingest(self, domain: str = "billing", object: str | None = "invoices", **options: Any) -> IngestReport:
        """Ingests one domain or object, at a fixed time."""
        return archive.ingest(self.settings, domain, object, **({"now": NOW} | options))

    def one(self, domain: str = "billing", object: str = "invoices", **options: Any) -> ObjectReport:
        """The report of one object."""
        return self.ingest(domain, object, **options).objects[0]

    def query(self, sql: str, **options: Any) -> list[dict[str, Any]]:
        """Lands, and returns the rows of a query on the warehouse as dictionaries."""
        return self.queries(sql, **options)[0]

    def queries(self, *statements: str, **options: Any) -> list[list[dict[str, Any]]]:
        """Lands once, and returns the rows of each query."""
        warehouse.land(self.settings, **options)
        with warehouse.connect(self.settings) as con:
            return [_rows(con.execute(sql)) for sql in statements]

    def quarantine(self) -> list[dict[str, Any]]:
        """Everything rejected, in the order of batch and row."""
        return self.query("from landed.quarantine order by batch_id, row_number")

    def archive_tree(self) -> dict[str, bytes]:
        """Every file of the archive and its bytes."""
        root = self.settings.archive_path
        return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}


def _rows(cursor: Any) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def company(root: Path, *names: str, **changes: Any) -> Company:
    """A company with sources `name` or `name:domain` (the four systems by default)."""
    sources = []
    for given in names or ("product", "billing", "crm", "erp"):
        name, _, domain = given.partition(":")
        folder = root / "data" / name
        folder.mkdir(parents=True, exist_ok=True)
        sources.append(Source(name=name, domain=domain or name, connector=FilesConnector(type="files", path=folder)))
    made = Settings(
        company="Borealis",
        home=root / "home",
        as_of=NOW,
        reporting_currency="USD",
        sources=tuple(sources),
        config_path=root / "tieout.yml",
        **changes,
    )
    return Company(root, made)
