"""The stages of the world, in the order in which the real systems would act. Defects act between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import duckdb

from sample_data.accounting import accrual, cash, interface, month_end, posting, revenue
from sample_data.config import CUSTOMERS, SIZES
from sample_data.dice import Dice
from sample_data.world import (
    bill_run,
    catalogue,
    contracts,
    credits,
    customers,
    decoys,
    masters,
    metering,
    packages_landed,
    payments,
    prepaid,
    usage,
)
from sample_data.world.state import World

STAGES: list[tuple[str, Callable[[World], None]]] = [
    ("masters", masters.build),
    ("catalogue", catalogue.build),
    ("customers", customers.build),
    ("contracts", contracts.build),
    ("customers_landed", customers.land_all),
    ("packages_landed", packages_landed.land_all),
    ("usage", usage.build),
    ("metering", metering.build),
    ("metering_landed", metering.land_all),
    ("billing", bill_run.build),
    ("credits", credits.build),
    ("numbers", bill_run.number_documents),
    ("posting", posting.build),
    ("payments", payments.build),
    ("cash", cash.build),
    ("payouts", payments.payouts),
    ("prepaid", prepaid.build),
    ("schedules", revenue.schedules),
    ("recognition", revenue.recognition),
    ("accrual", accrual.build),
    ("month_end", month_end.build),
    ("interface", interface.build),
    ("decoys", decoys.build),
]
Hook = Callable[[World], None]


def new_world(size: str = "ci", seed: int = 1, events: int | None = None, customers: int | None = None) -> World:
    con = duckdb.connect()
    con.execute("set threads = 1; set timezone = 'UTC'; set enable_progress_bar = false")
    world = World(seed, events or SIZES[size], customers or CUSTOMERS, Dice(seed), con)
    world.notes["entity"] = {}
    for name in ("not_received", "no_message", "skipped", "missing_numbers", "planted_cells"):
        world.notes[name] = set()
    return world


class TooSmall(ValueError):
    """The company has no record left that a defect could be planted in."""


def build(world: World, hooks: list[tuple[str, Hook]] | None = None) -> World:
    """Runs every stage; after each, the hooks planted behind it. Raises TooSmall."""
    planted: dict[str, list[Hook]] = defaultdict(list)
    for stage, hook in hooks or []:
        planted[stage].append(hook)
    for stage, run in STAGES:
        run(world)
        for hook in planted[stage]:
            _plant(hook, world)
        for later in world.notes["later"].pop(stage, []):
            later()
    return world


def _plant(hook: Hook, world: World) -> None:
    """Every defect looks for a free record that fits it; in the sizes of the sample there always is one."""
    try:
        hook(world)
    except (StopIteration, LookupError, ValueError):
        what = f"{hook.__module__.rpartition('.')[2]}.{hook.__name__}"
        raise TooSmall(
            f"{world.customer_count:,} customers with {world.events:,} usage events are too few for all planted"
            f" defects: none is left for {what}; expected more of them, or a company without defects (--clean)"
        ) from None
