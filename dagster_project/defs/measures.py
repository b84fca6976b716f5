"""Figures shown beside a materialization: rows, and of a control what was compared and how much money broke."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from dagster_project.money import major

UNCHANGED = "unchanged since"  # of what had no need to run again
_CONTROL_COLUMNS = frozenset({"status", "delta_minor", "currency_code", "code"})
_FIGURES = """
    select
        count(*) as compared,
        count(*) filter (where status = 'matched') as matched,
        count(*) filter (where status = 'in_tolerance') as in_tolerance,
        count(*) filter (where status = 'timing') as timing,
        count(*) filter (where status = 'break') as breaks,
        count(*) filter (where status = 'not_testable') as not_testable,
    from {relation}
"""
_AMOUNTS = """
    select r.currency_code, sum(abs(r.delta_minor)), k.exponent
    from {relation} as r
    join seeds.currencies as k on r.currency_code = k.currency_code
    where r.status = 'break' and r.delta_minor <> 0
    group by r.currency_code, k.exponent
    order by r.currency_code
"""


def row_counts(con: duckdb.DuckDBPyConnection, relations: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Rows of each (schema, table) that is a table; a view is not counted, because that would run it."""
    tables = set(
        con.execute("select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'")
        .fetchall()
    )  # fmt: skip
    wanted = [one for one in relations if one in tables]
    if not wanted:
        return {}
    counts = " union all ".join(f"select '{s}' as s, '{t}' as t, count(*) as n from \"{s}\".\"{t}\"" for s, t in wanted)
    return {(schema, table): int(rows) for schema, table, rows in con.execute(counts).fetchall()}


def partitions_computed(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Of each table that is computed by partition: how many the last build computed again, as `1 of 14`."""
    suffix = "__partitions"
    states = con.execute(
        f"select table_name from information_schema.tables where table_schema = 'state' and table_name like '%{suffix}'"
    ).fetchall()
    found = {}
    for (state,) in states:
        computed, held = con.execute(
            f'select coalesce(max(run_computed_partitions), 0), count(*) from state."{state}"'
        ).fetchall()[0]
        found[state.removesuffix(suffix)] = f"{computed:,} of {held:,}"
    return found


def control_figures(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> Mapping[str, Any]:
    """Compared, matched ... and the absolute amount of its breaks in words, of a relation in the shape of a control."""
    columns = {row[0] for row in con.execute(f'describe "{schema}"."{table}"').fetchall()}
    if not columns >= _CONTROL_COLUMNS:
        return {}
    relation = f'"{schema}"."{table}"'
    cursor = con.execute(_FIGURES.format(relation=relation))
    names = [column[0] for column in cursor.description or ()]
    figures: dict[str, Any] = dict(zip(names, cursor.fetchone() or (), strict=True))
    amounts = con.execute(_AMOUNTS.format(relation=relation)).fetchall()
    figures["amount"] = (
        ", ".join(f"{major(int(minor), exponent)} {code}" for code, minor, exponent in amounts) or "none"
    )
    return figures
