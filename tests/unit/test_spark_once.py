"""What a statement reads in several places is computed once before it on Spark: the rows stay those of the statement."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.spark.once import apart

CLIMB = """create table books.root as select * from (
with accounts as (
  select own.key, coalesce(above.parent, own.key) as root
  from books.account as own
  left join books.account as above on above.key = own.parent
),
-- each round doubles what was climbed
step_1 as (
  select near.key, far.root from accounts as near inner join accounts as far on far.key = near.root
),
step_2 as (
  select near.key, far.root from step_1 as near inner join step_1 as far on far.key = near.root
)
select key, root from step_2
) as climbed"""


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    """Those of the statement as Spark's process runs it: what is kept as tables, then the rest."""
    kept, statement = apart(sql, "kept_1")
    for one in kept:
        con.execute(f"create temp table {one.name} as {one.query}")
    return sorted(con.execute(statement).fetchall())


def test_an_expression_that_joins_itself_is_computed_once_and_not_once_per_place():
    """Spark would plan two rounds as four, seven as a hundred and twenty-eight, and the close would wait for hours."""
    kept, statement = apart(CLIMB, "kept_1")
    assert [one.name for one in kept] == ["kept_1_accounts", "kept_1_step_1"]
    assert kept[1].query.startswith("with accounts as (select * from kept_1_accounts)")
    assert "books.account" not in statement
    assert statement.startswith("create table books.root as select * from (")


def test_what_reads_one_table_or_is_read_in_one_place_is_left_to_the_engine():
    """Kept, it would be read whole where the engine reads the columns and rows that are asked for."""
    plain = "with a as (select * from s.t), b as (select a.x from a join a as o on o.x = a.x) select x from b"
    assert apart(plain, "kept_1") == ([], plain)
    recursive = "with recursive a as (select 1 as x from s.t join s.u on true) select * from a join a as b on true"
    assert apart(recursive, "kept_1") == ([], recursive)


def test_an_inner_expression_of_the_same_name_stays_the_inner_one():
    """Taken for the outer one, it would give the rows of another question, silently."""
    con = duckdb.connect()
    con.execute("create table t as select unnest([1, 2, 3]) as x")
    sql = """with pairs as (select t.x from t inner join t as other on other.x = t.x),
    inner_ones as (with pairs as (select 7 as x) select x from pairs),
    both_sides as (select x from pairs union all select x from pairs)
    select x from both_sides union all select x from inner_ones"""
    assert apart(sql, "kept_1")[0]
    assert rows(con, sql) == sorted(con.execute(sql).fetchall())


@st.composite
def statements(draw: st.DrawFn) -> str:
    """Chains of expressions, each a join, a union or a sum over earlier ones or the table."""
    names, written = ["t"], []
    for number in range(draw(st.integers(1, 6))):
        left, right = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        shape = draw(
            st.sampled_from(
                [
                    "select l.k, r.v + 1 as v from {left} as l inner join {right} as r on r.k = l.k",
                    "select k, v from {left} union all select k, v from {right} where v > 1",
                    "select k, cast(sum(v) as bigint) as v from {left} where k in (select k from {right}) group by k",
                    "with e0 as (select k, v from {left}) select e0.k, e0.v from e0 inner join t on t.k = e0.k",
                ]
            )
        )
        written.append(f"e{number} as ({shape.format(left=left, right=right)})")
        names.append(f"e{number}")
    return f"with {', '.join(written)} select k, sum(v) as v from {draw(st.sampled_from(names))} group by k"


@settings(deadline=None)
@given(statements())
def test_the_rows_are_those_of_the_statement_whatever_reads_whatever(sql):
    """Any other row would be a figure that only one of the two engines shows."""
    with duckdb.connect() as con:
        con.execute("create table t as select * from (values (1, 1), (2, 2), (3, 3)) as given(k, v)")
        assert rows(con, sql) == sorted(con.execute(sql).fetchall())
