"""What a run reads of the archive: sound links, and files that are here and are what the chain says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from dagster_project.archive import mirror
from dagster_project.archive.chain import sound_links
from dagster_project.archive.engine import store_faults
from dagster_project.archive.files import sha256_of
from dagster_project.archive.manifest import Manifest
from dagster_project.archive.named import Named, named, raw_files
from dagster_project.archive.storage import storage_of
from dagster_project.errors import StoreError
from dagster_project.settings import Settings


def links_at_hand(settings: Settings, known_at: datetime | None = None) -> list[Manifest]:
    """Every link in order, up to what had been received at `known_at`, and the Parquet of all at hand.

    Raises StoreError where the chain is broken or a file is missing or changed: no figure rests on a flipped bit.
    """
    with store_faults(settings.archive_path):
        links = sound_links(settings)
        have_at_hand(settings, (one for one in named(links).values() if not one.name.startswith("raw/")))
    return [link for link in links if known_at is None or link.received_at <= known_at]


def have_at_hand(settings: Settings, wanted: Iterable[Named]) -> None:
    """Fetches what is not here, and checks all; StoreError names the file that is missing or changed."""
    files = list(wanted)
    mirror.bring(settings, files)
    for one in files:
        found = _hash(settings, one)
        if settings.archive.is_remote and one.sha256 not in (None, found):
            (settings.archive_path / one.name).unlink(missing_ok=True)
            mirror.bring(settings, [one])  # the copy here may be what is wrong
            found = _hash(settings, one)
        if found is None or one.sha256 not in (None, found):
            raise StoreError(mirror.damaged(storage_of(settings).shown(one.name), one.sha256 or "", found))


def have_raw_at_hand(settings: Settings, links: Iterable[Manifest]) -> None:
    """The same for what the rows of links were read from: bytes as received, sidecars, mappings and contracts."""
    files = {name: Named(name, sha256, link) for link in links for name, sha256 in raw_files(link)}
    have_at_hand(settings, files.values())


def _hash(settings: Settings, one: Named) -> str | None:
    path = settings.archive_path / one.name
    return sha256_of(path) if path.is_file() else None
