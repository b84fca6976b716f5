"""The controls: catalogue, last result, trend."""

from __future__ import annotations

from dashboards.queries.scope import Scope, in_summary, where
from dashboards.snapshot import Row, Snapshot


def overview(db: Snapshot, scope: Scope) -> list[Row]:
    """A row per control: its catalogue entry and counts in the scope; zero everywhere when nothing was compared.

    Its severity is that of its gravest open break in the scope, where it has one.
    """
    conditions, values = in_summary(scope)
    return db.rows(
        f"""
        with counted as (
            select
                code,
                sum(compared) as compared,
                sum(matched) as matched,
                sum(in_tolerance) as in_tolerance,
                sum(timing) as timing,
                sum(breaks) as breaks,
                sum(not_testable) as not_testable
            from marts.reconciliation_summary
            where {conditions}
            group by code
        ),
        gravest as (
            select code, min(severity) as severity
            from marts.exceptions
            where {conditions}
            group by code
        )
        select
            c.code, c.title, coalesce(g.severity, c.severity) as severity, c.owner_role,
            coalesce(n.compared, 0) as compared,
            coalesce(n.matched, 0) as matched,
            coalesce(n.in_tolerance, 0) as in_tolerance,
            coalesce(n.timing, 0) as timing,
            coalesce(n.breaks, 0) as breaks,
            coalesce(n.not_testable, 0) as not_testable
        from marts.controls as c
        left join counted as n on n.code = c.code
        left join gravest as g on g.code = c.code
        order by c.code
        """,
        (*values, *values),
    )


def amounts(db: Snapshot, scope: Scope, code: str = "") -> list[Row]:
    """Differences of breaks and of what is tolerated, net and absolute, by control and currency; none if zero."""
    conditions, values = in_summary(scope)
    return db.rows(
        f"""
        select
            code,
            currency_code,
            cast(sum(break_net_minor) as decimal(38, 0)) as break_net_minor,
            cast(sum(break_absolute_minor) as decimal(38, 0)) as break_absolute_minor,
            cast(sum(tolerance_net_minor) as decimal(38, 0)) as tolerance_net_minor,
            cast(sum(tolerance_absolute_minor) as decimal(38, 0)) as tolerance_absolute_minor
        from marts.reconciliation_summary
        where {conditions} and (? = '' or code = ?) and currency_code is not null
        group by code, currency_code
        having sum(break_absolute_minor) <> 0 or sum(tolerance_absolute_minor) <> 0
        order by code, currency_code
        """,
        (*values, code, code),
    )


def without_amount(db: Snapshot, scope: Scope) -> dict[str, int]:
    """How many breaks of each control state no amount; a control of which all do is in it too."""
    conditions, values = in_summary(scope)
    rows = db.rows(
        f"select code, count(*) as n from marts.exceptions where delta_minor is null and {conditions} group by code",
        values,
    )
    return {row["code"]: int(row["n"]) for row in rows}


def owners(db: Snapshot, scope: Scope) -> dict[str, dict[str, int]]:
    """How many breaks of each control each role acts on, who has most of them first."""
    conditions, values = in_summary(scope)
    rows = db.rows(
        f"select code, owner_role, count(*) as n from marts.exceptions where {conditions}"
        " group by code, owner_role order by code, n desc, owner_role",
        values,
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["code"], {})[row["owner_role"]] = int(row["n"])
    return found


def problems(db: Snapshot, scope: Scope) -> int:
    """How many separate problems the breaks of the scope go back to: one defect may show in several controls."""
    conditions, values = in_summary(scope)
    found = db.row(f"select count(distinct root_exception_key) as n from marts.exceptions where {conditions}", values)
    return int(found["n"])


def unplaced(db: Snapshot, scope: Scope) -> dict[str, int]:
    """How many breaks of each control the scope leaves out only because they name no entity or no period: they may hold
    its close all the same."""
    conditions, values = where(
        ("coalesce(legal_entity_code, ?) = ?", scope.entity),
        ("coalesce(period, ?) = ?", scope.period),
        ("currency_code = ?", scope.currency),
    )
    placed, of_scope = in_summary(scope)
    rows = db.rows(
        f"select code, count(*) as n from marts.exceptions where {conditions} and ({placed}) is not true"
        " group by code order by code",
        (*values, *of_scope),
    )
    return {row["code"]: int(row["n"]) for row in rows}


def breaks_by_period(db: Snapshot, scope: Scope) -> list[Row]:
    """Compared and broken per control and period, oldest first; the period of the scope is left open."""
    conditions, values = in_summary(scope.only("entity", "currency"))
    return db.rows(
        f"""
        select code, period, sum(compared) as compared, sum(breaks) as breaks, sum(not_testable) as not_testable
        from marts.reconciliation_summary
        where {conditions} and period is not null
        group by code, period
        order by code, period
        """,
        values,
    )


def catalogue_entry(db: Snapshot, code: str) -> Row:
    """The catalogue entry of one control; empty when there is none."""
    return db.row(
        "select code, name, title, severity, owner_role, tolerance, timing_window, objects, words, next_step"
        " from marts.controls where code = ?",
        (code,),
    )


def trend(db: Snapshot, code: str, scope: Scope) -> list[Row]:
    """Counts of one control per period and currency, newest first, with net and absolute differences of breaks."""
    conditions, values = in_summary(scope.only("entity", "currency"))
    return db.rows(
        f"""
        select
            period,
            currency_code,
            sum(compared) as compared,
            sum(matched) as matched,
            sum(in_tolerance) as in_tolerance,
            sum(timing) as timing,
            sum(breaks) as breaks,
            sum(not_testable) as not_testable,
            cast(sum(break_net_minor) as decimal(38, 0)) as break_net_minor,
            cast(sum(break_absolute_minor) as decimal(38, 0)) as break_absolute_minor
        from marts.reconciliation_summary
        where code = ? and {conditions}
        group by period, currency_code
        order by period desc, currency_code
        limit 200
        """,
        (code, *values),
    )


def tolerated(db: Snapshot, scope: Scope) -> list[Row]:
    """What the tolerances let pass, added up per control, entity and currency, against the cap; breached first. What
    differs in no amount adds nothing."""
    conditions, values = in_summary(scope.only("entity", "currency"))
    return db.rows(
        f"""
        select code, legal_entity_code, currency_code, differences, net_minor, absolute_minor, base_currency_code,
            absolute_base_minor, cap_minor, state
        from marts.tolerance_budget
        where {conditions} and differences > 0 and (absolute_minor > 0 or state = 'breached')
        order by case state when 'breached' then 1 when 'not_testable' then 2 else 3 end, code, legal_entity_code,
            currency_code
        """,
        values,
    )
