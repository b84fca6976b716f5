"""A company that receives every kind of delivery, part of it in an earlier run: what a kill must not lose or double."""

from __future__ import annotations

import gzip
import io
import json
from datetime import timedelta
from pathlib import Path

import polars as pl

from dagster_project import archive, warehouse
from dagster_project.archive import store
from dagster_project.settings import load
from tests.ingestion.company import NOW, csv_text, event, jsonl_text

DOMAINS = ("product", "billing", "crm", "erp")
EARLIER = NOW - timedelta(days=1)
SIDECAR = {"extracted_at": "2026-10-11T20:00:00Z", "row_count": 2, "control_totals": {"amount": "10.00"}}


def configure(folder: Path) -> Path:
    """Writes `tieout.yml` of a company of four systems and the folders of its files."""
    sources = "".join(
        f"  - {{name: {name}, domain: {name}, connector: {{type: files, path: data/{name}}}}}\n" for name in DOMAINS
    )
    for name in DOMAINS:
        (folder / "data" / name).mkdir(parents=True, exist_ok=True)
    text = f"company: Borealis\nhome: home\nas_of: {NOW.isoformat()}\nreporting_currency: USD\nsources:\n{sources}"
    (folder / "tieout.yml").write_text(text, encoding="utf-8")
    return folder


def deliver(folder: Path, file: str, content: str | bytes, sidecar: object = None) -> Path:
    """Writes one landing file, and its sidecar where given."""
    path = folder / "data" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if sidecar is not None:
        text = sidecar if isinstance(sidecar, str) else json.dumps(sidecar)
        path.with_name(path.name + ".manifest.json").write_text(text, encoding="utf-8")
    return path


def every_kind(folder: Path) -> Path:
    """The company with its first deliveries taken and landed, and the next ones waiting."""
    configure(folder)
    deliver(folder, "billing/refunds/a.csv", csv_text([_refund("r-1"), _refund("r-2")]), SIDECAR)
    mended_later = csv_text([_refund("r-3")])
    deliver(folder, "billing/refunds/b.csv", mended_later.replace(",", ";"))
    deliver(folder, "product/usage_events/one.parquet", _parquet([event("ev-1"), event("ev-2", quantity="x")]))
    settings = load(folder / "tieout.yml")
    archive.ingest(settings, now=EARLIER)
    warehouse.land(settings, as_of=EARLIER)
    for link in store.read_manifests(settings):
        if link.object == "usage_events":
            store.parquet_path(settings, link).unlink()  # lost since: it is made again from the raw bytes

    deliver(folder, "billing/refunds/a.csv.manifest.json", json.dumps(SIDECAR | {"row_count": 3}))
    deliver(folder, "billing/refunds/b.csv", mended_later)
    other = [_refund("r-1"), _refund("r-2", status="failed"), _refund("r-4", amount="1.005")]
    deliver(folder, "billing/refunds/c.jsonl", jsonl_text(other), "{ torn")
    deliver(folder, "billing/payouts/empty.csv", b"")
    (folder / "data/billing/refunds/gone.csv").symlink_to(folder / "nowhere")
    late = [event("ev-1", ingested_at="2026-09-03T00:00:00Z"), event("ev-3"), event("ev-3", quantity="9")]
    deliver(
        folder, "product/usage_events/two.csv.gz", gzip.compress(csv_text(late).encode(), mtime=0), {"row_count": 3}
    )
    deliver(folder, "crm/accounts/cut.csv.gz", gzip.compress(b"account_id,name\n" * 999, mtime=0)[:30])
    return folder


def _refund(refund_id: str, **changes: str) -> dict[str, str]:
    """An object of few columns: a kill costs what its victim does, and the columns most of all."""
    moment = "2026-09-01T08:00:00Z"
    row = {"refund_id": refund_id, "payment_id": "p-1", "currency": "USD", "amount": "5.00", "status": "succeeded"}
    return row | {"created_at": moment, "updated_at": moment} | changes


def _parquet(rows: list[dict]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)).write_parquet(buffer)
    return buffer.getvalue()
