"""What a step of a run last made, and of what: with the same inputs and code it need not run again.

A step's fingerprint is a digest of the code, of what landed, and of what dbt has built since. What it made is kept as
the JSON that the step itself can read again; whether that still stands, a file for example, the step must look itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from dagster_project.sql import column, scalar
from dagster_project.version import code_version
from dagster_project.warehouse.contents import digests

_TABLE = """
create schema if not exists state;
create table if not exists state.steps (step varchar, fingerprint varchar, made varchar, made_at timestamp)"""
_NODES = "select unique_id || content from state.nodes order by 1"


@dataclass(frozen=True)
class Made:
    """What a step made, in its own JSON; `unchanged_since` is None when it ran just now."""

    json: str
    unchanged_since: datetime | None


def fingerprint(
    con: duckdb.DuckDBPyConnection, archive: Path, more: Collection[str] = (), with_books: bool = True
) -> str:
    """Digest of code, landed relations, configuration and, with `with_books`, what every model holds.

    Without the books it leaves out when each break was first seen, which only they read.
    """
    landed = digests(con, archive)
    nodes: list[str] = []
    if with_books:
        con.execute("create schema if not exists state")
        is_built = con.execute("select 1 from duckdb_tables() where schema_name = 'state' and table_name = 'nodes'")
        nodes = column(con, _NODES) if is_built.fetchone() else []
    else:
        landed.pop("config.first_seen", None)
    parts = [code_version(), f"duckdb {duckdb.__version__}", *map(repr, sorted(landed.items())), *nodes, *more]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def once(
    con: duckdb.DuckDBPyConnection,
    step: str,
    of: str,
    make: Callable[[], str],
    stands: Callable[[str], bool] = lambda made: True,
    again: bool = False,
) -> Made:
    """What `make` returned when the step last ran, if that was of the same inputs and `stands` agrees; else makes it.

    With `again` it is made in any case. It is forgotten before it is made, so that after a kill the step runs again.
    """
    con.execute(_TABLE)
    query = "select made, made_at from state.steps where step = ? and fingerprint = ?"
    for kept, at in [] if again else con.execute(query, [step, of]).fetchall():
        if stands(kept):
            return Made(kept, at.replace(tzinfo=UTC))
    con.execute("delete from state.steps where step = ?", [step])
    made = make()
    con.execute("insert into state.steps values (?, ?, ?, ?)", [step, of, made, datetime.now(UTC).replace(tzinfo=None)])
    return Made(made, None)


def last(con: duckdb.DuckDBPyConnection, step: str) -> str | None:
    """What the step made when it last ended well, of whatever inputs; None where nothing is known of it."""
    con.execute(_TABLE)
    made: str | None = scalar(con, "select made from state.steps where step = ?", [step])
    return made
