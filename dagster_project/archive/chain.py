"""The chain of manifests as it grows: a batch exists when its manifest does, and every link hashes the one before."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from dagster_project.archive import mirror, store
from dagster_project.archive.head import fault_of
from dagster_project.archive.manifest import Manifest
from dagster_project.archive.named import named
from dagster_project.archive.storage import storage_of
from dagster_project.errors import StoreError
from dagster_project.settings import Settings

_SAME_ROWS = ("sidecar", "remade")  # links that change nothing of what became of a batch's rows


class Chain:
    """The links on disk, in memory; opened under the lock of the home. Raises StoreError when links were lost."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.links = sound_links(settings)
        # What is elsewhere is told from what was lost, and made again, by its absence here.
        mirror.bring(settings, (one for one in named(self.links).values() if not one.name.startswith("raw/")))
        if self.links:
            # A kill between a manifest and the head leaves the head behind.
            store.write_head(settings, self.links)
        self._batches = {link.batch_id: link for link in self.links if link.kind == "batch"}
        self._current = {link.batch_id: link for link in self.links if link.kind not in _SAME_ROWS}
        self._sidecars = {(link.batch_id, link.sidecar.sha256) for link in self.links if link.sidecar}

    def batch(self, batch_id: str) -> Manifest | None:
        """The manifest of a batch, None when it is new."""
        return self._batches.get(batch_id)

    def current(self, batch_id: str) -> Manifest:
        """The newest link that says what became of a batch's rows; KeyError when the batch is new."""
        return self._current[batch_id]

    def has_sidecar(self, batch_id: str, sha256: str) -> bool:
        """Whether this very sidecar of the batch is recorded."""
        return (batch_id, sha256) in self._sidecars

    def draft(self, **fields: Any) -> Manifest:
        """The next link, not yet part of the chain: what it speaks of is written before it."""
        previous = self.links[-1].chain_sha256 if self.links else None
        return Manifest(sequence=len(self.links) + 1, previous_sha256=previous, **fields)

    def last_loaded(self, source: str, object: str, file_name: str) -> int | None:
        """The newest link of a delivery of that name that was read, None where none was; a replay delivers nothing."""
        place = (source, object, file_name)
        links = (link for link in reversed(self.links) if link.kind not in ("replay", "remade"))
        found = (a.sequence for a in links if (a.source_instance, a.object, a.file_name) == place and _is_read(a))
        return next(found, None)

    def newest_extraction(self, source: str, object: str) -> datetime | None:
        """When the newest loaded delivery of an object was extracted, as it says itself."""
        times = [
            link.sidecar.extracted_at
            for link in self.links
            if (link.source_instance, link.object) == (source, object) and _is_read(link)
            if link.sidecar is not None and link.sidecar.extracted_at is not None
        ]
        return max(times, default=None)

    def has_files(self, files: dict[str, str]) -> bool:
        """Whether the chain says of every one of these files that this is what it holds."""
        known = named(self.links)
        return all(name in known and known[name].sha256 == sha256 for name, sha256 in files.items())

    def append(self, **fields: Any) -> Manifest:
        """Writes the next link, and only then counts it."""
        return self.add(self.draft(**fields))

    def add(self, link: Manifest) -> Manifest:
        """Writes a link that was drafted, and only then counts it."""
        store.write(self._settings, store.manifest_path(self._settings, link), link.to_bytes())
        self.links.append(link)
        if link.kind == "batch":
            self._batches[link.batch_id] = link
        if link.kind not in _SAME_ROWS:
            self._current[link.batch_id] = link
        if link.sidecar:
            self._sidecars.add((link.batch_id, link.sidecar.sha256))
        return link

    def anchor(self) -> None:
        """Writes the head: last, after everything that it vouches for."""
        if self.links:
            store.write_head(self._settings, self.links)


def sound_links(settings: Settings) -> list[Manifest]:
    """Every link in the order of the chain; StoreError where head, anchor or chain is broken."""
    try:
        return _sound(settings)
    except StoreError:
        if not mirror.forget_manifests(settings):
            raise
    return _sound(settings)  # what is wrong may be the working copy


def _sound(settings: Settings) -> list[Manifest]:
    links = store.read_manifests(settings)
    vouchers = (("HEAD.json", store.read_head(settings)), ("the anchor", store.read_anchor(settings)))
    faults = [f"{name} {fault}" for name, head in vouchers if head and (fault := fault_of(head, links))]
    for fault in (*faults, *store.chain_faults(links)):
        raise StoreError(f"{storage_of(settings).place}: {fault}; `tieout archive verify` says what to do")
    return links


def _is_read(link: Manifest) -> bool:
    return link.state == "loaded"


@dataclasses.dataclass(frozen=True)
class Identity:
    """What names a batch: source, object and bytes."""

    batch_id: str
    sha256: str
    bytes: int
