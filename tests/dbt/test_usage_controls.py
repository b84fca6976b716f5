"""Controls R03, R05, R06 and the bridge on a company in which every subscription shows one thing."""

from __future__ import annotations

import pytest

from dagster_project.dbt.manifest import DBT_PROJECT, parsed
from dagster_project.dbt.runner import build
from tests.dbt.dbt_in_process import rows
from tests.dbt.usage_world import UsageWorld


def _capture(world: UsageWorld) -> None:
    for key, meter, sku in (
        ("sound", "api", "API"), ("dropped", "api", "API"), ("resent", "api", "API"), ("retried", "api", "API"),
        ("tested", "api", "API"), ("phantom", "api", "API"), ("giver", "api", "API"), ("taker", "api", "API"),
        ("mebibytes", "mb", "STORAGE"), ("late", "api", "API"), ("edge", "api", "API"), ("corrected", "api", "API"),
        ("peak", "peak", "PEAK"), ("distinct", "users", "USERS"), ("rejected", "api", "API"), ("running", "api", "API"),
        ("floor", "api", "API"),
    ):  # fmt: skip
        world.sells(key, sku, minimum_amount=5 if key == "floor" else 0)
        if key not in ("running", "mebibytes", "peak", "distinct", "phantom", "resent", "retried"):
            world.uses(key, meter, 100, 200)
    world.sells("unpriced", "API", signed=False)
    world.uses("unpriced", "api", 100)
    world.metered("unpriced", "api", 90, 0)
    world.metered("sound", "api", 300, 2)
    world.metered("dropped", "api", 200, 1)
    world.uses("resent", "api", 100, copies=2)
    world.metered("resent", "api", 200, 2)
    world.uses("retried", "api", 70)
    again = f"EV-{world._events}"
    world.uses("retried", "api", 70, event_id=again, occurred_at="2026-02-11 09:00", ingested_at="2026-02-11 09:01")
    world.metered("retried", "api", 140, 2)
    world.uses("tested", "api", 40, tenant_id="TEST")
    world.metered("tested", "api", 340, 3)
    world.metered("phantom", "api", 50, 1)
    world.metered("giver", "api", 100, 1)
    world.metered("taker", "api", 500, 3)
    world.uses("mebibytes", "mb", 1000)
    world.metered("mebibytes", "mb", "1.048576", 1)
    world.uses("late", "api", 50, ingested_at="2026-03-20 00:00")
    world.metered("late", "api", 300, 2)
    world.metered("edge", "api", 100, 1)
    world.uses("edge", "api", 10, month="2026-03")
    world.metered("edge", "api", 210, 2, month="2026-03")
    world.metered("corrected", "api", 350, 3)
    world.metered("corrected", "api", -50, -1, suffix="-c", computed_at="2026-03-04 06:00")
    world.uses("peak", "peak", 5, 9, 7)
    world.metered("peak", "peak", 8, 3)
    world.metered("peak", "peak", 9, 3, suffix="-c", computed_at="2026-03-04 06:00")
    world.uses("distinct", "users", 1, 1, 1, keys=["ann", "bob", "ann"])
    world.metered("distinct", "users", 2, 3)
    world.metered("rejected", "api", 300, 2)
    world.reject(
        "product",
        "usage_events",
        "EV-x",
        {"subscription_id": "rejected", "meter_code": "api", "occurred_at": "2026-02-28T23:59:00Z"},
    )
    world.uses("running", "api", 100, month="2026-04")
    world.metered("floor", "api", 10, 1)


