"""Usage is computed again only in the months that a delivery touches, and comes to what a computation of all would."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pytest

from dagster_project.archive.parsing.content import content_hash
from dagster_project.dbt.manifest import DBT_PROJECT, parsed
from dagster_project.dbt.runner import BuildOutcome, build
from dagster_project.sources.contracts import load_contracts
from tests.dbt.dbt_in_process import rows
from tests.dbt.landed_world import find_copies
from tests.dbt.usage_world import UsageWorld

EVENTS = "landed.generic__product__usage_events"
METERED = "landed.generic__product__metered_usage"
TABLES = (
    "state.usage_delivery",
    "canonical.usage_repeat",
    "canonical.usage_day",
    "canonical.usage_unique",
    "canonical.usage_month",
    "state.usage_lag",
    "state.usage_name",
    "state.usage_repeat_counted",
)
COUNT_ONCE = "usage_events_count_once"
MONTHS = ("2025-12", "2026-01", "2026-02", "2026-03")
SEEDS = 12
COPIES = f"""
with deliveries as (
    select * replace ({content_hash(load_contracts()["product", "usage_events"])} as content_hash) from {EVENTS}
),
ranked as (
    select
        *, row_number() over copies as copy_number, first_value(content_hash) over copies as counted_hash,
        first_value(ingested_at) over copies as counted_at, count(*) over (partition by source_instance, event_id) as copies
    from deliveries
    window copies as (partition by source_instance, event_id order by ingested_at, content_hash, batch_id, row_number)
)
select
    source_instance, event_id, copy_number, tenant_id, subscription_id, meter_code, quantity, occurred_at, ingested_at,
    properties, content_hash, content_hash = counted_hash as is_equal_copy, counted_at, batch_id, row_number
from ranked
where copies > 1
order by all"""


class Company:
    """A warehouse to which deliveries come; `build` computes what follows from them."""

    def __init__(self, folder: Path):
        self.warehouse, self.work = folder / "tieout.duckdb", folder / "work"

    def build(self) -> None:
        with duckdb.connect(str(self.warehouse)) as connection:
            find_copies(connection)
        self.compute()

    def compute(self) -> None:
        wanted = ["+usage_month", "+usage_lag", "+usage_name", "+usage_repeat_counted"]
        outcome = self._run(wanted, exclude=["resource_type:test"])
        assert outcome.success, [f"{one.name}: {one.message}" for one in outcome.failures] or outcome.error

    def _run(self, select: Sequence[str], exclude: Sequence[str] = ()) -> BuildOutcome:
        return build(parsed(DBT_PROJECT), self.warehouse, self.work, self.work / "logs", select=select, exclude=exclude)

    def counts_once(self) -> list[tuple]:
        """What the test finds of the events as they were computed last: source, event, times."""
        self._run([COUNT_ONCE])
        [query] = (self.work / "target").rglob(f"compiled/**/{COUNT_ONCE}.sql")
        return rows(self.warehouse, query.read_text(encoding="utf-8"))

    def has(self) -> dict[str, list[tuple]]:
        return {table: rows(self.warehouse, f"select * from {table} order by all") for table in TABLES}

    def computed(self, table: str) -> tuple[int, int]:
        """Partitions that the last build computed, and all there are."""
        state = f"select coalesce(max(run_computed_partitions), 0), count(*) from state.{table}__partitions"
        return rows(self.warehouse, state)[0]

    def change(self, statement: str, *values: object) -> None:
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute(statement, list(values))


@pytest.fixture
def company(tmp_path) -> Company:
    world = UsageWorld(tmp_path / "tieout.duckdb", tmp_path)
    for key, meter, sku in (("adds", "api", "API"), ("peaks", "peak", "PEAK"), ("counts", "users", "USERS")):
        world.sells(key, sku)
        for month in MONTHS[1:]:
            world.uses(key, meter, 3, 5, 4, month=month, keys=["ann", "bob", "ann"])
            world.uses(key, meter, 6, month=month, keys=["eve"], ingested_at="2026-04-20 00:00")  # after metering ran
        world.metered(key, meter, 12, 3)
    world.close()
    return Company(tmp_path)


def _afresh(company: Company, folder: Path) -> dict[str, list[tuple]]:
    """What a warehouse that never saw an earlier state comes to."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(company.warehouse, folder / "tieout.duckdb")
    other = Company(folder)
    other.change("drop schema state cascade")
    other.build()
    return other.has()


def test_a_late_event_of_one_month_computes_that_month_alone(company, tmp_path):
    company.build()
    assert company.computed("usage_day") == (3, 3)
    before = company.has()
    company.build()
    assert company.computed("usage_day") == (0, 3), "nothing new was delivered"
    assert company.has() == before
    company.change(
        f"insert into {EVENTS} select * replace ('late' as event_id, 'b2' as batch_id, 1 as row_number,"
        " timestamp '2026-05-01 00:00' as ingested_at, 7 as quantity)"
        f" from {EVENTS} where month(occurred_at) = 1 and subscription_id = 'adds' limit 1"
    )
    company.build()
    assert company.computed("usage_delivery") == (1, 2), "a batch that was read is not read again"
    assert company.computed("usage_day") == (1, 3)
    assert company.computed("usage_unique") == (1, 3)
    late = rows(
        company.warehouse,
        "select service_month, valid_quantity from canonical.usage_month where subscription_id = 'adds' order by 1",
    )
    assert [quantity for _, quantity in late] == [25, 18, 18]


