"""Masters: one customer twice, a SKU with two items, a parent that differs; a prepaid balance that does not roll."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from sample_data.clock import add_months, at, period_of
from sample_data.defects.planting import case, subscription
from sample_data.money import round_half_away
from sample_data.world.state import Customer, World


def _customer(world: World, title: str, tax_id: bool = True) -> Customer:
    return subscription(world, title, lambda s: not tax_id or bool(s.customer.tax_id)).customer


def duplicates(world: World) -> None:
    """Set up once more: in capitals under the same CRM account, or without one, with the same tax id."""
    for number, kind in enumerate(("case", "suffix"), 1):
        c = _customer(world, f"duplicate customer ({kind})")
        row = next(r for r in world.tables["billing.customers"] if r["customer_id"] == c.customer_id)
        created = at(date(2026, 4, 7 + number), 11)
        copy = {**row, "customer_id": f"CUS-9{number:03d}", "created_at": created, "updated_at": created}
        if kind == "case":
            copy["name"] = c.name.upper()
        else:
            stem = c.name.rsplit(" ", 1)[0]
            copy.update(
                name=f"{stem} Group",
                crm_account_id=None,
                tax_id=f"{str(c.tax_id)[:2].lower()} {str(c.tax_id)[2:]}",
                email=c.email.upper(),
            )
        world.tables["billing.customers"].append(copy)
        case(
            world, f"duplicate customer ({kind})", "R19", f"customers|{copy['customer_id']}", "duplicate", when=created
        )


def two_items(world: World) -> None:
    for sku in ("SUP-GOLD", "STO-BKT"):
        item = next(r for r in world.tables["erp.items"] if r["sku"] == sku)
        since = date(2026, 3, 1)
        world.add(
            "erp.items", **{**item, "item_code": f"ITEM-{sku}-B", "effective_from": since, "updated_at": at(since, 8)}
        )
        case(
            world,
            f"SKU mapped to two items ({sku})",
            "R37",
            sku,
            "twice mapped",
            when=at(since, 8) + timedelta(hours=24),
        )


def other_parent(world: World) -> None:
    """One row names another parent, one lost it."""
    for kind in ("another", "none"):
        title = f"parent differs in the ERP ({kind})"
        c = subscription(world, title, lambda s: s.customer.parent is not None).customer
        assert c.parent
        row = next(r for r in world.tables["erp.customers"] if r["erp_customer_id"] == c.erp_id)
        changed = at(date(2026, 5, 19), 14)
        row.update(parent_erp_customer_id=None if kind == "none" else f"EC-{c.parent % 40 + 1:04d}", updated_at=changed)
        case(
            world,
            title,
            "R36",
            f"{c.account_id}|parent_account_id",
            "rogue write" if kind == "another" else "missing",
            when=changed + timedelta(hours=24),
        )


def drawn_twice(world: World) -> None:
    """A drawdown recorded a second time: the balance, which knows it once, no longer rolls forward."""
    grants = {r["grant_id"]: r for r in world.tables["billing.prepaid_grants"]}
    draws = [
        d
        for d in world.tables["billing.prepaid_drawdowns"]
        if d["drawn_at"].date() < date(2026, 8, 1) and d["quantity"] * 20 < grants[d["grant_id"]]["quantity"]
    ]
    ordered = sorted(draws, key=lambda d: world.dice.bits("drawn", d["drawdown_id"]))
    taken: set[str] = set()
    for share in (30, 100):
        draw = next(d for d in ordered if grants[d["grant_id"]]["subscription_id"] not in taken)
        grant = grants[draw["grant_id"]]
        taken.add(grant["subscription_id"])
        quantity = (draw["quantity"] * share / 100).quantize(1)
        world.add(
            "billing.prepaid_drawdowns", **{**draw, "drawdown_id": draw["drawdown_id"] + "-2", "quantity": quantity}
        )
        value = round_half_away(Fraction(grant["amount"]) * Fraction(quantity) / Fraction(grant["quantity"]))
        period = period_of(draw["drawn_at"].date())
        case(
            world,
            f"drawdown used twice ({share} %)",
            "R07",
            f"{grant['subscription_id']}|API-PP|{period}",
            "B06",
            amount=-value,
            currency=grant["currency"],
            when=add_months(draw["drawn_at"].date().replace(day=1), 1),
        )


HOOKS = [
    ("customers_landed", duplicates),
    ("catalogue", two_items),
    ("customers_landed", other_parent),
    ("prepaid", drawn_twice),
]
