"""Only what follows from something new runs again: after any history the books are those of a full refresh."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project import warehouse
from dagster_project.dbt import changed

NOWHERE = Path("/no/archive")
SOURCES = ("events", "invoices", "parameters")
# a test follows from its model; what comes after a test is held back by it
PARENTS = {
    "model.t.usage": ["source.t.landed.events"],
    "test.t.usage": ["model.t.usage"],
    "model.t.invoice": ["source.t.landed.invoices", "seed.t.currencies"],
    "seed.t.currencies": [],
    "model.t.billed": ["model.t.usage", "model.t.invoice"],
    "model.t.aged": ["model.t.billed", "source.t.landed.parameters"],
    "test.t.billed": ["model.t.billed", "model.t.invoice"],
    "model.t.mart": ["model.t.aged", "model.t.billed"],
}
ORDER = ["seed.t.currencies", "model.t.usage", "test.t.usage", "model.t.invoice", "model.t.billed", "test.t.billed",
         "model.t.aged", "model.t.mart"]  # fmt: skip
MANIFEST = {
    "nodes": {
        name: {
            "resource_type": name.split(".")[0],
            "schema": "main",
            "alias": name.replace(".", "_"),
            "depends_on": {"nodes": parents},
        }
        for name, parents in PARENTS.items()
    },
    "sources": {f"source.t.landed.{name}": {"schema": "landed", "identifier": name} for name in SOURCES},
}


@dataclass
class Company:
    """A warehouse whose nodes say in words what they were made of, and a builder that may die at any of them. Of a
    delivered version they tell the half, so that one in two changes no row."""

    con: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    code: str = "1"
    ran: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.con.execute("create schema landed; create schema config")
        for name in SOURCES:
            self.con.execute(f"create table landed.{name} as select 0 as version")

    def deliver(self, source: str, version: int) -> None:
        self.con.execute(f"create or replace table landed.{source} as select {version} as version")

    def run(self, only: set[str] | None = None, until: int = 99, failing: frozenset[str] = frozenset()) -> None:
        plan = changed.plan(self.con, MANIFEST, self.code, warehouse.digests(self.con, NOWHERE))
        wanted = [name for name in ORDER if name in (plan.stale if only is None else only)]
        changed.forget(self.con, wanted)
        self.ran, bad, events = [], set(), []
        for place, name in enumerate(wanted):
            if place >= until:
                return  # killed: nothing is recorded
            held_back = bad & set(_before(name))
            if only is None and not held_back and plan.stands(name):
                continue
            self.ran.append(name)
            is_bad = held_back or name in failing
            if is_bad:
                bad.add(name)
            else:
                before = self.books().get(_table(name))
                if not name.startswith("test"):
                    self.con.execute(
                        f"create or replace table {_table(name)} as select ? as made_of", [self._made_of(name)]
                    )
                if only is None:
                    plan.built(name, name in plan.held and before == self.books().get(_table(name)))
            status = "fail" if is_bad else "pass" if name.startswith("test") else "success"
            events.append({"data": {"node_info": {"unique_id": name, "node_status": status}}})
        changed.record(self.con, plan, events)

    def _made_of(self, name: str) -> str:
        parts = [self.code]
        for parent in PARENTS[name]:
            is_source = parent.startswith("source")
            query = f"select (version // 2)::varchar from landed.{parent.split('.')[-1]}" if is_source else (
                f"select made_of from {_table(parent)}" if _table(parent) in self.tables() else "select 'nothing'"
            )  # fmt: skip
            parts.append(str(self.con.execute(query).fetchall()[0][0]))
        return f"{name}({', '.join(parts)})"

    def tables(self) -> set[str]:
        return {
            name
            for (name,) in self.con.execute(
                "select table_name from duckdb_tables() where schema_name = 'main'"
            ).fetchall()
        }

    def books(self) -> dict[str, str]:
        return {
            table: self.con.execute(f"select made_of from {table}").fetchall()[0][0] for table in sorted(self.tables())
        }


def _table(name: str) -> str:
    return name.replace(".", "_")


def _before(name: str) -> list[str]:
    """What holds a node back when it fails: its parents, and the tests of them."""
    models = [one for one in PARENTS[name] if not one.startswith("source")]
    tests = [
        one
        for one in PARENTS
        if one.startswith("test") and set(PARENTS[one]) & set(models) and not name.startswith("test")
    ]
    return models + tests


A_STEP = st.one_of(
    st.tuples(st.just("deliver"), st.sampled_from(SOURCES), st.integers(0, 3)),
    st.tuples(st.just("run")),
    st.tuples(st.just("killed"), st.integers(0, len(ORDER))),
    st.tuples(st.just("failed"), st.sampled_from(ORDER)),
    st.tuples(st.just("some"), st.sets(st.sampled_from(ORDER), min_size=1)),
    st.tuples(st.just("drop"), st.sampled_from([name for name in ORDER if not name.startswith("test")])),
    st.tuples(st.just("code"), st.sampled_from(["1", "2"])),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(A_STEP, max_size=12))
def test_after_any_history_the_books_are_those_of_a_full_refresh(steps):
    """A node taken for current that is not would publish yesterday's figure under today's date."""
    one = Company()
    for kind, *rest in steps:
        match kind:
            case "deliver":
                one.deliver(*rest)
            case "run":
                one.run()
            case "killed":
                one.run(until=rest[0])
            case "failed":
                one.run(failing=frozenset(rest))
            case "some":
                one.run(only=rest[0])
            case "drop":
                one.con.execute(f"drop table if exists {_table(rest[0])}")
            case "code":
                one.code = rest[0]
    one.run()
    found = one.books()
    one.run(only=set(ORDER))
    assert found == one.books()
    one.run()
    assert one.ran == [], "nothing is new, so nothing runs"


@pytest.mark.parametrize(
    "source, follow",
    [
        (
            "events",
            ["model.t.usage", "test.t.usage", "model.t.billed", "test.t.billed", "model.t.aged", "model.t.mart"],
        ),
        ("invoices", ["model.t.invoice", "model.t.billed", "test.t.billed", "model.t.aged", "model.t.mart"]),
        ("parameters", ["model.t.aged", "model.t.mart"]),
    ],
)
def test_a_new_delivery_costs_what_follows_from_it_and_nothing_else(source, follow):
    one = Company()
    one.run()
    one.deliver(source, 7)
    one.run()
    assert one.ran == follow


def test_what_follows_from_rows_that_came_out_the_same_stands():
    """Another day is read by a third of the models and changes the rows of few: what they feed has no need to run."""
    one = Company()
    one.run()
    one.deliver("parameters", 1)  # rows come out as of version 0
    one.run()
    assert one.ran == ["model.t.aged"]
    one.run()
    assert one.ran == []
    one.deliver("events", 1)
    one.run()
    assert one.ran == ["model.t.usage"]
    one.deliver("parameters", 2)
    one.run()
    assert one.ran == ["model.t.aged", "model.t.mart"]
    one.deliver("parameters", 3)
    one.deliver("invoices", 2)
    one.run()
    assert "model.t.mart" in one.ran and "model.t.usage" not in one.ran
    found = one.books()
    one.run(only=set(ORDER))
    assert found == one.books()


def test_a_landed_view_is_new_when_a_file_behind_it_is_and_not_when_the_archive_has_moved(tmp_path):
    """A view keeps its text when a file is written again: by its text alone a mended delivery would go unseen."""

    def digests(archive):
        with duckdb.connect() as con:
            con.execute("create schema landed")
            quoted = str(archive / "events.parquet").replace("'", "''")
            con.execute(f"create view landed.events as select * from read_parquet(['{quoted}'])")
            return warehouse.digests(con, archive)

    first, moved = tmp_path / "this year's", tmp_path / "that year's"
    first.mkdir()
    duckdb.sql("select 1 as n").write_parquet(str(first / "events.parquet"))
    shutil.copytree(first, moved)
    assert digests(first) == digests(moved)
    duckdb.sql("select 2 as n").write_parquet(str(first / "events.parquet"))
    assert digests(first) != digests(moved)
