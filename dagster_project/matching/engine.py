"""Runs a plan's passes over the rows of a relation, then searches what is left for combinations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from itertools import groupby

import duckdb
import pyarrow as pa

from dagster_project.matching import passes
from dagster_project.matching.grouped import grouped_sum
from dagster_project.matching.model import SIDES, Match, Matching, Plan, Row, Search
from dagster_project.matching.subset import Outcome, search

PARTITION = ("scope", "legal_entity_code", "customer_id", "currency_code")
_SQL_PASSES: dict[str, Callable[[duckdb.DuckDBPyConnection, Plan], None]] = {
    "exact_reference": passes.exact_reference,
    "exact_composite": passes.exact_composite,
    "date_window": passes.date_window,
    "tolerance": passes.tolerance,
    "grouped_sum": grouped_sum,
    "fuzzy_text": passes.fuzzy_text,
}
_SUGGESTIONS_SHOWN = 20


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
            searches = _search(con, plan)
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


def _search(con: duckdb.DuckDBPyConnection, plan: Plan) -> list[Search]:
    """Combinations within the window of days, then among what is left within one group key, whatever the days."""
    searches = _search_each(con, plan, "''", "day", plan.run_budget_steps)
    if "group_key" in plan.batches:
        left_over = plan.run_budget_steps - sum(one.steps for one in searches)
        searches += _search_each(con, plan, "group_key", "0", left_over)
    return sorted(searches, key=lambda one: tuple(getattr(one, name) for name in (*PARTITION, "batch")))


def _search_each(con: duckdb.DuckDBPyConnection, plan: Plan, batch: str, day: str, left_over: int) -> list[Search]:
    """Every partition with open rows on both sides, fewest rows first, so that large ones cannot starve small ones."""
    rows = con.execute(
        f"""
        with sized as (
            select
                *,
                {batch} as batch,
                count(*) over together as open_rows,
                count(*) filter (where side = 'left') over together as lefts
            from matching_open
            where {batch} is not null
            window together as (partition by part, {batch})
        )
        select open_rows, {", ".join(PARTITION)}, batch, row_id, side, amount_minor, {day}
        from sized
        where lefts > 0 and lefts < open_rows
        order by open_rows, part, batch, row_id
        """
    ).fetchall()
    searches = []
    for (open_rows, *partition), members in groupby(rows, key=lambda row: row[:6]):
        sides: dict[str, list[tuple[str, int, int]]] = {"left": [], "right": []}
        for *_, row_id, side, amount, at in members:
            sides[side].append((row_id, amount, at))
        outcome = search(
            sides["left"],
            sides["right"],
            plan.window_days,
            plan.largest_group,
            min(plan.budget_steps, left_over),
            plan.whole_rows,
        )
        left_over -= outcome.steps
        _record(con, plan, outcome)
        words = _words(outcome, open_rows)
        scope, entity, customer, currency, within = partition
        searches.append(
            Search(
                scope, entity, customer, currency, within, open_rows, outcome.state, outcome.steps,
                outcome.searched_rows, words,
            )
        )  # fmt: skip
    return searches


def _record(con: duckdb.DuckDBPyConnection, plan: Plan, outcome: Outcome) -> None:
    """Confirmed groups claim their rows; of rivals the first few are kept, or one contested day would fill a disk."""
    confirmed = [group for group in outcome.groups if group.is_confirmed]
    words = "their sums are equal, and no other combination of so few rows fits"
    _insert(con, [(str(n), row_id, words) for n, group in enumerate(confirmed) for row_id in group.row_ids])
    passes.settle(con, "subset_sum", "suggested" if plan.suggest_only else "confirmed")
    suggested = [group for group in outcome.groups if not group.is_confirmed]
    for number, group in enumerate(suggested[:_SUGGESTIONS_SHOWN]):
        if outcome.state == "budget_used" and not group.rivals and not group.by_chance:
            words = "their sums are equal, but the search ended before all others were looked at"
        elif group.rivals:
            words = f"their sums are equal, but {group.rivals} other combination(s) share a row with it"
        else:
            words = "their sums are equal, but among so many rows chance makes such combinations"
        _insert(con, [(str(number), row_id, words) for row_id in group.row_ids])
        con.execute(passes.SUGGEST.format(score=10_000 // (group.rivals + 2)))
    held = sorted({row_id for group in suggested for row_id in group.row_ids})
    if held:
        con.execute("delete from matching_open where row_id in (select unnest(?::varchar[]))", [held])


def _insert(con: duckdb.DuckDBPyConnection, rows: list[tuple[str, str, str]]) -> None:
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        con.execute("insert into matching_set select unnest(?), unnest(?), unnest(?)", columns)


def _words(outcome: Outcome, open_rows: int) -> str:
    of_rows = f"of the {open_rows} open rows"
    if outcome.searched_rows < open_rows:
        of_rows = f"of up to {outcome.searched_rows} {of_rows}"
    if outcome.state == "none":
        return f"No combination {of_rows} balances."
    if outcome.state == "budget_used":
        return (
            f"The search ended after {outcome.steps} steps: combinations {of_rows} were all looked at,"
            " and whether a larger one balances is not known."
        )
    confirmed = sum(group.is_confirmed for group in outcome.groups)
    return (
        f"Combinations {of_rows} were all looked at: {confirmed} stand(s) alone,"
        f" {len(outcome.groups) - confirmed} compete(s) or may be chance."
    )
