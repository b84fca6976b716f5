"""Which cells of the proof of revenue a defect really breaks: what is clearly trivial to its entity stays silent."""

from __future__ import annotations

from collections import defaultdict

from sample_data.accounting.posting import rate_of
from sample_data.clock import month_end, period_of
from sample_data.config import DEFERRED, ENTITY, UNBILLED
from sample_data.money import convert
from sample_data.world.catalogue import ACCOUNT
from sample_data.world.state import World

THRESHOLD = (25, 100_000)  # 5 % of 0.5 % of the entity's revenue of the period
Cell = tuple[str, str, str]


def gaps(world: World) -> dict[Cell, int]:
    """Billed net of credits and voids, less revenue and the change of deferred and unbilled, per cell."""
    found: dict[Cell, int] = defaultdict(int)
    for row in world.tables["billing.invoices"]:
        if row["status"] == "draft" or row.get("_old"):
            continue
        found[row["legal_entity_code"], row["currency"], period_of(row["issue_date"])] += row["net_amount"]
        if row["status"] == "void":
            when = period_of(row["updated_at"].date())
            found[row["legal_entity_code"], row["currency"], when] -= row["net_amount"]
    for row in world.tables["billing.credit_notes"]:
        found[row["legal_entity_code"], row["currency"], period_of(row["issue_date"])] -= row["net_amount"]
    accounts = {*ACCOUNT.values(), DEFERRED, UNBILLED}
    for row in world.tables["erp.journal_lines"]:
        if row["account_number"] in accounts:
            found[row["legal_entity_code"], row["currency"], row["period"]] -= row["credit"] - row["debit"]
    return found


def thresholds(world: World) -> dict[tuple[str, str], int]:
    """The clearly-trivial threshold per entity and period, in the entity's base currency."""
    revenue: dict[tuple[str, str], int] = defaultdict(int)
    for row in world.tables["erp.journal_lines"]:
        if row["account_number"] in set(ACCOUNT.values()):
            revenue[row["legal_entity_code"], row["period"]] += row["base_credit"] - row["base_debit"]
    return {key: max(amount, 0) * THRESHOLD[0] // THRESHOLD[1] for key, amount in revenue.items()}


def trim(world: World) -> None:
    """Takes out of the truth the echoes in R32 that are within tolerance."""
    open_gaps, trivial = gaps(world), thresholds(world)

    def is_silent(echo: str) -> bool:
        code, _, key = echo.partition(":")
        if code != "R32":
            return False
        entity, currency, period = key.split("|")
        rate = rate_of(world, entity, currency, month_end(period))
        gap = convert(open_gaps[entity, currency, period], currency, ENTITY[entity].currency, rate)
        return abs(gap) <= trivial.get((entity, period), 0)

    for row in world.truth:
        echoes = [echo for echo in row["also_expected"].split(";") if echo]
        row["also_expected"] = ";".join(echo for echo in echoes if not is_silent(echo))


HOOKS = [("decoys", trim)]
