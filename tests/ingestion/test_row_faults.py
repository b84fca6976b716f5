"""A row that breaks its contract goes to quarantine with a reason, and the rest of the batch goes on."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.ingestion.company import Company, csv_text, event, invoice, jsonl_text

BROKEN_INVOICES = [
    ("net_amount", "1.005", "at most 2 decimals, as USD has", "half a cent would be billed or lost by rounding"),
    ("net_amount", "9" * 40, "at most 13 digits", "a forty-digit amount would overflow every total"),
    ("net_amount", "12345678901234", "at most 13 digits", "minor units would overflow"),
    ("net_amount", "NaN", "plain decimal", "one NaN makes every total NaN"),
    ("net_amount", "Infinity", "plain decimal", "no total survives it"),
    ("net_amount", "1e5", "plain decimal", "a float has been here: its digits are not the source's"),
    ("net_amount", "1,000.00", "plain decimal", "a thousand may read as one"),
    ("net_amount", "", "a value", "an invoice without amount would tie out at nil"),
    ("issue_date", "2026-02-31", "ISO date", "the day does not exist, nor does its period"),
    ("issue_date", "31/02/2026", "ISO date", "day and month may be swapped"),
    ("finalized_at", "2026-09-01T08:00:00", "offset", "local time moves usage and invoices across a cut-off"),
    ("finalized_at", "2026-09-01T24:30:00Z", "offset", "no such time"),
    ("finalized_at", "2026-09-01T08:00:00+25:00", "offset", "an hour too many files the invoice under another day"),
    ("finalized_at", "2026-09-01T08:00:00-14:01", "offset", "no place on earth is so far from UTC"),
    ("finalized_at", "2026-09-01T08:00:00+05:60", "offset", "an hour has sixty minutes, the last of them the 59th"),
    ("currency", "ZZZ", "ISO 4217", "amounts of a currency that does not exist have no minor unit"),
    ("status", "paied", "one of draft, open, paid, void, uncollectible", "an unknown state is in no population"),
    ("invoice_id", "", "a value", "without its key the invoice can be matched to nothing"),
]


@pytest.mark.parametrize(("column", "value", "expected", "misstated"), BROKEN_INVOICES)
def test_a_value_that_breaks_its_rule_is_quarantined_and_named(borealis: Company, column, value, expected, misstated):
    broken = invoice("inv-2") | {column: value}
    borealis.deliver("billing/invoices/sept.csv", csv_text([invoice(), broken, invoice("inv-3")]))
    report = borealis.one()
    assert (report.received_rows, report.accepted_rows, report.quarantined_rows) == (3, 2, 1), misstated
    (row,) = borealis.quarantine()
    assert (row["row_number"], row["line_number"], row["column_name"]) == (2, 3, column)
    assert row["value"] == (value or None)
    assert expected in row["expected"]
    assert "invoices/sept.csv, line 3" in row["reason"]
    assert row["key_text"] == (None if column == "invoice_id" else "inv-2")
    assert "cus-1" in row["payload"]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_an_offset_that_no_place_has_is_refused_in_every_text_format(borealis: Company, ending: str):
    """Taken as an hour, 25 would move usage at a month's end into another month, and so onto another invoice."""
    offsets = ["Z", "+14:00", "-1200", "+05:45", "+00", "+25:00", "-14:30", "+14:01", "+99", "+0960"]
    rows = [event(f"ev{n}", occurred_at=f"2026-09-30T23:30:00{offset}") for n, offset in enumerate(offsets)]
    path = borealis.path(f"product/usage_events/a.{ending}")
    if ending == "parquet":
        columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]}
        pq.write_table(pa.table(columns), path)
    else:
        path.write_text(csv_text(rows) if ending == "csv" else jsonl_text(rows), encoding="utf-8")
    report = borealis.one("product", "usage_events")
    assert (report.accepted_rows, report.quarantined_rows) == (5, 5)
    refused = borealis.quarantine()
    assert [row["value"] for row in refused] == [f"2026-09-30T23:30:00{offset}" for offset in offsets[5:]]
    assert all("an offset of at most 14 hours" in row["reason"] for row in refused)


