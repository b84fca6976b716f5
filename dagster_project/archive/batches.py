"""The batches of the archive as one sees them now: each with its newest sidecar, its replays, and whether a mended file
followed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from dagster_project.archive.manifest import Drift, Manifest, SidecarRecord


@dataclass(frozen=True)
class Batch:
    """One batch: its manifest, the sidecar that counts, its replays in their order, and its state.

    `replaced` is a refused batch after which a file of the same name was received and loaded: a dead letter that was
    mended at the source no longer speaks about the data.
    """

    manifest: Manifest
    sidecar: SidecarRecord | None
    has_newer_sidecar: bool
    state: Literal["loaded", "refused", "replaced"]
    replays: tuple[Manifest, ...] = ()

    @property
    def now(self) -> Manifest:
        """The link whose figures, drift and refusal are those of the batch today."""
        return self.replays[-1] if self.replays else self.manifest

    @property
    def drift(self) -> tuple[Drift, ...]:
        """Drift of the file and of the sidecar that counts."""
        if self.sidecar is None or self.sidecar.fault is None:
            return self.now.drift
        fault = Drift(column_name="(sidecar)", drift="malformed_sidecar", is_breaking=True, detail=self.sidecar.fault)
        return (*self.now.drift, fault)

    @property
    def with_rows(self) -> tuple[Manifest, ...]:
        """The links that have rows which keep the contract, as Parquet."""
        links = (self.manifest,) if self.manifest.state == "loaded" else ()
        return links + tuple(link for link in self.replays if link.replay and link.replay.rescued_rows)

    @property
    def with_rejects(self) -> tuple[Manifest, ...]:
        """The links that have rejected rows, as Parquet; of a row in several of them the last one speaks."""
        links = (self.manifest,) if self.manifest.quarantined_rows else ()
        return links + tuple(link for link in self.replays if link.replay and link.replay.refused_rows)


def batches(manifests: Iterable[Manifest]) -> list[Batch]:
    """One Batch per archived batch, in the order of the chain."""
    links = list(manifests)
    sidecars: dict[str, list[SidecarRecord]] = {}
    replays: dict[str, list[Manifest]] = {}
    for link in links:
        if link.sidecar is not None:
            sidecars.setdefault(link.batch_id, []).append(link.sidecar)
        if link.kind == "replay":
            replays.setdefault(link.batch_id, []).append(link)
    found = [
        _batch(link, sidecars.get(link.batch_id, []), tuple(replays.get(link.batch_id, ())))
        for link in links
        if link.kind == "batch"
    ]
    arrived = _last_loaded(links, {batch.manifest.batch_id for batch in found if batch.state == "loaded"})
    return [_replaced(batch, arrived) for batch in found]


def _batch(link: Manifest, sidecars: list[SidecarRecord], replays: tuple[Manifest, ...]) -> Batch:
    newest = max(sidecars, key=_age, default=None)
    return Batch(link, newest, newest != link.sidecar, (replays[-1] if replays else link).state, replays)


def _last_loaded(links: list[Manifest], loaded: set[str]) -> dict[tuple[str, str, str], int]:
    """When a file of each name last arrived whose batch is loaded. A replay is no arrival: nothing was sent."""
    return {
        (link.source_instance, link.object, link.file_name): link.sequence
        for link in links
        if link.kind != "replay" and link.batch_id in loaded
    }


def _replaced(batch: Batch, arrived: dict[tuple[str, str, str], int]) -> Batch:
    link = batch.manifest
    is_older = arrived.get((link.source_instance, link.object, link.file_name), 0) > link.sequence
    return replace(batch, state="replaced") if batch.state == "refused" and is_older else batch


def _age(sidecar: SidecarRecord) -> tuple[bool, str, str]:
    """The latest extraction counts, whatever the order of arrival; a readable sidecar before a torn one."""
    extracted_at = sidecar.extracted_at.isoformat() if sidecar.extracted_at else ""
    return sidecar.fault is None, extracted_at, sidecar.sha256
