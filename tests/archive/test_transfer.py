"""Moving an archive: if a copy lost or overwrote a link, what was received could no longer be shown."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from dagster_project.archive import store
from dagster_project.archive.storage import Folder, storage_at
from dagster_project.archive.transfer import export_archive, import_archive
from dagster_project.archive.verify import verify, verify_archive
from dagster_project.errors import InputError, StoreError
from tests.archive.making import at, changed, elsewhere, flipped, landed, links
from tests.ingestion.company import NOW, Company, csv_text, invoice


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def more(one: Company, name: str) -> None:
    """One batch more, an hour later."""
    one.deliver(f"billing/invoices/{name}.csv", csv_text([invoice(name)]))
    one.ingest(now=NOW + timedelta(hours=2))


def test_what_was_exported_and_imported_lands_the_same_rows(borealis: Company, tmp_path: Path):
    exported = export_archive(borealis.settings, str(tmp_path / "copy"))
    assert (exported.links, exported.skipped, exported.verification.faults) == (6, 0, [])
    other = elsewhere(borealis, tmp_path / "other")
    import_archive(other.settings, str(tmp_path / "copy"))
    assert landed(other) == landed(borealis)
    kept = {name: content for name, content in borealis.archive_tree().items() if not name.startswith("tmp/")}
    assert tree(tmp_path / "copy") == kept
    report = other.ingest(None, None)
    assert {batch.status for one in report.objects for batch in one.batches} == {"seen", "refused"}


@pytest.mark.parametrize(("protocol", "survived"), [("folder", 1), ("s3", 5)])
def test_a_copy_that_was_killed_is_taken_up_where_it_was(borealis: Company, tmp_path: Path, bucket, protocol, survived):
    target = bucket() if protocol == "s3" else str(tmp_path / "copy")
    kind, kills = type(storage_at(target)), 0
    while _killed_after(kind, survived, borealis, target):
        kills += 1
        assert store.HEAD not in storage_at(target).names(), "a copy without its head is no archive"
    names = [name for name in borealis.archive_tree() if not name.startswith("tmp/")]
    assert kills == (len(names) - 1) // survived, "the head is the last of them"
    last = export_archive(borealis.settings, target)
    vouched = sum(1 for name in names if name.startswith(("raw/", "parquet/", "quarantine/")))
    assert (last.files, last.skipped, last.bytes) == (0, vouched, 0), "nothing is copied twice"
    assert verify(storage_at(target)).head == links(borealis)[-1].chain_sha256


class Killed(BaseException):
    """Stands for SIGKILL."""


def _killed_after(kind: type, survived: int, one: Company, target: str) -> bool:
    """Exports until the n-th file that was not there was put; False when the copy came to its end before."""
    put, left = kind.put, [survived]

    def dying(self, name, path):
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        put(self, name, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "put", dying)
        try:
            export_archive(one.settings, target)
        except Killed:
            return True
    return False


def test_a_copy_grows_and_is_never_overwritten_by_a_shorter_chain(borealis: Company, tmp_path: Path):
    copy = tmp_path / "copy"
    export_archive(borealis.settings, str(copy))
    other = elsewhere(borealis, tmp_path / "other")
    import_archive(other.settings, str(copy))
    more(borealis, "later")
    assert export_archive(borealis.settings, str(copy)).files == 2, "raw and Parquet of the one batch more"
    longer = tree(copy)
    with pytest.raises(InputError, match="its head vouches for 7 manifests, 6 are there"):
        export_archive(other.settings, str(copy))
    assert tree(copy) == longer
    assert import_archive(other.settings, str(copy)).links == 7
    assert landed(other) == landed(borealis)


def test_two_chains_that_went_different_ways_are_not_mixed(borealis: Company, tmp_path: Path):
    copy = tmp_path / "copy"
    export_archive(borealis.settings, str(copy))
    other = elsewhere(borealis, tmp_path / "other")
    import_archive(other.settings, str(copy))
    more(borealis, "here")
    (borealis.root / "data" / "billing" / "invoices" / "here.csv").unlink()
    more(other, "there")
    before = other.archive_tree()
    export_archive(borealis.settings, str(copy))
    with pytest.raises(InputError, match="its head does not vouch for manifest 7 as it is"):
        import_archive(other.settings, str(copy))
    (other.settings.archive_path / store.HEAD).unlink()
    with pytest.raises(InputError, match="which the other does not; nothing was copied"):
        import_archive(other.settings, str(copy))
    before.pop(store.HEAD)
    assert other.archive_tree() == before


def test_the_same_delivery_taken_by_two_homes_is_two_chains(borealis: Company, tmp_path: Path):
    copy = tmp_path / "copy"
    export_archive(borealis.settings, str(copy))
    other = elsewhere(borealis, tmp_path / "other")
    import_archive(other.settings, str(copy))
    more(borealis, "both")
    other.ingest(now=NOW + timedelta(hours=3))
    export_archive(borealis.settings, str(copy))
    with pytest.raises(InputError, match="its head does not vouch for manifest 7 as it is"):
        import_archive(other.settings, str(copy))
    (other.settings.archive_path / store.HEAD).unlink()
    with pytest.raises(InputError, match="is another link there; nothing was copied"):
        import_archive(other.settings, str(copy))


def test_an_import_puts_right_whatever_was_damaged(borealis: Company, tmp_path: Path):
    export_archive(borealis.settings, str(tmp_path / "copy"))
    whole = borealis.archive_tree()
    for name, content in whole.items():
        if name.startswith("tmp/"):
            continue
        path = borealis.settings.archive_path / name
        path.write_bytes(flipped(content, len(content) * 4))
        assert verify_archive(borealis.settings).faults
        import_archive(borealis.settings, str(tmp_path / "copy"))
        assert borealis.archive_tree() == whole, name


def test_a_damaged_source_is_not_copied_and_is_named(borealis: Company, tmp_path: Path):
    raw = store.raw_path(borealis.settings, links(borealis)[2].sha256 or "")
    with changed(raw, raw.read_bytes() + b"!"):
        with pytest.raises(StoreError, match=f"{raw.name}: expected SHA-256 {raw.name}, found SHA-256"):
            export_archive(borealis.settings, str(tmp_path / "copy"))
        assert store.HEAD not in tree(tmp_path / "copy")
    export_archive(borealis.settings, str(tmp_path / "copy"))
    manifest = store.manifest_path(borealis.settings, links(borealis)[2])
    with changed(manifest, b"{}"), pytest.raises(StoreError, match=f"nothing was copied: .*{manifest.name}"):
        export_archive(borealis.settings, str(tmp_path / "second"))
    assert not (tmp_path / "second").exists()


def test_an_import_brings_what_the_anchor_vouches_for_or_nothing(borealis: Company, tmp_path: Path):
    short, whole = tmp_path / "short", tmp_path / "whole"
    export_archive(borealis.settings, str(short))
    more(borealis, "later")
    export_archive(borealis.settings, str(whole))
    other = at(elsewhere(borealis, tmp_path / "other"), anchor=str(tmp_path / "head.json"))
    import_archive(other.settings, str(whole))
    assert verify_archive(other.settings).faults == [], "the import anchored what it brought"
    empty = at(elsewhere(borealis, tmp_path / "empty"), anchor=str(tmp_path / "head.json"))
    with pytest.raises(InputError, match="vouches for 7 manifests, 6 are there: some were removed in "):
        import_archive(empty.settings, str(short))
    assert verify(Folder(empty.settings.archive_path)).length == 0


def test_what_is_no_archive_or_the_archive_itself_is_refused(borealis: Company, tmp_path: Path):
    with pytest.raises(InputError, match="holds no archive"):
        import_archive(borealis.settings, str(tmp_path / "nothing"))
    for place in (borealis.settings.archive_path, borealis.settings.home, borealis.settings.archive_path / "raw"):
        with pytest.raises(InputError, match="the archive itself"):
            export_archive(borealis.settings, str(place))
