"""Many rows against one, and batch against batch: all rows that belong together, never a choice among them.

What belongs together is a batch: rows of one `group_key` (a month, a batch number) or of one day, as the plan says; or
all rows of one side around a row of the other. Where a large batch is one row short, the row that was left out is the
finding: without it a single lost invoice would make a month of posted ones look lost.
"""

from __future__ import annotations

import duckdb

from dagster_project.matching.model import Plan
from dagster_project.matching.passes import components, has_rows, settle, status_of
from dagster_project.words import counted

_BATCHES = {"group_key": "rows.group_key", "day": "cast(rows.day as varchar)"}

_SUMMED = """
rows as (
    select rows.*, {batch} as batch, count(*) over (partition by rows.part) as open_rows
    from matching_open as rows
),
batches as (
    select
        part, side, batch, cast(sum(amount_minor) as hugeint) as amount_minor,
        min(day) as first_day, max(day) as last_day, count(*) as row_count, max(open_rows) as open_rows
    from rows
    where batch is not null
    group by part, side, batch
    having count(*) > 1 and sum(amount_minor) <> 0
),
-- a row of the other side that is of the same batch, or of a day near it
near as (
    select batches.*, rows.row_id, rows.amount_minor as one_minor
    from batches
    inner join rows
        on
            rows.part = batches.part and rows.side <> batches.side and {sums}
            and (
                rows.batch = batches.batch
                or rows.day between batches.first_day - {days} and batches.last_day + {days}
            )
)
"""


def grouped_sum(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Whole batches first, the narrowest kind first; then all of one side around one; last batches but one row."""
    for kind in plan.batches:
        _whole_batches(con, plan, _BATCHES[kind])
    for many, one in (("left", "right"), ("right", "left")):
        _around(con, plan, many, one)
    for kind in plan.batches:
        _batches_but_one(con, plan, _BATCHES[kind])


def _whole_batches(con: duckdb.DuckDBPyConnection, plan: Plan, batch: str) -> None:
    summed = _SUMMED.format(batch=batch, days=plan.window_days, sums="rows.amount_minor = batches.amount_minor")
    con.execute(
        f"""
        create or replace temp table matching_candidate as
        with {summed},
        against_batch as (
            select lefts.part, lefts.side, lefts.batch, null as row_id, rights.batch as other_batch
            from batches as lefts
            inner join batches as rights
                on
                    rights.part = lefts.part and rights.batch = lefts.batch
                    and rights.amount_minor = lefts.amount_minor
            where lefts.side = 'left' and rights.side = 'right'
        )
        select *, concat_ws('|', part, side, batch, coalesce(row_id, 'batch')) as candidate
        from (select part, side, batch, row_id, null as other_batch from near union all from against_batch)
        """
    )
    members = f"{batch} = candidates.batch and (rows.side = candidates.side or candidates.other_batch is not null)"
    _choose(con, plan, members, "all rows of one batch, and their sum")


def _batches_but_one(con: duckdb.DuckDBPyConnection, plan: Plan, batch: str) -> None:
    """Only among so many rows that the search would not look at all combinations of them; it is the better judge."""
    summed = _SUMMED.format(batch=batch, days=plan.window_days, sums=f"batches.open_rows > {plan.whole_rows}")
    con.execute(
        f"""
        create or replace temp table matching_candidate as
        with {summed}
        select
            near.part, near.side, near.batch, near.row_id, rows.row_id as left_out_id,
            concat_ws('|', near.part, near.side, near.batch, near.row_id, rows.row_id) as candidate
        from near
        inner join rows
            on
                rows.part = near.part and rows.side = near.side and rows.batch = near.batch
                and rows.amount_minor = near.amount_minor - near.one_minor
        -- with more rows than minor units one of them would fit by chance
        where near.row_count > 2 and near.row_count <= abs(rows.amount_minor)
        """
    )
    members = f"{batch} = candidates.batch and rows.side = candidates.side and rows.row_id <> candidates.left_out_id"
    _choose(con, plan, members, "all rows of one batch but one, and their sum")


def _around(con: duckdb.DuckDBPyConnection, plan: Plan, many: str, one: str) -> None:
    """All rows around one must have one sign: with opposite ones a part of them could be the match as well."""
    days = plan.window_days
    spread = f"over (partition by part order by day range between {days} preceding and {days} following)"
    of_many = f"filter (where side = '{many}')"
    con.execute(
        f"""
        create or replace temp table matching_candidate as
        with surrounded as (
            select
                *,
                sum(amount_minor) {of_many} {spread} as around_minor,
                count(*) {of_many} {spread} as around_count,
                min(amount_minor) {of_many} {spread} as smallest_minor,
                max(amount_minor) {of_many} {spread} as largest_minor
            from matching_open
        )
        select part, day, row_id, row_id as candidate
        from surrounded
        where
            side = '{one}' and around_minor = amount_minor and around_count > 1
            and (smallest_minor > 0 or largest_minor < 0)
        """
    )
    members = f"rows.side = '{many}' and rows.day between candidates.day - {days} and candidates.day + {days}"
    _choose(con, plan, members, f"all rows within {counted(days, 'day')}, and their sum")


def _choose(con: duckdb.DuckDBPyConnection, plan: Plan, members: str, words: str) -> None:
    """Candidates none of whose rows is in another are settled; the others are suggested, joined where they overlap.

    A candidate's rows are the open ones of its part for which `members` holds, and its own `row_id` where it has one.
    """
    if not has_rows(con, "matching_candidate"):
        return
    con.execute(
        f"""
        create or replace temp table matching_member as
        select candidates.candidate, rows.row_id
        from matching_candidate as candidates
        inner join matching_open as rows on rows.part = candidates.part and {members}
        union
        select candidate, row_id from matching_candidate where row_id is not null
        """
    )
    con.execute(
        f"""
        insert into matching_set
        with used as (select row_id, count(*) as uses from matching_member group by row_id),
        contested as (
            select distinct candidate from matching_member inner join used using (row_id) where uses > 1
        )
        select candidate, row_id, '{words}, and no other row fits'
        from matching_member
        where candidate not in (select candidate from contested)
        """
    )
    settle(con, "grouped_sum", status_of(plan))
    con.execute("delete from matching_member where row_id in (select row_id from matching_match)")
    con.execute(
        "create or replace temp table matching_edge as"
        " select row_id as one, 'set ' || candidate as other from matching_member"
    )
    if not has_rows(con, "matching_edge"):
        return
    components(con)
    con.execute(
        "insert into matching_set select component, node,"
        f" '{words}, but more than one combination fits: a person must choose'"
        " from matching_component where node in (select row_id from matching_open)"
    )
    settle(con, "grouped_sum", "suggested", score="5000")
