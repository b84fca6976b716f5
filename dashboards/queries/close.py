"""Can an entity close, what stands in the way, and how fresh is what this rests on?"""

from __future__ import annotations

from dashboards.queries.scope import Scope, where
from dashboards.snapshot import Row, Snapshot


def periods(db: Snapshot) -> list[str]:
    """Periods that have begun, newest first."""
    rows = db.rows(
        "select distinct c.period from marts.close_status as c cross join config.parameters as p"
        " where c.start_date <= p.as_of order by c.period desc"
    )
    return [row["period"] for row in rows]


def period_to_close(db: Snapshot) -> str:
    """The newest period that has ended: the one being closed. Empty when none has."""
    row = db.row("select max(period) as period from marts.close_status where readiness <> 'running'")
    return row.get("period") or ""


def status(db: Snapshot, scope: Scope, limit: int, offset: int) -> list[Row]:
    """A row per entity and period: newest period first, within it what cannot close first."""
    conditions, values = _in_status(scope)
    return db.rows(
        f"""
        select
            source_instance, legal_entity_code, legal_entity_name, period, period_state, readiness, blocking_gates,
            gate_source_health, gate_interface, gate_receivables, gate_deferred_revenue, gate_control_account,
            gate_unexplained, gate_open_s1, base_currency_code, unexplained_minor, unexplained_threshold_minor,
            unexplained_breaks, open_s1_exceptions, known_at, oldest_extracted_at, note
        from marts.close_status
        where {conditions}
        order by
            period desc,
            case readiness when 'blocked' then 1 when 'running' then 2 else 3 end,
            legal_entity_code,
            source_instance
        limit ? offset ?
        """,
        (*values, limit, offset),
    )


def count(db: Snapshot, scope: Scope) -> dict[str, int]:
    """How many entities and periods are in each readiness."""
    conditions, values = _in_status(scope)
    rows = db.rows(
        f"select readiness, count(*) as n from marts.close_status where {conditions} group by readiness", values
    )
    return {row["readiness"]: int(row["n"]) for row in rows}


def sources(db: Snapshot) -> list[Row]:
    """A row per source: its objects, how many are fit, and the oldest of their newest extracts."""
    return db.rows(
        """
        select
            source_instance,
            domain,
            count(*) as objects,
            count(*) filter (where status = 'failing') as failing,
            count(*) filter (where status = 'not_testable' and not is_optional) as not_testable,
            min(last_extracted_at) as oldest_extracted_at,
            max(freshness_hours) as freshness_hours,
            min(freshness_limit_hours) as freshness_limit_hours,
            sum(accepted_rows) as accepted_rows,
            sum(quarantined_rows) as quarantined_rows
        from marts.source_health
        group by source_instance, domain
        order by failing desc, not_testable desc, source_instance
        limit 200
        """
    )


def objects(db: Snapshot, everything: bool, limit: int = 200) -> list[Row]:
    """A row per source and object, the worst first; without `everything` only those that have something to say."""
    return db.rows(
        """
        select
            source_instance, object, is_optional, status, reason, last_extracted_at, freshness_hours,
            freshness_limit_hours, accepted_rows, quarantined_rows
        from marts.source_health
        where ? or status in ('failing', 'note') or quarantined_rows > 0
            or (status = 'not_testable' and not is_optional)
        order by
            case status when 'failing' then 1 when 'not_testable' then 2 when 'note' then 3 else 4 end,
            source_instance,
            object
        limit ?
        """,
        (everything, limit),
    )


def _in_status(scope: Scope) -> tuple[str, tuple[str, ...]]:
    return where(("legal_entity_code = ?", scope.entity), ("period = ?", scope.period))
