"""A company whose billing lies behind a server: payouts as the vendor writes them, pulled into an archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dagster_project.archive import store
from dagster_project.connections import RestConnector, SqlConnector
from dagster_project.settings import Source
from tests.connectors.api import STYLES, Api
from tests.ingestion.company import Company, company

QUICK = {"first_wait_seconds": 0.001, "longest_wait_seconds": 0.002}


def payout(number: int, amount: str = "100.10") -> str:
    """A payout as JSON text; the amount is a number, written as given."""
    return (
        f'{{"payout_id": "po-{number}", "currency":"USD", "amount": {amount}, "arrival_date": "2026-09-30",'
        f' "updated_at": "2026-09-30T08:00:00Z"}}'
    )


def rest(api: Api, style: str = "cursor", **changes: Any) -> RestConnector:
    """A connector of the server's payouts, impatient and quick to try again."""
    given = {
        "type": "rest",
        "url": api.url,
        "records": "data",
        "paging": STYLES[style],
        "timeout_seconds": 0.5,
        "retry": QUICK,
        "objects": {"payouts": {"path": "/payouts"}},
    }
    return RestConnector.model_validate(given | changes)


def behind(root: Path, connector: RestConnector | SqlConnector, *files: str) -> Company:
    """A company whose billing is reached by the connector, and `files` are systems that deliver files beside it."""
    one = company(root, *files) if files else company(root, "crm")
    billing = Source(name="billing", domain="billing", connector=connector)
    kept = tuple(source for source in one.settings.sources if files)
    return Company(root, one.settings.model_copy(update={"sources": (billing, *kept)}))


def raw(one: Company) -> list[bytes]:
    """The bytes of every loaded batch as received, in the order of arrival."""
    links = [link for link in store.read_manifests(one.settings) if link.kind == "batch" and link.state == "loaded"]
    return [store.raw_path(one.settings, link.sha256 or "").read_bytes() for link in links]
