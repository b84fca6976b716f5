"""Dead letters are read again after a mend: what is rescued counts once, and what was accepted is never touched."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from dagster_project import warehouse
from dagster_project.archive import dead_letters, engine, store
from dagster_project.archive.batches import batches
from dagster_project.errors import InputError
from dagster_project.sources.contracts import load_contracts
from dagster_project.warehouse import double_effects
from tests.ingestion.company import NOW, Company, company, csv_text, event, invoice, jsonl_text

LATER = NOW + timedelta(days=1)
MEND = "invoices: {values: {status: {paied: paid}}}"
COUNTS = "received_rows, parsed_rows, accepted_rows, duplicate_rows, quarantined_rows"


def _invoices(one: Company, columns: str = "invoice_id, status") -> list[tuple]:
    query = f"select {columns} from landed.generic__billing__invoices order by all"
    return [tuple(row.values()) for row in one.query(query)]


def _states(one: Company) -> dict:
    query = "select coalesce(key_text, reason) as letter, state, attempts from landed.quarantine"
    return {row["letter"]: (row["state"], row["attempts"]) for row in one.query(query)}


def _results(report) -> dict[str, int]:
    return {outcome.result: report.count(outcome.result) for outcome in report.outcomes}


def _deliver_two_broken(one: Company) -> None:
    rows = [invoice("ok"), invoice("mends", status="paied"), invoice("stays", status="paied", net_amount="x")]
    one.deliver("billing/invoices/a.csv", csv_text(rows))
    one.ingest()


def test_a_rescued_row_counts_and_the_accepted_ones_are_as_they_were(borealis: Company):
    _deliver_two_broken(borealis)
    link = store.read_manifests(borealis.settings)[0]
    before = store.parquet_path(borealis.settings, link).read_bytes()
    borealis.map(MEND)
    report = borealis.replay(LATER)
    assert (_results(report), report.links) == ({"stays": 1, "accepted": 1}, 1)
    assert _invoices(borealis) == [("mends", "paid"), ("ok", "open")]
    assert store.parquet_path(borealis.settings, link).read_bytes() == before
    assert _states(borealis) == {"mends": ("replayed", 2), "stays": ("refused_again", 2)}
    assert borealis.query(f"select {COUNTS} from landed.batches") == [
        {"received_rows": 3, "parsed_rows": 2, "accepted_rows": 2, "duplicate_rows": 0, "quarantined_rows": 1}
    ]


def test_the_link_says_which_rows_by_which_terms_and_vouches_for_what_was_written(borealis: Company):
    _deliver_two_broken(borealis)
    borealis.map(MEND)
    borealis.replay(LATER)
    first, link = store.read_manifests(borealis.settings)
    assert (link.kind, link.batch_id, link.received_at) == ("replay", first.batch_id, LATER)
    assert (link.replay.attempt, link.replay.rescued, link.replay.refused) == (1, "2", "3")
    assert store.raw_path(borealis.settings, link.mapping_sha256).read_text(encoding="utf-8") == MEND
    rooms = {name.partition("/")[0] for name in link.files}
    assert rooms == {"parquet", "quarantine"}, "the hashes of what was written are in the link"
    assert store.chain_faults([first, link]) == []
    assert store.read_head(borealis.settings).length == 2


def test_replaying_twice_does_nothing_twice(borealis: Company):
    _deliver_two_broken(borealis)
    borealis.map(MEND)
    borealis.replay(LATER)
    before = borealis.archive_tree()
    report = borealis.replay(LATER + timedelta(days=1))
    assert (_results(report), report.links) == ({"stays": 1, "accepted before": 1}, 0)
    assert borealis.archive_tree() == before


def test_without_a_mend_nothing_is_recorded(borealis: Company):
    _deliver_two_broken(borealis)
    before = borealis.archive_tree()
    assert borealis.replay(LATER).links == 0
    assert borealis.archive_tree() == before


def test_a_dry_run_shows_what_would_be_and_changes_nothing(borealis: Company):
    _deliver_two_broken(borealis)
    borealis.map(MEND)
    before = borealis.archive_tree()
    report = borealis.replay(LATER, is_dry=True)
    assert _results(report) == {"stays": 1, "accepted": 1}
    assert "plain decimal" in report.outcomes[0].reason
    assert report.outcomes[1].amounts == (("USD", 10825),), "the money that the replay would bring in"
    assert borealis.archive_tree() == before


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"key": "mends"}, {"accepted": 1}),
        ({"reason": "PLAIN DECIMAL"}, {"stays": 1}),
        ({"object": "billing.invoices", "source": "billing"}, {"accepted": 1, "stays": 1}),
        ({"batch": "invoices/a.csv", "object": "invoices"}, {"accepted": 1, "stays": 1}),
    ],
)
def test_only_what_is_selected_is_replayed(borealis: Company, selection, expected):
    _deliver_two_broken(borealis)
    borealis.map(MEND)
    assert _results(borealis.replay(LATER, **selection)) == expected
    assert len(_invoices(borealis)) == 1 + expected.get("accepted", 0)


def test_a_selection_of_nothing_says_what_there_is(borealis: Company):
    with pytest.raises(InputError, match="there is no dead letter"):
        borealis.replay()
    _deliver_two_broken(borealis)
    with pytest.raises(InputError, match=r"no dead letter has --key none; there are 2, of billing.invoices \(2\)"):
        borealis.replay(key="none")


def test_a_file_that_was_refused_is_loaded_by_a_replay(borealis: Company):
    """Its rows, its counts and its control totals are then those of any other file, and the gate opens."""
    renamed = csv_text([invoice("a"), invoice("b", net_amount="x")]).replace("invoice_id", "InvoiceNo", 1)
    totals = {"row_count": 2, "control_totals": {"total_amount": "216.50"}, "extracted_at": "2026-10-11T22:00:00Z"}
    borealis.deliver("billing/invoices/a.csv", renamed, totals)
    borealis.ingest()
    borealis.map("invoices: {columns: {InvoiceNo: invoice_id}}")
    report = borealis.replay(LATER)
    assert _results(report) == {"stays": 1, "accepted": 1}, "the file is loaded, one of its rows stays behind"
    (batch,) = borealis.query(f"select state, refusal_reason, {COUNTS} from landed.batches")
    assert tuple(batch.values()) == ("loaded", None, 2, 1, 1, 0, 1)
    assert borealis.query("select reported_total - received_total as gap from landed.batch_totals") == [{"gap": 0}]
    assert borealis.query("select extracted_at from landed.generic__billing__invoices") == [
        {"extracted_at": (NOW - timedelta(hours=2)).replace(tzinfo=None)}
    ]
    assert sorted(_states(borealis).values()) == [("refused_again", 2), ("replayed", 2)]
    assert borealis.one().batches[0].status == "seen", "the next run takes the file for loaded"


def test_a_file_that_is_refused_again_is_recorded_once_per_mend(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice()]).replace("invoice_id", "InvoiceNo", 1))
    borealis.ingest()
    borealis.map("invoices: {columns: {Invoice: invoice_id}}")
    assert [borealis.replay(LATER).links for _ in range(2)] == [1, 0]
    (state,) = _states(borealis).values()
    assert state == ("refused_again", 2)
    assert borealis.query("select state from landed.batches") == [{"state": "refused"}]


def test_a_file_of_which_no_byte_was_read_stays(borealis: Company):
    (borealis.root / "data" / "billing" / "invoices").mkdir()
    locked = borealis.path("billing/invoices/a.csv")
    locked.symlink_to(borealis.root / "nowhere")
    borealis.ingest()
    assert _results(borealis.replay(LATER)) == {"stays": 1}


def test_control_totals_follow_a_value_that_the_mend_made_readable(borealis: Company):
    """Else the gate would stay closed for a difference that the replay has removed."""
    rows = [invoice("a"), invoice("b", net_amount="hundred"), invoice("c", net_amount="x")]
    borealis.deliver("billing/invoices/a.csv", csv_text(rows), {"control_totals": {"net_amount": "200.00"}})
    borealis.ingest()
    borealis.map('invoices: {values: {net_amount: {hundred: "100.00"}}}')
    borealis.replay(LATER)
    assert borealis.query("select reported_total - received_total as gap from landed.batch_totals") == [{"gap": 0}]
    assert borealis.query("select smallest_key, largest_key from landed.batches") == [
        {"smallest_key": "a", "largest_key": "b"}
    ]


def test_a_row_that_the_source_delivered_again_is_mended_whatever_the_order(tmp_path: Path):
    """It would else make the results of its key untestable for ever: the archive forgets nothing."""
    broken, whole = csv_text([invoice(status="paied")]), csv_text([invoice(status="paid")])
    for order in ((broken, whole), (whole, broken)):
        one = company(tmp_path / str(order.index(whole)), "billing")
        for number, content in enumerate(order):
            one.deliver(f"billing/invoices/{number}.csv", content)
            one.ingest()
        assert _states(one) == {"inv-1": ("mended_at_source", 1)}
        one.map("invoices: {values: {status: {paied: void}}}")
        report = one.replay(LATER)
        assert (_results(report), report.links) == ({"mended at the source": 1}, 0)
        assert _invoices(one) == [("inv-1", "paid")], "the source's own word stands"


def test_a_replay_of_an_older_version_does_not_bring_it_back_as_current(borealis: Company):
    newer = invoice(status="void", updated_at="2026-09-05T00:00:00Z")
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice(status="paied")]))
    borealis.deliver("billing/invoices/b.csv", csv_text([newer]))
    borealis.ingest()
    assert _states(borealis) == {"inv-1": ("mended_at_source", 1)}
    borealis.map(MEND)
    assert _results(borealis.replay(LATER)) == {"accepted": 1}, "its history is whole"
    query = "select arg_max(status, updated_at) as status, count(*) as n from landed.generic__billing__invoices"
    assert borealis.query(query) == [{"status": "void", "n": 2}]


def test_an_older_version_delivered_later_mends_nothing(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice(status="paied", updated_at="2026-09-05T00:00:00Z")]))
    borealis.ingest()
    borealis.deliver("billing/invoices/b.csv", csv_text([invoice(status="open")]))
    borealis.ingest(now=LATER)
    assert _states(borealis) == {"inv-1": ("open", 1)}, "what the invoice is now is still not known"


def test_a_version_that_cannot_be_read_is_mended_by_a_later_delivery_alone(borealis: Company):
    unreadable = csv_text([invoice(updated_at="yesterday")])
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice()]))
    borealis.ingest()
    borealis.deliver("billing/invoices/b.csv", unreadable)
    borealis.ingest()
    assert _states(borealis) == {"inv-1": ("open", 1)}
    borealis.deliver("billing/invoices/c.csv", csv_text([invoice(status="paid")]))
    borealis.ingest()
    assert _states(borealis) == {"inv-1": ("mended_at_source", 1)}


@pytest.mark.parametrize(
    ("again", "state"),
    [
        ([invoice("a"), invoice("b"), invoice("c")], "mended_at_source"),
        ([invoice("d"), invoice("e"), invoice("f")], "open"),
        ([invoice("a"), invoice("c")], "open"),
    ],
)
def test_a_row_without_a_key_is_mended_when_its_file_comes_again_whole(borealis: Company, again, state):
    """The next day's file under the same name is no such thing: a row would be lost without a word."""
    borealis.deliver("billing/invoices/a.jsonl", jsonl_text([invoice("a"), invoice("c")]) + '{"invoice_id": "b",\n')
    borealis.ingest()
    borealis.deliver("billing/invoices/a.jsonl", jsonl_text(again))
    borealis.ingest()
    assert [row["state"] for row in borealis.quarantine()] == [state]


