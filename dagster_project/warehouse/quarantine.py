"""`landed.quarantine`: every dead letter, what has become of it, whose it is and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from dagster_project.archive import dead_letters
from dagster_project.archive.batches import Batch
from dagster_project.settings import Settings
from expectations.policy import load_policy

_COLUMNS = (
    "source_instance", "domain", "vendor", "object", "batch_id", "row_number", "line_number", "column_name", "value",
    "expected", "reason", "failure_class", "key_text", "payload", "fields", "payload_sha256", "attempts", "state",
    "owner_role", "next_step", "amount_minor", "currency_code", "replayed_at",
)  # fmt: skip


def write(con: duckdb.DuckDBPyConnection, settings: Settings, known: list[Batch]) -> None:
    """Replaces the table. A row per rejected row, and one per file that was refused whole (`row_number` null)."""
    dead_letters.collect(con, settings, known)
    con.execute(
        "create or replace temp table dead_letter_routes (domain varchar, object varchar, failure_class varchar,"
        " state varchar, owner_role varchar, next_step varchar)"
    )
    routes = list(_routes(con))
    if routes:
        con.executemany("insert into dead_letter_routes values (?, ?, ?, ?, ?, ?)", routes)
    con.execute(
        f"create or replace table landed.quarantine as select {', '.join(_COLUMNS)} from dead_letters"
        " left join dead_letter_routes using (domain, object, failure_class, state)"
    )


def _routes(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, ...]]:
    policy = load_policy()
    kinds = con.execute("select distinct domain, object, failure_class, state from dead_letters order by all")
    for domain, name, failure_class, state in kinds.fetchall():
        owner, next_step = policy.route_of(domain, name, failure_class, state)
        yield domain, name, failure_class, state, owner, next_step
