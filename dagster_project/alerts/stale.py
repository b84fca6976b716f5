"""Sources whose newest extract is older than `freshness_limit_hours`: a finding per source."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from dagster_project.alerts.finding import Finding, rows
from dagster_project.words import counted

_STALE = """
    select source_instance, domain, mode(owner_role order by owner_role) as owner_role,
        string_agg(object, ', ' order by object) as objects, count(*) as stale, max(freshness_hours) as hours,
        min(freshness_limit_hours) as limit_hours, min(last_extracted_at) as oldest
    from marts.source_health
    where is_stale
    group by source_instance, domain
    order by source_instance
"""


def findings(con: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """The findings of the published snapshot."""
    for row in rows(con, _STALE):
        yield Finding(
            key=f"stale|{row['source_instance']}",
            kind="stale",
            state=row["objects"],
            severity="S1",
            owner_role=row["owner_role"],
            title=f"Source {row['source_instance']} ({row['domain']}) is stale",
            where=f"{counted(row['stale'], 'object')}: {row['objects']}",
            amounts=(),
            reason=(
                f"The oldest extract is of {row['oldest']:%Y-%m-%d %H:%M} UTC, {row['hours']} hours old; the limit is"
                f" {row['limit_hours']} hours. What depends on it is not tested, and no entity that needs it can close"
            ),
            next_step="Restart the extraction and run again, or say in tieout.yml that this source may be older.",
            page="sources",
        )
