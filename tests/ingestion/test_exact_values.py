"""A value means the same in every format: no number passes through a double, no time loses its offset."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.archive.parsing.checks import DECIMALS, DIGITS, WIDE, final, text_of
from dagster_project.sources.contracts import load_contracts
from tests.ingestion.company import Company, csv_text, event, invoice, jsonl_text

RATES = "landed.generic__erp__fx_rates"


def _rate(**changes) -> dict:
    return {
        "base_currency": "EUR",
        "quote_currency": "USD",
        "rate_date": "2026-09-01",
        "rate_type": "spot",
        "rate": "1.0812345678",
        "updated_at": "2026-09-01T00:00:00Z",
    } | changes


def _parquet(**columns) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    return buffer.getvalue()


def test_json_numbers_keep_digits_that_a_double_has_not(borealis: Company):
    line = '{"base_currency":"EUR","quote_currency":"USD","rate_date":"2026-09-01","rate_type":"spot","rate":%s,"updated_at":"2026-09-01T00:00:00Z"}'
    borealis.deliver("erp/fx_rates/a.jsonl", line % "1234567890.0123456789" + "\n")
    borealis.ingest("erp", "fx_rates")
    assert borealis.query(f"select rate from {RATES}")[0]["rate"] == Decimal("1234567890.0123456789")


@pytest.mark.parametrize("value", ["1.10", "0.1", "100", "-0.000000001", "123456789012.123456789", "+7"])
def test_the_same_number_in_csv_and_json_is_the_same_content(tmp_path, value):
    from tests.ingestion.company import company

    record = {
        "meter_record_id": "m-1",
        "subscription_id": "sub-1",
        "meter_code": "api",
        "period_start": "2026-09-01",
        "period_end": "2026-10-01",
        "quantity": value,
        "event_count": "1",
        "computed_at": "2026-10-01T00:00:00Z",
    }
    one = company(tmp_path, "product")
    one.deliver("product/metered_usage/a.csv", csv_text([record]))
    number = jsonl_text([record]).replace(f'"{value}"', value.lstrip("+")).replace('"1"', "1")
    one.deliver("product/metered_usage/b.jsonl", number)
    one.ingest("product", "metered_usage")
    rows = one.query("select quantity, content_hash from landed.generic__product__metered_usage")
    assert len({(row["quantity"], row["content_hash"]) for row in rows}) == 1
    assert rows[0]["quantity"] == Decimal(value)


def test_json_text_in_an_event_keeps_its_numbers_and_loses_its_spaces(borealis: Company):
    borealis.deliver(
        "product/usage_events/a.csv", csv_text([event(properties='{"key": 12345678901234567890.10, "a": "1, 2"}')])
    )
    line = jsonl_text([event("ev-2")]).replace('"properties": null', '"properties": {"key":1.10}')
    borealis.deliver("product/usage_events/b.jsonl", line)
    borealis.deliver("product/usage_events/c.csv", csv_text([event("ev-3", properties="{key}")]))
    borealis.ingest("product", "usage_events")
    rows = borealis.query("select properties from landed.generic__product__usage_events order by event_id")
    assert [row["properties"] for row in rows] == ['{"key":12345678901234567890.10,"a":"1, 2"}', '{"key":1.10}']
    assert borealis.quarantine()[0]["expected"] == "valid JSON"


@pytest.mark.parametrize(
    "written", ["2026-09-01T02:00:00+02:00", "2026-08-31T18:30:00-0530", "2026-09-01 00:00:00Z", "2026-09-01T00:00+00"]
)
def test_a_time_is_stored_in_utc_whatever_its_offset(borealis: Company, written):
    borealis.deliver("erp/fx_rates/a.csv", csv_text([_rate(updated_at=written)]))
    borealis.ingest("erp", "fx_rates")
    assert borealis.query(f"select updated_at from {RATES}")[0]["updated_at"] == datetime(2026, 9, 1)


def test_parquet_keeps_exact_types_and_gives_the_content_of_csv(borealis: Company):
    borealis.deliver("erp/fx_rates/a.csv", csv_text([_rate()]))
    content = _parquet(
        base_currency=["EUR"],
        quote_currency=["USD"],
        rate_date=[date(2026, 9, 1)],
        rate_type=["spot"],
        rate=pl.Series([Decimal("1.0812345678")], dtype=pl.Decimal(20, 10)),
        updated_at=[datetime(2026, 9, 1, 2, tzinfo=timezone(timedelta(hours=2))).astimezone(UTC)],
    )
    borealis.deliver("erp/fx_rates/b.parquet", content)
    assert borealis.one("erp", "fx_rates").accepted_rows == 2
    assert len(borealis.query(f"select distinct content_hash from {RATES}")) == 1


def test_a_float_rate_in_parquet_refuses_the_file(borealis: Company):
    fields = {name: [value] for name, value in _rate().items()} | {"rate": [1.0812345678]}
    borealis.deliver("erp/fx_rates/a.parquet", _parquet(**fields))
    (refused,) = borealis.one("erp", "fx_rates").refused
    assert "column 'rate' was retyped to DOUBLE" in refused.reason


def test_a_nullable_parquet_column_that_is_all_null_has_no_wrong_type(borealis: Company):
    fields = {name: pl.Series([value], dtype=pl.String) for name, value in invoice().items()}
    fields["due_date"] = pl.Series([None], dtype=pl.Float64)
    borealis.deliver("billing/invoices/a.parquet", _parquet(**fields))
    assert borealis.one().accepted_rows == 1


def test_midnights_serve_as_dates_where_a_writer_has_no_date_type(borealis: Company):
    fields = {name: [value, value] for name, value in _rate().items()}
    fields["rate_date"] = [datetime(2026, 9, 1), datetime(2026, 9, 1, 12)]
    borealis.deliver("erp/fx_rates/a.parquet", _parquet(**fields))
    report = borealis.one("erp", "fx_rates")
    assert (report.accepted_rows, report.quarantined_rows) == (1, 1)


def test_a_new_column_is_drift_and_only_the_raw_file_keeps_it(borealis: Company):
    borealis.deliver("erp/fx_rates/a.csv", csv_text([_rate(Rate="9", region="emea")]))
    report = borealis.one("erp", "fx_rates")
    assert report.accepted_rows == 1
    drift = borealis.query("select column_name, drift, is_breaking from landed.schema_drift order by column_name")
    assert drift == [
        {"column_name": "Rate", "drift": "new_column", "is_breaking": False},
        {"column_name": "region", "drift": "new_column", "is_breaking": False},
    ]


def test_a_nullable_column_that_no_longer_parses_is_breaking_drift_and_refuses_the_file(borealis: Company):
    borealis.deliver(
        "billing/invoices/a.csv",
        csv_text([invoice(due_date="soon"), invoice("b", due_date="later"), invoice("c", due_date=None)]),
    )
    (refused,) = borealis.one().refused
    assert "column 'due_date' was retyped: none of its values parses, the first is 'soon'" in refused.reason
    assert borealis.query("from landed.generic__billing__invoices") == []


def test_an_absent_nullable_column_is_null_and_no_drift(borealis: Company):
    rows = [{name: value for name, value in invoice().items() if name != "due_date"}]
    borealis.deliver("billing/invoices/a.csv", csv_text(rows))
    assert borealis.one().accepted_rows == 1
    assert borealis.query("select due_date from landed.generic__billing__invoices") == [{"due_date": None}]
    assert borealis.query("from landed.schema_drift") == []


@pytest.mark.parametrize("kind", sorted(DIGITS))
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_the_short_way_of_a_decimal_ends_in_the_same_value_and_text(kind, data):
    """Another digit would be another amount; another text another content hash, and every invoice a conflict with itself."""
    column = replace(load_contracts()["billing", "invoices"].column("net_amount"), name="v", kind=kind)
    whole = st.sampled_from([10**8, 10**9, 10**14, 10 ** DIGITS[kind]]).flatmap(
        lambda near: st.integers(near - 2, near + 2)
    )
    whole = (whole | st.integers(0, 10 ** DIGITS[kind])).map(lambda number: min(number, 10 ** DIGITS[kind] - 1))
    parts = st.integers(0, 10 ** DECIMALS[kind] - 1).map(lambda number: f"{number:0{DECIMALS[kind]}d}")
    texts = data.draw(
        st.lists(st.tuples(st.sampled_from(["", "-"]), whole, parts).map(lambda of: f"{of[0]}{of[1]}.{of[2]}"))
    )
    with duckdb.connect() as con:
        con.execute(f"create table wide as select unnest(?::varchar[])::{WIDE} as v", [texts])
        con.execute(f"create table typed as select {final(column)} as v, v::{column.sql_type} as plain from wide")
        others = (
            f"select * from typed where v is distinct from plain or {text_of(column)} is distinct from plain::varchar"
        )
        assert con.execute(others).fetchall() == []
        found = [value for (value,) in con.execute("select v from typed").fetchall()]
        assert found == [Decimal(text) for text in texts]
