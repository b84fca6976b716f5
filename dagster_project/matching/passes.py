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
from dagster_project.words import counted

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
    words = f"the same amount, at most {counted(plan.window_days, 'day')} apart"
    _pairwise(con, plan, "date_window", [condition], words)


def tolerance(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """What remains of a match is tolerated, up or down: first among rows with a reference, then by amount and window.

    Amounts are put into buckets as wide as the tolerance, so that only neighbours are compared.
    """
    if not plan.tolerance_minor:
        return
    allowed, words = plan.tolerance_minor, f"with at most {counted(plan.tolerance_minor, 'minor unit')} between them"
    _referenced(con, plan, "tolerance", allowed, f"name the same reference, {words}")
    near = (
        f"abs(rights.amount_minor - lefts.amount_minor) <= {allowed}"
        " and sign(rights.amount_minor) = sign(lefts.amount_minor)"
        f" and abs(rights.day - lefts.day) <= {plan.window_days}"
    )
    buckets = f"rights.amount_minor // {allowed + 1} = lefts.amount_minor // {allowed + 1} + "
    conditions = [f"{buckets}{step} and {near}" for step in (-1, 0, 1)]
    _pairwise(con, plan, "tolerance", conditions, f"at most {counted(plan.window_days, 'day')} apart, {words}")


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


def status_of(plan: Plan) -> str:
    return "suggested" if plan.suggest_only else "confirmed"


def _pairwise(con: duckdb.DuckDBPyConnection, plan: Plan, pass_name: str, conditions: list[str], words: str) -> None:
    pairs = " union all ".join(_PAIRS.format(condition=condition) for condition in conditions)
    con.execute(f"create or replace temp table matching_pair as {pairs}")
    if not has_rows(con, "matching_pair"):
        return
    con.execute(_UNIQUE.format(reason=f"{words}, and no other row fits either"))
    con.execute("delete from matching_pair where left_id in (select row_id from matching_set)")
    settle(con, pass_name, status_of(plan))
    if has_rows(con, "matching_pair"):
        con.execute(
            "create or replace temp table matching_edge as select left_id as one, right_id as other from matching_pair"
        )
        components(con)
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
    if not has_rows(con, "matching_edge"):
        return
    components(con)
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
    settle(con, pass_name, status_of(plan))


def components(con: duckdb.DuckDBPyConnection) -> None:
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
        if not has_rows(con, "matching_nearer"):
            return
        con.execute(
            "update matching_component set component = nearer.component"
            " from matching_nearer as nearer where nearer.node = matching_component.node"
        )


def has_rows(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(con.execute(f"select 1 from {table} limit 1").fetchall())