def test_a_fact_sent_twice_and_mended_twice_counts_once(borealis: Company):
    for name in ("a", "b"):
        borealis.deliver(f"product/usage_events/{name}.csv", csv_text([event(quantity="three", tenant_id=name)]))
    borealis.ingest("product", "usage_events")
    borealis.map('usage_events: {values: {quantity: {three: "3"}}}', "product")
    borealis.replay(LATER, batch="usage_events/b.csv")
    assert sorted(state for state, _ in _all_states(borealis)) == ["mended_at_source", "replayed"]
    borealis.replay(LATER)
    counts, effects = borealis.queries(
        "select sum(accepted_rows) as accepted, sum(quarantined_rows) as conflicts from landed.batches",
        "select sum(double_effect_count) as n, sum(rescued_rows) as rescued from landed.replays",
    )
    assert counts == [{"accepted": 1, "conflicts": 1}]
    assert effects == [{"n": 0, "rescued": 2}]


def _all_states(one: Company) -> list[tuple[str, int]]:
    return [(row["state"], row["attempts"]) for row in one.query("select state, attempts from landed.quarantine")]


def test_a_record_that_counted_twice_by_a_replay_would_be_seen(borealis: Company):
    """The count is taken from the rows; here the book of copies that keeps it at zero is torn out."""
    for name in ("a", "b"):
        borealis.deliver(f"product/usage_events/{name}.csv", csv_text([event(quantity="three", tenant_id=name)]))
    borealis.ingest("product", "usage_events")
    borealis.map('usage_events: {values: {quantity: {three: "3"}}}', "product")
    borealis.replay(LATER)
    warehouse.land(borealis.settings)
    with warehouse.connect(borealis.settings) as con:
        dead_letters.collect(con, borealis.settings, batches(store.read_manifests(borealis.settings)))
        con.execute("delete from landed.conflicts")
        double_effects.count(con, [("generic", load_contracts()["product", "usage_events"])])
        assert con.execute("select double_effect_count from landed.replays").fetchall() == [(1,), (1,)]


