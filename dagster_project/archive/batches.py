"""The batches of the archive as one sees them now: each with its newest sidecar, and whether a mended file followed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from dagster_project.archive.manifest import Drift, Manifest, SidecarRecord


@dataclass(frozen=True)
class Batch:
    """One batch: its manifest, the sidecar that counts, and its state.

    `replaced` is a refused batch after which a file of the same name was received and loaded: a dead letter that was
    mended at the source no longer speaks about the data.
    """

    manifest: Manifest
    sidecar: SidecarRecord | None
    has_newer_sidecar: bool
    state: Literal["loaded", "refused", "replaced"]

    @property
    def drift(self) -> tuple[Drift, ...]:
        """Drift of the file and of the sidecar that counts."""
        if self.sidecar is None or self.sidecar.fault is None:
            return self.manifest.drift
        fault = Drift(column_name="(sidecar)", drift="malformed_sidecar", is_breaking=True, detail=self.sidecar.fault)
        return (*self.manifest.drift, fault)


def batches(manifests: Iterable[Manifest]) -> list[Batch]:
    """One Batch per archived batch, in the order of the chain."""
    links = list(manifests)
    sidecars: dict[str, list[SidecarRecord]] = {}
    last_loaded: dict[tuple[str, str, str], int] = {}
    for link in links:
        if link.sidecar is not None:
            sidecars.setdefault(link.batch_id, []).append(link.sidecar)
        if link.state == "loaded":
            last_loaded[link.source_instance, link.object, link.file_name] = link.sequence
    return [_batch(link, sidecars.get(link.batch_id, []), last_loaded) for link in links if link.kind == "batch"]


def _batch(link: Manifest, sidecars: list[SidecarRecord], last_loaded: dict[tuple[str, str, str], int]) -> Batch:
    newest = max(sidecars, key=_age, default=None)
    state: Literal["loaded", "refused", "replaced"] = link.state
    if state == "refused" and last_loaded.get((link.source_instance, link.object, link.file_name), 0) > link.sequence:
        state = "replaced"
    return Batch(link, newest, newest != link.sidecar, state)


def _age(sidecar: SidecarRecord) -> tuple[bool, str, str]:
    """The latest extraction counts, whatever the order of arrival; a readable sidecar before a torn one."""
    extracted_at = sidecar.extracted_at.isoformat() if sidecar.extracted_at else ""
    return sidecar.fault is None, extracted_at, sidecar.sha256
