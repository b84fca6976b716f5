"""A clock that goes back between two runs: what came later stays later, and nothing is younger than new."""

from __future__ import annotations

from datetime import timedelta

from dagster_project.archive import store
from tests.ingestion.company import NOW, Company, csv_text, invoice

GOOD = csv_text([invoice("inv-1"), invoice("inv-2")])


def test_what_was_received_after_a_clock_went_back_was_not_known_before(borealis: Company):
    """A replay would show figures that nobody could have known, and could not be told from the close of that day."""
    borealis.deliver("billing/invoices/a.csv", GOOD)
    borealis.ingest(now=NOW)
    borealis.deliver("billing/invoices/b.csv", csv_text([invoice("inv-3")]))
    borealis.ingest(now=NOW - timedelta(days=30))
    links = store.read_manifests(borealis.settings)
    assert [link.file_name for link in links] == ["invoices/a.csv", "invoices/b.csv"]
    assert links[0].received_at < links[1].received_at
    assert store.chain_faults(links) == []
    count = "select count(*) as n from landed.generic__billing__invoices"
    known = [NOW - timedelta(days=30), NOW, NOW + timedelta(seconds=1)]
    assert [borealis.query(count, known_at=moment)[0]["n"] for moment in known] == [0, 2, 3]


def test_a_file_mended_after_a_clock_went_back_replaces_its_dead_letter(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", GOOD.replace(",", ";"))
    borealis.ingest(now=NOW)
    borealis.deliver("billing/invoices/a.csv", GOOD)
    borealis.ingest(now=NOW - timedelta(hours=1))
    rows = borealis.query("select state from landed.batches order by received_at")
    assert [row["state"] for row in rows] == ["replaced", "loaded"]


def test_one_ingestion_receives_everything_at_one_moment(borealis: Company):
    for name in "ab":
        borealis.deliver(f"billing/invoices/{name}.csv", csv_text([invoice(name)]))
    borealis.ingest(now=NOW)
    borealis.ingest(now=NOW)
    assert {link.received_at for link in store.read_manifests(borealis.settings)} == {NOW}
