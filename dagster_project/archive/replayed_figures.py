"""The figures of a batch after a replay: accepted rows as they are stored, all others as the replay read them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb

from dagster_project.archive import store
from dagster_project.archive.batches import Batch
from dagster_project.archive.parsing.checks import final, is_number
from dagster_project.archive.parsing.figures import measure
from dagster_project.archive.parsing.parse import Parsed
from dagster_project.archive.parsing.received import quoted
from dagster_project.settings import Settings
from dagster_project.sources.contracts import Contract


def figures_after(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    batch: Batch,
    contract: Contract,
    parsed: Parsed,
    rescued: str,
) -> dict[str, Any]:
    """What the link of a replay says about the whole batch. `rescued` is SQL over `checked`: the rows it accepts.

    A control total covers every received row whose value parses: a value that the mapping made readable now counts.
    """
    _hold(con, settings, batch, contract)
    is_other = "tieout_row not in (select row_number from held_rows)"
    others = measure(con, contract, parsed.received, is_other).columns
    held = _held(con, contract, tuple(others))
    accepted = con.execute(f"select count(*) from checked where {rescued}").fetchone()
    count = int(accepted[0]) if accepted else 0
    smallest, largest = _keys(con, contract, rescued)
    return {
        "state": "loaded",
        "received_rows": batch.now.received_rows,
        "parsed_rows": batch.now.parsed_rows + count,
        "quarantined_rows": batch.now.quarantined_rows - count,
        "columns": parsed.columns,
        "received_totals": {
            name: f"{Decimal(figures.total) + held[name][1]:f}"
            for name, figures in others.items()
            if figures.total is not None
        },
        "nulls": {name: figures.nulls + held[name][0] for name, figures in others.items()},
        "smallest_key": smallest,
        "largest_key": largest,
        "drift": parsed.drift,
    }


def _hold(con: duckdb.DuckDBPyConnection, settings: Settings, batch: Batch, contract: Contract) -> None:
    """Makes `held_rows`, the accepted rows of the batch: typed, and empty where there are none."""
    types = {column.name: column.sql_type for column in contract.columns} | {"row_number": "BIGINT"}
    nothing = ", ".join(f"null::{kind} as {quoted(name)}" for name, kind in types.items())
    body = f"select {nothing} where false"
    paths = [str(store.parquet_path(settings, link)) for link in batch.with_rows]
    if paths:
        body += " union all by name select * from read_parquet(?, union_by_name = true)"
    con.execute(f"create or replace temp table held_rows as {body}", [paths] if paths else [])


def _held(con: duckdb.DuckDBPyConnection, contract: Contract, names: tuple[str, ...]) -> dict[str, tuple[int, Decimal]]:
    """Per column the nulls and the total of the accepted rows; 0 where a total makes no sense."""
    parts = ", ".join(
        f"count(*) - count({quoted(name)}), "
        + (f"coalesce(sum({quoted(name)}), 0)::varchar" if is_number(contract.column(name)) else "'0'")
        for name in names
    )
    row = con.execute(f"select {parts} from held_rows").fetchone() or ()
    return {name: (row[2 * place], Decimal(row[2 * place + 1])) for place, name in enumerate(names)}


def _keys(con: duckdb.DuckDBPyConnection, contract: Contract, rescued: str) -> tuple[str | None, str | None]:
    """The smallest and the largest key of what is accepted by now."""
    stored = ", ".join(quoted(name) for name in contract.key)
    read = ", ".join(f"{final(contract.column(name))} as {quoted(name)}" for name in contract.key)
    text = " || '|' || ".join(f"{quoted(name)}::varchar" for name in contract.key)
    row = con.execute(
        f"select arg_min({text}, row({stored})), arg_max({text}, row({stored})) from"
        f" (select {stored} from held_rows union all select {read} from checked where {rescued})"
    ).fetchone()
    return (row[0], row[1]) if row else (None, None)
