"""Deferred revenue: schedules by day count within each calendar month, and their monthly recognition."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from sample_data.accounting.journal import Entry, post
from sample_data.clock import at, month_end, months_between
from sample_data.config import DEFERRED, PERIODS, RUNNING
from sample_data.money import spread
from sample_data.world.catalogue import ACCOUNT
from sample_data.world.state import Row, Subscription, World


def version_at(sub: Subscription, day: date) -> int:
    return max(v.number for v in sub.versions if v.number == 1 or v.effective <= day)


def credited(line: Row) -> int:
    return sum(
        n["net_amount"] for n in line["_invoice"].get("_credits", []) if n["_line"]["line_id"] == line["line_id"]
    )


def schedule(
    world: World, line: Row, base: int, entity: str, currency: str, issued: date, updated: object
) -> list[Row]:
    """The line's rows, one per month. A credit in the month of billing has already lowered them."""
    sub: Subscription = line["_invoice"]["_sub"]
    months = months_between(line["service_start"], line["service_end"])
    days = [d for _, d in months]
    amount = line["amount"] - credited(line)
    rows = []
    for (period, _), part, base_part in zip(months, spread(amount, days), spread(base, days), strict=True):
        over = PERIODS[0] <= period < RUNNING
        row = world.add(
            "erp.revenue_schedules",
            schedule_id=f"RS-{line['line_id'][3:]}-{period}",
            contract_id=sub.contract_id,
            contract_version=version_at(sub, issued),
            subscription_id=sub.subscription_id,
            sku=line["sku"],
            legal_entity_code=entity,
            currency=currency,
            period=period,
            amount=part,
            status="recognized" if over else "planned",
            journal_id=f"JD-{entity}-{currency}-{period}" if over else None,
            updated_at=at(month_end(period), 12) if over else updated,
            _base=base_part,
        )
        rows.append(row)
    return rows


def schedules(world: World) -> None:
    documents = world.notes["document"]
    for doc in list(documents.values()):
        if doc["document_type"] != "invoice" or doc["status"] == "reversed" or "_skip_schedule" in doc:
            continue
        for posted in doc["_lines"]:
            line = posted["_source"]
            if posted["account_number"] == DEFERRED and line["kind"] == "recurring" and not posted.get("_unscheduled"):
                base = posted["_base"] - _base_credited(world, line)
                schedule(
                    world, line, base, doc["legal_entity_code"], doc["currency"], doc["posting_date"], doc["created_at"]
                )


def _base_credited(world: World, line: Row) -> int:
    notes = [n for n in line["_invoice"].get("_credits", []) if n["_line"]["line_id"] == line["line_id"]]
    memos = [world.notes["document"].get(n["credit_note_id"]) for n in notes]
    return sum(m["_lines"][0]["_base"] for m in memos if m)


def _prepaid(world: World) -> dict[tuple[str, str, str], list[Entry]]:
    """Drawn and expired quantities of each grant, at the grant's own price and rate."""
    found: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for grant in world.notes["grants"].values():
        for period, amount, base in grant["released"]:
            key = (grant["entity"], grant["currency"], period)
            found[key] += [Entry(DEFERRED, amount, base), Entry(ACCOUNT[grant["sku"]], -amount, -base)]
    return found


def recognition(world: World) -> None:
    """One journal per entity, currency and month over all rows that fall due in it; another for prepaid."""
    found: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for row in world.tables["erp.revenue_schedules"]:
        if row["status"] == "recognized" and not row.get("_unbooked"):
            found[row["legal_entity_code"], row["currency"], row["period"]] += [
                Entry(DEFERRED, row["amount"], row["_base"]),
                Entry(ACCOUNT[row["sku"]], -row["amount"], -row["_base"]),
            ]
    for prefix, groups in (("JD", found), ("JP", _prepaid(world))):
        for (entity, currency, period), entries in sorted(groups.items()):
            if period < RUNNING:
                post(
                    world,
                    f"{prefix}-{entity}-{currency}-{period}",
                    entity,
                    currency,
                    month_end(period),
                    "revenue",
                    entries,
                    created_at=at(month_end(period), 12) + timedelta(minutes=5),
                )
