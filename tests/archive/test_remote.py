"""An archive in a bucket: the same rows as on a disk, whole after any kill, and one writer at a time."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
import pytest

from dagster_project import warehouse
from dagster_project.archive import shared, store
from dagster_project.archive.lock import exclusive
from dagster_project.archive.remote import Remote
from dagster_project.archive.storage import Folder, read, storage_at, storage_of
from dagster_project.archive.verify import verify_archive
from dagster_project.errors import ConfigurationError, StoreError
from tests.archive.making import at, elsewhere, fill, flipped, landed, links
from tests.ingestion.company import Company, company, csv_text, invoice


@pytest.fixture(params=["s3", "gcs", "local", "folder"])
def address(request, tmp_path: Path) -> str:
    """Buckets, a disk reached as any file system is that fsspec knows, and a folder that several homes share."""
    if request.param in ("s3", "gcs"):
        return request.getfixturevalue("bucket" if request.param == "s3" else "gcs_bucket")()
    return f"local://{tmp_path}/bucket" if request.param == "local" else f"{tmp_path}/shared"


def remote(root: Path, address: str) -> Company:
    made = at(company(root, "billing", "acquired:billing", "product"), url=address)
    fill(made)
    return made


def test_the_same_company_lands_the_same_from_a_bucket_as_from_a_disk(borealis: Company, tmp_path: Path, address: str):
    there = remote(tmp_path / "there", address)
    assert landed(there) == landed(borealis)
    here = {name: content for name, content in borealis.archive_tree().items() if not name.startswith("tmp/")}
    storage = storage_of(there.settings)
    assert {name: read(storage, name) for name in storage.names()} == here, "the same bytes under the same names"
    assert verify_archive(there.settings).faults == []


def test_another_machine_reads_and_goes_on_with_the_same_archive(tmp_path: Path, address: str):
    one = remote(tmp_path, address)
    other = elsewhere(one, tmp_path / "other")
    assert landed(other) == landed(one)
    before = storage_of(one.settings).names()
    report = other.ingest(None, None)
    assert {batch.status for item in report.objects for batch in item.batches} == {"seen", "refused"}
    assert storage_of(one.settings).names() == before


def test_a_kill_between_any_two_writes_loses_and_doubles_nothing(tmp_path: Path):
    for survived in range(60):
        root = tmp_path / str(survived)
        killed = at(company(root, "billing"), url=f"local://{root}/bucket")
        killed.deliver("billing/invoices/a.csv", csv_text([invoice("inv-3"), invoice("inv-4", net_amount="x")]), {})
        killed.deliver("billing/payouts/b.csv", b"")
        if _ingest_killed_after(killed, survived):
            break
        killed.ingest()
        killed.ingest(object="payouts")
        found = verify_archive(killed.settings)
        assert (found.faults, found.length, found.notes) == ([], 2, []), f"killed after {survived} writes"
        rows = killed.query("select count(*) as n from landed.generic__billing__invoices")
        assert rows == [{"n": 1}]
        assert shared.LOCK not in storage_of(killed.settings).names()
    assert survived > 8, "the loop must reach the end of an ingestion"


class Killed(BaseException):
    """Stands for SIGKILL: nothing below may catch it and mend what a kill would leave."""


def _ingest_killed_after(one: Company, survived: int) -> bool:
    """Ends the ingestion after its n-th write to the archive; True when it came to its end before."""
    left = [survived]

    def dying(write):
        def call(self, *arguments):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return write(self, *arguments)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("put", "create", "delete"):
            patch.setattr(Remote, name, dying(getattr(Remote, name)))
        try:
            one.ingest(object=None)
        except Killed:
            return False
    return True


def test_a_flipped_bit_in_the_bucket_is_found_by_a_verification_and_by_a_run_elsewhere(tmp_path: Path, bucket):
    one = remote(tmp_path, bucket())
    storage = storage_of(one.settings)
    one_of_each = {name.partition("/")[0]: name for name in storage.names()}
    assert len(one_of_each) == 5
    for name in one_of_each.values():
        content = read(storage, name) or b""
        _overwrite(storage, tmp_path, name, flipped(content, len(content) * 4))
        first = verify_archive(one.settings).first
        assert first is not None
        assert (first.name, first.place) == (name, storage.shown(name))
        if name.startswith(("parquet/", "quarantine/", "manifests/", "HEAD")):
            with pytest.raises(StoreError, match=r"was changed|carries|vouch|cannot be read"):
                warehouse.land(elsewhere(one, tmp_path / "fresh" / name.replace("/", "-")).settings)
        _overwrite(storage, tmp_path, name, content)
    assert verify_archive(one.settings).faults == []


def _overwrite(storage, folder: Path, name: str, content: bytes) -> None:
    (folder / "content").write_bytes(content)
    storage.put(name, folder / "content")


def test_a_damaged_working_copy_is_fetched_again_and_may_be_deleted(tmp_path: Path, bucket):
    one = remote(tmp_path, bucket())
    expected = landed(one)
    for name, content in one.archive_tree().items():
        if not name.startswith("tmp/"):
            (one.settings.archive_path / name).write_bytes(flipped(content, len(content) * 4))
    assert landed(one) == expected
    for name in one.archive_tree():
        (one.settings.archive_path / name).unlink()
    assert landed(one) == expected


def test_a_second_home_waits_for_the_one_at_work(tmp_path: Path, address: str):
    one = remote(tmp_path, address)
    other = elsewhere(one, tmp_path / "other")
    with exclusive(one.settings), pytest.raises(shared.ArchiveInUse, match=r"in use by process \d+ on .* since"):
        other.ingest(None, None)
    other.ingest(None, None)
    assert shared.LOCK not in storage_of(one.settings).names()


def test_a_killed_run_is_followed_by_its_own_home_and_by_others_after_an_unlock(tmp_path: Path, bucket):
    one = remote(tmp_path, bucket())
    other = elsewhere(one, tmp_path / "other")
    holder = (
        "import os, sys; from pathlib import Path; from dagster_project.archive.lock import exclusive;"
        "from types import SimpleNamespace as N\n"
        "archive = N(url=sys.argv[2], is_remote=True, storage_options={})\n"
        "with exclusive(N(home=Path(sys.argv[1]), archive=archive)): os._exit(9)"
    )
    dead = [sys.executable, "-c", holder, str(one.settings.home), one.settings.archive.url]
    assert subprocess.run(dead, check=False).returncode == 9
    with pytest.raises(shared.ArchiveInUse, match="tieout archive unlock"):
        other.ingest(None, None)
    one.ingest(None, None)
    other.ingest(None, None)
    subprocess.run(dead, check=False)
    assert "process" in (shared.release(other.settings) or "")
    assert shared.release(other.settings) is None
    other.ingest(None, None)


class Careless(Folder):
    """A storage that does not heed the condition of a write, as some that speak S3 do not."""

    def create(self, name: str, content: bytes) -> bool:
        (self.root / name).write_bytes(content)
        return True


def test_a_storage_that_cannot_keep_two_writers_apart_is_refused(tmp_path: Path):
    with pytest.raises(StoreError, match="two machines could both write the same link"):
        shared._acquire(Careless(tmp_path), "home", 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["bucket", "gcs_bucket"])
def test_a_link_is_written_once_even_without_a_lock(tmp_path: Path, request, kind: str):
    one = remote(tmp_path, request.getfixturevalue(kind)())
    link = links(one)[0]
    forged = link.model_copy(update={"stored_sha256": None, "file_name": "invoices/other.csv"})
    with pytest.raises(StoreError, match="another machine wrote this link meanwhile"):
        store.write(one.settings, store.manifest_path(one.settings, forged), forged.to_bytes())
    assert links(one)[0] == link


def test_the_anchor_may_lie_in_a_bucket_of_somebody_else(borealis: Company, bucket):
    anchored = at(borealis, anchor=f"{bucket()}/head.json")
    assert [fault.name for fault in verify_archive(anchored.settings).faults] == ["anchor"]
    anchored.ingest(None, None)
    assert verify_archive(anchored.settings).faults == []


@pytest.mark.parametrize("kind", ["bucket", "gcs_bucket"])
def test_a_bucket_that_does_not_exist_is_one_clear_error(tmp_path: Path, request, kind: str):
    place = request.getfixturevalue(kind)().replace("books-", "boks-")
    with pytest.raises(StoreError, match=rf"{place}: no such bucket .*; create it, or mend `archive:`"):
        remote(tmp_path, place)


def test_a_store_that_cannot_be_reached_is_one_clear_error(tmp_path: Path, bucket):
    at_once = {"config_kwargs": {"connect_timeout": 1, "retries": {"max_attempts": 0}}}
    one = at(company(tmp_path), url=bucket(), storage_options={"endpoint_url": "http://127.0.0.1:1", **at_once})
    with pytest.raises(StoreError, match=r"cannot be reached .*; check the address and the network"):
        one.ingest(None, None)
    with pytest.raises(StoreError, match="cannot be reached"):
        warehouse.land(one.settings)


def test_denied_access_is_one_clear_error(tmp_path: Path, bucket, s3_server):
    one = at(company(tmp_path), url=bucket())
    with _nobody_is_known(s3_server), pytest.raises(StoreError, match=r"access denied .*; these credentials need list"):
        one.ingest(None, None)


@contextmanager
def _nobody_is_known(server: str) -> Iterator[None]:
    """The server asks who calls, and knows nobody."""
    _ask_after(server, b"0")
    try:
        yield
    finally:
        _ask_after(server, b"1000000000")


def _ask_after(server: str, calls: bytes) -> None:
    headers = {"Content-Type": "text/plain"}
    request = urllib.request.Request(f"{server}/moto-api/reset-auth", data=calls, headers=headers)
    urllib.request.urlopen(request).close()


@pytest.mark.parametrize(
    ("scheme", "library", "wanted"), [("gs", "gcsfs", r"tieout\[gcs\]"), ("abfs", "adlfs", "adlfs")]
)
def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch, scheme: str, library: str, wanted: str):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, scheme, raising=False)  # known once it was asked for
    with pytest.raises(StoreError, match=rf"what reads {scheme}:// is not installed .*; pip install '{wanted}'"):
        at(company(tmp_path), url=f"{scheme}://books/tieout").ingest(None, None)


def test_an_address_that_nothing_reads_is_a_wrong_configuration():
    with pytest.raises(ConfigurationError, match="floppy://books: no address that fsspec can reach"):
        storage_at("floppy://books")


def test_options_reach_the_storage(bucket, s3_server):
    options = {"s3_additional_kwargs": {"ServerSideEncryption": "aws:kms"}, "endpoint_url": s3_server}
    place = bucket()
    assert storage_at(place, options).create("HEAD.json", b"{}")
    info = fsspec.filesystem("s3", skip_instance_cache=True).call_s3(
        "head_object", Bucket=place.split("/")[2], Key="tieout/HEAD.json"
    )
    assert info["ServerSideEncryption"] == "aws:kms"
