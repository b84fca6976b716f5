"""What a run measures, read from the snapshot that it published: counts and times, never money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

RUN = "Seconds that the run took"


@dataclass(frozen=True)
class Measure:
    """A gauge and its values, each with its attributes (without their prefix)."""

    name: str
    unit: str
    description: str
    values: tuple[tuple[int, dict[str, str]], ...]


_MEASURES = {
    ("tieout.delivery.rows", "{row}", "Rows of all deliveries of a source object, by what became of them"): """
        select source_instance, object, outcome, rows
        from (
            select source_instance, object, run_received_rows as received, accepted_rows as accepted,
                run_duplicate_rows as duplicate, run_quarantined_rows as quarantined
            from marts.source_health
        ) unpivot (rows for outcome in (received, accepted, duplicate, quarantined))
    """,
    ("tieout.delivery.batches", "{file}", "Deliveries of a source object, by state"): """
        select source_instance, object, state, count(*) from landed.batches group by all
    """,
    ("tieout.delivery.failures", "{row}", "Different rows that broke the contract, by failure class"): """
        select source_instance, object, failure_class, rows
        from (
            select source_instance, object, transport_rows as transport, business_rule_rows as business_rule,
                accounting_control_rows as accounting_control
            from marts.source_health
        ) unpivot (rows for failure_class in (transport, business_rule, accounting_control))
        where rows > 0
    """,
    ("tieout.delivery.age", "h", "Hours from the newest extract of a source object to the run's date"): """
        select source_instance, object, freshness_hours from marts.source_health where freshness_hours is not null
    """,
    ("tieout.lag", "min", "Lag of the newest month in which something arrived, per step of a workflow"): """
        select workflow, step, source_instance, statistic, minutes
        from (
            select workflow, step, source_instance, p50_minutes as p50, p95_minutes as p95, max_minutes as longest
            from marts.lags
            where arrived_count > 0 and p50_minutes is not null
            qualify row_number() over (partition by workflow, step, source_instance order by period desc) = 1
        ) unpivot (minutes for statistic in (p50, p95, longest))
    """,
    ("tieout.lag.open", "{record}", "Records that are overdue at a step of a workflow"): """
        select workflow, step, source_instance, sum(missing_count + failed_count)::bigint from marts.lags group by all
    """,
    ("tieout.control.results", "{result}", "Results of a control, by status"): """
        select control, status, sum(results)::bigint
        from (
            select code as control, matched, in_tolerance, timing, breaks as break, not_testable
            from marts.reconciliation_summary
        ) unpivot (results for status in (matched, in_tolerance, timing, break, not_testable))
        group by all
    """,
    ("tieout.close.periods", "{period}", "Entities' accounting periods, by readiness"): """
        select readiness, count(*) from marts.close_status group by all
    """,
}


def of(published: Path) -> Iterator[Measure]:
    """Every measure of a published snapshot."""
    with duckdb.connect(str(published), read_only=True) as con:
        for (name, unit, description), query in _MEASURES.items():
            cursor = con.execute(f"{query} order by all")
            names = [column[0] for column in cursor.description or ()][:-1]
            values = (
                (int(value), {key: str(one) for key, one in zip(names, keys, strict=True)})
                for *keys, value in cursor.fetchall()
            )
            yield Measure(name, unit, description, tuple(values))
