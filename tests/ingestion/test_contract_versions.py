"""A delivery is checked against the version that it declares; what does not keep it is refused before it is loaded."""

from __future__ import annotations

import io

import polars as pl
import pytest

from dagster_project.archive import store
from dagster_project.archive.release import release, rollback
from dagster_project.archive.releases import Releases
from dagster_project.errors import InputError, StoreError
from dagster_project.sources.contracts import domain_contracts
from dagster_project.sources.versions import newest, parse
from tests.ingestion.changed_contracts import changed, column, columns, released, with_column
from tests.ingestion.company import Company, csv_text, invoice, jsonl_text

PO_NUMBER = changed("billing", "1.1.0", with_column("po_number"))
REQUIRED_PO = changed("billing", "2.0.0", with_column("po_number", required=True))


def _links(borealis: Company):
    return store.read_manifests(borealis.settings)


def _stored(borealis: Company) -> list[dict]:
    """What the archive's Parquet of the invoices holds, company's own columns included."""
    files = borealis.settings.archive_path / "parquet" / "billing" / "invoices" / "*.parquet"
    return borealis.query(f"select * from read_parquet('{files}', union_by_name = true) order by invoice_id, batch_id")


def test_a_declared_major_asks_for_its_newest_version_and_a_full_one_for_itself():
    known = ("1", "1.1.0", "1.10.0", "1.9.3", "2.0.0")
    assert newest("1", known) == "1.10.0"
    assert newest("1.9", known) == "1.9.3"
    assert newest("1.0.0", known) == "1"
    assert newest("1.1.0", known) == "1.1.0"
    assert (newest("3", known), newest("1.9.4", known), newest("latest", known), newest("01", known)) == (None,) * 4
    assert parse("1") == parse("1.0.0")


def test_a_batch_says_which_bytes_of_the_contract_it_was_taken_under_and_they_are_kept(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice()]))
    borealis.ingest()
    (link,) = _links(borealis)
    shipped = domain_contracts()["billing"]
    assert (link.contract_version, link.contract_sha256) == (shipped.version, shipped.sha256)
    assert store.raw_path(borealis.settings, shipped.sha256).read_bytes() == shipped.content
    assert borealis.query("select contract_version, contract_sha256 from landed.batches") == [
        {"contract_version": shipped.version, "contract_sha256": shipped.sha256}
    ]


def test_a_released_contract_that_was_changed_or_lost_is_not_used(borealis: Company):
    released(borealis.settings, PO_NUMBER)
    path = store.raw_path(borealis.settings, PO_NUMBER.sha256)
    path.write_bytes(PO_NUMBER.content.replace(b"po_number", b"so_number"))
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice()]))
    with pytest.raises(StoreError, match="the contract of billing was changed"):
        borealis.ingest()
    path.unlink()
    with pytest.raises(StoreError, match="restore it from a backup"):
        borealis.ingest()


def test_a_new_nullable_column_is_kept_typed_once_it_is_released_and_moves_no_figure(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice("inv-1", po_number="7")]))
    borealis.ingest()
    before = borealis.query("from landed.generic__billing__invoices")
    assert [row["drift"] for row in borealis.query("from landed.schema_drift")] == ["new_column"]
    released(borealis.settings, PO_NUMBER)
    borealis.deliver("billing/invoices/b.csv", csv_text([invoice("inv-1", po_number="8"), invoice("inv-2")]))
    borealis.deliver("billing/invoices/c.csv", csv_text([invoice("inv-1")], list(invoice())))
    borealis.ingest()
    assert [row.get("po_number") for row in _stored(borealis) if row["invoice_id"] == "inv-1"].count("8") == 1
    landed = borealis.query("from landed.generic__billing__invoices where invoice_id = 'inv-1'")
    assert set(landed[0]) == set(before[0]), "models read the shipped columns and no other"
    assert len({row["content_hash"] for row in landed}) == 1, "one invoice would be in conflict with itself"
    assert [row["kind"] for row in borealis.query("from landed.conflicts")] == ["duplicate", "duplicate"]


@pytest.mark.parametrize(
    ("declared", "version"), [(None, "1.1.0"), ("1", "1.1.0"), ("1.0", "1"), ("1.0.0", "1"), ("1.1", "1.1.0")]
)
def test_each_delivery_is_checked_against_what_it_declares(borealis: Company, declared, version):
    released(borealis.settings, PO_NUMBER)
    sidecar = None if declared is None else {"schema_version": declared}
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice(po_number="7")]), sidecar)
    assert borealis.one().accepted_rows == 1
    assert _links(borealis)[-1].contract_version == version
    assert ("po_number" in _stored(borealis)[0]) == (version == "1.1.0")


