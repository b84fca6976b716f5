"""Figures shown beside a materialization: rows, and of a control what was compared and how much money broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from dagster_project.evidence.totals import STATUSES
from dagster_project.money import major

UNCHANGED = "unchanged since"  # of what had no need to run again
_CONTROL_COLUMNS = ["status", "delta_minor", "currency_code", "code"]
_NAMES = {"break": "breaks"}
_CONTROLS = """
    select table_schema, table_name
    from information_schema.columns
    where table_catalog = current_database() and list_contains(?, column_name)
    group by all
    having count(*) = len(?)"""
_FIGURES = """
    select
        '{0}' as schema_name, '{1}' as table_name, status, currency_code, count(*) as records,
        sum(abs(delta_minor)) as amount
    from "{0}"."{1}"
    group by all"""


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


def control_figures(
    con: duckdb.DuckDBPyConnection, relations: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Of each (schema, table) in the shape of a control: how many records were compared and came to each status, and
    the absolute amount of its breaks in words. All are asked at once."""
    controls = set(con.execute(_CONTROLS, [_CONTROL_COLUMNS] * 2).fetchall())
    wanted = [one for one in relations if one in controls]
    if not wanted:
        return {}
    exponents = dict(con.execute("select currency_code, exponent from seeds.currencies order by 1").fetchall())
    records: dict[tuple[str, str], Counter[str]] = {one: Counter() for one in wanted}
    broken: dict[tuple[str, str], dict[str, int]] = {one: {} for one in wanted}
    told = con.execute(" union all ".join(_FIGURES.format(*one) for one in wanted)).fetchall()
    for schema, table, status, currency, count, amount in told:
        records[schema, table][status] += count
        if status == "break" and amount:
            broken[schema, table][currency] = int(amount)
    return {
        one: {
            "compared": found.total(),
            **{_NAMES.get(status, status): found[status] for status in STATUSES},
            "amount": _in_words(broken[one], exponents),
        }
        for one, found in records.items()
    }


def _in_words(amounts: Mapping[str, int], exponents: Mapping[str, int]) -> str:
    told = (f"{major(amounts[code], exponent)} {code}" for code, exponent in exponents.items() if code in amounts)
    return ", ".join(told) or "none"
