"""`tieout archive verify`: if it missed one changed bit, an auditor could be shown figures that nobody ever delivered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.archive import store
from dagster_project.archive.chain import Chain
from dagster_project.archive.files import sha256_of
from dagster_project.archive.storage import Folder
from dagster_project.archive.verify import verify, verify_archive
from dagster_project.errors import StoreError
from tests.archive.making import at, changed, fill, flipped, forge_last, links
from tests.command import tieout
from tests.ingestion.company import NOW, Company, company, csv_text, event, invoice


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Iterator[Company]:
    """An anchored archive of every kind of link and file; a test leaves it as it was."""
    root = tmp_path_factory.mktemp("whole")
    one = at(company(root, "billing", "acquired:billing", "product"), anchor=str(root / "elsewhere" / "head.json"))
    fill(one)
    before = one.archive_tree()
    yield one
    assert one.archive_tree() == before


def files_of(one: Company) -> dict[str, Path]:
    """Every file that can be damaged, under the name that a verification gives it."""
    root = one.settings.archive_path
    files = {name: root / name for name in one.archive_tree() if not name.startswith("tmp/")}
    return files | {"anchor": Path(one.settings.archive.anchor or "")}


def test_an_archive_as_it_was_written_is_sound(whole: Company):
    found = verify_archive(whole.settings)
    assert found.faults == []
    assert {link.kind for link in links(whole)} == {"batch", "sidecar"}
    assert {name.partition("/")[0] for name in files_of(whole)} == {
        "raw", "parquet", "quarantine", "manifests", "HEAD.json", "anchor",
    }  # fmt: skip
    assert sum(one.rows for one in found.objects.values()) == 7
    assert sum(one.quarantined for one in found.objects.values()) == 1
    assert sum(one.totals for one in found.objects.values()) > 6
    assert found.length == len(links(whole))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_one_flipped_bit_anywhere_is_found_and_its_file_is_named(whole: Company, data):
    files = files_of(whole)
    name = data.draw(st.sampled_from(sorted(files)))
    content = files[name].read_bytes()
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    with changed(files[name], flipped(content, bit)):
        found = verify_archive(whole.settings)
    assert found.first is not None
    assert found.first.name == name, found.first.in_words
    assert found.first.place == str(files[name])


def test_every_removed_file_is_found_and_named(whole: Company):
    files = files_of(whole)
    last = links(whole)[-1].path
    for name, path in files.items():
        content = path.read_bytes()
        path.unlink()
        try:
            first = verify_archive(whole.settings).first
        finally:
            path.write_bytes(content)
        assert first is not None
        if name.startswith("manifests/") and name != last:
            assert "no such manifest" in first.found, "a lost link is named by its place: nobody else knows its name"
        else:
            assert first.name == name, first.in_words


def test_two_manifests_that_were_swapped_are_both_named(whole: Company):
    one, other = (whole.settings.archive_path / link.path for link in links(whole)[:2])
    first, second = one.read_bytes(), other.read_bytes()
    with changed(one, second), changed(other, first):
        faults = verify_archive(whole.settings).faults
    assert {fault.place for fault in faults} == {str(one), str(other)}
    assert all(fault.remedy.startswith("rename it to manifests/") for fault in faults)


def test_a_manifest_that_nobody_vouches_for_is_named(whole: Company):
    stranger = whole.settings.archive_path / "manifests" / "billing" / "invoices" / "0123456789abcdef.json"
    stranger.write_bytes((whole.settings.archive_path / links(whole)[0].path).read_bytes())
    try:
        found = verify_archive(whole.settings)
    finally:
        stranger.unlink()
    assert [fault.place for fault in found.faults] == [str(stranger)]


def test_a_cut_tail_is_named_by_the_head_and_with_a_rewritten_head_by_the_anchor(borealis: Company, tmp_path: Path):
    anchored = at(borealis, anchor=str(tmp_path / "audit" / "head.json"))
    Chain(anchored.settings).anchor()
    known = links(anchored)
    store.manifest_path(anchored.settings, known[-1]).unlink()
    for seen in (borealis, anchored):
        first = verify_archive(seen.settings).first
        assert first is not None
        assert (first.name, first.found) == (known[-1].path, "no such manifest")
    store.write_head(borealis.settings, known[:-1])
    assert verify_archive(borealis.settings).faults == [], "without an anchor nothing says that there was more"
    found = verify_archive(anchored.settings)
    assert [fault.name for fault in found.faults] == [known[-1].path, "HEAD.json"]
    with pytest.raises(StoreError, match=f"the anchor vouches for {len(known)} manifests, {len(known) - 1} are there"):
        anchored.ingest(None, None)


def test_a_tail_that_was_written_anew_is_not_the_anchored_one(borealis: Company, tmp_path: Path):
    anchored = at(borealis, anchor=str(tmp_path / "head.json"))
    Chain(anchored.settings).anchor()
    forge_last(borealis, file_name="invoices/other.csv")
    assert verify_archive(borealis.settings).faults == []
    assert {fault.name for fault in verify_archive(anchored.settings).faults} == {links(borealis)[-1].path, "HEAD.json"}


@pytest.mark.parametrize(
    ("lie", "expected", "found"),
    [
        ({"received_rows": 3, "parsed_rows": 3}, "3 rows", "2"),
        ({"received_rows": 3}, "3 rows received", "2 parsed and 0 quarantined"),
        ({"parsed_totals": {"quantity": "5.6"}}, "the control total quantity = 5.6", "5.500000000"),
        ({"smallest_key": "0"}, "keys from 0 to 2", "from 1 to 2"),
        ({"bytes": 1}, "1 bytes", "218"),
        ({"received_rows": 3, "quarantined_rows": 1}, "1 quarantined rows", "0"),
        ({"batch_id": "0123456789abcdef"}, "the bytes of batch 0123456789abcdef", "those of "),
    ],
)
def test_a_manifest_that_says_other_than_its_files_is_named(tmp_path: Path, lie, expected, found):
    one = company(tmp_path, "product")
    one.deliver("product/usage_events/e.csv", csv_text([event("1"), event("2", quantity="2.5")]))
    one.ingest("product", "usage_events")
    forge_last(one, **lie)
    (fault,) = verify_archive(one.settings).faults
    assert fault.expected == expected
    assert fault.found.startswith(found)


def test_a_link_of_a_later_version_is_checked_with_its_files(borealis: Company):
    root = borealis.settings.archive_path
    made = root / "rematch" / "billing" / "x.parquet"
    made.parent.mkdir(parents=True)
    made.write_bytes(b"of a later version")
    chain = Chain(borealis.settings)
    same = {"source_instance": "billing", "domain": "billing", "vendor": "generic", "object": "invoices"}
    chain.append(
        kind="rematch",
        batch_id=chain.links[0].batch_id,
        file_name="-",
        received_at=NOW,
        contract_version="9",
        files={"rematch/billing/x.parquet": sha256_of(made)},
        **same,
    )
    chain.anchor()
    assert verify_archive(borealis.settings).faults == []
    made.write_bytes(b"of a later versiom")
    (fault,) = verify_archive(borealis.settings).faults
    assert fault.name == "rematch/billing/x.parquet"


def test_an_interrupted_run_is_a_note_and_no_fault(borealis: Company):
    known = links(borealis)
    store.write_head(borealis.settings, known[:-1])
    left = borealis.settings.archive_path / "raw" / "00" / ("0" * 64)
    left.parent.mkdir()
    left.write_bytes(b"received, and then the power went")
    found = verify_archive(borealis.settings)
    assert found.faults == []
    assert [note.partition(":")[0] for note in found.notes] == ["newer than the head", "named by no manifest"]


def test_parquet_of_before_it_was_hashed_is_counted_and_that_is_said(tmp_path: Path):
    one = company(tmp_path, "product")
    one.deliver("product/usage_events/e.csv", csv_text([event("1"), event("2", quantity="2.5")]))
    one.ingest("product", "usage_events")
    forge_last(one, files={}, parsed_totals={}, key_columns=())
    found = verify_archive(one.settings)
    assert (found.faults, found.objects["product", "usage_events"].rows) == ([], 2)
    assert found.notes[0].startswith("archived before Parquet was hashed: 1 batches")
    assert len(one.query("from landed.generic__product__usage_events")) == 2
    store.parquet_path(one.settings, links(one)[0]).write_bytes(b"PAR1 of something else PAR1")
    assert "Parquet" in verify_archive(one.settings).faults[0].expected


def test_the_command_names_the_first_broken_link_and_ends_with_3(borealis: Company, tmp_path: Path):
    config = tmp_path / "tieout.yml"
    sources = "\n".join(
        f"  - {{name: {one.name}, domain: {one.domain}, connector: {{type: files, path: data/{one.name}}}}}"
        for one in borealis.settings.sources
    )
    config.write_text(f"company: B\nhome: home\nreporting_currency: USD\nsources:\n{sources}\n", encoding="utf-8")
    sound = tieout("archive", "verify", "--config", config)
    assert (sound.code, "sound: 6 links" in sound.out) == (0, True), sound.text
    known = links(borealis)
    for link in (known[4], known[1]):
        path = borealis.settings.archive_path / "raw" / (link.sha256 or "")[:2] / (link.sha256 or "")
        path.write_bytes(path.read_bytes() + b"\n")
    broken = tieout("archive", "verify", "--config", config)
    assert broken.code == 3
    assert "NOT SOUND: 2 faults; first broken link: " in broken.out
    first = f"{known[1].source_instance}/{known[1].object}/{known[1].batch_id}"
    assert f"first broken link: {first} (" in broken.out
    assert f"expected SHA-256 {known[1].sha256}, found SHA-256 " in broken.err
    assert "restore it from a backup" in broken.err


def test_an_empty_place_is_an_empty_archive(tmp_path: Path):
    found = verify(Folder(tmp_path / "nothing"))
    assert (found.faults, found.length, found.head) == ([], 0, None)


def test_no_figure_rests_on_changed_parquet(borealis: Company):
    link = links(borealis)[0]
    path = store.parquet_path(borealis.settings, link)
    content = path.read_bytes()
    path.write_bytes(flipped(content, 4000))
    with pytest.raises(
        StoreError, match=f"{path.name}: was changed: expected SHA-256 {link.files[next(iter(link.files))]}"
    ):
        borealis.query("from landed.batches")
    path.unlink()
    with pytest.raises(StoreError, match=f"{path.name}: is missing"):
        borealis.query("from landed.batches")
    borealis.ingest(None, None)
    assert path.read_bytes() == content, "made again from the raw bytes, to the bit"


def test_the_same_rows_are_the_same_parquet_to_the_bit(tmp_path: Path):
    text = csv_text([event(f"ev-{number}", quantity=str(number % 97)) for number in range(140_000)])
    hashes = []
    for name in "ab":
        one = company(tmp_path / name, "product")
        one.deliver("product/usage_events/e.csv", text)
        one.ingest("product", "usage_events")
        hashes.append(links(one)[0].files)
    assert hashes[0] == hashes[1], "several row groups, several threads, one order"


def test_parquet_made_again_by_another_version_is_a_link_of_its_own(tmp_path: Path):
    one = company(tmp_path, "billing")
    one.deliver("billing/invoices/a.csv", csv_text([invoice("inv-1")]))
    one.ingest()
    path = store.parquet_path(one.settings, links(one)[0])
    forge_last(one, files={path.relative_to(one.settings.archive_path).as_posix(): "0" * 64})
    path.unlink()
    one.ingest()
    assert [link.kind for link in links(one)] == ["batch", "remade"]
    assert verify_archive(one.settings).faults == []
    assert len(one.query("from landed.generic__billing__invoices")) == 1
    path.unlink()
    one.ingest()
    assert [link.kind for link in links(one)] == ["batch", "remade"], "the same bytes again are nothing new"


def test_parquet_is_not_made_again_from_damaged_bytes(borealis: Company):
    link = links(borealis)[0]
    raw, parquet = (
        borealis.settings.archive_path / name for name in (f"raw/{link.sha256[:2]}/{link.sha256}", *link.files)
    )
    whole = raw.read_bytes()
    parquet.unlink()
    raw.write_bytes(whole.replace(b"inv-2", b"inv-3"))
    with pytest.raises(StoreError, match=f"{raw.name}: was changed"):
        borealis.ingest(None, None)


def test_a_new_batch_is_not_read_from_damaged_bytes_of_another(tmp_path: Path):
    one = company(tmp_path, "billing", "acquired:billing")
    one.deliver("billing/invoices/a.csv", csv_text([invoice("inv-1")]))
    one.ingest()
    raw = store.raw_path(one.settings, links(one)[0].sha256 or "")
    raw.write_bytes(raw.read_bytes().replace(b"inv-1", b"inv-2"))
    one.deliver("acquired/invoices/a.csv", csv_text([invoice("inv-1")]))
    one.ingest()
    assert {row["invoice_id"] for row in one.query("from landed.generic__billing__invoices")} == {"inv-1"}
    assert verify_archive(one.settings).faults == [], "the source delivered once more what was damaged"


def test_parquet_is_not_made_again_with_other_rows(tmp_path: Path):
    one = company(tmp_path, "billing")
    one.deliver("billing/invoices/a.csv", csv_text([invoice("inv-1")]))
    one.ingest()
    forge_last(one, parsed_rows=2, contract_version="0")
    store.parquet_path(one.settings, links(one)[0]).unlink()
    with pytest.raises(StoreError, match=r"gives other rows than on .* \(contract 0\)"):
        one.ingest()