@pytest.mark.parametrize(
    ("row", "difference"),
    [
        ({"amount_total": "1"}, "required column 'total_amount' is missing, perhaps renamed to 'amount_total'"),
        ({"total_amount": "1", "po_number": "7"}, "it has the new columns po_number"),
        ({"total_amount": "1"}, "its columns do not differ"),
    ],
)
def test_a_version_that_is_not_released_refuses_the_batch_and_says_how_it_differs(borealis: Company, row, difference):
    rows = [{name: value for name, value in invoice().items() if name != "total_amount"} | row]
    borealis.deliver("billing/invoices/a.csv", csv_text(rows), {"schema_version": "2"})
    (refused,) = borealis.one().refused
    assert "declares schema_version '2'; released for billing: 1; " in refused.reason
    assert difference in refused.reason
    assert "tieout contract release" in refused.reason
    (letter,) = borealis.quarantine()
    assert (letter["column_name"], letter["value"]) == ("schema_version", "2")
    assert borealis.query("from landed.generic__billing__invoices") == []


def test_older_files_stay_with_their_major_after_a_breaking_release_and_undeclared_ones_follow_it(borealis: Company):
    released(borealis.settings, REQUIRED_PO)
    for name, declared in (("old", "1"), ("new", "2"), ("bare", None)):
        content = csv_text([invoice(name, po_number="7" if declared == "2" else None)])
        content = content if declared == "2" else csv_text([invoice(name)])
        borealis.deliver(f"billing/invoices/{name}.csv", content, declared and {"schema_version": declared})
    states = {batch.file_name: batch for batch in borealis.one().batches}
    assert [states[f"invoices/{name}.csv"].status for name in ("old", "new", "bare")] == ["new", "new", "refused"]
    assert "'po_number' is missing" in states["invoices/bare.csv"].reason
    assert "contract billing 2.0.0" in states["invoices/bare.csv"].reason


def test_a_rollback_withdraws_what_is_above_and_keeps_what_was_archived(borealis: Company):
    released(borealis.settings, REQUIRED_PO)
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice(po_number="7")]), {"schema_version": "2"})
    borealis.ingest()
    rollback(borealis.settings, "billing", "1", by="C. Controller", reason="sent too early")
    borealis.deliver("billing/invoices/b.csv", csv_text([invoice("b")]))
    borealis.deliver("billing/invoices/c.csv", csv_text([invoice("c", po_number="7")]), {"schema_version": "2"})
    reasons = {batch.file_name: batch.reason for batch in borealis.one().batches}
    assert reasons["invoices/a.csv"] is reasons["invoices/b.csv"] is None
    assert "released for billing: 1; rolled back: 2.0.0" in reasons["invoices/c.csv"]
    assert store.chain_faults(_links(borealis)) == []
    rollback(borealis.settings, "billing", "2.0.0", by="C. Controller", reason="right after all")
    assert Releases(borealis.settings, _links(borealis)).line("billing").live == ("1", "2.0.0")


def test_a_lost_parquet_file_is_made_again_under_the_contract_of_its_batch(borealis: Company):
    """Checked against the newer contract the same bytes would give other rows than the manifest vouches for."""
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice()]))
    borealis.ingest()
    (link,) = _links(borealis)
    path = store.parquet_path(borealis.settings, link)
    before = path.read_bytes()
    released(borealis.settings, REQUIRED_PO)
    path.unlink()
    borealis.ingest()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: columns(d).remove(column(d, "series")), "invoices.series: the column was removed"),
        (lambda d: column(d, "series").update(name="book"), "invoices.series: the column was removed"),
        (lambda d: column(d, "series").update(required=False), "invoices.series: nullable, was required"),
        (lambda d: column(d, "net_amount").update(physicalType="BIGINT", logicalType="integer", customProperties=[]), "retyped from money to integer"),
        (lambda d: column(d, "status")["quality"][0]["validValues"].append("lost"), "newly allowed: lost"),
        (lambda d: column(d, "net_amount").update(customProperties=[{"property": "kind", "value": "money"}]), "its currency is in no column"),
        (lambda d: column(d, "number").update(primaryKey=True, primaryKeyPosition=2), "the key was (invoice_id), is (invoice_id, number)"),
        (lambda d: d["schema"].pop(0), "customers: the object was removed"),
        (lambda d: d["schema"][0].update(name="coupons"), "coupons: the object is new"),
        (lambda d: d["schema"][0].update(customProperties=[{"property": "mode", "value": "append"}]), "the mode was upsert, is append"),
        (with_column("batch_id"), "the archive has a column of that name for itself"),
        (with_column("PO Number"), "small letters"),
        (with_column("tieout_row"), "small letters"),
        (with_column("a__rule"), "small letters"),
    ],
)  # fmt: skip
def test_a_contract_that_would_mislead_the_models_is_refused_in_words(borealis: Company, change, words):
    contract = changed("billing", "9.0.0", change)
    with pytest.raises(InputError) as raised:
        released(borealis.settings, contract)
    assert words in str(raised.value)
    assert _links(borealis) == []