# match key without its meter and month: status, cause, quantity short, money short
CAPTURE = {
    "sound": ("matched", None, 0, 0),
    "dropped": ("break", "A01", 100, 1000),
    "resent": ("break", "A04", -100, -1000),
    "retried": ("break", "A04", -70, -700),
    "tested": ("break", "A05", -40, -400),
    "phantom": ("break", "A05", -50, -500),
    "giver": ("break", "A06", 200, 2000),
    "taker": ("break", "A06", -200, -2000),
    "mebibytes": ("break", "A08", -48576, 0),
    "late": ("matched", None, 0, 0),
    "edge": ("matched", None, 0, 0),
    "corrected": ("matched", None, 0, 0),
    "peak": ("matched", None, 0, 0),
    "distinct": ("matched", None, 0, 0),
    "rejected": ("not_testable", None, 0, 0),
    "running": ("timing", None, 100, 1000),
    "floor": ("break", "A01", 290, 2500),
    "unpriced": ("break", "A01", 10, None),
}


def _quantities(world: UsageWorld) -> None:
    for key in ("all_billed", "unbilled", "mistyped", "issued_twice", "rebilled", "march"):
        world.sells(key, "API", minimum_amount=25 if key == "unbilled" else 0)
        month = "2026-03" if key == "march" else "2026-02"
        world.uses(key, "api", 200, month=month)
        world.metered(key, "api", 200, 1, month=month)
    world.bills("all_billed", "API", 200, 20)
    world.bills("mistyped", "API", 220, 22)
    world.bills("issued_twice", "API", 200, 20)
    world.bills("issued_twice", "API", 200, 20, line="L-issued_twice-again", final="2026-03-06 08:00")
    world.bills("rebilled", "API", 200, 20)
    world.bills("rebilled", "API", 200, 20, line="L-rebilled-new", replaces="IN-L-rebilled", final="2026-03-07 08:00")
    # seats beside usage with a minimum, in a month in which nothing was used; of one the minimum was billed
    for key in ("idle", "idle_and_billed"):
        usage = {"sku": "API", "price_id": "API-USD", "quantity": None, "discount_percent": 0, "included_quantity": 0,
                 "minimum_amount": 25, "effective_from": "2026-01-01"}  # fmt: skip
        seats = usage | {"sku": "SEAT", "price_id": "SEAT-USD", "quantity": 1, "minimum_amount": 0}
        world.sells(key, "API", minimum_amount=25, signed=False)
        world.add("billing", "billing", "subscription_items", {
            "item_id": f"IT-{key}-2", "subscription_id": key, "contract_line_id": f"CL-{key}-12",
            "updated_at": "2026-01-01 00:00", **seats,
        })  # fmt: skip
        world.version(key, 1, usage, seats, interval="month")
        world.bills(key, "SEAT", 1, 31, line=f"L-{key}-seat")
    world.metered("idle", "api", 0, 0)
    world.bills("idle_and_billed", "API", 1, 25, kind="minimum")


QUANTITIES = {
    "all_billed": ("matched", None, 0, 0),
    "unbilled": ("break", "B03", 200, 2500),
    "mistyped": ("break", "B04", -20, -200),
    "issued_twice": ("matched", None, 0, 0),
    "rebilled": ("matched", None, 0, 0),
    "march": ("timing", "B03", 200, 2000),
    "idle": ("break", "B03", 0, 2500),
}