def test_a_kill_between_any_two_writes_of_a_replay_loses_and_doubles_nothing(tmp_path: Path):
    class Killed(BaseException):
        """Stands for SIGKILL."""

    expected = None
    for survived in range(20):
        one = company(tmp_path / str(survived), "billing")
        _deliver_two_broken(one)
        one.map(MEND)
        replace, left = os.replace, [survived]

        def dying(source, target, replace=replace, left=left):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            replace(source, target)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "replace", dying)
            try:
                one.replay(LATER)
                break
            except Killed:
                pass
        one.replay(LATER)
        found = (_invoices(one), _states(one), store.chain_faults(store.read_manifests(one.settings)))
        expected = expected or found
        assert found == expected, f"killed after {survived} writes"
    assert survived > 3, "the loop must reach the end of a replay"
    assert expected == ([("mends", "paid"), ("ok", "open")], _states(one), [])


def test_lost_parquet_of_a_replay_is_made_again_by_the_mapping_of_its_time(borealis: Company):
    _deliver_two_broken(borealis)
    borealis.map(MEND)
    borealis.replay(LATER)
    rows, states = _invoices(borealis, "*"), _states(borealis)
    link = store.read_manifests(borealis.settings)[1]
    store.parquet_path(borealis.settings, link).unlink()
    store.quarantine_path(borealis.settings, link).unlink()
    borealis.map("invoices: {values: {status: {paied: void}}}")
    borealis.ingest()
    assert _invoices(borealis, "*") == rows
    assert _states(borealis) == states