def test_a_release_needs_a_raised_version_a_test_and_a_name(borealis: Company):
    for version in ("1", "1.0.1", "0.9"):
        with pytest.raises(InputError, match=r"expected 1\.1\.0 or higher.*\n.*po_number: new nullable string"):
            released(borealis.settings, changed("billing", version, with_column("po_number")))
    with pytest.raises(InputError, match=r"expected 2\.0\.0 or higher"):
        released(borealis.settings, changed("billing", "1.7.0", with_column("po_number", required=True)))
    with pytest.raises(InputError, match="were not tested"):
        release(borealis.settings, PO_NUMBER, by="A", reason="because", without_test=" ")
    with pytest.raises(InputError, match="expected a name"):
        release(borealis.settings, PO_NUMBER, by=" ", reason="because", without_test="no time")
    with pytest.raises(InputError, match="nothing differs"):
        released(borealis.settings, domain_contracts()["billing"])
    released(borealis.settings, PO_NUMBER)
    rollback(borealis.settings, "billing", "1.0", by="A", reason="because")
    with pytest.raises(InputError, match=r"expected 1\.1\.1 or higher"):
        released(borealis.settings, changed("billing", "1.1.0", with_column("order_number")))
    with pytest.raises(InputError, match="was never released"):
        rollback(borealis.settings, "billing", "3", by="A", reason="because")
    with pytest.raises(InputError, match="is the current version"):
        rollback(borealis.settings, "billing", "1", by="A", reason="because")


def test_releases_are_links_of_the_chain_with_who_when_why_and_what_changed(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice()]))
    borealis.ingest()
    released(borealis.settings, PO_NUMBER)
    links = _links(borealis)
    assert store.chain_faults(links) == []
    assert [link.kind for link in links] == ["batch", "contract", "contract"]
    shipped, own = links[1:]
    assert shipped.contract_step is not None
    assert own.contract_step is not None
    assert (shipped.contract_version, shipped.contract_step.by) == ("1", "Tieout")
    assert (own.contract_step.by, own.contract_step.reason) == ("A. Engineer", "a test")
    assert own.contract_step.changes == ("invoices.po_number: new nullable string (compatible, minor)",)
    assert own.contract_step.without_test == "tests/ingestion"
    assert own.sha256 == PO_NUMBER.sha256
    assert store.raw_path(borealis.settings, PO_NUMBER.sha256).read_bytes() == PO_NUMBER.content
    assert len(borealis.query("from landed.batches")) == 1, "a release is no delivery"


BREAKING = {
    "missing": ({"total_amount": None}, "required column 'total_amount' is missing, perhaps renamed to 'amount_total'"),
    "retyped": ({"net_amount": "a lot"}, "column 'net_amount' was retyped"),
    "nullable": ({"due_date": "soon", "net_amount": "a lot"}, "'due_date' was retyped"),
}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("drift", BREAKING)
def test_breaking_drift_refuses_the_whole_batch_in_every_format(borealis: Company, kind, drift):
    changes, words = BREAKING[drift]
    rows = [invoice(name, **changes) for name in ("inv-1", "inv-2")]
    if drift == "missing":
        rows = [{name if name != "total_amount" else "amount_total": "1" if v is None else v for name, v in row.items()} for row in rows]  # fmt: skip
    borealis.deliver(f"billing/invoices/a.{kind}", _encoded(kind, rows))
    borealis.deliver("billing/invoices/good.csv", csv_text([invoice("inv-3")]))
    report = borealis.one()
    (refused,) = report.refused
    assert words in refused.reason
    assert "contract billing 1" in refused.reason
    assert report.accepted_rows == 1
    assert [row["invoice_id"] for row in borealis.query("from landed.generic__billing__invoices")] == ["inv-3"]


def _encoded(kind: str, rows: list[dict]) -> str | bytes:
    if kind == "parquet":
        buffer = io.BytesIO()
        pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)).write_parquet(buffer)
        return buffer.getvalue()
    return csv_text(rows) if kind == "csv" else jsonl_text(rows)


def test_every_retyped_column_is_named_at_once(borealis: Company):
    rows = [invoice(name, net_amount="a lot", issue_date="soon", due_date="later") for name in ("a", "b")]
    borealis.deliver("billing/invoices/a.csv", csv_text(rows))
    (refused,) = borealis.one().refused
    for name in ("net_amount", "issue_date", "due_date"):
        assert f"column {name!r} was retyped" in refused.reason


def test_a_nullable_column_that_came_under_another_name_is_a_note(borealis: Company):
    """Its values would be missing from every figure without a word."""
    rows = [{name if name != "due_date" else "due_on": value for name, value in invoice().items()}]
    borealis.deliver("billing/invoices/a.csv", csv_text(rows))
    assert borealis.one().accepted_rows == 1
    drift = borealis.query("select column_name, drift, is_breaking, detail from landed.schema_drift order by 2 desc")
    assert [(row["column_name"], row["drift"], row["is_breaking"]) for row in drift] == [
        ("due_on", "new_column", False),
        ("due_date", "missing_column", False),
    ]
    assert "perhaps renamed to 'due_on'" in drift[1]["detail"]
