"""The head: one small file that vouches for the newest link of the chain, and its copy in another place, the anchor.

Without it a chain whose last links were cut off looks whole. It carries a hash of itself, so that a changed head is
told from a changed link. Whoever can cut the tail can also write the head anew, but not where the anchor lies.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dagster_project.archive.manifest import Manifest
from dagster_project.archive.storage import Storage, read, storage_at
from dagster_project.errors import ConfigurationError
from dagster_project.settings import Settings, is_address

HEAD = "HEAD.json"


@dataclass(frozen=True)
class Head:
    """How many links the chain had, the newest one's file below the archive, and its hash."""

    length: int
    manifest: str
    sha256: str

    def to_bytes(self) -> bytes:
        """The bytes as stored."""
        facts: dict[str, str | int] = {"length": self.length, "manifest": self.manifest, "sha256": self.sha256}
        return _text(facts | {"check": hashlib.sha256(_text(facts)).hexdigest()})


def head_of(links: Sequence[Manifest]) -> Head:
    """The head of a chain with at least one link."""
    newest = links[-1]
    return Head(len(links), newest.path, newest.chain_sha256)


def parse(content: bytes) -> Head:
    """The head in these bytes; ValueError when a single bit of it was changed."""
    try:
        document = json.loads(content)
        head = Head(int(document["length"]), str(document["manifest"]), str(document["sha256"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"it is no head of an archive ({error})") from None
    if head.to_bytes() != content:
        raise ValueError("its hash of itself does not follow from its content: it was changed")
    return head


def fault_of(head: Head, links: Sequence[Manifest]) -> str | None:
    """What the head knows and the chain does not hold, in words."""
    if head.length > len(links):
        return f"vouches for {head.length} manifests, {len(links)} are there: some were removed"
    if head.length and links[head.length - 1].chain_sha256 != head.sha256:
        return f"does not vouch for manifest {head.length} as it is: it was changed, or the chain is another"
    return None


def anchor_content(settings: Settings) -> bytes | None:
    """The bytes of the anchor; None where none is configured or nothing was anchored yet."""
    place = anchor_of(settings)
    return read(*place) if place else None


def write_anchor(settings: Settings, content: bytes) -> None:
    """Copies the head to the anchor, where one is configured and holds something else."""
    place = anchor_of(settings)
    if place is None or read(*place) == content:
        return
    storage, name = place
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / HEAD
        file.write_bytes(content)
        storage.put(name, file)


def anchor_of(settings: Settings) -> tuple[Storage, str] | None:
    """The storage that holds the anchor and its name there; None where none is configured.

    Raises ConfigurationError where it lies in the archive itself: who can change the one could change the other.
    """
    anchor, url = settings.archive.anchor, settings.archive.url
    if anchor is None:
        return None
    own = url if url and settings.archive.is_remote else str(settings.archive_path)
    if anchor.startswith(f"{own.rstrip('/')}/"):
        raise ConfigurationError(f"archive.anchor: {anchor} lies in the archive itself; expected another place")
    if Path(anchor).is_dir():
        raise ConfigurationError(f"archive.anchor: {anchor} is a folder; expected a file in it, such as head.json")
    folder, _, name = anchor.rpartition("/")
    is_alike = is_address(anchor) and anchor.partition("://")[0] == (url or "").partition("://")[0]
    return storage_at(folder or ".", settings.archive.storage_options if is_alike else None), name


def _text(facts: dict[str, str | int]) -> bytes:
    return (json.dumps(facts, indent=1, sort_keys=True) + "\n").encode()
