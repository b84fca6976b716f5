"""Credits and voids that the ERP got wrong or never got."""

# mypy: disable-error-code="misc"
# A lambda that binds a loop variable by default cannot be inferred.
from __future__ import annotations

from datetime import timedelta
from typing import Any

from sample_data.accounting import posting
from sample_data.defects.planting import case, invoice, later
from sample_data.defects.posting import cells, paid
from sample_data.world.credits import credit, void_and_rebill
from sample_data.world.state import Row, World


def _note(world: World, title: str, part: int) -> Row:
    """An approved credit of a share of the largest line, a day after the invoice, before it is paid."""
    row = invoice(world, title, lambda r: paid(r) and r["net_amount"] > 20_000)
    line = max(row["_lines"], key=lambda x: x["amount"])
    return credit(
        world, row, line, line["amount"] * part // 100, row["issue_date"] + timedelta(days=1), "billing_error"
    )


def echoes(note: Row) -> list[str]:
    """The invoice is paid less the credit, which the ERP does not know: it stays open there by that much."""
    return [f"R17:{note['invoice_id']}", f"R28:{note['invoice_id']}", *cells(note)]


def _take_back(world: World, note: Row) -> None:
    doc = world.notes["document"].pop(note["credit_note_id"])
    original = world.notes["document"][note["invoice_id"]]
    original["open_amount"] += note["total_amount"]
    for table in ("erp.ar_documents", "erp.ar_document_lines", "erp.journal_lines"):
        world.tables[table][:] = [r for r in world.tables[table] if r["document_id"] != doc["document_id"]]


def plant(world: World) -> None:
    for part in (5, 40):
        for kind in ("credit posted as debit", "credit not posted"):
            title = f"{kind} ({part} %)"
            note = _note(world, title, part)
            action = _as_debit if kind == "credit posted as debit" else _missing
            later(world, "posting", lambda a=action, t=title, n=note: a(world, t, n))


def _as_debit(world: World, title: str, note: Row) -> None:
    """The memo became an invoice: it raises what it should have lowered, and nobody will ever pay it."""
    memo = world.notes["document"][note["credit_note_id"]]
    _take_back(world, note)
    line = {
        **note["_line"],
        "line_id": memo["_lines"][0]["source_line_id"],
        "amount": note["net_amount"],
        "tax_amount": note["tax_amount"],
    }
    source: dict[str, Any] = {
        **note,
        "invoice_id": note["credit_note_id"],
        "finalized_at": note["updated_at"],
        "_lines": [line],
    }
    doc = posting.post_invoice(world, source)
    doc.update(original_document_id=memo["original_document_id"], _note=note)
    world.notes["message"][note["credit_note_id"]] = {
        "acknowledged_at": doc["created_at"],
        "updated_at": doc["created_at"],
        "status": "accepted",
    }
    case(
        world,
        title,
        "R16",
        note["credit_note_id"],
        "C08",
        amount=-2 * note["total_amount"],
        currency=note["currency"],
        when=note["updated_at"] + timedelta(hours=4),
        also=echoes(note),
    )


def _missing(world: World, title: str, note: Row) -> None:
    """Neither sent nor posted."""
    _take_back(world, note)
    world.notes["no_message"].add(note["credit_note_id"])
    case(
        world,
        title,
        "R16",
        note["credit_note_id"],
        "C08",
        amount=-note["total_amount"],
        currency=note["currency"],
        when=note["updated_at"] + timedelta(hours=4),
        also=[f"R22:{note['credit_note_id']}", *echoes(note)],
    )


def unreversed_void(world: World) -> None:
    """Voided and billed again; the ERP keeps the first document beside the second."""
    for size, low in (("small", 0), ("large", 200_000)):
        title = f"void not reversed ({size})"
        row = invoice(world, title, lambda r, n=low: paid(r) and n <= r["net_amount"] < (n or 100_000) * 10)
        void_and_rebill(world, row, row["issue_date"] + timedelta(days=2))
        later(world, "posting", lambda t=title, r=row: _restore(world, t, r))


def _restore(world: World, title: str, row: Row) -> None:
    doc = world.notes["document"][row["invoice_id"]]
    table = world.tables["erp.journal_lines"]
    table[:] = [r for r in table if r["journal_id"] != f"JR-{doc['document_id']}"]
    doc.update(status="open", open_amount=doc["total_amount"], updated_at=doc["created_at"])
    case(
        world,
        title,
        "R16",
        row["invoice_id"],
        "C08",
        amount=-row["total_amount"],
        currency=row["currency"],
        when=row["updated_at"] + timedelta(hours=4),
        also=[f"R17:{row['invoice_id']}", f"R28:{row['invoice_id']}", *cells(row)],
    )


HOOKS = [("credits", plant), ("credits", unreversed_void)]
