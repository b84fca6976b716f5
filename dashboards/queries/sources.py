"""What did each source deliver, what became of it, and how long do records take from step to step?"""

from __future__ import annotations

from dashboards.queries.scope import where
from dashboards.snapshot import Row, Snapshot


def names(db: Snapshot) -> list[str]:
    """Every configured source."""
    return [
        row["source"] for row in db.rows("select distinct source_instance as source from config.sources order by 1")
    ]


def months(db: Snapshot) -> list[str]:
    """Months in which something began, newest first."""
    rows = db.rows("select distinct period from marts.lags where period is not null order by period desc")
    return [row["period"] for row in rows]


def month_to_show(db: Snapshot) -> str:
    """The newest month that has ended, else the newest: a running month has mostly what is not due yet."""
    row = db.row(
        "select coalesce(max(period) filter (where period < strftime(as_of, '%Y-%m')), max(period)) as period"
        " from marts.lags cross join config.parameters"
    )
    return row.get("period") or ""


def lags(db: Snapshot, month: str) -> list[Row]:
    """A row per step that records of the month took or should have taken, what is overdue first."""
    return db.rows(
        """
        select
            workflow, step, source_instance, arrived_count, late_count, waiting_count,
            missing_count + failed_count as overdue_count, p50_minutes, p95_minutes, max_minutes, oldest_open_minutes,
            owner_role
        from marts.lags
        where period = ?
        order by overdue_count > 0 desc, late_count > 0 desc, workflow, step, source_instance
        limit 200
        """,
        (month,),
    )


def not_read(db: Snapshot, source: str) -> list[Row]:
    """A row per finding among the landing files that the run did not read; those of no source are everybody's."""
    condition, values = where(("coalesce(source_instance, ?) = ?", source))
    return db.rows(
        f"select source_instance, words from landed.not_read where {condition} order by all limit 500", values
    )


def count_objects(db: Snapshot, source: str) -> int:
    """How many objects the sources may deliver."""
    condition, values = where(("source_instance = ?", source))
    return int(db.row(f"select count(*) as n from marts.source_health where {condition}", values)["n"])


def objects(db: Snapshot, source: str, limit: int, offset: int) -> list[Row]:
    """A row per source and object with the rows of all its deliveries, the worst first."""
    condition, values = where(("source_instance = ?", source))
    return db.rows(
        f"""
        select
            source_instance, object, is_optional, status, owner_role, is_stale, freshness_hours, freshness_limit_hours,
            newest_record_at, accepted_rows, quarantined_rows, transport_rows, business_rule_rows,
            accounting_control_rows, run_batches, run_refused_batches, run_received_rows, run_duplicate_rows,
            run_quarantined_rows
        from marts.source_health
        where {condition}
        order by
            case status when 'failing' then 1 when 'not_testable' then 2 when 'note' then 3 else 4 end,
            source_instance,
            object
        limit ? offset ?
        """,
        (*values, limit, offset),
    )


def count_batches(db: Snapshot, source: str) -> int:
    """How many deliveries are in the archive."""
    condition, values = where(("source_instance = ?", source))
    return int(db.row(f"select count(*) as n from landed.batches where {condition}", values)["n"])


def batches(db: Snapshot, source: str, limit: int, offset: int) -> list[Row]:
    """A row per delivery: refused ones first, then the newest."""
    condition, values = where(("source_instance = ?", source))
    return db.rows(
        f"""
        select
            source_instance, object, batch_id, file_name, received_at, extracted_at, state, received_rows,
            accepted_rows, duplicate_rows, quarantined_rows, refusal_reason
        from landed.batches
        where {condition}
        order by state = 'refused' desc, received_at desc, source_instance, object, file_name, batch_id
        limit ? offset ?
        """,
        (*values, limit, offset),
    )
