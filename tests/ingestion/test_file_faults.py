"""A file that cannot be read as its object is one dead letter; the other batches go on."""

from __future__ import annotations

import gzip
import io
import os

import polars as pl
import pytest

from tests.ingestion.company import INVOICE_HEADER, Company, csv_text, invoice, jsonl_text

GOOD = csv_text([invoice("inv-1"), invoice("inv-2", number="Zürich")])


def parquet(rows: list[dict]) -> bytes:
    """The rows as Parquet with text columns."""
    buffer = io.BytesIO()
    pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)).write_parquet(buffer)
    return buffer.getvalue()


def _without(column: str) -> str:
    return csv_text([invoice("inv-1"), invoice("inv-2")], [name for name in invoice() if name != column])


def _retyped(column: str, value: str) -> str:
    return csv_text([invoice("inv-1", **{column: value}), invoice("inv-2", **{column: value})])


FILE_FAULTS = [
    ("empty.csv", b"", "0 bytes", None),
    ("empty.jsonl", b"", "0 bytes", None),
    ("empty.parquet", b"", "0 bytes", None),
    ("empty.csv.gz", gzip.compress(b""), "0 bytes", None),
    ("blank.jsonl", b"\n\n", "blank lines", None),
    ("utf16.csv", GOOD.encode("utf-16"), "UTF-16", 1),
    ("utf16.jsonl", jsonl_text([invoice()]).encode("utf-16-le"), "NUL byte", 1),
    ("latin.csv", GOOD.encode("latin-1"), "byte 0xFC is not UTF-8", 3),
    ("semicolon.csv", GOOD.replace(",", ";").encode(), "a semicolon", 1),
    ("tab.csv", GOOD.replace(",", "\t").encode(), "a tab", 1),
    ("truncated.csv.gz", gzip.compress(GOOD.encode() * 50)[:-40], "truncated", None),
    ("not_gzip.csv.gz", GOOD.encode(), "gzip", 1),
    ("gzip.csv", gzip.compress(GOOD.encode()), "content is gzip", 1),
    ("truncated.parquet", parquet([invoice()])[:-40], "not readable as Parquet: it was cut off", None),
    ("text.parquet", GOOD.encode(), "not readable as Parquet: it does not begin as one", None),
    ("page.parquet", b"PAR1" + bytes(200) + parquet([invoice()])[204:], "a page of its rows is damaged", None),
    ("missing.csv", _without("total_amount").encode(), "'total_amount' is missing", 1),
    ("renamed.csv", GOOD.replace("total_amount", "amount_total").encode(), "perhaps renamed to 'amount_total'", 1),
    ("renamed.jsonl", jsonl_text([invoice("a"), invoice("b")]).replace("net_amount", "nett").encode(), "'net_amount' is missing", None),
    ("no_header.csv", "\n".join(GOOD.splitlines()[1:]).encode(), "not a header", 1),
    ("twice.csv", GOOD.replace("series", "number").encode(), "named twice", 1),
    ("retyped.csv", _retyped("net_amount", "a lot").encode(), "'net_amount' was retyped", 2),
    ("offsets.csv", _retyped("updated_at", "2026-09-01T08:00:00").encode(), "'updated_at' was retyped", 2),
    ("open_quote.csv", GOOD.replace("Zürich", '"Zürich').encode(), "never closed", 3),
    ("two_stray_quotes.csv", csv_text([invoice(n) for n in "abcd"]).replace("US-b", '"US-b').replace("US-c", '"US-c').encode(), "rows may be lost", 3),
    ("wide.csv", GOOD.replace("\n", "".join(f",c{n}" for n in range(5000)) + "\n", 1).encode(), "names 5,016 columns", 1),
    ("wide.jsonl", jsonl_text([{f"c{n}": n for n in range(5000)}]).encode(), "names 5,000 columns", None),
    ("header_without_end.csv", b"x" * ((16 << 20) + 1), "the header is longer than 16 MB", 1),
    ("line_without_end.jsonl", jsonl_text([invoice()]).encode() + b"{" * (33 << 20), "longer than 4 MB", 2),
    ("array.jsonl", b'[{"invoice_id": "inv-1"}]', "a JSON array", 1),
    ("pretty.jsonl", b'{\n "invoice_id": "inv-1"\n}', "no line is a JSON object", 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "found", "line"), FILE_FAULTS, ids=[fault[0] for fault in FILE_FAULTS])
