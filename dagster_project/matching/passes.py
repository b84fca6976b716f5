"""The passes that SQL can say, set-based: each finds groups among the open rows and settles them.

A pass writes `matching_set` (set_number, row_id, residual_minor, reason) and calls `settle`. A confirmed row goes into
`matching_claimed`, whose primary key makes a second claim an error; a row of an ambiguous match is held: no later,
weaker pass may decide what a stronger one could not. What is neither stays in `matching_open`.

At ten million rows every join here has the partition and an amount, a day or a reference as its key; none compares all
rows of a side with all of the other.
"""

from __future__ import annotations

import duckdb

from dagster_project.matching.model import Plan

PREPARE = """
create or replace temp table matching_claimed (row_id varchar primary key);
create or replace temp table matching_match (
    group_id varchar, row_id varchar, side varchar, amount_minor bigint, kind varchar, pass_name varchar,
    status varchar, residual_minor bigint, score bigint, reason varchar
);
create or replace temp table matching_set (set_number varchar, row_id varchar, reason varchar);
"""

_PAIRS = """
select lefts.row_id as left_id, rights.row_id as right_id
from matching_open as lefts
inner join matching_open as rights
    on rights.part = lefts.part and {condition}
where lefts.side = 'left' and rights.side = 'right' and lefts.amount_minor <> 0 and rights.amount_minor <> 0
"""

_TEXT_PAIRS = 10_000

_UNIQUE = """
insert into matching_set
with counted as (
    select
        *,
        count(*) over (partition by left_id) as left_uses,
        count(*) over (partition by right_id) as right_uses
    from matching_pair
)
select left_id, unnest([left_id, right_id]), '{reason}'
from counted
where left_uses = 1 and right_uses = 1
"""

_SETTLE = """
insert into matching_match
with members as (
    select matching_set.set_number, matching_set.reason, matching_open.*
    from matching_set
    inner join matching_open using (row_id)
),
sums as (
    select
        set_number,
        substr(md5('{pass_name}|' || string_agg(row_id, '|' order by row_id)), 1, 16) as group_id,
        count(*) filter (where side = 'left') as lefts,
        count(*) filter (where side = 'right') as rights,
        cast(sum(case when side = 'left' then amount_minor else -amount_minor end) as bigint) as residual_minor
    from members
    group by set_number
)
select
    sums.group_id, members.row_id, members.side, members.amount_minor,
    case when lefts = 1 then '1' else 'n' end || ':'
    || case when rights = 1 then '1' when lefts = 1 then 'n' else 'm' end,
    '{pass_name}', '{status}', sums.residual_minor, {score}, members.reason
from members
inner join sums using (set_number)
where lefts > 0 and rights > 0
"""


# one group of the subset search, which may share rows with another: recorded, its rows still open to its rivals
SUGGEST = _SETTLE.replace("{pass_name}", "subset_sum").replace("{status}", "suggested") + "; delete from matching_set"


