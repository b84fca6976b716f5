"""The integration between billing and ERP: one message per document, and the hub's own log."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from sample_data.accounting.posting import delay
from sample_data.config import AS_OF
from sample_data.world.state import Row, World


def message(
    world: World, kind: str, source_id: str, correlation_id: str, ready: datetime, done: datetime | None, **more: Any
) -> Row:
    """Sent a minute after the document was final, acknowledged when the ERP had created its own."""
    sent = ready + timedelta(minutes=1)
    return world.add(
        "erp.interface_log",
        **{
            "message_id": f"MSG-{source_id}",
            "correlation_id": correlation_id,
            "document_kind": kind,
            "source_id": source_id,
            "sent_at": sent,
            "status": "accepted" if done else "in_flight",
            "failure_class": None,
            "error_code": None,
            "error_message": None,
            "attempts": 2 if world.dice.chance(2, "attempts", source_id) else 1,
            "acknowledged_at": done,
            "updated_at": done or sent,
            **more,
        },
    )


def _documents(world: World) -> None:
    documents, silent = world.notes["document"], world.notes["no_message"]
    for row in world.tables["billing.invoices"]:
        if row["status"] == "draft" or row.get("_old") or row["invoice_id"] in silent:
            continue
        doc = documents.get(row["invoice_id"])
        more = world.notes["message"].get(row["invoice_id"], {})
        message(
            world,
            "invoice",
            row["invoice_id"],
            row["correlation_id"],
            row["finalized_at"],
            doc and doc["created_at"],
            **more,
        )
    for row in world.tables["billing.credit_notes"]:
        if row["credit_note_id"] not in silent:
            doc = documents.get(row["credit_note_id"])
            more = world.notes["message"].get(row["credit_note_id"], {})
            issued = row["_issued_at"] if "_issued_at" in row else row["updated_at"]
            message(
                world,
                "credit_note",
                row["credit_note_id"],
                row["correlation_id"],
                issued,
                doc and doc["created_at"],
                **more,
            )
    for row in world.tables["billing.payments"]:
        if row["status"] == "succeeded" and row["payment_id"] not in silent:
            message(
                world,
                "payment",
                row["payment_id"],
                f"COR-{row['payment_id']}",
                row["received_at"],
                row["received_at"] + min(timedelta(minutes=40), delay(world, row["payment_id"])),
            )


def _hub(world: World) -> None:
    """Every message passed through the hub, numbered per customer and topic."""
    keys = {r["invoice_id"]: r["customer_id"] for r in world.tables["billing.invoices"]}
    keys |= {r["credit_note_id"]: r["customer_id"] for r in world.tables["billing.credit_notes"]}
    keys |= {r["payment_id"]: r["customer_id"] for r in world.tables["billing.payments"]}
    counters: dict[tuple[str, str | None], int] = defaultdict(int)
    log = world.tables["erp.interface_log"]
    for row in sorted(log, key=lambda r: (r["sent_at"], r["message_id"])):
        topic, key = f"billing.{row['document_kind']}", keys.get(row["source_id"], row["source_id"])
        counters[topic, key] += 1
        published = row["sent_at"] - timedelta(seconds=30)
        world.add(
            "hub.messages",
            topic=topic,
            key=key,
            sequence=counters[topic, key],
            consumer="erp",
            published_at=published,
            acknowledged_at=min(published + timedelta(seconds=20), AS_OF),
            status="acknowledged",
            payload_hash=hashlib.blake2b(row["message_id"].encode(), digest_size=8).hexdigest(),
        )


def build(world: World) -> None:
    _documents(world)
    _hub(world)
