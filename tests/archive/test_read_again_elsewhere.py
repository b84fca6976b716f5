"""Rows are read again from the bytes as received, also where these lie in a bucket and this machine never saw them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from dagster_project import warehouse
from dagster_project.archive import store
from dagster_project.archive.releases import Releases
from dagster_project.archive.retake import retake
from dagster_project.archive.storage import read, storage_of
from dagster_project.archive.verify import verify_archive
from dagster_project.errors import StoreError
from dagster_project.settings import Archive
from tests.archive.making import SIDECAR, at, elsewhere, flipped, landed, links
from tests.ingestion.company import NOW, Company, company, csv_text, invoice

MENDS = ("invoices: {values: {status: {paied: paid}}}", "invoices: {values: {status: {paied: paid, opened: open}}}")


@pytest.fixture(params=["s3", "local"])
def address(request, tmp_path: Path) -> str:
    """A bucket, and a disk reached as any file system is that fsspec knows."""
    return request.getfixturevalue("bucket")() if request.param == "s3" else f"local://{tmp_path}/bucket"


def deliver(one: Company) -> Company:
    """Rows of which two must be mended, a file that is refused whole, and a sidecar that declares a version."""
    rows = [invoice("ok"), invoice("first", status="paied"), invoice("second", status="opened")]
    one.deliver("billing/invoices/a.csv", csv_text(rows), SIDECAR | {"row_count": 3, "schema_version": "1.0.0"})
    one.deliver("billing/invoices/b.csv", csv_text([invoice("third")]).replace("status", "zustand"))
    one.ingest()
    return one


def test_a_replay_on_another_machine_rescues_what_one_on_the_first_does(tmp_path: Path, address: str):
    here, there = deliver(company(tmp_path / "here")), deliver(at(company(tmp_path / "there"), url=address))
    for day, mend in enumerate(MENDS, start=1):
        other = elsewhere(there, tmp_path / f"machine-{day}")
        for one in (here, other):
            one.map(mend)
            one.replay(NOW + timedelta(days=day))
    assert landed(other) == landed(here)
    rescued = {link.replay.rescued for link in links(here) if link.replay}
    assert rescued >= {"2", "3"}, "each mend rescued its own row"
    storage = storage_of(other.settings)
    tree = {name: content for name, content in here.archive_tree().items() if not name.startswith("tmp/")}
    assert {name: read(storage, name) for name in storage.names()} == tree, "the same bytes under the same names"
    assert verify_archive(other.settings).faults == []


def test_lost_parquet_of_a_replay_is_made_again_on_another_machine(tmp_path: Path, address: str):
    one = deliver(at(company(tmp_path / "one"), url=address))
    one.map(MENDS[0])
    one.replay(NOW + timedelta(days=1))
    expected = landed(one)
    replayed = next(link for link in links(one) if link.replay)
    storage_of(one.settings).delete(
        store.parquet_path(one.settings, replayed).relative_to(one.settings.archive_path).as_posix()
    )
    other = elsewhere(one, tmp_path / "other")
    other.map(MENDS[1])
    other.ingest()
    assert landed(other) == expected


def test_deliveries_are_taken_again_on_another_machine_with_their_sidecars(tmp_path: Path, address: str):
    """Without its sidecar a delivery declares no version, and would be tried by another contract than it was taken by."""
    one = deliver(at(company(tmp_path / "one"), url=address))
    other = elsewhere(one, tmp_path / "other")
    target = other.settings.model_copy(update={"home": tmp_path / "scratch", "archive": Archive()})
    taken = retake(other.settings, target, links(other), Releases(other.settings, links(other)))
    told = ("sidecar", "contract_version", "state", "parsed_rows", "quarantined_rows", "received_totals")
    for link in links(one):
        again = taken[link.batch_id]
        assert {name: getattr(again, name) for name in told} == {name: getattr(link, name) for name in told}


def test_a_damaged_working_copy_is_fetched_again_before_rows_are_read_from_it(tmp_path: Path, address: str):
    one = deliver(at(company(tmp_path / "one"), url=address))
    for link in links(one):
        path = store.raw_path(one.settings, link.sha256)
        path.write_bytes(flipped(path.read_bytes(), 800))
    one.map(MENDS[0])
    assert one.replay(NOW + timedelta(days=1)).count("accepted") == 1
    assert verify_archive(one.settings).faults == []


def test_bytes_that_are_gone_or_changed_are_named_and_nothing_is_read_from_them(tmp_path: Path):
    one = deliver(company(tmp_path))
    path = store.raw_path(one.settings, links(one)[0].sha256)
    one.map(MENDS[0])
    before = landed(one)
    for damage in (lambda: path.write_bytes(flipped(path.read_bytes(), 800)), path.unlink):
        damage()
        with pytest.raises(StoreError, match=rf"{path}: (was changed|is missing)"):
            one.replay(NOW + timedelta(days=1))
    assert landed(one) == before


def test_a_run_elsewhere_after_a_replay_reads_what_was_rescued(tmp_path: Path, address: str):
    one = deliver(at(company(tmp_path / "one"), url=address))
    one.map(MENDS[0])
    one.replay(NOW + timedelta(days=1))
    fresh = elsewhere(one, tmp_path / "fresh")
    warehouse.land(fresh.settings)
    rows = fresh.query("select invoice_id from landed.generic__billing__invoices order by all")
    assert [row["invoice_id"] for row in rows] == ["first", "ok"]
