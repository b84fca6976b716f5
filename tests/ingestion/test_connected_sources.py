"""What lands is what `tieout.yml` names: the archive keeps everything that ever came, also from sources of other days."""

from __future__ import annotations

from pathlib import Path

from dagster_project.warehouse import land
from tests.ingestion.company import Company, company, csv_text, event, invoice

HELD = "select source_instance, count(*) as rows from landed.generic__billing__invoices group by all order by all"


def _with_sources(one: Company, *sources) -> None:
    one.settings = one.settings.model_copy(update={"sources": sources})


def test_a_source_that_was_renamed_is_not_counted_under_both_names(tmp_path: Path):
    """Every invoice would be billed twice, once by an engine that no ERP is linked to."""
    one = company(tmp_path, "billing", "erp")
    one.deliver("billing/invoices/a.csv", csv_text([invoice("a"), invoice("b")]))
    one.ingest()
    billing, erp = one.settings.sources
    _with_sources(one, billing.model_copy(update={"name": "billing_eu"}), erp)
    one.ingest()
    assert one.query(HELD) == [{"source_instance": "billing_eu", "rows": 2}]
    assert one.query("select distinct source_instance from landed.batches") == [{"source_instance": "billing_eu"}]
    [told] = land(one.settings).left_out
    assert told.startswith("source 'billing' of billing: 1 delivery in the archive is not counted, in no period;")


def test_a_source_switched_off_and_on_again_is_there_as_if_it_had_never_been_away(tmp_path: Path):
    """While it is off its controls say that it is not connected: its money may not stand in the bridge all the same."""
    one = company(tmp_path, "billing", "product")
    one.deliver("billing/invoices/a.csv", csv_text([invoice("a"), invoice("b", net_amount="x")]))
    one.deliver("product/usage_events/a.csv", csv_text([event("e1"), event("e1"), event("e2")]))
    one.ingest()
    one.ingest("product", "usage_events")
    everything = (
        HELD,
        "select * from landed.quarantine",
        "select * from landed.usage_copies order by all",
        "select * from landed.batches order by all",
    )
    before, sources = one.queries(*everything), one.settings.sources
    assert land(one.settings).left_out == ()
    _with_sources(one)
    assert [words.split(":")[0] for words in land(one.settings).left_out] == [
        "source 'billing' of billing",
        "source 'product' of product",
    ]
    assert one.queries(*everything) == [[], [], [], []]
    _with_sources(one, *sources)
    assert one.queries(*everything) == before
    assert all(before)
