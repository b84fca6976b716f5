"""A mapping turns a source's own names and values into the contract's, before the contract judges them."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.archive import store
from dagster_project.errors import ConfigurationError
from dagster_project.sources import mapping
from tests.ingestion.company import Company, csv_text, invoice, jsonl_text

MAPPING = """\
invoices:
  columns: {InvoiceNo: invoice_id, "Total Gross": total_amount}
  values:
    status: {paied: paid, "01": open, "no": void}
  defaults: {tax_amount: "0"}
"""


def _theirs(**changes) -> dict:
    row = invoice(**changes)
    row["InvoiceNo"], row["Total Gross"] = row.pop("invoice_id"), row.pop("total_amount")
    return row


def _landed(one: Company, columns: str) -> list[tuple]:
    query = f"select {columns} from landed.generic__billing__invoices order by invoice_id"
    return [tuple(row.values()) for row in one.query(query)]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_columns_values_and_defaults_are_mapped_in_every_format(borealis: Company, ending):
    """A value that is mapped in one format and not in another would make the same invoice two."""
    rows = [
        _theirs(invoice_id="a", status="paied", tax_amount=None),
        _theirs(invoice_id="b", status="01"),
        _theirs(invoice_id="c", status="no"),
        _theirs(invoice_id="d", status="open"),
    ]
    borealis.map(MAPPING)
    path = borealis.path(f"billing/invoices/a.{ending}")
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text(csv_text(rows) if ending == "csv" else jsonl_text(rows), encoding="utf-8")
    assert borealis.one().accepted_rows == 4
    assert _landed(borealis, "invoice_id, status, tax_amount::varchar, total_amount::varchar") == [
        ("a", "paid", "0.0000", "108.2500"),
        ("b", "open", "8.2500", "108.2500"),
        ("c", "void", "8.2500", "108.2500"),
        ("d", "open", "8.2500", "108.2500"),
    ]
    assert borealis.query("from landed.schema_drift") == [], "a renamed column is not a new one"


def test_a_required_column_that_the_file_has_not_may_have_a_default(borealis: Company):
    row = invoice()
    del row["series"]
    borealis.map("invoices: {defaults: {series: MAIN}}")
    borealis.deliver("billing/invoices/a.csv", csv_text([row]), {"control_totals": {"net_amount": "100"}})
    assert borealis.one().accepted_rows == 1
    assert _landed(borealis, "series") == [("MAIN",)]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_mapped_column_that_the_file_has_not_is_named_as_the_source_calls_it(borealis: Company, ending):
    """The source knows its own name alone: told of ours, it would look for a column that it never had."""
    rows = [_theirs(invoice_id="a"), _theirs(invoice_id="b")]
    rows = [{"Invoice" if name == "InvoiceNo" else name: value for name, value in row.items()} for row in rows]
    borealis.map(MAPPING)
    path = borealis.path(f"billing/invoices/a.{ending}")
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text(csv_text(rows) if ending == "csv" else jsonl_text(rows), encoding="utf-8")
    (refused,) = borealis.one().refused
    assert "required column 'invoice_id' is missing, which the mapping takes from 'InvoiceNo'" in str(refused.reason)


def test_a_default_fills_what_is_empty_and_nothing_else(borealis: Company):
    """A default in place of a value that is given would overwrite what the source says."""
    borealis.map('invoices: {defaults: {tax_amount: "1.00"}}')
    rows = [invoice("a", tax_amount=""), invoice("b", tax_amount="0"), invoice("c", tax_amount="x")]
    borealis.deliver("billing/invoices/a.csv", csv_text(rows))
    borealis.ingest()
    assert _landed(borealis, "invoice_id, tax_amount::varchar") == [("a", "1.0000"), ("b", "0.0000")]
    assert borealis.quarantine()[0]["value"] == "x"


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_local_time_gets_its_zone_unless_the_clock_shows_it_never_or_twice(borealis: Company, ending):
    """An hour at the wrong side of midnight moves usage and invoices into another month."""
    times = {
        "summer": "2026-09-30 23:30:00",
        "winter": "2026-12-31 23:30:00",
        "skipped": "2026-03-29 02:30:00",
        "twice": "2026-10-25 02:30:00",
    }
    borealis.map("invoices: {timezone: Europe/Berlin}")
    rows = [invoice(name, finalized_at=time) for name, time in times.items()]
    if ending == "parquet":
        table = pa.Table.from_pylist(
            [row | {"finalized_at": datetime.fromisoformat(row["finalized_at"])} for row in rows]
        )
        pq.write_table(table, borealis.path("billing/invoices/a.parquet"))
    else:
        rows.append(invoice("zoned", finalized_at="2026-09-30T23:30:00-04:00"))
        borealis.deliver("billing/invoices/a.csv", csv_text(rows))
    borealis.ingest()
    landed = dict(_landed(borealis, "invoice_id, finalized_at::varchar"))
    assert landed["summer"] == "2026-09-30 21:30:00"
    assert landed["winter"] == "2026-12-31 22:30:00"
    assert landed.get("zoned", "2026-10-01 03:30:00") == "2026-10-01 03:30:00", "a time with an offset keeps it"
    assert sorted(row["key_text"] for row in borealis.quarantine()) == ["skipped", "twice"]


def test_a_dead_letter_keeps_what_was_received_and_says_how_it_was_read(borealis: Company):
    borealis.map(MAPPING)
    borealis.deliver("billing/invoices/a.csv", csv_text([_theirs(status="paied", net_amount="1.005"), _theirs()]))
    borealis.ingest()
    (row,) = borealis.quarantine()
    assert '"InvoiceNo":"inv-1"' in row["payload"] and '"status":"paied"' in row["payload"]
    assert '"invoice_id":"inv-1"' in row["fields"] and '"status":"paid"' in row["fields"]
    assert row["key_text"] == "inv-1"


def test_a_mapped_value_that_breaks_the_contract_is_shown_with_what_was_received(borealis: Company):
    borealis.map("invoices: {values: {net_amount: {n/a: none}}}")
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice(net_amount="n/a"), invoice("inv-2")]))
    borealis.ingest()
    assert "net_amount is 'none' (received 'n/a')" in borealis.quarantine()[0]["reason"]


def test_two_columns_that_would_become_one_refuse_the_file(borealis: Company):
    """Either could be the amount: to take one is to guess."""
    borealis.map(MAPPING)
    borealis.deliver("billing/invoices/a.csv", csv_text([_theirs() | {"total_amount": "1"}]))
    assert "both mapped to 'total_amount'" in borealis.one().refused[0].reason


def test_the_manifest_names_the_mapping_and_the_archive_keeps_it(borealis: Company):
    borealis.map(MAPPING)
    borealis.deliver("billing/invoices/a.csv", csv_text([_theirs()]))
    borealis.deliver("billing/payouts/a.csv", "payout_id\n")
    borealis.ingest(object=None)
    links = {link.object: link for link in store.read_manifests(borealis.settings)}
    kept = store.raw_path(borealis.settings, links["invoices"].mapping_sha256).read_text(encoding="utf-8")
    assert kept == MAPPING
    assert links["payouts"].mapping_sha256 is None, "the mapping says nothing about payouts"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("invoices:\n  columns: {A: invoice_nr}\n", 2, ("invoices.columns.A", "invoice_nr", "invoice_id")),
        ("invoces: {}\n", 1, ("invoces", "billing", "invoices")),
        ("invoices:\n  values:\n    status:\n      x: payed\n", 4, ("status", "payed", "paid")),
        ("invoices:\n  colums: {}\n", 2, ("colums", "columns")),
        ("invoices:\n  timezone: Berlin\n", 2, ("Berlin", "Europe/Berlin")),
        ("invoices:\n  defaults: {invoice_id: x}\n", 2, ("key", "invoice_id")),
        ("invoices:\n  defaults: {a: [1]}\n", 2, ("string",)),
        ("invoices: {}\ninvoices: {}\n", 2, ("twice",)),
        ("invoices: [\n", 2, ("not valid YAML",)),
        ("- invoices\n", 1, ("dictionary",)),
    ],
)
def test_a_fault_of_a_mapping_names_its_line_key_value_and_what_was_expected(text, line, words):
    with pytest.raises(ConfigurationError) as caught:
        mapping.read(text.encode(), "m.yml", "billing")
    message = str(caught.value)
    assert message.startswith(f"m.yml:{line}:"), message
    for word in words:
        assert word in message


def test_a_mapping_that_is_not_there_is_a_wrong_configuration(borealis: Company):
    """The file that is missing has no line to mend; that of tieout.yml which names it has."""
    borealis.map(MAPPING)
    (borealis.root / "billing_mapping.yml").unlink()
    config = borealis.settings.config_path
    names = [source.name for source in borealis.settings.sources]
    listed = "".join(f"- {{name: {name}, mapping: {name}_mapping.yml}}\n" for name in names)
    config.write_text(f"sources:\n{listed}", encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        borealis.ingest()
    assert str(refused.value) == (
        f"{config}:{names.index('billing') + 2}: source 'billing': its mapping {borealis.root / 'billing_mapping.yml'} cannot be read"
        " (No such file or directory); docs/landing.md tells what it holds"
    )
