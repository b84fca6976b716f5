"""The contract layer as rows: CRM contracts, billing subscriptions and items, product entitlements."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sample_data.clock import at
from sample_data.config import AS_OF
from sample_data.world.catalogue import KIND
from sample_data.world.state import Row, Subscription, Terms, World


def cancelled_at(sub: Subscription) -> datetime:
    return at(sub.term_end - timedelta(days=12), 10)


def _package(terms: Terms) -> Row:
    return {
        "sku": terms.sku,
        "price_id": terms.price_id,
        "quantity": terms.quantity,
        "discount_percent": terms.discount,
        "discount_until": terms.discount_until,
        "included_quantity": terms.included,
        "minimum_amount": terms.minimum,
    }


def known_end(sub: Subscription, terms: Terms, version: int) -> date | None:
    """Where the line ends as that contract version states it."""
    return terms.effective_to if terms.closed_by is None or terms.closed_by <= version else sub.end


def land_crm(world: World, sub: Subscription) -> None:
    first = sub.versions[0]
    world.add(
        "crm.opportunities",
        opportunity_id=f"OPP-{sub.number}",
        account_id=sub.customer.account_id,
        stage=world.dice.pick(("Closed Won", "Closed Won", "closed_won", "Closed - Won"), "stage", sub.number),
        close_date=first.signed_at.date(),
        currency=sub.currency,
        amount=0,
        updated_at=first.signed_at,
    )
    for v in sub.versions:
        row = world.add(
            "crm.contracts",
            contract_id=sub.contract_id,
            version=v.number,
            account_id=sub.customer.account_id,
            opportunity_id=f"OPP-{sub.number}",
            status="signed",
            currency=sub.currency,
            start_date=sub.start,
            end_date=sub.term_end,
            signed_at=v.signed_at,
            total_value=None,
            business_transaction_id=v.transaction_id,
            updated_at=v.signed_at,
        )
        if sub.ended == "cancelled" and v is sub.versions[-1]:
            row.update(status="terminated", updated_at=cancelled_at(sub))
        for terms in sub.contract:
            if terms.opened_by <= v.number:
                world.add(
                    "crm.contract_lines",
                    contract_line_id=sub.line_id(terms, v.number),
                    contract_id=sub.contract_id,
                    version=v.number,
                    billing_interval=sub.interval,
                    **_package(terms),
                    _currency=sub.currency,
                    effective_from=terms.effective_from,
                    effective_to=known_end(sub, terms, v.number),
                    updated_at=row["updated_at"],
                )


def _billing(world: World, sub: Subscription) -> None:
    signed, last = sub.versions[0].signed_at, sub.versions[-1]
    shared = {
        "subscription_id": sub.subscription_id,
        "customer_id": sub.customer.customer_id,
        "contract_id": sub.contract_id,
        "currency": sub.currency,
        "billing_interval": sub.interval,
        "start_date": sub.start,
    }
    world.add(
        "billing.subscriptions",
        **shared,
        status="active",
        end_date=sub.term_end if sub.ended != "cancelled" else None,
        cancelled_at=None,
        updated_at=signed + timedelta(hours=2),
    )
    if sub.ended:
        cancelled = cancelled_at(sub) + timedelta(hours=2) if sub.ended == "cancelled" else None
        world.add(
            "billing.subscriptions",
            **shared,
            status=sub.ended,
            end_date=sub.term_end,
            cancelled_at=cancelled,
            updated_at=at(sub.term_end, 1) if sub.ended == "expired" else cancelled,
        )
    for terms in sub.items:
        opened = sub.versions[terms.opened_by - 1]
        world.add(
            "billing.subscription_items",
            item_id=sub.item_id(terms),
            subscription_id=sub.subscription_id,
            contract_line_id=sub.line_id(terms, last.number),
            **_package(terms),
            _currency=sub.currency,
            effective_from=terms.effective_from,
            effective_to=terms.effective_to,
            business_transaction_id=opened.transaction_id,
            updated_at=last.signed_at + timedelta(hours=2),
        )


def _product(world: World, sub: Subscription) -> None:
    for terms in sub.contract:
        opened = sub.versions[terms.opened_by - 1]
        ended = terms.effective_to if terms.effective_to and terms.effective_to <= AS_OF.date() else None
        world.add(
            "product.entitlements",
            entitlement_id=f"ENT-{sub.number}-{terms.key}",
            tenant_id=sub.customer.tenant_id,
            subscription_id=sub.subscription_id,
            sku=terms.sku,
            limit_quantity=None if KIND[terms.sku] == "usage" else terms.quantity,
            status="cancelled" if ended else "active",
            effective_from=terms.effective_from,
            effective_to=terms.effective_to,
            business_transaction_id=opened.transaction_id,
            updated_at=at(ended, 0, 20) if ended else opened.signed_at + timedelta(minutes=30),
        )


def land_all(world: World) -> None:
    for sub in world.subscriptions:
        land_crm(world, sub)
        _billing(world, sub)
        _product(world, sub)
