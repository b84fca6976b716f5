"""How a defect is planted: it takes a customer for itself, changes what one system did, and tells the truth of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime

from sample_data.clock import at
from sample_data.world.state import Row, Subscription, World

# The source that issues the first id of the match key.
INSTANCE = {
    **dict.fromkeys(("R09", "R10", "R36"), "crm"),
    **dict.fromkeys(("R21", "R22", "R23", "R29", "R31", "R32", "R33", "R34", "R35", "R08", "R20", "R30"), "erp"),
}
Choice = Callable[[Subscription], bool]


def case(
    world: World,
    title: str,
    code: str,
    match_key: str,
    cause: str,
    *,
    amount: int | None = None,
    currency: str | None = None,
    when: datetime | date,
    also: Iterable[str] = (),
    instance: str | None = None,
) -> None:
    """One row of the truth. `amount` is left less right in minor units, empty where no money is measured."""
    world.truth.append(
        {
            "defect_id": f"D{len(world.truth) + 1:03d}",
            "title": title,
            "code": code,
            "match_key": match_key,
            "source_instance": instance or INSTANCE.get(code, "billing"),
            "cause": cause,
            "amount_minor": amount,
            "currency": currency if amount is not None else None,
            "first_detectable_at": (when if isinstance(when, datetime) else at(when)).isoformat(),
            "also_expected": ";".join(also),
        }
    )


def quiet(world: World, title: str, code: str, match_key: str) -> None:
    """A difference below its control's tolerance: recorded with the decoys, because it must stay silent."""
    world.decoy(f"{title}, below tolerance", code, match_key)


def later(world: World, stage: str, action: Callable[[], None]) -> None:
    """Has `action` done at the end of a later stage, when what the defect led to can be read off."""
    world.notes["later"].setdefault(stage, []).append(action)


def free(world: World, sub: Subscription) -> bool:
    renamed = sub.customer.number == world.customer_count - 6
    return sub.customer.customer_id not in world.reserved and sub.profile not in SPECIAL and not renamed


def take(world: World, sub: Subscription) -> Subscription:
    world.reserved.add(sub.customer.customer_id)
    return sub


def subscription(world: World, title: str, test: Choice) -> Subscription:
    """The first free subscription that passes, in an order of its own for every title; its customer is then taken."""
    ordered = sorted(world.subscriptions, key=lambda s: world.dice.bits(title, s.number))
    return take(world, next(s for s in ordered if free(world, s) and test(s)))


def invoice(world: World, title: str, *tests: Callable[[Row], bool]) -> Row:
    """The same for finalized invoices without credit, void or rebill; a later test counts where none passes before."""
    ordered = sorted(world.tables["billing.invoices"], key=lambda r: world.dice.bits(title, r["invoice_id"]))
    found = next(r for test in tests for r in ordered if plain(r) and free(world, r["_sub"]) and test(r))
    take(world, found["_sub"])
    return found


def plain(row: Row) -> bool:
    linked = row.get("_credits") or row["replaces_invoice_id"] or row.get("_old")
    return row["status"] in ("open", "paid") and not linked and row["correlation_id"].startswith("COR-")


def immediate(row: Row) -> bool:
    """No line of it is deferred: what happens to it moves revenue in one period."""
    from sample_data.accounting.posting import is_deferred

    return not any(is_deferred(line, row["issue_date"]) for line in row["_lines"])


SPECIAL = {"twin", "nine", "leap", "leap_year", "zero", "flight", "prepaid"}