def _amounts(world: UsageWorld) -> None:
    agreed = {
        "sku": "API",
        "discount_percent": 0,
        "included_quantity": 0,
        "minimum_amount": 0,
        "effective_from": "2026-01-01",
    }
    for key, sku, terms in (
        ("old_price", "API", {}), ("cent", "API", {}), ("free_units", "API", {"included_quantity": 100}),
        ("no_minimum", "API", {"minimum_amount": 50}), ("topped_up", "API", {"minimum_amount": 50}),
        ("graduated", "VOL", {}), ("supplement", "VOL", {}), ("pack", "PACK", {}), ("odd", "API", {}),
        ("expired", "SEAT", {"discount_percent": 10, "discount_until": "2026-01-31"}), ("seat", "SEAT", {}),
        ("short_month", "SEAT", {"effective_from": "2026-02-10"}), ("thirty", "SEAT", {"effective_from": "2026-03-10"}),
        ("unused_rest", "SEAT", {}), ("leap", "YEAR", {"start": "2024-02-29"}), ("euro", "API", {"currency": "EUR"}),
        ("ended", "SEAT", {"end": "2026-02-01"}), ("setup", "SETUP", {}), ("stale", "API", {"price_id": "API-OLD"}),
    ):  # fmt: skip
        world.sells(key, sku, **terms)
    world.version("stale", 2, agreed | {"price_id": "API-USD"})
    world.bills("old_price", "API", 100, 8)
    world.bills("cent", "API", 100, "10.01")
    world.bills("free_units", "API", 300, 30)
    world.bills("no_minimum", "API", 100, 10)
    world.bills("topped_up", "API", 100, 10)
    world.bills("topped_up", "API", 1, 40, line="L-top", kind="minimum")
    world.bills("graduated", "VOL", 101, 1009)
    world.bills("supplement", "VOL", 100, 1000)
    world.bills("supplement", "VOL", 1, -91, line="L-supplement-2", final="2026-03-20 08:00")
    world.bills("pack", "PACK", 1001, 25)
    world.bills("odd", "API", 100, "3.33")
    world.bills("expired", "SEAT", 2, "55.80", discount_amount="6.20")
    world.bills("seat", "SEAT", 2, 62)
    world.bills("short_month", "SEAT", 28, 589, start="2026-02-10", is_proration=True)
    world.bills("thirty", "SEAT", 1, "22.73", start="2026-03-10", end="2026-04-01", is_proration=True)
    world.bills("unused_rest", "SEAT", 28, -589, start="2026-02-10", is_proration=True)
    world.bills("leap", "YEAR", 1, 366, start="2026-02-28", end="2027-02-28")
    world.bills("euro", "API", 100, 10)
    world.bills("ended", "SEAT", 1, 31)
    world.bills("setup", "SETUP", 1, 500, start="2026-02-03", end="2026-02-03")
    world.bills("stale", "API", 100, 8)
    world.reject(
        "billing",
        "invoice_lines",
        "L-illegible",
        {"subscription_id": "illegible", "sku": "API", "service_start": "2026-02-01"},
    )


AMOUNTS = {
    "L-old_price": ("break", "B05", 200),
    "L-cent": ("in_tolerance", "B10", -1),
    "L-free_units": ("break", "B06", -1000),
    "L-no_minimum": ("break", "B06", 4000),
    "L-topped_up": ("matched", None, 0),
    "L-top": ("matched", None, 0),
    "L-graduated": ("break", "B05", -10000),
    "L-supplement": ("matched", None, 0),
    "L-supplement-2": ("matched", None, 0),
    "L-pack": ("matched", None, 0),
    "L-odd": ("break", "B99", 667),
    "L-expired": ("break", "B08", 620),
    "L-seat": ("matched", None, 0),
    "L-short_month": ("matched", None, 0),
    "L-thirty": ("break", "B07", -73),
    "L-unused_rest": ("matched", None, 0),
    "L-leap": ("matched", None, 0),
    "L-euro": ("not_testable", None, None),
    "L-ended": ("not_testable", None, None),
    "L-setup": ("matched", None, 0),
    "L-stale": ("break", "B02", 200),
    "L-illegible": ("not_testable", None, None),
}


CASES = (_capture, _quantities, _amounts)
WANTED = (
    "+bridge_cells",
    "+bridge_allocation",
    "+bridge_tax",
    "+bridge_reporting",
    "+bridge_rollforward",
    "+r03_raw_to_metered_usage",
    "+r05_metered_to_billed_quantity",
    "+r06_rerated_to_billed_amount",
)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    work = tmp_path_factory.mktemp("usage")
    path = work / "tieout.duckdb"
    world = UsageWorld(path, work / "home")
    for fill in CASES:
        fill(world)
    world.close()
    outcome = build(parsed(DBT_PROJECT), path, work, work / "logs", select=WANTED)
    assert outcome.success, [f"{one.name}: {one.message}" for one in outcome.failures] or outcome.error
    return path


