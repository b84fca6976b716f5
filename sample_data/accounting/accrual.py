"""Usage of a closed month that is not yet billed: accrued at month end, reversed on the next day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from sample_data.accounting.journal import Entry, post, reverse
from sample_data.accounting.posting import rate_of
from sample_data.clock import at, month_end, month_start, next_period
from sample_data.config import ENTITY, PERIODS, RUNNING, UNBILLED
from sample_data.money import convert
from sample_data.world.catalogue import ACCOUNT, METERS
from sample_data.world.rating import usage_value
from sample_data.world.state import Subscription, World


def billed_days(world: World) -> dict[tuple[str, str, date], date]:
    """The day on which each usage cell was first invoiced, if it ever was."""
    found: dict[tuple[str, str, date], date] = {}
    for line in world.tables["billing.invoice_lines"]:
        if line["kind"] == "usage" and line["_invoice"]["status"] != "draft":
            key = (line["subscription_id"], line["sku"], line["service_start"])
            found[key] = min(found.get(key, date.max), line["_invoice"]["issue_date"])
    return found


def _unbilled(
    world: World, sub: Subscription, period: str, billed: dict[tuple[str, str, date], date]
) -> list[tuple[str, int]]:
    """Values of ended months that no invoice holds by the period's last day, at contract terms."""
    last, found = month_end(period), []
    for terms in sub.contract:
        if terms.sku not in METERS:
            continue
        for month in PERIODS[: PERIODS.index(period) + 1]:
            start = month_start(month)
            if terms.covers(start) and billed.get((sub.subscription_id, terms.sku, start), date.max) > last:
                cell = world.metered.get((sub.subscription_id, METERS[terms.sku][0], month))
                if cell:
                    found.append((terms.sku, usage_value(world, terms, sub.currency, cell["quantity"], start)))
    return found


def build(world: World) -> None:
    billed = billed_days(world)
    for period in PERIODS[: PERIODS.index(RUNNING)]:
        groups: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
        for sub in world.subscriptions:
            groups[sub.customer.entity, sub.currency] += _unbilled(world, sub, period, billed)
        last = month_end(period)
        for (entity, currency), values in sorted(groups.items()):
            skip = (entity, currency, period) in world.notes["accrual_skipped"]
            world.notes["accrual_value"][entity, currency, period] = sum(v for _, v in values)
            entries = []
            rate = rate_of(world, entity, currency, last)
            for sku, value in values:
                base = convert(value, currency, ENTITY[entity].currency, rate)
                entries += [Entry(UNBILLED, value, base), Entry(ACCOUNT[sku], -value, -base)]
            if short := world.notes["accrual_short"].get((entity, currency, period)):
                entries += [Entry(UNBILLED, -short, -short), Entry(ACCOUNT[values[0][0]], short, short)]
            if sum(v for _, v in values) and not skip:
                rows = post(
                    world,
                    f"JA-{entity}-{currency}-{period}",
                    entity,
                    currency,
                    last,
                    "revenue",
                    entries,
                    created_at=at(last, 12) + timedelta(minutes=10),
                )
                following = month_start(next_period(period))
                reverse(world, rows, f"JA-{entity}-{currency}-{period}-r", following)