def test_a_replay_of_a_source_that_is_no_longer_configured_reads_by_the_contract_alone(tmp_path: Path):
    one = company(tmp_path, "billing", "acquired:billing")
    one.deliver("acquired/invoices/a.csv", csv_text([invoice(status="paied")]))
    one.ingest()
    one.settings = one.settings.model_copy(update={"sources": one.settings.sources[:1]})
    assert _results(one.replay(LATER)) == {"stays": 1}


def test_an_archive_from_before_replays_is_read(borealis: Company):
    """Manifests without format, mapping and replay, quarantine without the mapped fields: years of them are kept."""
    _deliver_two_broken(borealis)
    (link,) = store.read_manifests(borealis.settings)
    path = store.manifest_path(borealis.settings, link)
    known = json.loads(path.read_text(encoding="utf-8"))
    for name in ("format", "is_gzip", "mapping_sha256", "replay", "files"):
        del known[name]
    path.write_text(json.dumps(known), encoding="utf-8")
    (borealis.settings.archive_path / store.HEAD).unlink()
    quarantine = store.quarantine_path(borealis.settings, link)
    with warehouse.connect(borealis.settings) as con:
        table = con.sql(f"select * exclude (fields) from read_parquet('{quarantine}')").to_arrow_table()
        con.register("old", table)
        con.execute(f"copy old to '{quarantine}' (format parquet)")
    borealis.map(MEND)
    assert _results(borealis.replay(LATER)) == {"stays": 1, "accepted": 1}
    assert _states(borealis) == {"mends": ("replayed", 2), "stays": ("refused_again", 2)}


def test_a_large_delivery_is_replayed_beside_memory_and_leaves_nothing_behind(borealis: Company, monkeypatch):
    _deliver_two_broken(borealis)
    renamed = csv_text([invoice("b", net_amount="x"), invoice("c")]).replace("invoice_id", "InvoiceNo", 1)
    borealis.deliver("billing/invoices/b.csv", renamed)
    borealis.ingest()
    borealis.map(MEND.replace("values:", "columns: {InvoiceNo: invoice_id}, values:"))
    monkeypatch.setattr(engine, "LARGE", 0)
    assert _results(borealis.replay(LATER)) == {"stays": 2, "accepted": 2}
    assert _invoices(borealis) == [("c", "open"), ("mends", "paid"), ("ok", "open")]
    assert [name for name in borealis.archive_tree() if name.startswith("tmp")] == []
