"""What a small archive is filled with, how it is damaged, and how two are compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from dagster_project.archive import store
from dagster_project.archive.manifest import Manifest
from dagster_project.settings import Archive
from tests.ingestion.company import NOW, Company, csv_text, event, invoice, jsonl_text

SIDECAR = {"extracted_at": "2026-10-11T22:00:00+02:00", "row_count": 2, "control_totals": {"net_amount": "200.00"}}


def fill(one: Company) -> None:
    """Two instances with the same bytes, a quarantined row, a refused file, sidecars whole, newer and malformed."""
    two = csv_text([invoice("inv-1"), invoice("inv-2")])
    one.deliver("billing/invoices/a.csv", two, SIDECAR)
    if (one.root / "data" / "acquired").exists():
        one.deliver("acquired/invoices/a.csv", two)
    one.deliver("billing/invoices/b.csv", csv_text([invoice("inv-3"), invoice("inv-4", net_amount="x")]), "{")
    one.deliver("billing/payouts/c.csv", b"\xff\xfe not text")
    one.deliver("product/usage_events/e.jsonl", jsonl_text([event("1"), event("2", quantity="2.5")]))
    one.ingest(None, None)
    one.deliver("billing/invoices/a.csv", two, SIDECAR | {"extracted_at": "2026-10-12T22:00:00+02:00"})
    one.ingest(None, None, now=NOW + timedelta(hours=1))


def at(one: Company, **archive: Any) -> Company:
    """The same company with another `archive:` in its tieout.yml."""
    return Company(one.root, one.settings.model_copy(update={"archive": Archive(**archive)}))


def elsewhere(one: Company, home: Path) -> Company:
    """The same company and settings on another machine."""
    return Company(one.root, one.settings.model_copy(update={"home": home}))


def landed(one: Company) -> list[list[dict[str, Any]]]:
    """Every row that a run would read, with its content hash, and everything known about the deliveries."""
    return one.queries(
        "from landed.generic__billing__invoices order by all",
        "from landed.generic__product__usage_events order by all",
        "from landed.quarantine order by all",
        "from landed.batches order by all",
        "from landed.batch_totals order by all",
        "from landed.schema_drift order by all",
    )


@contextmanager
def changed(path: Path, content: bytes) -> Iterator[None]:
    """The file with another content, and as it was afterwards."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


def flipped(content: bytes, bit: int) -> bytes:
    """The content with one bit turned round."""
    place = bytearray(content)
    place[bit // 8] ^= 1 << (bit % 8)
    return bytes(place)


def links(one: Company) -> list[Manifest]:
    """The links in order."""
    return store.read_manifests(one.settings)


def forge_last(one: Company, **changes: Any) -> None:
    """Rewrites the newest link and the head, as somebody would who wants the chain to look whole."""
    known = links(one)
    forged = known[-1].model_copy(update={"stored_sha256": None, **changes})
    store.manifest_path(one.settings, known[-1]).unlink()
    store.write(one.settings, store.manifest_path(one.settings, forged), forged.to_bytes())
    store.write_head(one.settings, [*known[:-1], forged])
