"""Credit notes, voids with their rebill, and the drafts that await their date."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sample_data.clock import add_months, at
from sample_data.config import AS_OF
from sample_data.world.bill_run import add_line, tax, total
from sample_data.world.rating import amounts
from sample_data.world.state import Row, Subscription, World


def credit(world: World, invoice: Row, line: Row, amount: int, day: date, reason: str, **more: Any) -> Row:
    """A credit note over part of one line. Its amounts are positive."""
    name = f"CR-{invoice['invoice_id'][3:]}"
    when = at(day, 9) + timedelta(minutes=world.dice.between(0, 150, "credit", name))
    note = world.add(
        "billing.credit_notes",
        credit_note_id=name,
        number=None,
        series="CRN",
        invoice_id=invoice["invoice_id"],
        customer_id=invoice["customer_id"],
        legal_entity_code=invoice["legal_entity_code"],
        currency=invoice["currency"],
        issue_date=day,
        reason=reason,
        approved_by="m.okafor",
        status="issued",
        net_amount=amount,
        tax_amount=tax(amount, line["tax_rate"]),
        total_amount=amount + tax(amount, line["tax_rate"]),
        correlation_id=f"COR-{name}",
        updated_at=when,
        _invoice=invoice,
        _line=line,
        **{"_refund": False, **more},
    )
    world.add(
        "billing.credit_note_lines",
        credit_note_line_id=f"{name}-1",
        credit_note_id=name,
        invoice_line_id=line["line_id"],
        amount=amount,
        tax_amount=note["tax_amount"],
        _currency=invoice["currency"],
        _note=note,
    )
    invoice.setdefault("_credits", []).append(note)
    return note


def _goodwill(world: World) -> None:
    """Approved credits: on open invoices, which lowers what is still to pay, or on paid ones, with a refund."""
    for invoice in list(world.tables["billing.invoices"]):
        key = invoice["invoice_id"]
        if invoice["customer_id"] in world.reserved:
            continue
        if not world.dice.chance(2, "goodwill", key) or invoice["_sub"].profile in (
            "twin",
            "nine",
            "flight",
            "zero",
            "prepaid",
        ):
            continue
        line = max(invoice["_lines"], key=lambda r: r["amount"])
        deferred = line["kind"] == "recurring" and line["service_end"] > add_months(
            invoice["issue_date"].replace(day=1), 1
        )
        refund = not deferred and invoice["_sub"].customer.pays_by_card
        day = invoice["issue_date"] + timedelta(days=12 if refund else 1)
        if (
            line["kind"] not in ("recurring", "usage")
            or line["is_proration"]
            or day.month != invoice["issue_date"].month
            or day > date(2026, 10, 8)
        ):
            continue
        credit(
            world,
            invoice,
            line,
            max(1, line["amount"] // world.dice.between(4, 9, "part", key)),
            day,
            world.dice.pick(("goodwill", "billing_error"), "reason", key),
            _refund=refund,
        )


def void_and_rebill(world: World, invoice: Row, day: date) -> Row:
    """The invoice keeps its number as a documented void; its lines are billed again under a new one."""
    when = at(day, 8) + timedelta(minutes=10)
    old = {**invoice, "_old": True, "_lines": []}
    world.tables["billing.invoices"].append(old)
    invoice.update(status="void", updated_at=when, _void_at=when)
    key = invoice["invoice_id"][3:] + "r"
    again = world.add(
        "billing.invoices",
        **{
            **{k: v for k, v in invoice.items() if k not in ("_void_at", "_credits")},
            "invoice_id": f"IN-{key}",
            "number": None,
            "issue_date": day,
            "finalized_at": when + timedelta(minutes=30),
            "due_date": day + timedelta(days=invoice["_sub"].customer.terms_days),
            "status": "open",
            "replaces_invoice_id": invoice["invoice_id"],
            "correlation_id": f"COR-{key}",
            "updated_at": when + timedelta(minutes=30),
            "_lines": [],
        },
    )
    for number, line in enumerate(invoice["_lines"], 1):
        add_line(world, again, number, dict(line))
    total(again)
    return again


def _voids(world: World) -> None:
    picked = 0
    for invoice in list(world.tables["billing.invoices"]):
        sub: Subscription = invoice["_sub"]
        monthly = (
            invoice["customer_id"] not in world.reserved
            and sub.profile in ("monthly", "usage")
            and invoice["correlation_id"].startswith("COR-")
        )
        if (
            monthly
            and picked < 4
            and not invoice.get("_credits")
            and world.dice.chance(2, "void", invoice["invoice_id"])
        ):
            void_and_rebill(world, invoice, invoice["issue_date"] + timedelta(days=2))
            picked += 1


def _drafts(world: World) -> None:
    """Next fees already prepared by billing: neither numbered nor posted, their period not begun."""
    from sample_data.world.bill_run import Run, invoice

    soon = [
        s
        for s in world.subscriptions
        if s.customer.customer_id not in world.reserved
        and s.profile == "anchored"
        and not s.ended
        and 14 <= s.start.day <= 24
        and len(s.items) == 1
    ]
    for sub in soon[:3]:
        job, day, terms = Run(world, sub), AS_OF.date().replace(day=sub.start.day), sub.items[0]
        gross, net = amounts(world, terms, sub.currency, terms.quantity or 0, day)
        line = job.line(
            terms, "recurring", terms.quantity or 0, net, day, add_months(day, 1), gross, unit=job.unit(terms)
        )
        row = invoice(world, sub, day, "F", [line])
        row.update(status="draft", finalized_at=None, due_date=None, updated_at=at(AS_OF.date() - timedelta(days=1), 9))


def build(world: World) -> None:
    _goodwill(world)
    _voids(world)
    _drafts(world)
