"""A value that comes as a number, day or moment is not read from its text. It must land, hash and be refused as that
text would: else the same invoice from two exports would be a conflict with itself."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.ingestion.company import Company, company

OBJECTS = {
    "product.usage_events": (
        "event_id, 'ten-1' as tenant_id, 'sub-1' as subscription_id, 'api' as meter_code, quantity, occurred_at,"
        " timestamptz '2026-09-02 00:00:00+00' as ingested_at",
        "event_id varchar, quantity decimal(18, 3), occurred_at timestamptz",
        [
            ("whole", "3", "2026-09-01 08:00:00+02"),
            ("parts", "-0.125", "2026-09-01 08:00:00.123456+00"),
            ("zero", "0.000", "0001-01-01 00:00:00+00"),
            ("largest", "999999999999.999", "9999-12-31 23:59:59.999999+00"),
            ("too large", "1000000000000.000", "2026-09-01 08:00:00+00"),
            ("no quantity", None, "2026-09-01 08:00:00+00"),
            ("no moment", "1", None),
            ("after all years", "1", "10000-01-01 00:00:00+00"),
            ("before all years", "1", "0044-03-15 (BC) 00:00:00+00"),
            ("never", "1", "infinity"),
        ],
    ),
    "erp.fx_rates": (
        "base_currency, 'USD' as quote_currency, rate_date, 'spot' as rate_type, rate,"
        " timestamptz '2026-09-02 00:00:00+00' as updated_at",
        "base_currency varchar, rate decimal(20, 10), rate_date date",
        [
            ("EUR", "1.0812345678", "2026-09-01"),
            ("GBP", "0.0000000000", "2026-09-01"),
            ("JPY", "-1.5", "2026-09-01"),
            ("CHF", "9999999999.9999999999", "0001-01-01"),
            ("SEK", "1", "9999-12-31"),
            ("NOK", "1", "10000-01-01"),
            ("DKK", "1", "infinity"),
            ("CAD", None, None),
        ],
    ),
    "product.tenants": (
        "tenant_id, tenant_id as name, 'r' as region, is_test, timestamptz '2026-09-02 00:00:00+00' as created_at,"
        " timestamptz '2026-09-02 00:00:00+00' as updated_at",
        "tenant_id varchar, is_test boolean",
        [("a", "true"), ("b", "false"), ("c", None)],
    ),
}


def delivered(root: Path, object: str, is_typed: bool) -> Company:
    domain, name = object.split(".")
    select, types, rows = OBJECTS[object]
    one = company(root, domain)
    file = one.path(f"{domain}/{name}/a.parquet")
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"create table typed ({types})")
        con.executemany(f"insert into typed values ({', '.join('?' * len(rows[0]))})", rows)
        columns = con.execute(f"describe select {select} from typed").fetchall()
        shown = ", ".join(f"{_text(column, kind)} as {column}" for column, kind, *_ in columns)
        source = f"select {select} from typed"
        con.execute(f"copy ({source if is_typed else f'select {shown} from ({source})'}) to '{file}' (format parquet)")
    one.ingest(domain, name)
    return one


def _text(column: str, kind: str) -> str:
    """A moment is told in UTC, as the archive has always told it."""
    is_moment = kind == "TIMESTAMP WITH TIME ZONE"
    return f"({column} at time zone 'UTC')::varchar || '+00'" if is_moment else f"{column}::varchar"


@pytest.mark.parametrize("object", OBJECTS)
def test_values_of_their_kind_land_and_are_refused_as_their_text_is(tmp_path, object):
    domain, name = object.split(".")
    wanted = (
        f"select * exclude (batch_id) from landed.generic__{domain}__{name} order by row_number",
        "select row_number, column_name, value, expected, reason, key_text, payload from landed.quarantine order by all",
        "select column_name, reported_total, received_total from landed.batch_totals order by all",
        "select received_rows, parsed_rows, quarantined_rows, smallest_key, largest_key from landed.batches",
    )
    typed, told = (delivered(tmp_path / kind, object, kind == "typed").queries(*wanted) for kind in ("typed", "told"))
    assert typed == told
    assert typed[0], "no row was accepted: nothing is compared"
    assert typed[1], "no row was refused: nothing is compared"
