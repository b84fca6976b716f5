"""The chain of manifests as it grows: a batch exists when its manifest does, and every link hashes the one before."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from dagster_project.archive import store
from dagster_project.archive.manifest import Manifest
from dagster_project.errors import StoreError
from dagster_project.settings import Settings


class Chain:
    """The links on disk, in memory; opened under the lock of the home. Raises StoreError when links were lost."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.links = store.read_manifests(settings)
        self._refuse_a_cut_tail()
        if self.links:
            # A kill between a manifest and the head leaves the head behind.
            store.write_head(settings, self.links)
        self._batches = {link.batch_id: link for link in self.links if link.kind == "batch"}
        self._current = {link.batch_id: link for link in self.links if link.kind != "sidecar"}
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
        links = (link for link in reversed(self.links) if link.kind != "replay")
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

    def append(self, **fields: Any) -> Manifest:
        """Writes the next link, and only then counts it."""
        return self.add(self.draft(**fields))

    def add(self, link: Manifest) -> Manifest:
        """Writes a link that was drafted, and only then counts it."""
        store.write(store.manifest_path(self._settings, link), link.to_bytes())
        self.links.append(link)
        if link.kind == "batch":
            self._batches[link.batch_id] = link
        if link.kind != "sidecar":
            self._current[link.batch_id] = link
        if link.sidecar:
            self._sidecars.add((link.batch_id, link.sidecar.sha256))
        return link

    def anchor(self) -> None:
        """Writes the head: last, after everything that it vouches for."""
        if self.links:
            store.write_head(self._settings, self.links)

    def _refuse_a_cut_tail(self) -> None:
        head = store.read_head(self._settings)
        if head is None:
            return
        length = int(head["length"])
        if length > len(self.links):
            raise StoreError(
                f"{self._settings.archive_path}: {store.HEAD} vouches for {length} manifests, {len(self.links)} are"
                " there: some were removed; restore `archive/manifests` from a backup"
            )
        if length and self.links[length - 1].chain_sha256 != head["sha256"]:
            raise StoreError(
                f"{self._settings.archive_path}: manifest {length} is not the one that {store.HEAD} vouches for: it was"
                " changed; restore `archive/manifests` from a backup"
            )


def _is_read(link: Manifest) -> bool:
    return link.state == "loaded"


@dataclasses.dataclass(frozen=True)
class Identity:
    """What names a batch: source, object and bytes."""

    batch_id: str
    sha256: str
    bytes: int
