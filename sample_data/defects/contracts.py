"""The contract layer: what CRM, billing and product each believe was agreed."""

# mypy: disable-error-code="misc, union-attr"
# A lambda that binds a loop variable by default cannot be inferred.
from __future__ import annotations

import copy
from datetime import date, timedelta
from typing import Any

from sample_data.clock import add_months, at
from sample_data.defects.planting import case, later, subscription
from sample_data.world import packages_landed
from sample_data.world.contracts import amend
from sample_data.world.packages_landed import cancelled_at
from sample_data.world.state import Row, Subscription, Terms, World


def seats_of(sub: Subscription) -> Terms | None:
    return next((t for t in sub.contract if t.sku.startswith("SEAT") and t.closed_by is None), None)


def entitlement(world: World, sub: Subscription, terms: Terms) -> Row:
    name = f"ENT-{sub.number}-{terms.key}"
    return next(r for r in world.tables["product.entitlements"] if r["entitlement_id"] == name)


def extra_seats(world: World) -> None:
    for extra in (3, 250):
        title = f"extra seats granted ({extra})"
        sub = subscription(
            world,
            title,
            lambda s: not s.ended and s.profile == "monthly" and len(s.versions) == 1 and seats_of(s) is not None,
        )
        terms = seats_of(sub)
        assert terms
        row = entitlement(world, sub, terms)
        granted = at(date(2026, 6, 10), 15)
        row.update(limit_quantity=row["limit_quantity"] + extra, updated_at=granted)
        case(
            world,
            title,
            "R01",
            f"{sub.subscription_id}|{terms.sku}",
            "manual grant",
            when=granted + timedelta(hours=24),
        )


def live_after_end(world: World) -> None:
    """Suspension was never propagated: the entitlement runs on without an end."""
    for how in ("cancelled", "expired"):
        title = f"live after cancellation ({how})"
        sub = subscription(
            world, title, lambda s, h=how: s.ended == h and seats_of(s) is not None and s.term_end < date(2026, 9, 1)
        )
        terms = seats_of(sub)
        assert terms
        opened = sub.versions[terms.opened_by - 1].signed_at
        entitlement(world, sub, terms).update(
            status="active", effective_to=None, updated_at=opened + timedelta(minutes=30)
        )
        key = f"{sub.subscription_id}|{terms.sku}"
        ended = cancelled_at(sub) if how == "cancelled" else at(sub.term_end)
        case(
            world,
            title,
            "R02",
            key,
            "suspension not propagated",
            when=max(ended, at(sub.term_end)),
            also=[f"R01:{key}"],
        )


def unsubscribed(world: World) -> None:
    """Signed in CRM, closed as won, and never set up in billing, product or ERP."""
    for name, seats in (("small", (5, 60)), ("large", (100, 400))):
        title = f"closed-won without subscription ({name})"
        low, high = seats
        sub = subscription(world, title, lambda s, a=low, b=high: _simple(s) and a <= (seats_of(s).quantity or 0) < b)
        world.subscriptions.remove(sub)
        # The CRM's rows land with everybody's; billing's and the product's never do.
        later(world, "packages_landed", lambda s=sub: packages_landed.land_crm(world, s))
        signed = sub.versions[0]
        case(
            world,
            title,
            "R09",
            sub.contract_id,
            "B01",
            when=signed.signed_at + timedelta(hours=24),
            also=[f"R10:{signed.transaction_id}"],
        )


def _simple(sub: Subscription) -> bool:
    return sub.profile == "monthly" and not sub.ended and len(sub.versions) == 1 and seats_of(sub) is not None


def amended_in_crm_only(world: World) -> None:
    """More seats from the first of a month, signed; billing and product go on with the old package."""
    for name, extra in (("small", 5), ("large", 300)):
        title = f"amendment in CRM only ({name})"
        sub = subscription(
            world, title, lambda s: _simple(s) and s.start < date(2026, 5, 1) and not seats_of(s).discount
        )
        seats, effective = seats_of(sub), date(2026, 8, 1)
        assert seats
        billing = [copy.copy(t) for t in sub.contract]
        amend(world, sub, {seats.key: {"quantity": (seats.quantity or 0) + extra}}, effective)
        sub.items, version = billing, sub.versions[-1]
        later(world, "packages_landed", lambda s=sub, t=seats: _forget(world, s, t))
        case(
            world,
            title,
            "R10",
            version.transaction_id,
            "partial orchestration",
            when=version.signed_at + timedelta(hours=24),
            also=[f"R09:{sub.contract_id}", f"R01:{sub.subscription_id}|{seats.sku}"],
        )


def _forget(world: World, sub: Subscription, seats: Terms) -> None:
    """Billing's items and the product's entitlements as they were before the amendment."""
    first, new = sub.versions[0], f"ENT-{sub.number}-{sub.contract[-1].key}"
    table = world.tables["product.entitlements"]
    table[:] = [r for r in table if r["entitlement_id"] != new]
    entitlement(world, sub, seats).update(
        status="active", effective_to=None, updated_at=first.signed_at + timedelta(minutes=30)
    )
    keys = {sub.item_id(t): t for t in sub.items}
    for row in world.tables["billing.subscription_items"]:
        if row["item_id"] in keys:
            row.update(
                contract_line_id=sub.line_id(keys[row["item_id"]], 1), updated_at=first.signed_at + timedelta(hours=2)
            )


def amendment_not_in_erp(world: World) -> None:
    """Billed and posted, but the transaction's id did not travel with the invoice."""
    for name, least in (("small", 0), ("large", 150)):
        title = f"amendment missing in ERP ({name})"
        sub = subscription(world, title, lambda s, n=least: _amended_monthly(s) and (s.contract[-1].quantity or 0) > n)
        version = sub.versions[1]
        later(world, "posting", lambda t=title, v=version: _unlinked(world, t, v))


def _amended_monthly(sub: Subscription) -> bool:
    later_seats = sub.contract[-1]
    return (
        sub.interval == "month"
        and len(sub.versions) == 2
        and later_seats.sku.startswith("SEAT")
        and later_seats.opened_by == 2
        and later_seats.effective_from < date(2026, 8, 15)
    )


def _unlinked(world: World, title: str, version: Any) -> None:
    doc = next(r for r in world.tables["erp.ar_documents"] if r["correlation_id"] == version.transaction_id)
    doc["correlation_id"] = None
    closed = at(add_months(doc["posting_date"].replace(day=1), 1) + timedelta(days=7), 12)
    case(world, title, "R10", version.transaction_id, "partial orchestration", when=closed)


HOOKS = [
    ("contracts", unsubscribed),
    ("contracts", amended_in_crm_only),
    ("contracts", amendment_not_in_erp),
    ("packages_landed", extra_seats),
    ("packages_landed", live_after_end),
]
