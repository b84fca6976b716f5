"""Which files the links of a chain name, and the hash that each must have."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from dagster_project.archive.manifest import Manifest, SidecarRecord

_OF_MANIFESTS = ("previous_sha256", "stored_sha256")


@dataclass(frozen=True)
class Named:
    """A file by its name below the archive: its SHA-256 (None: only its rows are known), and the link that says so."""

    name: str
    sha256: str | None
    link: Manifest


def named(links: Iterable[Manifest]) -> dict[str, Named]:
    """Every file but manifests and head; of Parquet that was written again, the newest link says what it holds."""
    files: dict[str, Named] = {}
    for link in links:
        for name, sha256 in raw_files(link):
            files.setdefault(name, Named(name, sha256, link))
        for name, expected in made_files(link):
            files[name] = Named(name, expected, link)
    return files


def raw_files(link: Manifest) -> list[tuple[str, str]]:
    """What is kept under the name of its own hash: the delivery, its sidecar, and by what it was read.

    Every field of a manifest that ends in `sha256` names such bytes, but for those that hash a manifest.
    """
    fields = [name for name in type(link).model_fields if name.endswith("sha256") and name not in _OF_MANIFESTS]
    hashes = [getattr(link, name) for name in fields]
    if link.sidecar and is_kept(link.sidecar):
        hashes.append(link.sidecar.sha256)
    return [(f"raw/{sha256[:2]}/{sha256}", sha256) for sha256 in hashes if sha256]


def made_files(link: Manifest) -> list[tuple[str, str | None]]:
    """Parquet and quarantine; of a link that was written before they were hashed, their names alone."""
    if link.files or link.kind != "batch" or link.state != "loaded":
        return list(link.files.items())
    rooms = ["parquet"] + (["quarantine"] if link.quarantined_rows else [])
    return [(f"{room}/{link.source_instance}/{link.object}/{link.batch_id}.parquet", None) for room in rooms]


def is_kept(sidecar: SidecarRecord) -> bool:
    """False for a sidecar that could not be read: its record is of the fault, and there are no bytes."""
    return sidecar.fault is None or hashlib.sha256(sidecar.fault.encode()).hexdigest() != sidecar.sha256