@pytest.mark.parametrize(("counted_as", "times"), [(1, 2), (2, 0)], ids=["twice", "never"])
def test_an_event_that_counts_twice_or_never_is_told(company, counted_as, times):
    """Of a closed month too, whose days are not computed again: usage would be billed twice, or not at all."""
    company.change(
        f"insert into {EVENTS} select * replace ('b2' as batch_id, 1 as row_number, ingested_at + interval 1 day as ingested_at)"
        f" from {EVENTS} where month(occurred_at) = 1 and subscription_id = 'adds' limit 1"
    )
    company.build()
    assert company.counts_once() == []
    company.change("update landed.usage_copies set copy_number = ?", counted_as)
    company.compute()
    [(event,)] = rows(company.warehouse, "select distinct event_id from landed.usage_copies")
    assert (event, times) in [(name, found) for _, name, found in company.counts_once()]
    assert company.computed("usage_repeat_counted") == (1, 3)


def _deliver(company: Company, chance: random.Random, step: int) -> None:
    """New events of any months, and copies of known ids that came before or after, with equal or with other content."""
    month = f"{chance.choice(MONTHS)}-{chance.randint(1, 28):02} {chance.randint(0, 23):02}:30"
    company.change(
        f"insert into {EVENTS} select * replace ('new-{step}-' || event_id as event_id, 'b-{step}' as batch_id,"
        f" timestamp '{month}' as occurred_at, timestamp '{month}' + interval 2 day as ingested_at)"
        f" from {EVENTS} using sample 4 rows (reservoir, {chance.randint(1, 999)})"
    )
    company.change(
        f"insert into {EVENTS} select * replace ('c-{step}' as batch_id, quantity + {chance.randint(0, 1)} as quantity,"
        f" content_hash || '{step}' as content_hash, timestamp '{month}' as occurred_at,"
        " ingested_at + to_hours(case when event_id like '%0' then 48 else -48 end) as ingested_at)"
        f" from {EVENTS} using sample 3 rows (reservoir, {chance.randint(1, 999)})"
    )
    for batch in ("b", "c"):
        company.change(
            f"update {EVENTS} set row_number = numbered.position from (select rowid as place, row_number() over (order by rowid)"
            f" as position from {EVENTS} where batch_id = '{batch}-{step}') as numbered where {EVENTS}.rowid = numbered.place"
        )


def _take_back(company: Company, chance: random.Random, step: int) -> None:
    """What an earlier knowledge did not have: as when a past state is looked at."""
    company.change(f"delete from {EVENTS} where batch_id in ('b-{chance.randint(0, step)}', 'c-{step - 1}')")


def _meter_again(company: Company, chance: random.Random, step: int) -> None:
    company.change(
        f"insert into {METERED} select * replace (meter_record_id || '-{step}' as meter_record_id,"
        f" computed_at + to_days({chance.randint(60, 90)}) as computed_at) from {METERED} limit 1"
    )


def _retag_tenants(company: Company, chance: random.Random, step: int) -> None:
    company.change("update landed.generic__product__tenants set is_test = not is_test")


def _wait_longer(company: Company, chance: random.Random, step: int) -> None:
    company.change(f"update config.parameters set usage_grace_days = {chance.randint(0, 40)}")


def _convert_otherwise(company: Company, chance: random.Random, step: int) -> None:
    company.change(
        "update landed.generic__product__meters set aggregation = case aggregation when 'sum' then 'max' when 'max' then 'unique'"
        " else 'sum' end, unit_multiplier = ?",
        chance.randint(1, 9),
    )


Change = Callable[[Company, random.Random, int], None]
CHANGES: tuple[Change, ...] = (
    _deliver,
    _meter_again,
    _take_back,
    _retag_tenants,
    _wait_longer,
    _convert_otherwise,
)


def _compare_after_each(company: Company, changes: tuple[Change, ...], seed: int, folder: Path) -> None:
    chance = random.Random(seed)
    company.build()
    for step, change in enumerate(changes):
        change(company, chance, step)
        company.build()
        held = company.has()
        assert held == _afresh(company, folder), f"seed {seed}, step {step}: {change.__name__}"
        assert held["canonical.usage_repeat"] == rows(company.warehouse, COPIES), f"seed {seed}, step {step}: copies"


def test_deliveries_and_corrections_come_to_what_computing_all_would(company, tmp_path):
    """A month left as it was although something that it follows from changed would bill what was corrected."""
    _compare_after_each(company, (_deliver, _meter_again, _take_back), 1, tmp_path / "afresh")


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_history_comes_to_what_computing_all_would(company, tmp_path, seed):
    changes = tuple(random.Random(seed).choices(CHANGES, k=6))
    _compare_after_each(company, changes, seed, tmp_path / "afresh")
