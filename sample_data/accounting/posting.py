"""Billing documents in the ERP: invoices, credit memos, reversals; each with lines and a balanced journal."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from sample_data.accounting.journal import Entry, dimensions, post, reverse
from sample_data.clock import add_months, period_of
from sample_data.config import AR, AS_OF, DEFERRED, ENTITY, TAX
from sample_data.money import convert
from sample_data.world.catalogue import ACCOUNT
from sample_data.world.state import Row, World


def is_deferred(line: Row, posting: date) -> bool:
    """Recurring lines whose interval runs beyond the accounting period of posting; and prepaid purchases."""
    if line["sku"] == "API-CREDIT":
        return True
    return line["kind"] == "recurring" and line["service_end"] > add_months(posting.replace(day=1), 1)


def delay(world: World, key: str) -> timedelta:
    return timedelta(seconds=world.dice.between(240, 2 * 3600 + 1800, "posting", key))


def rate_of(world: World, entity: str, currency: str, day: date) -> Decimal:
    return world.spot[currency, ENTITY[entity].currency, day]


def _document(world: World, source: Row, kind: str, ident: str, created: datetime) -> Row:
    day = source.get("_posting_date") or source["issue_date"]
    return world.add(
        "erp.ar_documents",
        document_id=f"AR-{ident}",
        document_type=kind,
        external_id=ident,
        number=source["number"],
        erp_customer_id="EC-" + source["customer_id"][4:],
        legal_entity_code=source["legal_entity_code"],
        currency=source["currency"],
        document_date=source["issue_date"],
        posting_date=day,
        period=period_of(day),
        net_amount=source["net_amount"],
        tax_amount=source["tax_amount"],
        total_amount=source["total_amount"],
        open_amount=source["total_amount"],
        status="open",
        original_document_id=None,
        fx_rate=source.get("_fx_rate") or rate_of(world, source["legal_entity_code"], source["currency"], day),
        correlation_id=source["correlation_id"],
        created_at=created,
        updated_at=created,
    )


def _line(
    world: World, doc: Row, number: int, source_line: str, sku: str, account: str, amount: int, tax: int, code: str
) -> Row:
    return world.add(
        "erp.ar_document_lines",
        document_line_id=f"{doc['document_id']}-{number}",
        document_id=doc["document_id"],
        source_line_id=source_line,
        item_code=f"ITEM-{sku}",
        account_number=account,
        amount=amount,
        tax_code=code,
        tax_amount=tax,
        dimensions=dimensions(ACCOUNT[sku]),
        _doc=doc,
        _currency=doc["currency"],
    )


def journal_of(world: World, doc: Row, lines: list[Row], sign: int) -> list[Row]:
    """Receivable at the gross against each line's account and tax; the base difference of rounding
    goes to the largest line, so that the receivable is the gross at the document's rate."""
    base = ENTITY[doc["legal_entity_code"]].currency
    entries = [
        Entry(
            line["account_number"],
            -line["amount"],
            -convert(line["amount"], doc["currency"], base, doc["fx_rate"]),
            doc["document_id"],
            source_line=line,
        )
        for line in lines
    ]
    parts = list(entries)
    entries.append(
        Entry(
            TAX,
            -doc["tax_amount"],
            -convert(doc["tax_amount"], doc["currency"], base, doc["fx_rate"]),
            doc["document_id"],
        )
    )
    gross = Entry(
        AR, doc["total_amount"], convert(doc["total_amount"], doc["currency"], base, doc["fx_rate"]), doc["document_id"]
    )
    largest = max(parts, key=lambda e: abs(e.amount))
    largest.base -= gross.base + sum(e.base for e in entries)
    for part in parts:
        if part.source_line is not None:
            part.source_line["_base"] = -part.base  # what recognition will take back to revenue
    if sign < 0:
        for e in [gross, *entries]:
            e.amount, e.base = -e.amount, -e.base
    doc["_journal"] = post(
        world,
        f"JE-{doc['document_id']}",
        doc["legal_entity_code"],
        doc["currency"],
        doc["posting_date"],
        "billing",
        [gross, *entries],
        created_at=doc["created_at"],
        period=doc["period"],
    )
    return doc["_journal"]


def post_invoice(world: World, invoice: Row) -> Row:
    created = invoice["finalized_at"] + delay(world, invoice["invoice_id"])
    doc = _document(world, invoice, "invoice", invoice["invoice_id"], created)
    lines = []
    for number, line in enumerate(invoice["_lines"], 1):
        account = DEFERRED if is_deferred(line, doc["posting_date"]) else ACCOUNT[line["sku"]]
        posted = _line(
            world,
            doc,
            number,
            line["line_id"],
            line["sku"],
            account,
            line["amount"],
            line["tax_amount"],
            line["tax_code"],
        )
        posted["_source"] = line
        lines.append(posted)
    doc["_lines"], doc["_invoice"] = lines, invoice
    journal_of(world, doc, lines, 1)
    return doc


def post_credit(world: World, note: Row) -> Row:
    original = world.notes["document"].get(note["invoice_id"])
    created = note["updated_at"] + delay(world, note["credit_note_id"])
    doc = _document(world, note, "credit_memo", note["credit_note_id"], created)
    doc["original_document_id"] = original and original["document_id"]
    source = note["_line"]
    account = DEFERRED if original and is_deferred(source, original["posting_date"]) else ACCOUNT[source["sku"]]
    line = _line(
        world,
        doc,
        1,
        f"{note['credit_note_id']}-1",
        source["sku"],
        account,
        note["net_amount"],
        note["tax_amount"],
        source["tax_code"],
    )
    line["_source"], doc["_lines"], doc["_note"] = source, [line], note
    journal_of(world, doc, [line], -1)
    return doc


def apply_credit(doc: Row, original: Row) -> None:
    """The memo settles its own invoice's document as far as that is open."""
    taken = min(doc["open_amount"], original["open_amount"])
    for row in (doc, original):
        row["open_amount"] -= taken
        row["status"] = "paid" if row["open_amount"] == 0 else "open"
        row["updated_at"] = max(row["updated_at"], doc["created_at"])


def reverse_document(world: World, doc: Row, when: datetime) -> None:
    created = when + timedelta(minutes=25)
    doc.update(status="reversed", open_amount=0, updated_at=created)
    reverse(world, doc["_journal"], f"JR-{doc['document_id']}", when.date(), created)


def build(world: World) -> None:
    documents = world.notes["document"]
    for invoice in world.tables["billing.invoices"]:
        if (
            invoice["status"] != "draft"
            and not invoice.get("_old")
            and invoice["finalized_at"] < AS_OF - timedelta(hours=3)
        ):
            documents[invoice["invoice_id"]] = post_invoice(world, invoice)
            if invoice["status"] == "void":
                reverse_document(world, documents[invoice["invoice_id"]], invoice["_void_at"])
    for note in world.tables["billing.credit_notes"]:
        doc = documents[note["credit_note_id"]] = post_credit(world, note)
        if not note["_refund"]:
            apply_credit(doc, documents[note["invoice_id"]])