def test_a_file_fault_refuses_its_batch_and_names_the_place(borealis: Company, name, content, found, line):
    borealis.deliver("billing/invoices/aaa.csv", csv_text([invoice("inv-7")]))
    borealis.deliver(f"billing/invoices/{name}", content)
    report = borealis.one()
    assert report.accepted_rows == 1, "the good file beside it must be taken"
    (refused,) = report.refused
    assert found in refused.reason
    assert f"invoices/{name}" in refused.reason
    (letter,) = borealis.quarantine()
    assert (letter["row_number"], letter["line_number"]) == (None, line) or line is None
    assert letter["reason"] == refused.reason
    assert letter["expected"]
    states = borealis.query("select file_name, state, refusal_reason from landed.batches order by file_name")
    assert [row["state"] for row in states] == ["loaded", "refused"]


def test_the_bytes_of_a_refused_file_are_kept(borealis: Company):
    content = GOOD.encode("utf-16")
    borealis.deliver("billing/invoices/a.csv", content)
    borealis.ingest()
    assert content in borealis.archive_tree().values()


def test_an_unreadable_file_is_a_dead_letter_and_the_rest_goes_on(borealis: Company, monkeypatch):
    borealis.deliver("billing/invoices/a.csv", GOOD)
    locked = borealis.deliver("billing/invoices/b.csv", GOOD.replace("inv-", "other-"))
    locked.chmod(0)
    if os.access(locked, os.R_OK):  # root reads everything
        _deny(monkeypatch, locked)
    first, second = borealis.one(), borealis.one()
    assert [batch.status for batch in first.batches] == ["new", "refused"]
    assert "invoices/b.csv: cannot be read (Permission denied)" in first.refused[0].reason
    assert [batch.status for batch in second.batches] == ["seen", "refused"], "it stays refused until it is mended"
    assert len(borealis.quarantine()) == 1
    locked.chmod(0o644)
    monkeypatch.undo()
    assert borealis.one().accepted_rows == 2
    assert borealis.quarantine()[0]["state"] == "mended_at_source", "the file of that name was read after all"
    assert borealis.query("select count(*) as n from landed.batches where state = 'refused'") == [{"n": 0}]


def _deny(monkeypatch, locked) -> None:
    opened = type(locked).open

    def denying(path, *arguments, **options):
        if path == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(type(locked), "open", denying)


def test_a_mended_file_of_the_same_name_replaces_its_dead_letter(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", GOOD.replace(",", ";"))
    borealis.ingest()
    borealis.deliver("billing/invoices/a.csv", GOOD)
    borealis.ingest()
    states = borealis.query("select state from landed.batches order by state")
    assert [row["state"] for row in states] == ["loaded", "replaced"]
    assert [row["state"] for row in borealis.quarantine()] == ["mended_at_source"]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (INVOICE_HEADER + "\n", 0),
        (INVOICE_HEADER, 0),
        ("\ufeff" + GOOD, 2),
        (GOOD.rstrip("\n"), 2),
        (GOOD.replace("US,", "5' 3\" pipe,"), 2),
    ],
    ids=["header only", "header without line end", "byte order mark", "no last line end", "stray quote"],
)
def test_what_looks_odd_and_is_right_is_taken(borealis: Company, content, rows):
    borealis.deliver("billing/invoices/a.csv", content)
    report = borealis.one()
    assert (len(report.new), report.received_rows, report.accepted_rows) == (1, rows, rows)
    assert borealis.query("select state, received_rows from landed.batches") == [
        {"state": "loaded", "received_rows": rows}
    ]


def test_one_bad_row_alone_in_its_file_is_a_row_fault_not_a_retyped_column(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice(net_amount="a lot")]))
    report = borealis.one()
    assert (report.refused, report.quarantined_rows) == ((), 1)


def test_an_object_without_a_folder_is_absent_and_typed_all_the_same(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", GOOD)
    report = borealis.ingest(object=None)
    absent = {item.object: item.is_optional for item in report.objects if item.is_absent}
    assert absent["payments"] is False
    assert absent["prepaid_grants"] is True
    assert borealis.query(
        "select count(*) as n, typeof(sum(amount)) as kind from landed.generic__billing__payments"
    ) == [{"n": 0, "kind": "DECIMAL(38,4)"}]
