"""Reads landing files into DuckDB by the landing contract's text alone: nothing of the pipeline is used, so that a fault
in the pipeline's own reading cannot hide a fault of the sample company."""

from __future__ import annotations

from pathlib import Path

import duckdb

DECIMAL = "decimal(38, 9)"
TYPES = {
    DECIMAL: (
        "quantity unit_multiplier limit_quantity unit_amount package_size up_to flat_amount discount_percent included_quantity"
        " minimum_amount net_amount tax_amount total_amount discount_amount amount tax_rate fee_amount closing_quantity"
        " closing_amount total_value open_amount fx_rate debit credit base_debit base_credit rate"
    ),
    "timestamptz": (
        "created_at updated_at occurred_at ingested_at computed_at cancelled_at finalized_at received_at granted_at"
        " drawn_at signed_at closed_at applied_at sent_at acknowledged_at published_at"
    ),
    "date": (
        "effective_from effective_to period_start period_end discount_until start_date end_date issue_date due_date"
        " service_start service_end arrival_date close_date document_date posting_date received_date rate_date"
    ),
    "boolean": "is_test is_proration",
    "bigint": "event_count payment_terms_days tier_number version contract_version line_number sequence attempts",
}
BY_NAME = {name: kind for kind, names in TYPES.items() for name in names.split()}


def load(root: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory database with a table `<domain>.<object>` per landed object, typed by column name, UTC."""
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    for folder in sorted(path for path in (root / "data").glob("*/*") if path.is_dir()):
        con.execute(f"create schema if not exists {folder.parent.name}")
        reads = [_read(file) for file in sorted(folder.iterdir()) if not file.name.endswith(".manifest.json")]
        con.execute(f"create temp table landed as {' union all by name '.join(reads)}")
        columns = [row[0] for row in con.execute("describe landed").fetchall()]
        typed = ", ".join(f'cast("{name}" as {BY_NAME.get(name, "varchar")}) as "{name}"' for name in columns)
        con.execute(f"create table {folder.parent.name}.{folder.name} as select {typed} from landed")
        con.execute("drop table landed")
    return con


def _read(file: Path) -> str:
    path = str(file).replace("'", "''")
    if file.suffix == ".parquet":
        return f"(select columns(*)::varchar from read_parquet('{path}'))"
    if ".jsonl" in file.name:
        keys = f"(select columns(*)::varchar from read_json('{path}', format='newline_delimited', convert_strings_to_integers=false))"
        return keys
    return f"(from read_csv('{path}', all_varchar=true, header=true, delim=',', quote='\"', escape='\"'))"
