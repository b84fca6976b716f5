"""`archive:` of tieout.yml: a secret in it, or an anchor beside what it guards, would be worth nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dagster_project import settings
from dagster_project.archive.retention import kept
from dagster_project.archive.verify import verify_archive
from dagster_project.errors import ConfigurationError
from dagster_project.settings import Archive
from tests.archive.making import at, links
from tests.command import tieout
from tests.ingestion.company import Company

SMALLEST = """\
company: Borealis
reporting_currency: USD
sources:
  - {name: billing, domain: billing, connector: {type: files, path: data/billing}}
"""


def load(folder: Path, archive: str) -> settings.Settings:
    (folder / "tieout.yml").write_text(f"{SMALLEST}archive: {archive}\n", encoding="utf-8")
    return settings.load(folder / "tieout.yml")


def test_places_are_relative_to_the_file_and_addresses_are_left_alone(tmp_path: Path):
    assert load(tmp_path, "books").archive_path == tmp_path / "books"
    assert load(tmp_path, "{anchor: ../head.json}").archive.anchor == str(tmp_path.parent / "head.json")
    there = load(tmp_path, "{url: s3://books/a, anchor: gs://audit/head.json}")
    assert (there.archive.url, there.archive.anchor) == ("s3://books/a", "gs://audit/head.json")
    assert there.archive_path.parent == tmp_path / ".tieout" / "cache"
    assert there.archive_path != load(tmp_path, "s3://books/b").archive_path
    default = load(tmp_path, "{}")
    assert (default.archive_path, default.archive.retention_years) == (tmp_path / ".tieout" / "archive", 7)


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        ("{url: s3://b, storage_options: {secret: x}}", "secret is a secret and does not belong in a file"),
        ("{url: s3://b, storage_options: {client_kwargs: {aws_secret_access_key: x}}}", "aws_secret_access_key is a"),
        ("sftp://me:word@host/books", "a password does not belong in a file"),
        ("memory://books", "expected a place that outlives the run"),
        ("{url: books, storage_options: {anon: true}}", "a folder has no storage_options"),
        ("{anchor: s3://audit}", "expected the address of a file"),
        ("{ancor: head.json}", "expected one of: url, storage_options, anchor, retention_years, legal_hold"),
        ("{retention_years: -1}", "expected at least 0"),
    ],
)
def test_a_fault_is_named_with_its_line_and_no_secret_is_printed(tmp_path: Path, archive, words):
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, archive)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'tieout.yml'}:5: ")
    assert "archive" in message
    assert words in message
    assert "word@" not in message


def test_an_anchor_in_the_archive_itself_is_refused(borealis: Company):
    inside = borealis.settings.archive_path / "head.json"
    with pytest.raises(ConfigurationError, match="lies in the archive itself"):
        verify_archive(at(borealis, anchor=str(inside)).settings)
    with pytest.raises(ConfigurationError, match="is a folder; expected a file in it"):
        verify_archive(at(borealis, anchor=str(borealis.root)).settings)


def test_retention_counts_what_is_past_it_and_a_legal_hold_keeps_it(borealis: Company):
    known = links(borealis)
    last_day, day_after = datetime(2033, 10, 12, tzinfo=UTC), datetime(2033, 10, 13, tzinfo=UTC)
    assert sum(row.past for row in kept(Archive(), known, last_day)) == 0
    rows = kept(Archive(legal_hold=("billing",)), known, day_after)
    assert [(row.source_instance, row.object, row.past, row.is_held) for row in rows] == [
        ("acquired", "invoices", 1, False),
        ("billing", "invoices", 2, True),
        ("billing", "payouts", 1, True),
        ("product", "usage_events", 1, False),
    ]
    assert all(row.is_held for row in kept(Archive(legal_hold=True), known, day_after))
    leap_day = datetime(2028, 2, 29, tzinfo=UTC)
    assert sum(row.past for row in kept(Archive(retention_years=1), known, leap_day)) == 5


def test_the_report_of_retention_names_a_hold_on_nothing_and_deletes_nothing(borealis: Company):
    config = borealis.root / "tieout.yml"
    text = SMALLEST.replace("company", "as_of: 2034-01-01T00:00:00Z\nhome: home\ncompany")
    config.write_text(f"{text}archive: {{legal_hold: [biling]}}\n", encoding="utf-8")
    before = borealis.archive_tree()
    ran = tieout("archive", "retention", "--config", config)
    assert ran.code == 0, ran.text
    assert "nothing of a source 'biling' is in the archive" in ran.err
    assert "Nothing was deleted" in ran.out
    assert borealis.archive_tree() == before
