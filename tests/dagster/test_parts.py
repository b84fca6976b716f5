"""Of a table that is made of parts only those are built again that may have changed: else a control's results of
yesterday would stand beside today's."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest

from dagster_project import warehouse
from dagster_project.dbt import changed, manifest, runner
from tests.dagster.mini_project import mini_project

PROPERTIES = """
sources: [{name: landed, schema: landed, tables: [{name: tax}, {name: cash}, {name: clock}]}]
models:
  - {name: r1, config: {meta: {code: R1}}}
  - {name: r2, config: {meta: {code: R2}}}
  - {name: results, config: {meta: {parts_by: code}}}
"""
RESULTS = """
select r.code, r.amount, h.hour from {{ ref('r1') }} as r cross join {{ ref('hour') }} as h
union all
select r.code, r.amount, h.hour from {{ ref('r2') }} as r cross join {{ ref('hour') }} as h"""
MODELS = {
    "r1.sql": "select 'R1' as code, amount % 10 as amount from {{ source('landed', 'tax') }}",
    "r2.sql": "select 'R2' as code, amount % 10 as amount from {{ source('landed', 'cash') }}",
    "hour.sql": "select amount % 2 as hour from {{ source('landed', 'clock') }}",
    "results.sql": RESULTS,
    "total.sql": "select sum(amount) as amount from {{ ref('results') }}",
}
SOURCES = ("tax", "cash", "clock")


@pytest.fixture
def project(tmp_path) -> manifest.ParsedProject:
    return mini_project(tmp_path / "project", MODELS, PROPERTIES)


class Company:
    def __init__(self, folder: Path, project: manifest.ParsedProject) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.project, self.file = folder, project, folder / "tieout.duckdb"
        self.do("create schema landed")

    def do(self, statement: str) -> list[tuple]:
        with duckdb.connect(str(self.file)) as con:
            return con.execute(statement).fetchall()

    def deliver(self, **amounts: int) -> None:
        for source, amount in amounts.items():
            self.do(f"create or replace table landed.{source} as select {amount} as amount")

    def close(self) -> bool:
        """Builds what changed; whether all of it succeeded."""
        with duckdb.connect(str(self.file)) as con:
            landed = warehouse.digests(con, self.folder, ("landed",))
            plan = changed.plan(con, self.project.as_dict(), "code", landed)
            changed.forget(con, plan.stale)
        outcome = runner.build(
            self.project, self.file, self.folder / "dbt", self.folder / "logs", nodes=plan.stale, plan=plan
        )
        with duckdb.connect(str(self.file)) as con:
            changed.record(con, plan, outcome.events)
        return outcome.success

    def books(self) -> list[tuple]:
        return self.do("select code, amount, hour from main.results order by all") + self.do("from main.total")


def test_after_any_history_the_table_is_that_of_a_full_refresh(tmp_path, project):
    chance = random.Random(1)
    held = dict.fromkeys(SOURCES, 1)
    company = Company(tmp_path / "kept", project)
    for step in range(8):
        held |= {source: chance.randint(0, 14) for source in chance.sample(SOURCES, chance.randint(0, 2))}
        afresh = Company(tmp_path / f"afresh-{step}", project)
        for one in (company, afresh):
            one.deliver(**held)
        assert company.close() == afresh.close()
        if afresh.close():
            assert company.books() == afresh.books(), f"step {step}: {held}"


def test_what_follows_from_another_parent_is_left_as_it_is(tmp_path, project):
    company = Company(tmp_path / "kept", project)
    company.deliver(tax=1, cash=1, clock=1)
    assert company.close()
    company.do("update main.results set amount = 777 where code = 'R2'")  # only to see whether it is written again
    company.deliver(tax=2)
    assert company.close()
    assert company.do("select code, amount from main.results order by 1") == [("R1", 2), ("R2", 777)]
    company.deliver(clock=2)  # every part may follow from it
    assert company.close()
    assert company.do("select code, amount from main.results order by 1") == [("R1", 2), ("R2", 1)]


def test_a_part_that_cannot_be_built_leaves_the_table_whole_and_is_built_when_it_can(tmp_path, project):
    company = Company(tmp_path / "kept", project)
    company.deliver(tax=1, cash=1, clock=1)
    assert company.close()
    before = company.books()
    company.deliver(tax=2, cash=3)
    company.do("alter table main.results add column total integer default 0")
    company.do("alter table main.results alter total drop default")
    company.do("alter table main.results alter total set not null")  # new rows do not fit
    assert not company.close()
    assert company.books() == before
    company.do("alter table main.results drop column total")
    assert company.close()
    assert company.do("select code, amount from main.results order by 1") == [("R1", 2), ("R2", 3)]