def exact_reference(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Rows that name the same references, however many, whose sides are equal; a row without reference is in none."""
    _referenced(con, plan, "exact_reference", 0, "name the same reference and have equal sums")


def exact_composite(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """One left and one right row with the same amount on the same day, where neither has another candidate."""
    condition = "rights.amount_minor = lefts.amount_minor and rights.day = lefts.day"
    _pairwise(con, plan, "exact_composite", [condition], "the same amount on the same day")


def date_window(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """The same amount within the window, where neither row has another candidate in it."""
    condition = (
        "rights.amount_minor = lefts.amount_minor"
        f" and rights.day between lefts.day - {plan.window_days} and lefts.day + {plan.window_days}"
    )
    _pairwise(con, plan, "date_window", [condition], f"the same amount, at most {plan.window_days} day(s) apart")


def tolerance(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """What remains of a match is tolerated, up or down: first among rows with a reference, then by amount and window.

    Amounts are put into buckets as wide as the tolerance, so that only neighbours are compared.
    """
    if not plan.tolerance_minor:
        return
    allowed, words = plan.tolerance_minor, f"with at most {plan.tolerance_minor} minor unit(s) between them"
    _referenced(con, plan, "tolerance", allowed, f"name the same reference, {words}")
    near = (
        f"abs(rights.amount_minor - lefts.amount_minor) <= {allowed}"
        " and sign(rights.amount_minor) = sign(lefts.amount_minor)"
        f" and abs(rights.day - lefts.day) <= {plan.window_days}"
    )
    buckets = f"rights.amount_minor // {allowed + 1} = lefts.amount_minor // {allowed + 1} + "
    conditions = [f"{buckets}{step} and {near}" for step in (-1, 0, 1)]
    _pairwise(con, plan, "tolerance", conditions, f"at most {plan.window_days} day(s) apart, {words}")


def grouped_sum(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Many rows against one: those of one batch, then all of one side around the one, never a choice among them.

    All rows around one must have one sign: with opposite ones a part of them could be the match as well.
    """
    _by_group_key(con, plan)
    for many, one in (("left", "right"), ("right", "left")):
        _around(con, plan, many, one)


def fuzzy_text(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """The row of the other side whose text is most alike: suggested, never more. Partitions too large to compare every
    text with every other are left out: among thousands of rows a likeness says nothing."""
    con.execute(
        f"""
        insert into matching_set
        with comparable as (
            select part
            from matching_open
            where text is not null
            group by part
            having count(*) filter (where side = 'left') * count(*) filter (where side = 'right') <= {_TEXT_PAIRS}
        ),
        candidates as (
            select
                lefts.row_id as left_id, rights.row_id as right_id,
                cast(
                    round(10000 * jaro_winkler_similarity(lower(lefts.text), lower(rights.text))) as bigint
                ) as likeness,
                abs(lefts.amount_minor - rights.amount_minor) as apart
            from matching_open as lefts
            inner join comparable using (part)
            inner join matching_open as rights on rights.part = lefts.part
            where
                lefts.side = 'left' and rights.side = 'right'
                and lefts.text is not null and rights.text is not null
                and sign(rights.amount_minor) = sign(lefts.amount_minor)
        )
        select left_id, unnest([left_id, right_id]), 'their texts are alike by ' || likeness || ' of 10000'
        from candidates
        where likeness >= ?
        qualify row_number() over (partition by left_id order by likeness desc, apart, right_id) = 1
        """,
        [plan.text_score],
    )
    settle(con, "fuzzy_text", "suggested", score="cast(regexp_extract(members.reason, 'by (\\d+) of', 1) as bigint)")


def settle(con: duckdb.DuckDBPyConnection, pass_name: str, status: str, score: str = "10000") -> None:
    """Records the groups of `matching_set` and takes their rows out of what is open."""
    con.execute(_SETTLE.format(pass_name=pass_name, status=status, score=score))
    if status == "confirmed":
        con.execute("insert into matching_claimed select row_id from matching_set")
    con.execute("delete from matching_open where row_id in (select row_id from matching_set)")
    con.execute("delete from matching_set")


def _status(plan: Plan) -> str:
    return "suggested" if plan.suggest_only else "confirmed"


def _pairwise(con: duckdb.DuckDBPyConnection, plan: Plan, pass_name: str, conditions: list[str], words: str) -> None:
    pairs = " union all ".join(_PAIRS.format(condition=condition) for condition in conditions)
    con.execute(f"create or replace temp table matching_pair as {pairs}")
    if not _any(con, "matching_pair"):
        return
    con.execute(_UNIQUE.format(reason=f"{words}, and no other row fits either"))
    con.execute("delete from matching_pair where left_id in (select row_id from matching_set)")
    settle(con, pass_name, _status(plan))
    if _any(con, "matching_pair"):
        con.execute(
            "create or replace temp table matching_edge as select left_id as one, right_id as other from matching_pair"
        )
        _components(con)
        con.execute(
            "insert into matching_set select component, node,"
            f" '{words}, but more than one row fits: a person must choose' from matching_component"
        )
        settle(con, pass_name, "suggested", score="5000")


def _referenced(con: duckdb.DuckDBPyConnection, plan: Plan, pass_name: str, allowed: int, words: str) -> None:
    """Connected rows: a receipt that names two invoices belongs with both, whoever names whom."""
    con.execute(
        """
        create or replace temp table matching_edge as
        with named as (
            select distinct part, side, row_id, unnest(refs) as reference from matching_open
        ),
        shared as (
            select part, reference from named group by part, reference having count(distinct side) = 2
        )
        select row_id as one, 'reference ' || named.part || ' ' || named.reference as other
        from named
        inner join shared using (part, reference)
        """
    )
    if not _any(con, "matching_edge"):
        return
    _components(con)
    con.execute(
        f"""
        insert into matching_set
        with members as (
            select component, row_id, case when side = 'left' then amount_minor else -amount_minor end as drift
            from matching_component
            inner join matching_open on matching_open.row_id = matching_component.node
        ),
        balanced as (
            select component from members group by component having abs(sum(drift)) <= {allowed}
        )
        select component, row_id, '{words}' from members inner join balanced using (component)
        """
    )
    settle(con, pass_name, _status(plan))


def _components(con: duckdb.DuckDBPyConnection) -> None:
    """`matching_component` (node, component): nodes joined by `matching_edge`, named by their smallest node."""
    con.execute(
        """
        create or replace temp table matching_component as
        select node, min(near) as component
        from (
            select one as node, least(one, other) as near from matching_edge
            union all
            select other, least(one, other) from matching_edge
        )
        group by node
        """
    )
    while True:
        con.execute(
            """
            create or replace temp table matching_nearer as
            with reached as (
                select edges.one as node, nodes.component
                from matching_edge as edges inner join matching_component as nodes on nodes.node = edges.other
                union all
                select edges.other, nodes.component
                from matching_edge as edges inner join matching_component as nodes on nodes.node = edges.one
                union all
                select nodes.node, farther.component
                from matching_component as nodes
                inner join matching_component as farther on farther.node = nodes.component
            )
            select reached.node, min(reached.component) as component
            from reached
            inner join matching_component as nodes on nodes.node = reached.node
            where reached.component < nodes.component
            group by reached.node
            """
        )
        if not _any(con, "matching_nearer"):
            return
        con.execute(
            "update matching_component set component = nearer.component"
            " from matching_nearer as nearer where nearer.node = matching_component.node"
        )


def _by_group_key(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    con.execute(
        f"""
        create or replace temp table matching_candidate as
        with batches as (
            select
                part, side, group_key, cast(sum(amount_minor) as hugeint) as amount_minor,
                min(day) as first_day, max(day) as last_day, count(*) as row_count,
                min(row_id) as first_row_id
            from matching_open
            where group_key is not null
            group by part, side, group_key
        ),
        singles as (
            select part, side, amount_minor, day, group_key, row_id from matching_open
        ),
        against_one as (
            select
                batches.part, batches.side, batches.group_key, singles.row_id,
                cast(null as varchar) as other_group_key
            from batches
            inner join singles
                on
                    singles.part = batches.part and singles.side <> batches.side
                    and singles.amount_minor = batches.amount_minor
                    and (
                        singles.group_key = batches.group_key
                        or singles.day between batches.first_day - {plan.window_days}
                        and batches.last_day + {plan.window_days}
                    )
            where batches.row_count > 1 and batches.amount_minor <> 0
        ),
        against_batch as (
            select lefts.part, lefts.side, lefts.group_key, null as row_id, rights.group_key as other_group_key
            from batches as lefts
            inner join batches as rights
                on
                    rights.part = lefts.part and rights.group_key = lefts.group_key
                    and rights.amount_minor = lefts.amount_minor
            where
                lefts.side = 'left' and rights.side = 'right' and lefts.row_count > 1 and rights.row_count > 1
                and lefts.amount_minor <> 0
        )
        select *, concat_ws('|', part, side, group_key, coalesce(row_id, 'batch')) as candidate
        from (from against_one union all from against_batch)
        """
    )
    _choose(
        con,
        plan,
        """
        select candidates.candidate, rows.row_id
        from matching_candidate as candidates
        inner join matching_open as rows
            on
                rows.part = candidates.part and rows.group_key = candidates.group_key
                and (rows.side = candidates.side or candidates.other_group_key is not null)
        union
        select candidate, row_id from matching_candidate where row_id is not null
        """,
        "all rows of one batch, and their sum",
    )


def _around(con: duckdb.DuckDBPyConnection, plan: Plan, many: str, one: str) -> None:
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
    _choose(
        con,
        plan,
        f"""
        select candidates.candidate, rows.row_id
        from matching_candidate as candidates
        inner join matching_open as rows
            on
                rows.part = candidates.part and rows.side = '{many}'
                and rows.day between candidates.day - {plan.window_days} and candidates.day + {plan.window_days}
        union all
        select candidate, row_id from matching_candidate
        """,
        f"all rows within {plan.window_days} day(s), and their sum",
    )


def _choose(con: duckdb.DuckDBPyConnection, plan: Plan, members: str, words: str) -> None:
    """Candidates none of whose rows is in another are settled; the others are suggested, joined where they overlap."""
    if not _any(con, "matching_candidate"):
        return
    con.execute(f"create or replace temp table matching_member as {members}")
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
    settle(con, "grouped_sum", _status(plan))
    con.execute("delete from matching_member where row_id in (select row_id from matching_match)")
    con.execute(
        "create or replace temp table matching_edge as"
        " select row_id as one, 'set ' || candidate as other from matching_member"
    )
    if not _any(con, "matching_edge"):
        return
    _components(con)
    con.execute(
        "insert into matching_set select component, node,"
        f" '{words}, but more than one combination fits: a person must choose'"
        " from matching_component where node in (select row_id from matching_open)"
    )
    settle(con, "grouped_sum", "suggested", score="5000")


def _any(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(con.execute(f"select 1 from {table} limit 1").fetchall())
