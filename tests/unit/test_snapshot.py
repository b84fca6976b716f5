"""A published table that was taken over and is not what the warehouse holds shows yesterday's figure as today's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project import snapshot

MODELS = ("marts.results", "marts.exceptions", "canonical.invoice")
OTHERS = ("config.parameters", "quality.outcome_results", "landed.batches", "matching.matches")


SCHEMAS = ("marts", "canonical", "config", "quality", "landed", "matching", "state")


@pytest.fixture
def con(tmp_path):
    with warehouse(tmp_path) as con:
        for name in (*MODELS, *OTHERS):
            build(con, name, 1)
        yield con


@contextmanager
def warehouse(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """One that has no table yet."""
    with duckdb.connect(str(folder / "tieout.duckdb")) as con:
        for schema in SCHEMAS:
            con.execute(f"create schema {schema}")
        con.execute("create table state.nodes (unique_id varchar, content varchar)")
        yield con


def build(con: duckdb.DuckDBPyConnection, name: str, value: int | None, rows: int = 3) -> None:
    """The table with these rows, of a model with the name of its content; without a value there is none."""
    con.execute(f"drop table if exists {name}")
    con.execute("delete from state.nodes where unique_id = ?", [f"model.tieout.{name.split('.')[1]}"])
    if value is None:
        return
    con.execute(f"create table {name} as select range as id, {value} as amount_minor from range({rows})")
    if name in MODELS:
        con.execute("insert into state.nodes values (?, ?)", [f"model.tieout.{name.split('.')[1]}", f"content {value}"])


def rows(file: Path) -> dict[str, list]:
    with duckdb.connect(str(file), read_only=True) as con:
        names = con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        return {
            name: con.execute(f"describe {name}").fetchall() + con.execute(f"from {name}").fetchall()
            for (name,) in names
        }


CHANGES = st.lists(st.tuples(st.sampled_from(MODELS + OTHERS), st.none() | st.integers(1, 3)), max_size=4)


@given(st.lists(CHANGES, min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_after_any_history_a_file_written_upon_the_former_one_holds_what_one_from_nothing_holds(
    tmp_path_factory, history
):
    folder = tmp_path_factory.mktemp("history")
    with warehouse(folder) as con:
        former = None
        for number, changes in enumerate(history):
            for name, value in changes:
                build(con, name, value)
            upon, anew = folder / f"upon-{number}.duckdb", folder / f"anew-{number}.duckdb"
            held = snapshot.write(con, folder, upon, former)
            assert snapshot.write(con, folder, anew).tables == held.tables
            assert rows(upon) == rows(anew)
            former = (upon, held)


def test_only_what_changed_is_copied(con, tmp_path):
    """Else nothing is gained: here what a copy would bring is told from what was taken over."""
    first, second = tmp_path / "1.duckdb", tmp_path / "2.duckdb"
    former = snapshot.write(con, tmp_path, first)
    con.execute("update marts.results set amount_minor = 777")  # whoever copies it brings this
    build(con, "marts.exceptions", 2)
    held = snapshot.write(con, tmp_path, second, (first, former))
    assert (0, 1) in rows(second)["marts.results"]
    assert (0, 2) in rows(second)["marts.exceptions"]
    assert held.contents["marts.results"] == former.contents["marts.results"]


@pytest.mark.parametrize("fault", ["another byte", "gone", "another program", "nothing known of the table"])
def test_what_cannot_be_trusted_is_copied_anew(con, tmp_path, fault):
    """Somebody who changed an amount in a published file must not find it in the next one."""
    first, second = tmp_path / "1.duckdb", tmp_path / "2.duckdb"
    former = snapshot.write(con, tmp_path, first)
    if fault == "another byte":
        with duckdb.connect(str(first)) as file:
            file.execute("update marts.results set amount_minor = 777")
    elif fault == "gone":
        first.unlink()
    elif fault == "another program":  # whose columns may have other names
        former = dataclasses.replace(former, program="0.0.1")
    else:  # its model failed since, or was never recorded
        con.execute("delete from state.nodes where unique_id = 'model.tieout.results'")
    con.execute("update marts.results set amount_minor = 5")
    snapshot.write(con, tmp_path, second, (first, former))
    assert (0, 5) in rows(second)["marts.results"]


def test_the_file_does_not_grow_with_every_run(con, tmp_path):
    file, former = tmp_path / "0.duckdb", None
    sizes = []
    for number in range(1, 7):
        build(con, "marts.results", number, rows=200_000)
        file = tmp_path / f"{number}.duckdb"
        held = snapshot.write(con, tmp_path, file, former)
        former = (file, held)
        sizes.append(file.stat().st_size)
    assert sizes[-1] <= 2 * sizes[0]
