"""The same facts delivered in any order, in any cut, twice, late, and with kills in between, are the same facts."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest

from dagster_project.settings import load
from tests.faults import deliveries, processes, schedules, victims
from tests.faults.scale import some

pytestmark = pytest.mark.faults
OBJECTS = ("product/usage_events", "product/entitlements", "billing/invoices", "billing/invoice_lines",
           "billing/payments", "billing/subscriptions", "erp/ar_documents")  # fmt: skip


@pytest.fixture(scope="module")
def staging(planted) -> dict[str, str]:
    """The SQL of the staging models, as executed: which rows count, and what they say."""
    compiled = planted.folder / ".tieout/dbt/target/compiled/tieout/models/staging"
    models = {file.stem: file.read_text(encoding="utf-8") for file in compiled.rglob("stg_*.sql")}
    wanted = {f"stg_generic__{place.replace('/', '__')}" for place in OBJECTS}
    assert models.keys() >= wanted
    return {name: models[name] for name in sorted(wanted)}


@pytest.fixture(scope="module")
def expected(tmp_path_factory, staging) -> dict[str, list[tuple]]:
    """What the rows say when each object comes whole."""
    folder = deliveries.configure(tmp_path_factory.mktemp("whole"))
    schedules.lay(folder, schedules.whole(schedules.tables(OBJECTS)))
    assert processes.run(victims.take, folder).words == ""
    found = facts(folder, staging)
    assert found["in conflict"], "the sample company delivers some keys twice, with other content"
    return found


@pytest.mark.parametrize("seed", some(50))
def test_any_schedule_of_deliveries_ends_in_the_same_facts(tmp_path, staging, expected, seed, counted):
    folder = deliveries.configure(tmp_path)
    runs, files = schedules.schedule(seed, schedules.tables(OBJECTS))
    dice = random.Random(seed)
    for run in range(runs):
        schedules.lay(folder, [file for file in files if file.run == run])
        if dice.random() < 0.5:
            processes.run(victims.take, folder, at=dice.randrange(200))
            counted("kills between deliveries", 1)
        assert processes.run(victims.take, folder).words == ""
    found = facts(folder, staging)
    assert {name: rows for name, rows in found.items() if rows != expected[name]} == {}
    counted("schedules", 1)


def facts(folder: Path, staging: dict[str, str]) -> dict[str, list[tuple]]:
    """Rows and an order-free hash of each staging model, and which rows were rejected or in conflict, and why."""
    with duckdb.connect(str(load(folder / "tieout.yml").warehouse_path), read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        found = {name: con.execute(_hashed(sql)).fetchall() for name, sql in staging.items()}
        found["rejected"] = con.execute(
            "select distinct object, key_text, column_name, value, expected from landed.quarantine order by all"
        ).fetchall()
        found["in conflict"] = con.execute(
            "select distinct object, key_text, content_hash from landed.conflicts where kind = 'conflict' order by all"
        ).fetchall()
    return found


def _hashed(sql: str) -> str:
    """Where a fact lies follows from how it was cut; what it says does not."""
    said = f"select columns(lambda name: name not in ('batch_id', 'row_number')) from ({sql})"
    return f"select count(*), sum(hash(facts)::hugeint)::hugeint from ({said}) as facts"
