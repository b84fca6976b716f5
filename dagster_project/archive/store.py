"""Where the archive keeps things, and how it writes them: whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from dagster_project.archive import files, mirror
from dagster_project.archive import head as heads
from dagster_project.archive.head import HEAD, Head
from dagster_project.archive.manifest import Manifest
from dagster_project.archive.storage import read, storage_of
from dagster_project.errors import StoreError
from dagster_project.settings import Settings


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
    return settings.archive_path / manifest.path


def _beside(settings: Settings, room: str, manifest: Manifest, name: str) -> Path:
    return settings.archive_path / room / manifest.source_instance / manifest.object / name


@contextmanager
def replacing(settings: Settings, path: Path) -> Iterator[Path]:
    """A scratch path that becomes `path` of the archive when the body ends well, and of a remote one as well."""
    with files.replacing(path, before=lambda scratch: mirror.send(settings, scratch, path)) as scratch:
        yield scratch


def write(settings: Settings, path: Path, content: bytes) -> None:
    """Writes `content` whole or not at all."""
    with replacing(settings, path) as scratch:
        scratch.write_bytes(content)


def write_once(settings: Settings, path: Path, content: bytes) -> None:
    """Writes bytes under the name of their own hash; what is there already is the same."""
    if not path.exists():
        write(settings, path, content)


def read_manifests(settings: Settings, known_at: datetime | None = None) -> list[Manifest]:
    """Every link in the order of the chain, up to what had been received at `known_at`; StoreError when one is torn."""
    manifests = [_read(file) for file in mirror.manifest_files(settings)]
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
    content = heads.head_of(manifests).to_bytes()
    if read(storage_of(settings), HEAD) != content:
        write(settings, settings.archive_path / HEAD, content)
    heads.write_anchor(settings, content)


def read_head(settings: Settings) -> Head | None:
    """The newest anchored link; None before the first, StoreError when the file was changed."""
    return _parsed(storage_of(settings).shown(HEAD), read(storage_of(settings), HEAD))


def read_anchor(settings: Settings) -> Head | None:
    """The head as the anchor has it; None where none is configured or nothing was anchored yet."""
    return _parsed(settings.archive.anchor or "", heads.anchor_content(settings))


def _parsed(place: str, content: bytes | None) -> Head | None:
    try:
        return heads.parse(content) if content is not None else None
    except ValueError as error:
        raise StoreError(f"{place}: {error}; `tieout archive verify` says what to do") from None
