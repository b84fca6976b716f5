"""received = accepted + duplicate + quarantined, for every batch and whatever is delivered."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingestion.company import Company, company, csv_text, event, invoice, jsonl_text

COUNTS = "batch_id, received_rows, accepted_rows, duplicate_rows, quarantined_rows"

events = st.builds(
    event,
    event_id=st.sampled_from(["ev-1", "ev-2", "ev-3", ""]),
    quantity=st.sampled_from(["1", "2", "1.50", "-1", "NaN", "1e3", "0.0000000001"]),
    ingested_at=st.sampled_from(["2026-09-01T08:00:05Z", "2026-09-01T08:00:06Z", "2026-09-01 08:00", ""]),
    tenant_id=st.sampled_from(["ten-1", 'a "b", c\nd', "Zürich"]),
)
deliveries = st.lists(st.tuples(st.booleans(), st.lists(events, min_size=1, max_size=6)), min_size=1, max_size=3)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deliveries)
def test_every_received_row_is_accepted_a_duplicate_or_quarantined(files):
    with tempfile.TemporaryDirectory() as folder:
        one = company(Path(folder), "product")
        for position, (is_json, rows) in enumerate(files):
            name = f"product/usage_events/{position}.{'jsonl' if is_json else 'csv'}"
            one.deliver(name, jsonl_text(rows) if is_json else csv_text(rows))
        one.ingest("product", "usage_events")
        batches, totals, keys = one.queries(
            "from landed.batches",
            "select coalesce(sum(accepted_rows), 0) as n from landed.batches",
            "select count(distinct event_id) as n from landed.generic__product__usage_events",
        )
        for row in batches:
            parts = row["accepted_rows"] + row["duplicate_rows"] + row["quarantined_rows"]
            if row["state"] == "loaded":
                assert row["received_rows"] == parts
                assert min(row["accepted_rows"], row["duplicate_rows"], row["quarantined_rows"]) >= 0
            else:
                assert parts == 0
        assert totals == keys, "one copy of each event counts"


def _counts(one: Company) -> list[dict]:
    return one.query(f"select file_name, {COUNTS} from landed.batches order by file_name")


def test_of_equal_copies_of_an_event_the_earliest_ingested_counts(borealis: Company):
    late = event(ingested_at="2026-09-02T00:00:00Z")
    borealis.deliver("product/usage_events/a.csv", csv_text([late, event(ingested_at="2026-09-03T00:00:00Z")]))
    borealis.deliver("product/usage_events/b.csv", csv_text([event()]))
    borealis.ingest("product", "usage_events")
    first, second = _counts(borealis)
    assert (first["accepted_rows"], first["duplicate_rows"], first["quarantined_rows"]) == (0, 2, 0)
    assert second["accepted_rows"] == 1


def test_another_quantity_under_the_same_key_is_a_conflict_and_loses(borealis: Company):
    borealis.deliver("product/usage_events/a.csv", csv_text([event(quantity="99", ingested_at="2026-09-02T00:00:00Z")]))
    borealis.deliver("product/usage_events/b.csv", csv_text([event()]))
    borealis.ingest("product", "usage_events")
    first, second = _counts(borealis)
    assert (first["quarantined_rows"], second["accepted_rows"]) == (1, 1)
    (conflict,) = borealis.query("from landed.conflicts")
    assert (conflict["key_text"], conflict["kind"]) == ("ev-1", "conflict")
    assert conflict["batch_id"] == first["batch_id"]
    assert conflict["counting_batch_id"] == second["batch_id"]


def test_a_delivery_that_comes_later_is_held_against_all_that_came_before(borealis: Company):
    """Only what is new is looked at again; a copy in an old file that stops counting must be found all the same."""
    counts = []
    for name, quantity, day in (("a", "1", 5), ("b", "1", 4), ("c", "2", 3), ("d", "2", 6)):
        rows = [event(quantity=quantity, ingested_at=f"2026-09-0{day}T00:00:00Z"), event(f"ev-{name}")]
        borealis.deliver(f"product/usage_events/{name}.csv", csv_text(rows))
        borealis.ingest("product", "usage_events")
        by_landing = borealis.query("from landed.conflicts order by all")
        counts.append(sorted((row["kind"], row["batch_id"]) for row in by_landing))
        borealis.settings.warehouse_path.unlink()
        assert borealis.query("from landed.conflicts order by all") == by_landing, "a new warehouse says the same"
        assert len(by_landing) == len(counts) - 1
    assert [kind for kind, _ in counts[1]] == ["duplicate"]
    assert [kind for kind, _ in counts[2]] == ["conflict", "conflict"], "the earliest copy says another quantity"
    assert [kind for kind, _ in counts[3]] == ["conflict", "conflict", "duplicate"]


def test_versions_of_an_upsert_row_are_neither_duplicates_nor_conflicts(borealis: Company):
    newer = invoice(status="paid", updated_at="2026-09-20T00:00:00Z")
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice()]))
    borealis.deliver("billing/invoices/b.csv", csv_text([invoice(), newer]))
    borealis.ingest()
    first, second = _counts(borealis)
    assert sorted((first["duplicate_rows"], second["duplicate_rows"])) == [0, 1], "the version sent again"
    assert first["accepted_rows"] + second["accepted_rows"] == 2
