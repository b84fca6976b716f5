"""Whether each entity can close the period, and which gates say no: as a table beside what the controls found."""

from __future__ import annotations

import duckdb
from rich.table import Table

from dagster_project.close import terms

_ENTITIES = """
    select period, legal_entity_code, readiness, period_state, blocking_gates, note, open_s1_exceptions
    from marts.close_status
    where period = coalesce(?, (select max(period) from marts.close_status where readiness <> 'running'))
    order by case readiness when 'blocked' then 1 when 'running' then 2 else 3 end, legal_entity_code, source_instance
"""


def readiness_table(con: duckdb.DuckDBPyConnection, period: str | None = None) -> Table | None:
    """A row per entity that keeps books for the period, default the last that has ended; None where none does."""
    found = con.execute(_ENTITIES, [period]).fetchall()
    if not found:
        return None
    table = Table(title=f"Close of {found[0][0]}", title_justify="left", header_style="bold", show_lines=False)
    table.add_column("Entity", no_wrap=True)
    table.add_column("Can it close?", no_wrap=True)
    table.add_column("What stands in the way", overflow="fold")
    table.add_column("Open and blocking", justify="right", min_width=8)
    for _, entity, readiness, state, gates, note, blocking in found:
        table.add_row(
            entity,
            terms.readiness(readiness, state).lower(),
            f"{(gates or 'nothing.').strip()} {note}" if note else gates or "nothing",
            f"{int(blocking):,}",
            style="bold" if readiness == "blocked" else None,
        )
    return table