def _found(warehouse, control: str, columns: str, key: str = "split_part(match_key, '|', 1)") -> dict[str, tuple]:
    query = f"select {key}, status, cause_code, {columns} from reconciliation.{control}"
    return {name: tuple(rest) for name, *rest in rows(warehouse, query + " order by match_key desc")}


def test_metering_is_short_or_over_by_what_its_events_say(warehouse):
    """A wrong cause sends a lost invoice to the wrong team; a late event reported here would be reported twice."""
    quantity = (
        "cast(delta_quantity * case when match_key like 'mebibytes%' then 1000000 else 1 end as bigint), delta_minor"
    )
    found = _found(warehouse, "r03_raw_to_metered_usage", quantity)
    assert {key: found[key] for key in CAPTURE} == CAPTURE


def test_what_metering_handed_over_is_billed_once(warehouse):
    found = _found(warehouse, "r05_metered_to_billed_quantity", "cast(delta_quantity as bigint), delta_minor")
    assert {key: found[key] for key in QUANTITIES} == QUANTITIES


def test_a_minimum_that_nobody_billed_breaks_though_nothing_was_used(warehouse):
    """Beside a fee that was invoiced, no line of usage and no missing invoice shows it: the commitment is never earned."""
    query = "select reason from reconciliation.r05_metered_to_billed_quantity where match_key = 'idle|API|2026-02-01'"
    ((reason,),) = rows(warehouse, query)
    assert reason.endswith("The minimum of 25.00 USD is owed for a month without usage too, and is on no invoice.")
    query = "select match_key from reconciliation.r05_metered_to_billed_quantity where match_key like 'idle_and_%'"
    assert rows(warehouse, query) == []


def test_every_line_is_priced_as_agreed_or_says_by_which_factor_it_is_not(warehouse):
    found = _found(warehouse, "r06_rerated_to_billed_amount", "delta_minor", key="match_key")
    assert {key: found.get(key) for key in AMOUNTS} == AMOUNTS
    others = {key: result for key, result in found.items() if key not in AMOUNTS and result[0] != "matched"}
    assert others == {}


@pytest.mark.parametrize(
    "control", ["r03_raw_to_metered_usage", "r05_metered_to_billed_quantity", "r06_rerated_to_billed_amount"]
)
def test_whatever_is_not_matched_says_why_in_words(warehouse, control):
    assert (
        rows(warehouse, f"select match_key from reconciliation.{control} where status <> 'matched' and reason is null")
        == []
    )


def test_amounts_in_reasons_have_the_decimals_of_their_currency(warehouse):
    query = "select reason from reconciliation.r06_rerated_to_billed_amount where match_key = 'L-no_minimum'"
    assert "10.00 USD" in rows(warehouse, query)[0][0] and "40.00 USD are missing" in rows(warehouse, query)[0][0]


def test_every_leg_of_the_bridge_is_explained_without_a_plug_where_evidence_exists(warehouse):
    """A plug would hide leakage; the one line that no factor explains is the only residual."""
    query = "select subscription_id, cause_code, amount_minor from marts.bridge_allocation where cause_code like '%99' and amount_minor <> 0"
    assert sorted(rows(warehouse, query)) == [("odd", "B99", 667)]


def test_late_and_moved_usage_is_in_the_bridge_though_no_break_of_metering(warehouse):
    query = """select subscription_id, cause_code, cast(sum(amount_minor) as bigint) from marts.bridge_allocation
        where leg = 'A' and amount_minor <> 0 and subscription_id in ('late', 'edge') group by all order by all"""
    assert rows(warehouse, query) == [("edge", "A02", -2000), ("edge", "A07", 2000), ("late", "A03", 500)]
