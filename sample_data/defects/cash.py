"""Cash: received and not applied, applied to somebody else, short, given back without a reason, or not given back."""

# mypy: disable-error-code="misc"
# A lambda that binds a loop variable by default cannot be inferred.
from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from sample_data.clock import at, business_day
from sample_data.defects.planting import case, free, later, plain, quiet, take
from sample_data.defects.posting import by_size
from sample_data.world import payments
from sample_data.world.state import Row, World

SIZES = (("small", by_size(50, 1500)), ("large", by_size(3000, 10**9)))


def payment(world: World, title: str, card: bool, test: Callable[[Row], bool] = lambda r: True) -> Row:
    """A payment of one invoice between February and August 2026; its customer is then taken."""
    ordered = sorted(world.tables["billing.payments"], key=lambda r: world.dice.bits(title, r["payment_id"]))
    found = next(
        p
        for p in ordered
        if p["status"] == "succeeded"
        and p["invoice_id"]
        and p["_card"] is card
        and plain(p["_invoices"][0])
        and free(world, p["_invoices"][0]["_sub"])
        and date(2026, 2, 1) <= p["received_at"].date() < date(2026, 9, 1)
        and test(p["_invoices"][0])
    )
    take(world, found["_invoices"][0]["_sub"])
    return found


def due(paid: Row) -> date:
    """Two business days after the receipt."""
    return business_day(business_day(paid["received_at"].date() + timedelta(days=1)) + timedelta(days=1)) + timedelta(
        days=1
    )


def unapplied(world: World) -> None:
    for size, fits in SIZES:
        title = f"receipt unapplied ({size})"
        paid = payment(world, title, False, fits)
        world.notes["applied"][paid["payment_id"]] = []
        key = paid["invoice_id"]
        case(
            world,
            title,
            "R24",
            paid["payment_id"],
            "D04",
            amount=paid["amount"],
            currency=paid["currency"],
            when=due(paid),
            also=[f"R17:{key}", f"R28:{key}"],
        )
    paid = payment(world, "receipt unapplied", False)
    doc = world.notes["document"][paid["invoice_id"]]
    paid["amount"] += 1  # a minor unit too much, which nothing is owed for
    world.notes["applied"][paid["payment_id"]] = [(doc, paid["amount"] - 1)]
    quiet(world, "receipt unapplied", "R24", paid["payment_id"])


def wrong_customer(world: World) -> None:
    """Settles another customer's larger invoice; the payer's own stays open."""
    for size, fits in (("small", by_size(50, 800)), ("large", by_size(2000, 10**9))):
        title = f"applied to the wrong customer ({size})"
        paid = payment(world, title, False, lambda r, f=fits, t=title: f(r) and _larger(world, t, r) is not None)
        own = paid["_invoices"][0]
        other = _larger(world, title, own)
        assert other is not None
        take(world, other["_sub"])
        paid["received_at"] = paid["updated_at"] = at(date(2026, 10, 7), 10)
        own["updated_at"] = paid["received_at"]
        world.notes["applied"][paid["payment_id"]] = [(world.notes["document"][other["invoice_id"]], paid["amount"])]
        key = own["invoice_id"]
        case(
            world,
            title,
            "R24",
            paid["payment_id"],
            "D05",
            amount=paid["amount"],
            currency=paid["currency"],
            when=date(2026, 10, 9),
            also=[f"R17:{key}", f"R28:{key}", f"R28:{other['invoice_id']}"],
        )


def _larger(world: World, title: str, own: Row) -> Row | None:
    """An open invoice of October to another customer, in the same entity and currency, that is larger than `own`."""
    ordered = sorted(
        (r for r in world.tables["billing.invoices"] if r["status"] == "open" and r["issue_date"] >= date(2026, 10, 1)),
        key=lambda r: world.dice.bits(title, r["invoice_id"], "other"),
    )
    return next(
        (
            r
            for r in ordered
            if not r.get("_credits")
            and not r.get("_old")
            and r["customer_id"] != own["customer_id"]
            and free(world, r["_sub"])
            and r["invoice_id"] in world.notes["document"]
            and r["total_amount"] > own["total_amount"]
            and (r["currency"], r["legal_entity_code"]) == (own["currency"], own["legal_entity_code"])
        ),
        None,
    )


def short(world: World) -> None:
    """The bank keeps its fee: billing has the invoice as paid, the ERP books what arrived."""
    for fee in (1500, 60_00, 1):
        title = f"bank fee short pay ({fee} minor units)"
        paid = payment(world, title, False, lambda r, n=fee: r["total_amount"] > 4 * n)
        world.notes["booked"][paid["payment_id"]] = {"amount": paid["amount"] - fee}
        key = paid["invoice_id"]
        if fee == 1:
            quiet(world, "bank fee short pay", "R24", paid["payment_id"])
            later(world, "cash", lambda d=world.notes["document"][key]: d.update(status="paid"))
            continue
        case(
            world,
            title,
            "R24",
            paid["payment_id"],
            "D06",
            amount=fee,
            currency=paid["currency"],
            when=due(paid),
            also=[f"R17:{key}", f"R28:{key}"],
        )


def refunded(world: World) -> None:
    """Money given back for which there is no credit: the invoice is owed again."""
    for percent in (20, 100):
        title = f"refund without credit ({percent} %)"
        paid = payment(world, title, True, lambda r: r["total_amount"] > 5000)
        when = at(paid["received_at"].date() + timedelta(days=20), 10)
        row = payments.refund(world, paid, paid["amount"] * percent // 100, when, None)
        paid["_invoices"][0].update(status="open", updated_at=when)
        case(
            world,
            title,
            "R26",
            row["refund_id"],
            "D08",
            amount=row["amount"],
            currency=row["currency"],
            when=when + timedelta(days=2),
        )


def chargeback(world: World) -> None:
    """Billing has the invoice as open again; the ERP still has it as paid."""
    for size, fits in SIZES:
        title = f"chargeback not reinstated ({size})"
        paid = payment(world, title, True, fits)
        row = payments.dispute(world, paid, "lost", at(paid["received_at"].date() + timedelta(days=5), 10))
        payments.lost(paid, row)
        world.notes["not_received"].add(row["dispute_id"])
        key = paid["invoice_id"]
        case(
            world,
            title,
            "R27",
            row["dispute_id"],
            "D08",
            amount=row["amount"],
            currency=row["currency"],
            when=row["updated_at"] + timedelta(days=1),
            also=[f"R17:{key}", f"R28:{key}"],
        )


def payout_short(world: World) -> None:
    """The provider kept a reserve that no fee, refund or dispute explains."""
    for number, kept in enumerate((2500, 120_000)):
        found = [p for p in world.tables["billing.payouts"] if p["amount"] > 200_000 and p["currency"] != "JPY"]
        row = sorted(found, key=lambda p: world.dice.bits("payout", p["payout_id"]))[number]
        row["amount"] -= kept
        case(
            world,
            f"payout short by a reserve ({kept} minor units)",
            "R25",
            row["payout_id"],
            "reserve",
            amount=kept,
            currency=row["currency"],
            when=row["arrival_date"] + timedelta(days=5),
        )


HOOKS = [
    *(("payments", f) for f in (unapplied, wrong_customer, short, refunded, chargeback)),
    ("payouts", payout_short),
]
