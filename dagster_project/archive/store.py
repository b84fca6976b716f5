"""Where the archive keeps things, and how it writes them: whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from dagster_project.archive.manifest import Manifest
from dagster_project.errors import StoreError
from dagster_project.settings import Settings

HEAD = "HEAD.json"


def raw_path(settings: Settings, sha256: str) -> Path:
    """The bytes as received."""
    return settings.archive_path / "raw" / sha256[:2] / sha256


def parquet_path(settings: Settings, manifest: Manifest) -> Path:
    """The rows of a batch that keep the contract, or those that a replay rescued."""
    return _beside(settings, "parquet", manifest, f"{manifest.stem}.parquet")


def quarantine_path(settings: Settings, manifest: Manifest) -> Path:
    """The rows of a batch that do not, or those that a replay refused again."""
    return _beside(settings, "quarantine", manifest, f"{manifest.stem}.parquet")


def manifest_path(settings: Settings, manifest: Manifest) -> Path:
    """The link itself."""
    return _beside(settings, "manifests", manifest, manifest.name)


def _beside(settings: Settings, room: str, manifest: Manifest, name: str) -> Path:
    return settings.archive_path / room / manifest.source_instance / manifest.object / name


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A scratch path that becomes `path` when the body ends well: flushed to disk, then renamed; removed otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield scratch
        _flush(scratch)
        os.replace(scratch, path)
        _flush(path.parent)
    finally:
        scratch.unlink(missing_ok=True)


def write(path: Path, content: bytes) -> None:
    """Writes `content` whole or not at all."""
    with replacing(path) as scratch:
        scratch.write_bytes(content)


def write_once(path: Path, content: bytes) -> None:
    """Writes bytes under the name of their own hash; what is there already is the same."""
    if not path.exists():
        write(path, content)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_manifests(settings: Settings, known_at: datetime | None = None) -> list[Manifest]:
    """Every link in the order of the chain, up to what had been received at `known_at`; StoreError when one is torn."""
    root = settings.archive_path / "manifests"
    manifests = [_read(file) for file in root.glob("*/*/*.json") if not file.name.startswith(".")]
    manifests.sort(key=lambda manifest: manifest.sequence)
    return [manifest for manifest in manifests if known_at is None or manifest.received_at <= known_at]


def _read(file: Path) -> Manifest:
    try:
        content = file.read_bytes()
        manifest = Manifest.model_validate_json(content)
        return manifest.model_copy(update={"stored_sha256": hashlib.sha256(content).hexdigest()})
    except (OSError, ValidationError) as error:
        raise StoreError(f"{file}: cannot be read as a manifest; restore it from a backup ({_first(error)})") from error


def _first(error: Exception) -> str:
    return str(error).splitlines()[0]


def chain_faults(manifests: Iterable[Manifest]) -> list[str]:
    """Where the chain is broken, in words; empty when every link carries the hash of the one before it."""
    faults: list[str] = []
    previous: str | None = None
    for position, manifest in enumerate(manifests, start=1):
        where = f"{manifest.source_instance}/{manifest.object}/{manifest.name}"
        if manifest.sequence != position:
            faults.append(
                f"{where}: is link {manifest.sequence}, expected {position}: a manifest is missing or doubled"
            )
        if manifest.previous_sha256 != previous:
            faults.append(f"{where}: carries {manifest.previous_sha256}, but the link before it hashes to {previous}")
        previous = manifest.chain_sha256
    return faults


def write_head(settings: Settings, manifests: list[Manifest]) -> None:
    """Anchors the newest link. Written last: after a kill before it, the next run finds it behind and mends it."""
    newest = manifests[-1]
    head = {
        "length": len(manifests),
        "manifest": f"manifests/{newest.source_instance}/{newest.object}/{newest.name}",
        "sha256": newest.chain_sha256,
    }
    content = (json.dumps(head, indent=1, sort_keys=True) + "\n").encode()
    path = settings.archive_path / HEAD
    if not path.exists() or path.read_bytes() != content:
        write(path, content)


def read_head(settings: Settings) -> dict[str, str | int] | None:
    """`length`, `manifest`, `sha256` of the newest anchored link; None before the first."""
    path = settings.archive_path / HEAD
    return json.loads(path.read_bytes()) if path.exists() else None
