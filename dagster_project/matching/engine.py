"""Runs a plan's passes over the rows of a relation, then searches what is left for combinations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

import duckdb
import pyarrow as pa

from dagster_project.matching import passes
from dagster_project.matching.grouped import grouped_sum
from dagster_project.matching.model import PARTITION, SIDES, Match, Matching, Plan, Row, Search
from dagster_project.matching.searched import search_each

_SQL_PASSES: dict[str, Callable[[duckdb.DuckDBPyConnection, Plan], None]] = {
    "exact_reference": passes.exact_reference,
    "exact_composite": passes.exact_composite,
    "date_window": passes.date_window,
    "tolerance": passes.tolerance,
    "grouped_sum": grouped_sum,
    "fuzzy_text": passes.fuzzy_text,
}


def match(con: duckdb.DuckDBPyConnection, relation: str, plan: Plan) -> Matching:
    """Matches the rows of `relation`, which has the columns of `Row` (`refs varchar[]`, `day` a bigint or date).

    Nothing but temporary tables `matching_*` is written. Raises ValueError that names a row id or side that cannot be
    right: a row that came twice would be matched twice.
    """
    _load(con, relation)
    searches: list[Search] = []
    for name in plan.passes:
        if not con.execute("select 1 from matching_open limit 1").fetchall():
            break
        if name == "subset_sum":
            searches = search_each(con, plan)
        else:
            _SQL_PASSES[name](con, plan)
    found = con.execute("select * from matching_match order by status, pass_name, group_id, side, row_id").fetchall()
    return Matching(tuple(Match(*row) for row in found), tuple(searches))


def match_rows(rows: Iterable[Row], plan: Plan) -> Matching:
    """`match` for rows in memory."""
    with duckdb.connect(":memory:") as con:
        con.register("given_rows", _as_table(list(rows)))
        return match(con, "given_rows", plan)


def _as_table(rows: list[Row]) -> pa.Table:
    text, listed = pa.string(), pa.list_(pa.string())
    kinds = dict.fromkeys(("row_id", "side", *PARTITION, "group_key", "text"), text)
    columns = {name: pa.array([getattr(row, name) for row in rows], kind) for name, kind in kinds.items()}
    columns["amount_minor"] = pa.array([row.amount_minor for row in rows], pa.int64())
    columns["day"] = pa.array([_ordinal(row.day) for row in rows], pa.int64())
    columns["refs"] = pa.array([list(row.references) for row in rows], listed)
    return pa.table(columns)


def _ordinal(day: date | int) -> int:
    return day.toordinal() if isinstance(day, date) else day


def _load(con: duckdb.DuckDBPyConnection, relation: str) -> None:
    """The rows that can match: those of partitions that have both sides. Where there are none, nothing else is done."""
    con.execute(passes.PREPARE)
    kind = con.execute(f"select typeof(day) from {relation} limit 1").fetchall()
    day = "date_diff('day', date '0001-01-01', day)" if kind and kind[0][0] == "DATE" else "day"
    partition = ", ".join(PARTITION)
    con.execute(
        f"""
        create or replace temp table matching_open as
        select
            row_id, side, cast(amount_minor as bigint) as amount_minor, cast({day} as bigint) as day,
            refs, group_key, text, {partition},
            dense_rank() over (order by {partition}) as part
        from {relation}
        qualify min(side) over (partition by {partition}) <> max(side) over (partition by {partition})
        """
    )
    twice = con.execute(f"select row_id from {relation} group by row_id having count(*) > 1 limit 1").fetchall()
    if twice:
        raise ValueError(f"{relation}.row_id: {twice[0][0]!r} comes more than once, expected each row once")
    wrong = con.execute(f"select row_id, side from {relation} where side not in {SIDES} limit 1").fetchall()
    if wrong:
        raise ValueError(f"{relation}.side of {wrong[0][0]!r}: {wrong[0][1]!r}, expected left or right")
