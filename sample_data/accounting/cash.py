"""Cash in the ERP: receipts, applications, and what refunds and lost disputes take back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from sample_data.accounting.journal import Entry, post
from sample_data.accounting.posting import rate_of
from sample_data.clock import at, business_day, period_of
from sample_data.config import AR, CASH, ENTITY, FEES, FX_REALISED, UNAPPLIED
from sample_data.money import convert
from sample_data.world.payments import still_open
from sample_data.world.state import Row, World


def receipt(
    world: World, ident: str, erp_customer: str, entity: str, currency: str, amount: int, when: datetime
) -> Row:
    return world.add(
        "erp.cash_receipts",
        receipt_id=f"RC-{ident}",
        external_id=ident,
        erp_customer_id=erp_customer,
        legal_entity_code=entity,
        currency=currency,
        amount=amount,
        received_date=when.date(),
        fx_rate=rate_of(world, entity, currency, when.date()),
        status="posted",
        updated_at=when + timedelta(minutes=40),
    )


def base_of(world: World, entity: str, currency: str, amount: int, rate: Decimal) -> int:
    return convert(amount, currency, ENTITY[entity].currency, rate)


def settle(world: World, row: Row, doc: Row, amount: int, when: datetime, number: int = 1) -> Row:
    """Applies `amount` (negative for what goes back) to the document."""
    application = world.add(
        "erp.cash_applications",
        application_id=f"AP-{row['receipt_id'][3:]}-{number}",
        receipt_id=row["receipt_id"],
        document_id=doc["document_id"],
        amount=amount,
        applied_at=when,
        period=period_of(when.date()),
        _currency=row["currency"],
    )
    if doc["document_type"] == "credit_memo":
        doc["open_amount"] += amount
    else:
        doc["open_amount"] -= amount
    doc.update(status="paid" if doc["open_amount"] == 0 else "open", updated_at=max(doc["updated_at"], when))
    return application


def receivable(world: World, doc: Row, amount: int) -> Entry:
    """The credit to receivables, at the document's own rate."""
    return Entry(
        AR,
        -amount,
        -base_of(world, doc["legal_entity_code"], doc["currency"], amount, doc["fx_rate"]),
        doc["document_id"],
    )


def book(world: World, name: str, row: Row, entries: list[Entry], day: date, created: datetime) -> None:
    """Posts a cash journal, what is missing in base currency being the realised exchange difference."""
    gap = -sum(e.base for e in entries)
    if gap:
        entries.append(Entry(FX_REALISED, 0, gap))
    post(world, name, row["legal_entity_code"], row["currency"], day, "cash", entries, created_at=created)


def receive(world: World, payment: Row, applied: list[tuple[Row, int]], late_days: int = 0) -> Row:
    """A receipt of the gross amount. With `late_days` it stands as unapplied cash until then."""
    when, entity, currency = payment["received_at"], payment["_entity"], payment["currency"]
    row = receipt(
        world, payment["payment_id"], "EC-" + payment["customer_id"][4:], entity, currency, payment["amount"], when
    )
    row["_applied"] = applied

    def base(amount: int) -> int:
        return base_of(world, entity, currency, amount, row["fx_rate"])

    net, fee, used = payment["amount"] - payment["fee_amount"], payment["fee_amount"], sum(a for _, a in applied)
    entries = [Entry(CASH, net, base(net)), Entry(FEES, fee, base(fee))]
    rest = payment["amount"] - (0 if late_days else used)
    later = at(business_day(when.date() + timedelta(days=late_days)), 11) if late_days else when + timedelta(minutes=45)
    if not late_days:
        entries += [receivable(world, doc, amount) for doc, amount in applied]
    if rest:
        entries.append(Entry(UNAPPLIED, -rest, -base(rest)))
    book(world, f"JC-{row['receipt_id']}", row, entries, when.date(), when + timedelta(minutes=45))
    for number, (doc, amount) in enumerate(applied, 1):
        settle(world, row, doc, amount, later, number)
    if late_days and used:
        entries = [Entry(UNAPPLIED, used, base(used)), *(receivable(world, doc, amount) for doc, amount in applied)]
        book(world, f"JC-{row['receipt_id']}-a", row, entries, later.date(), later)
    return row


def give_back(world: World, source: Row, ident: str, doc: Row, when: datetime) -> Row:
    """A refund or a lost dispute: a negative receipt with a negative application."""
    payment, amount = source["_payment"], source["amount"]
    row = receipt(
        world, ident, "EC-" + payment["customer_id"][4:], payment["_entity"], payment["currency"], -amount, when
    )
    settle(world, row, doc, -amount, when + timedelta(minutes=50))
    entries = [
        Entry(CASH, -amount, -base_of(world, payment["_entity"], payment["currency"], amount, row["fx_rate"])),
        receivable(world, doc, -amount),
    ]
    book(world, f"JC-{row['receipt_id']}", row, entries, when.date(), when + timedelta(minutes=50))
    return row


def planned(world: World, payment: Row) -> list[tuple[Row, int]]:
    """The payment's invoices, each as far as its document is open; what has no document stays unapplied."""
    documents = world.notes["document"]
    applied = []
    for invoice in payment["_invoices"]:
        doc = documents.get(invoice["invoice_id"])
        if doc and (amount := min(still_open(invoice), doc["open_amount"], payment["amount"])) > 0:
            applied.append((doc, amount))
    return applied


def apply_payment(world: World, payment: Row) -> None:
    plan = world.notes["applied"].get(payment["payment_id"])
    booked = {**payment, **world.notes["booked"].get(payment["payment_id"], {})}  # what the ERP made of it
    late = 0 if payment["_card"] or not world.dice.chance(20, "late", payment["payment_id"]) else 1
    receive(world, booked, planned(world, booked) if plan is None else plan, late)


def build(world: World) -> None:
    documents = world.notes["document"]
    for payment in world.tables["billing.payments"]:
        if payment["status"] == "succeeded" and payment["payment_id"] not in world.notes["not_received"]:
            apply_payment(world, payment)
    for row in world.tables["billing.refunds"]:
        if row["refund_id"] not in world.notes["not_received"]:
            doc = documents[row["credit_note_id"] or row["_payment"]["invoice_id"]]
            give_back(world, row, row["refund_id"], doc, row["created_at"])
    for row in world.tables["billing.disputes"]:
        if row["status"] == "lost" and row["dispute_id"] not in world.notes["not_received"]:
            give_back(world, row, row["dispute_id"], documents[row["_payment"]["invoice_id"]], row["updated_at"])
