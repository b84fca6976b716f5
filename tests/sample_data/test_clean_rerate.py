"""The clean world's invoices re-rate at contract terms, by the independent rater: if they did not, every amount that R06
finds there would be the sample's own fault."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.oracle.rater import Terms, Tier, interval, rate, top_up
from tests.sample_data.landing import load

DECIMALS = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "BHD": 3}
LINES = """
    select l.line_id, l.kind, l.quantity, l.amount, l.service_start, l.service_end, i.currency, s.subscription_id,
           l.sku, s.start_date, s.billing_interval, s.contract_id
    from billing.invoice_lines l join billing.invoices i using (invoice_id)
    join billing.subscriptions s using (subscription_id)
    where i.status in ('open', 'paid', 'uncollectible')
"""
TERMS = """
    select l.contract_id, l.sku, l.effective_from, l.effective_to, l.price_id, l.discount_percent, l.discount_until,
           l.included_quantity, l.minimum_amount, l.billing_interval
    from crm.contract_lines l
    join (select contract_id, max(version) as version from crm.contracts where status in ('signed', 'terminated')
          group by contract_id) using (contract_id, version)
"""


@pytest.fixture(scope="module")
def world(clean_files):
    con = load(clean_files)
    yield con
    con.close()


def records(con, query: str) -> list[dict]:
    cursor = con.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def terms_at(lines: list[dict], day: date) -> dict | None:
    for one in lines:
        if one["effective_from"] <= day and (one["effective_to"] is None or day < one["effective_to"]):
            return one
    return None


def test_every_line_of_a_live_invoice_is_what_the_contract_says(world):
    prices = {row["price_id"]: row for row in records(world, "from billing.prices")}
    tiers: dict[str, list[Tier]] = defaultdict(list)
    for row in records(world, "from billing.price_tiers order by price_id, tier_number"):
        tiers[row["price_id"]].append(Tier(row["up_to"], row["unit_amount"], row["flat_amount"]))
    contracted: dict[tuple, list[dict]] = defaultdict(list)
    for row in records(world, TERMS):
        contracted[row["contract_id"], row["sku"]].append(row)
    lines = records(world, LINES)
    used = {
        (row["subscription_id"], row["sku"], row["service_start"]): row["quantity"]
        for row in lines
        if row["kind"] == "usage"
    }

    checked: Counter = Counter()
    wrong = []
    for line in lines:
        is_rest_of_old = line["amount"] < 0
        day = line["service_start"] - timedelta(days=1) if is_rest_of_old else line["service_start"]
        agreed = terms_at(contracted[line["contract_id"], line["sku"]], day)
        if agreed is None:
            wrong.append((line["line_id"], "no terms in force"))
            continue
        price = prices[agreed["price_id"]]
        discounted = agreed["discount_until"] is None or agreed["discount_until"] >= line["service_start"]
        terms = Terms(
            scheme=price["scheme"],
            decimals=DECIMALS[line["currency"]],
            unit_amount=price["unit_amount"],
            package_size=price["package_size"],
            tiers=tuple(tiers[agreed["price_id"]]),
            included=agreed["included_quantity"] if line["kind"] in ("usage", "minimum") else Decimal(0),
            discount_percent=agreed["discount_percent"] if discounted else Decimal(0),
        )
        if line["kind"] == "minimum":
            minimum = int(agreed["minimum_amount"].scaleb(terms.decimals))
            quantity = used[line["subscription_id"], line["sku"], line["service_start"]]
            expected = top_up(quantity, terms, minimum)
        elif line["kind"] == "recurring":
            months = 12 if (agreed["billing_interval"] or line["billing_interval"]) == "year" else 1
            begins, ends = interval(line["start_date"], line["service_start"], months)
            active = (line["service_end"] - line["service_start"]).days
            expected = rate(line["quantity"], terms, active, (ends - begins).days) * (-1 if is_rest_of_old else 1)
        else:
            expected = rate(line["quantity"], terms)
        checked[line["kind"]] += 1
        if expected != int(line["amount"].scaleb(terms.decimals)):
            wrong.append((line["line_id"], line["kind"], expected, line["amount"]))
    assert wrong == []
    assert set(checked) == {"usage", "recurring", "minimum", "one_time"}
