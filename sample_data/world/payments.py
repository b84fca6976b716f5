"""Payments, refunds, disputes and payouts as billing's payment provider reports them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from sample_data.clock import at
from sample_data.config import AS_OF
from sample_data.world.state import Row, World

LAST_PAID = date(2026, 10, 8)


def still_open(invoice: Row) -> int:
    credited = sum(n["total_amount"] for n in invoice.get("_credits", []) if not n["_refund"])
    return invoice["total_amount"] - credited


def _pay_day(world: World, invoice: Row) -> date | None:
    customer, key = invoice["_sub"].customer, invoice["invoice_id"]
    if customer.pays_by_card:
        day = invoice["issue_date"] + timedelta(days=world.dice.between(2, 4, "cardday", key))
    else:
        day = invoice["due_date"] - timedelta(days=world.dice.between(0, 6, "payday", key))
    if day > LAST_PAID and invoice["due_date"] <= AS_OF.date():
        day = LAST_PAID
    return day if day <= LAST_PAID else None


def pay(world: World, invoices: list[Row], day: date, amount: int | None = None, **more: Any) -> Row:
    """One payment, of one invoice or of several of one customer."""
    first = invoices[0]
    key = first["invoice_id"][3:]
    amount = sum(still_open(i) for i in invoices) if amount is None else amount
    card = first["_sub"].customer.pays_by_card
    when = at(day, 9) + timedelta(seconds=world.dice.between(0, 3 * 3600, "paid", key))
    payment = world.add(
        "billing.payments",
        **{
            "payment_id": f"PY-{key}",
            "customer_id": first["customer_id"],
            "invoice_id": first["invoice_id"] if len(invoices) == 1 else None,
            "currency": first["currency"],
            "amount": amount,
            "fee_amount": amount * 29 // 1000 if card else 0,
            "status": "succeeded",
            "received_at": when,
            "payout_id": None,
            "reference": " ".join(str(i["number"]) for i in invoices),
            "updated_at": when,
            "_invoices": invoices,
            "_card": card,
            "_entity": first["legal_entity_code"],
            **more,
        },
    )
    for invoice in invoices:
        invoice.update(status="paid", updated_at=when)
    return payment


def _failed_first(world: World, payment: Row) -> None:
    """A declined attempt a day before; it moves no money and never reaches the ERP."""
    if payment["_card"] and world.dice.chance(3, "declined", payment["payment_id"]):
        when = payment["received_at"] - timedelta(days=1)
        world.add(
            "billing.payments",
            **{
                **payment,
                "payment_id": payment["payment_id"] + "-x",
                "status": "failed",
                "fee_amount": 0,
                "received_at": when,
                "updated_at": when,
            },
        )


def _nine_at_once(world: World, invoices: list[Row]) -> set[str]:
    mine = sorted(
        (i for i in invoices if i["_sub"].profile == "nine"), key=lambda i: (i["issue_date"], i["invoice_id"])
    )[:9]
    if len(mine) == 9:
        payment = pay(world, mine, mine[0]["due_date"] - timedelta(days=2))
        world.decoy("one payment for nine invoices", "R24", payment["payment_id"])
    return {i["invoice_id"] for i in mine}


def _refunds(world: World) -> None:
    by_invoice = {p["invoice_id"]: p for p in world.tables["billing.payments"] if p["status"] == "succeeded"}
    for note in world.tables["billing.credit_notes"]:
        payment = by_invoice.get(note["invoice_id"])
        if note["_refund"] and payment:
            refund(world, payment, note["total_amount"], at(note["issue_date"] + timedelta(days=1), 10), note)


def refund(world: World, payment: Row, amount: int, when: datetime, note: Row | None) -> Row:
    return world.add(
        "billing.refunds",
        refund_id=f"RF-{payment['payment_id'][3:]}",
        payment_id=payment["payment_id"],
        credit_note_id=note and note["credit_note_id"],
        currency=payment["currency"],
        amount=amount,
        status="succeeded",
        payout_id=None,
        created_at=when,
        updated_at=when,
        _payment=payment,
        _note=note,
    )


def dispute(world: World, payment: Row, status: str, when: datetime, amount: int | None = None) -> Row:
    resolved = when if status == "open" else when + timedelta(days=6)
    return world.add(
        "billing.disputes",
        dispute_id=f"DP-{payment['payment_id'][3:]}",
        payment_id=payment["payment_id"],
        currency=payment["currency"],
        amount=payment["amount"] if amount is None else amount,
        status=status,
        payout_id=None,
        created_at=when,
        updated_at=resolved,
        _payment=payment,
    )


def _disputes(world: World) -> None:
    """Lost ones leave the invoice to be paid again, and not yet due; others change nothing."""
    recent = [
        p
        for p in world.tables["billing.payments"]
        if p["status"] == "succeeded"
        and p["_card"]
        and p["customer_id"] not in world.reserved
        and p["invoice_id"]
        and date(2026, 9, 12) < p["received_at"].date() < date(2026, 10, 1)
        and not p["_invoices"][0].get("_credits")
        and not p["_invoices"][0]["replaces_invoice_id"]
    ]
    owing = [p for p in recent if p["_invoices"][0]["due_date"] > AS_OF.date()]
    others = [p for p in recent if p["_invoices"][0]["due_date"] <= AS_OF.date()]
    plan = [*zip(owing[:3], ("lost",) * 3, strict=False), *zip(others[:3], ("won", "open", "won"), strict=False)]
    for payment, status in plan:
        row = dispute(world, payment, status, payment["received_at"] + timedelta(days=1))
        if row["updated_at"].date() > LAST_PAID:
            row.update(status="open", updated_at=row["created_at"])
        elif status == "lost":
            lost(payment, row)


def lost(payment: Row, row: Row) -> None:
    payment["_invoices"][0].update(status="open", updated_at=row["updated_at"])


def payouts(world: World) -> None:
    """Card payments of an entity and currency, week by week, less fees, refunds and lost disputes."""
    groups: dict[tuple[str, str, date], list[tuple[Row, int]]] = defaultdict(list)

    def take(row: Row, payment: Row, amount: int, when: datetime) -> None:
        monday = when.date() - timedelta(days=when.date().weekday())
        groups[payment["_entity"], payment["currency"], monday].append((row, amount))

    for p in world.tables["billing.payments"]:
        if p["_card"] and p["status"] == "succeeded":
            take(p, p, p["amount"] - p["fee_amount"], p["received_at"])
    for r in world.tables["billing.refunds"]:
        if r["_payment"]["_card"]:
            take(r, r["_payment"], -r["amount"], r["created_at"])
    for d in world.tables["billing.disputes"]:
        if d["status"] == "lost" and d["_payment"]["_card"]:
            take(d, d["_payment"], -d["amount"], d["updated_at"])
    for (entity, currency, monday), parts in sorted(groups.items()):
        arrival = monday + timedelta(days=9)
        if arrival >= AS_OF.date():
            continue
        name = f"PO-{entity}-{currency}-{monday:%Y%m%d}"
        for row, _ in parts:
            row["payout_id"] = name
        world.add(
            "billing.payouts",
            payout_id=name,
            currency=currency,
            amount=sum(a for _, a in parts),
            arrival_date=arrival,
            updated_at=at(arrival, 10),
        )


def build(world: World) -> None:
    ready = [
        i for i in world.tables["billing.invoices"] if i["status"] == "open" and not i.get("_old") and i["finalized_at"]
    ]
    done = _nine_at_once(world, ready)
    for invoice in ready:
        day = _pay_day(world, invoice)
        if invoice["invoice_id"] in world.notes["unpaid"]:
            continue
        if invoice["invoice_id"] not in done and day and still_open(invoice) > 0:
            _failed_first(world, pay(world, [invoice], day))
    _refunds(world)
    _disputes(world)