def test_a_typed_parquet_time_is_taken_whatever_zone_it_names(borealis: Company):
    """The value is a moment already: refused, usage that is right would not be billed."""
    moments = pa.array([datetime(2026, 9, 30, 23, 30, tzinfo=UTC)], pa.timestamp("us", tz="+15:00"))
    row = event()
    columns = {name: pa.array([row[name]], pa.string()) for name in row} | {"occurred_at": moments}
    pq.write_table(pa.table(columns), borealis.path("product/usage_events/a.parquet"))
    assert borealis.one("product", "usage_events").accepted_rows == 1


@pytest.mark.parametrize(
    ("currency", "amount", "is_kept"),
    [
        ("JPY", "100", True),
        ("JPY", "100.00", True),
        ("JPY", "100.5", False),
        ("BHD", "1.005", True),
        ("BHD", "1.0005", False),
        ("CLF", "1.0005", True),
    ],
)
def test_the_currency_limits_the_decimals_and_zeros_are_none(borealis: Company, currency, amount, is_kept):
    row = invoice(currency=currency, net_amount=amount, tax_amount="0", total_amount="0")
    borealis.deliver("billing/invoices/a.csv", csv_text([row]))
    assert borealis.one().accepted_rows == int(is_kept)


def test_every_fault_of_a_row_is_listed(borealis: Company):
    broken = invoice("inv-2", net_amount="abc", issue_date="tomorrow", currency="usd")
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice(), broken]))
    borealis.ingest()
    (row,) = borealis.quarantine()
    for words in ("net_amount is 'abc'", "issue_date is 'tomorrow'", "currency is 'usd'"):
        assert words in row["reason"]


def test_a_negative_usage_quantity_is_impossible_and_a_negative_correction_is_not(borealis: Company):
    borealis.deliver("product/usage_events/a.csv", csv_text([event(quantity="-1"), event("ev-2")]))
    record = {
        "meter_record_id": "m-1",
        "subscription_id": "sub-1",
        "meter_code": "api",
        "period_start": "2026-09-01",
        "period_end": "2026-10-01",
        "quantity": "-5.000000001",
        "event_count": "0",
        "computed_at": "2026-10-01T00:00:00Z",
    }
    borealis.deliver("product/metered_usage/a.csv", csv_text([record]))
    events, metered = borealis.one("product", "usage_events"), borealis.one("product", "metered_usage")
    assert (events.accepted_rows, events.quarantined_rows) == (1, 1)
    assert (metered.accepted_rows, metered.quarantined_rows) == (1, 0)
    assert borealis.quarantine()[0]["expected"] == "at least 0"


def test_a_row_with_another_number_of_fields_is_quarantined_as_it_came(borealis: Company):
    lines = csv_text([invoice(f"inv-{n}") for n in range(1, 5)]).splitlines()
    lines[2] += ",surplus"
    lines[3] = "inv-3,half"
    borealis.deliver("billing/invoices/a.csv", "\n".join(lines) + "\n")
    report = borealis.one()
    assert (report.received_rows, report.accepted_rows, report.quarantined_rows) == (4, 2, 2)
    rows = borealis.quarantine()
    assert [(row["row_number"], row["line_number"]) for row in rows] == [(2, 3), (3, 4)]
    assert "17 fields, expected 16" in rows[0]["reason"]
    assert rows[1]["payload"] == "inv-3,half"
    kept = borealis.query("select invoice_id, row_number from landed.generic__billing__invoices order by all")
    assert [(row["invoice_id"], row["row_number"]) for row in kept] == [("inv-1", 1), ("inv-4", 4)]


