"""Prepaid API calls: grants bought, drawn first-in first-out by each month's usage, expired, and the balances."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from sample_data.clock import add_months, at, month_end, month_start, period_of
from sample_data.config import PERIODS, RUNNING
from sample_data.money import round_half_away
from sample_data.world.state import Row, Subscription, World

SKU = "API-PP"


def _grants(world: World, sub: Subscription) -> list[Row]:
    """One per purchase line that was posted, expiring a year after; the first one of a third of customers earlier."""
    found = []
    for line in world.tables["billing.invoice_lines"]:
        invoice = line["_invoice"]
        if (
            line["sku"] != "API-CREDIT"
            or line["subscription_id"] != sub.subscription_id
            or invoice["status"] in ("void", "draft")
        ):
            continue
        doc = world.notes["document"][invoice["invoice_id"]]
        base = next(p["_base"] for p in doc["_lines"] if p["source_line_id"] == line["line_id"])
        months = 5 if world.dice.chance(35, "expires", line["line_id"]) else 12
        granted = at(invoice["issue_date"], 12)
        expires = at(month_end(period_of(add_months(invoice["issue_date"], months))), 12)
        found.append(
            {
                "grant_id": f"GR-{line['line_id'][3:]}",
                "quantity": Decimal(line["quantity"]),
                "amount": line["amount"],
                "base": base,
                "granted": granted,
                "expires": expires,
                "left": Decimal(line["quantity"]),
                "gone": Decimal(0),
                "released": [],
                "entity": invoice["legal_entity_code"],
                "currency": invoice["currency"],
                "sku": SKU,
            }
        )
    return sorted(found, key=lambda g: g["granted"])


def release(grant: Row, period: str, quantity: Decimal) -> None:
    """Moves the quantity's share of the grant out of deferred revenue, by cumulative rounding."""

    def upto(total: int, gone: Decimal) -> int:
        return round_half_away(Fraction(total) * Fraction(gone) / Fraction(grant["quantity"]))

    before, after = grant["gone"], grant["gone"] + quantity
    grant["released"].append(
        (
            period,
            upto(grant["amount"], after) - upto(grant["amount"], before),
            upto(grant["base"], after) - upto(grant["base"], before),
        )
    )
    grant["gone"], grant["left"] = after, grant["left"] - quantity


def _draw(world: World, sub: Subscription, grants: list[Row], period: str, line: Row) -> None:
    need, when = Decimal(line["quantity"]), at(month_end(period), 11)
    for grant in grants:
        if grant["granted"] > when or grant["expires"] < when or not need or not grant["left"]:
            continue
        taken = min(need, grant["left"])
        world.add(
            "billing.prepaid_drawdowns",
            drawdown_id=f"DD-{grant['grant_id'][3:]}-{period}",
            grant_id=grant["grant_id"],
            invoice_line_id=line["line_id"],
            quantity=taken,
            drawn_at=when,
        )
        release(grant, period, taken)
        need -= taken


def _expire(grants: list[Row], period: str) -> None:
    for grant in grants:
        if period_of(grant["expires"].date()) == period and grant["left"]:
            release(grant, period, grant["left"])


def _balance(world: World, sub: Subscription, grants: list[Row], period: str) -> None:
    live = [g for g in grants if period_of(g["granted"].date()) <= period]
    amount = sum(g["amount"] - sum(r[1] for r in g["released"]) for g in live)
    world.add(
        "billing.prepaid_balances",
        subscription_id=sub.subscription_id,
        sku=SKU,
        period=period,
        closing_quantity=sum((g["left"] for g in live), Decimal(0)),
        closing_amount=amount,
        currency=sub.currency,
        updated_at=at(month_end(period), 12) + timedelta(hours=2),
    )


def build(world: World) -> None:
    usage = {
        (r["subscription_id"], period_of(r["service_start"])): r
        for r in world.tables["billing.invoice_lines"]
        if r["sku"] == SKU and r["kind"] == "usage" and r["_invoice"]["status"] not in ("void", "draft")
    }
    for sub in (s for s in world.subscriptions if s.profile == "prepaid"):
        grants = _grants(world, sub)
        for grant in grants:
            world.notes["grants"][grant["grant_id"]] = grant
            world.add(
                "billing.prepaid_grants",
                grant_id=grant["grant_id"],
                subscription_id=sub.subscription_id,
                sku=SKU,
                quantity=grant["quantity"],
                currency=sub.currency,
                amount=grant["amount"],
                granted_at=grant["granted"],
                expires_at=grant["expires"],
                updated_at=grant["granted"],
            )
        for period in PERIODS[: PERIODS.index(RUNNING)]:
            if month_end(period) < sub.start:
                continue
            if line := usage.get((sub.subscription_id, period_of(month_start(period)))):
                _draw(world, sub, grants, period, line)
            _expire(grants, period)
            _balance(world, sub, grants, period)
