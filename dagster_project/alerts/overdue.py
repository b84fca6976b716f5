"""Breaks whose severity's clock ran out (S1 4 hours, S2 2 days, S3 5 days after they were first seen): a finding per
problem. What only follows from a problem is counted with it: one cause must not call ten people."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import duckdb

from dagster_project.alerts.finding import Finding, amounts, rows

_OVERDUE = """
    with overdue as (
        select
            found.root_exception_key as key, min(found.severity) as severity, min(found.due_at) as due_at,
            count(*) as breaks
        from marts.exceptions as found
        cross join config.parameters as parameters
        where found.due_at < parameters.as_of and not (found.code = 'R38' and found.cause_code = 'stale')
        group by found.root_exception_key
    )
    select
        overdue.key, overdue.severity, overdue.due_at, overdue.breaks, root.code, controls.title, root.source_instance,
        root.match_key, root.legal_entity_code as entity, root.period, abs(root.delta_minor) as amount_minor,
        root.currency_code, root.owner_role, root.reason, root.next_step
    from overdue
    inner join marts.exceptions as root on root.exception_key = overdue.key
    inner join marts.controls as controls on controls.code = root.code
    order by overdue.severity, overdue.due_at, overdue.key
"""


def findings(con: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """The findings of the published snapshot, the most severe first. A stale source is a kind of its own."""
    for row in rows(con, _OVERDUE):
        more = f"; {row['breaks']} overdue breaks go back to it" if row["breaks"] > 1 else ""
        place = ", ".join(filter(None, (row["entity"], row["period"])))
        record = {"control": row["code"], "record": row["match_key"], "instance": row["source_instance"]}
        yield Finding(
            key=f"sla|{row['key']}",
            kind="sla",
            state="overdue",
            severity=row["severity"],
            owner_role=row["owner_role"],
            title=f"{row['title']} ({row['code']}): {row['match_key']} is overdue",
            where=place or "names no entity",
            amounts=amounts([row]),
            reason=f"{row['reason'].rstrip('.')}. Was due {row['due_at']:%Y-%m-%d %H:%M} UTC{more}.",
            next_step=row["next_step"],
            page=f"controls?{urlencode(record)}",
        )