def test_lines_are_right_below_quoted_line_ends_and_blank_lines(borealis: Company):
    rows = [invoice("inv-1", number="two\nlines"), invoice("inv-2"), invoice("inv-3", net_amount="abc")]
    header, *lines = csv_text(rows).split("\n")
    text = "\n".join([header, *lines[:2], "", *lines[2:]])
    borealis.deliver("billing/invoices/a.csv", text)
    borealis.ingest()
    (row,) = borealis.quarantine()
    assert (row["row_number"], row["line_number"]) == (3, 6)


def test_mixed_line_ends_are_read_as_rows(borealis: Company):
    header, one, two, three = csv_text([invoice("a"), invoice("b"), invoice("c")]).splitlines()
    borealis.deliver("billing/invoices/a.csv", f"{header}\r\n{one}\n{two}\r{three}")
    assert borealis.one().accepted_rows == 3


def test_a_malformed_json_line_is_one_row_and_the_file_goes_on(borealis: Company):
    good = jsonl_text([invoice("inv-1"), invoice("inv-2")]).splitlines()
    twice = good[0].replace('"status": "open"', '"status": "open", "status": "void"')
    borealis.deliver(
        "billing/invoices/a.jsonl", "\n".join([good[0], '{"invoice_id": "inv-9",', "", "[1]", twice, good[1]])
    )
    report = borealis.one()
    assert (report.received_rows, report.accepted_rows, report.quarantined_rows) == (5, 2, 3)
    rows = borealis.quarantine()
    assert [(row["row_number"], row["line_number"]) for row in rows] == [(2, 2), (3, 4), (4, 5)]
    assert "not valid JSON" in rows[0]["reason"]
    assert "given twice" in rows[2]["reason"]


def test_an_object_in_a_money_or_text_column_is_no_value(borealis: Company):
    rows = [invoice("inv-1", net_amount={"amount": 1}), invoice("inv-2", number=["US-2"]), invoice("inv-3")]
    borealis.deliver("billing/invoices/a.jsonl", jsonl_text(rows))
    assert borealis.one().accepted_rows == 1
    assert [row["column_name"] for row in borealis.quarantine()] == ["net_amount", "number"]
    assert borealis.quarantine()[0]["value"] == '{"amount":1}'


@pytest.mark.parametrize(
    ("changes", "failure_class", "owner"),
    [
        ({"net_amount": "1.005"}, "accounting_control", "GL"),
        ({"net_amount": "1.005", "tax_amount": "0.001"}, "accounting_control", "GL"),
        ({"net_amount": "1.005", "status": "paied"}, "business_rule", "BillingOps"),
        ({"net_amount": "abc"}, "business_rule", "BillingOps"),
    ],
)
def test_an_amount_that_no_mapping_can_mend_is_for_finance(borealis: Company, changes, failure_class, owner):
    """Sent to whoever maintains the interface, half a cent would be rounded there, and nobody would know."""
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice(), invoice("inv-2") | changes]))
    borealis.ingest()
    (row,) = borealis.quarantine()
    assert (row["failure_class"], row["owner_role"]) == (failure_class, owner)


def test_a_negative_payment_is_for_finance_and_a_negative_quantity_for_its_owner(borealis: Company):
    refund = {"refund_id": "r-1", "payment_id": "p-1", "currency": "USD", "amount": "-5.00", "status": "succeeded",
              "created_at": "2026-09-01T08:00:00Z", "updated_at": "2026-09-01T08:00:00Z"}  # fmt: skip
    borealis.deliver("billing/refunds/a.csv", csv_text([refund]))
    borealis.deliver("product/usage_events/a.csv", csv_text([event(quantity="-1")]))
    borealis.ingest(None, None)
    found = {row["object"]: (row["column_name"], row["failure_class"]) for row in borealis.quarantine()}
    assert found == {"refunds": ("amount", "accounting_control"), "usage_events": ("quantity", "business_rule")}
