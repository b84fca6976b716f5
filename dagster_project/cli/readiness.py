"""Whether each entity can close the period, and which gates say no: as a table beside what the controls found."""

from __future__ import annotations

import duckdb
from rich.table import Table

_ENTITIES = """
    select legal_entity_code, readiness, period_state, blocking_gates, open_s1_exceptions
    from marts.close_status
    where period = coalesce(?, (select max(period) from marts.close_status where readiness <> 'running'))
    order by case readiness when 'blocked' then 1 when 'running' then 2 else 3 end, legal_entity_code, source_instance
"""
_PERIOD = "select max(period) from marts.close_status where readiness <> 'running'"
_WORDS = {"ready": "can close", "blocked": "cannot close", "running": "still running"}
_HELD = {"ready": "closed", "blocked": "closed, gates fail"}


def readiness_table(con: duckdb.DuckDBPyConnection, period: str | None = None) -> Table | None:
    """A row per entity that keeps books for the period, default the last that has ended; None where none does."""
    found = con.execute(_ENTITIES, [period]).fetchall()
    if not found:
        return None
    (last,) = con.execute(_PERIOD).fetchone() or (None,)
    table = Table(title=f"Close of {period or last}", title_justify="left", header_style="bold", show_lines=False)
    table.add_column("Entity", no_wrap=True)
    table.add_column("Readiness", no_wrap=True)
    table.add_column("What stands in the way", overflow="fold")
    table.add_column("Open and blocking", justify="right", min_width=8)
    for entity, readiness, state, gates, blocking in found:
        words = _HELD if state == "hard_closed" else _WORDS
        table.add_row(
            entity,
            words.get(readiness, readiness),
            gates or "nothing",
            f"{int(blocking):,}",
            style="bold" if readiness == "blocked" else None,
        )
    return table
