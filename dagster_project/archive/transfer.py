"""Copies an archive to another place, whole and checked on both sides; a copy may be interrupted and taken up again.

Files come before the manifest that names them, and the head comes last, as when a run writes them. A target is only
ever made longer: it must be empty or hold the beginning of the same chain. What it holds wrongly is put right.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from dagster_project.archive import head as heads
from dagster_project.archive import store
from dagster_project.archive.contents import Progress
from dagster_project.archive.engine import store_faults
from dagster_project.archive.files import chunks, sha256_of
from dagster_project.archive.findings import Verification
from dagster_project.archive.head import HEAD, Head
from dagster_project.archive.lock import exclusive
from dagster_project.archive.manifest import Manifest
from dagster_project.archive.named import Named, named
from dagster_project.archive.shared import LOCK
from dagster_project.archive.storage import Storage, on_disk, read, storage_at, storage_of
from dagster_project.archive.verify import anchor_of, chain_of, verify
from dagster_project.archive.walk import found_in
from dagster_project.errors import InputError, StoreError
from dagster_project.settings import Settings, is_address


@dataclass(frozen=True)
class Copied:
    """What a copy did: links of the chain, files and bytes sent, files that were there; and the target's check."""

    links: int
    files: int
    bytes: int
    skipped: int
    verification: Verification


def export_archive(settings: Settings, target: str, progress: Progress | None = None) -> Copied:
    """Copies the archive of the settings to a folder or address; StoreError where source or target is not sound."""
    other = _other(settings, target)
    if read(other, LOCK) is not None:
        raise StoreError(f"{other.place}: a run works on this archive; wait until it has ended")
    return _Transfer(storage_of(settings), other, progress).run(_sound(storage_of(settings), settings))


def import_archive(settings: Settings, source: str, progress: Progress | None = None) -> Copied:
    """Makes the archive of the settings a copy of another, or longer by what the other has more.

    Raises InputError where the two are different chains or this one is the longer, StoreError where one is not sound.
    """
    other = _other(settings, source)
    with store_faults(settings.archive_path), exclusive(settings):
        links = _sound(other)
        anchor = store.read_anchor(settings)
        if anchor and (fault := heads.fault_of(anchor, links)):
            raise InputError(f"{settings.archive.anchor} {fault} in {other.place}; nothing was copied")
        copied = _Transfer(other, storage_of(settings), progress).run(links)
        if links:
            heads.write_anchor(settings, heads.head_of(links).to_bytes())
    return copied


def _other(settings: Settings, place: str) -> Storage:
    """The other side of a copy, given on the command line; the archive's options hold where both are of one kind."""
    own = settings.archive.url or ""
    if not is_address(place):
        path, archive = Path(place).resolve(), settings.archive_path.resolve()
        if path.is_relative_to(archive) or archive.is_relative_to(path):
            raise InputError(f"{place}: is, holds or lies in the archive itself; expected another place")
        return storage_at(str(path))
    if place.rstrip("/") == own.rstrip("/"):
        raise InputError(f"{place}: is the archive itself; expected another place")
    is_alike = place.partition("://")[0] == own.partition("://")[0]
    return storage_at(place, settings.archive.storage_options if is_alike else None)


def _sound(storage: Storage, settings: Settings | None = None) -> list[Manifest]:
    """The links of a source whose chain is whole; its files are checked as they are copied."""
    verification = Verification(storage.place)
    links = list(chain_of(storage, anchor_of(settings) if settings else None, verification).links)
    if verification.faults:
        raise StoreError(f"nothing was copied: {min(verification.faults, key=lambda one: one.sequence).in_words}")
    if not links:
        raise InputError(f"{storage.place}: holds no archive; expected manifests/ and {HEAD} in it")
    return links


class _Transfer:
    def __init__(self, source: Storage, target: Storage, progress: Progress | None) -> None:
        self._source, self._target, self._progress = source, target, progress
        self._files = self._bytes = self._skipped = 0

    def run(self, links: list[Manifest]) -> Copied:
        there = self._target.names()
        self._refuse_another(links, there)
        files = named(links)
        of_link: dict[int, list[Named]] = defaultdict(list)
        for one in files.values():
            of_link[one.link.sequence].append(one)
        with tempfile.TemporaryDirectory(prefix="tieout-") as folder:
            self._folder, done = Path(folder), 0
            for link in links:
                for one in of_link[link.sequence]:
                    if self._progress:
                        self._progress("Copying", done, len(files))
                    done += 1
                    self._copy(one, there)
                self._write(link.path, self._manifest(link), there)
            self._write(HEAD, heads.head_of(links).to_bytes(), there)
        verification = verify(self._target, progress=self._progress)
        if verification.first:
            raise StoreError(f"the copy is not sound: {verification.first.in_words}")
        return Copied(len(links), self._files, self._bytes, self._skipped, verification)

    def _refuse_another(self, links: list[Manifest], there: dict[str, int]) -> None:
        """The target must hold the beginning of this chain: as its head says or, beyond it, link by link."""
        own = {link.path: link for link in links}
        refused = f"{self._target.place}: is not the beginning of {self._source.place}"
        head = self._head_there(there)
        if head and (fault := heads.fault_of(head, links)):
            raise InputError(f"{refused}: its head {fault}; nothing was copied")
        held = [name for name in there if name.startswith("manifests/")]
        strange = [name for name in held if name not in own]
        if strange:
            raise InputError(f"{refused}: it holds {strange[0]}, which the other does not; nothing was copied")
        vouched = head.length if head else 0
        beyond = [name for name in held if own[name].sequence > vouched]
        for name, content in self._target.read_many(beyond).items():
            found = found_in(name, content)
            if found.link and found.sha256 != own[name].chain_sha256:
                raise InputError(f"{refused}: {name} is another link there; nothing was copied")

    def _head_there(self, there: dict[str, int]) -> Head | None:
        content = read(self._target, HEAD) if HEAD in there else None
        try:
            return heads.parse(content) if content is not None else None
        except ValueError:
            return None  # to be put right, where every link is the same

    def _copy(self, one: Named, there: dict[str, int]) -> None:
        if one.name in there and one.sha256 and self._hash_there(one.name) == one.sha256:
            self._skipped += 1
            return
        try:
            with on_disk(self._source, one.name, self._folder) as path:
                found = sha256_of(path)
                if one.sha256 and found != one.sha256:
                    raise StoreError(self._damaged(one, f"SHA-256 {found}"))
                self._target.put(one.name, path)
                self._files, self._bytes = self._files + 1, self._bytes + path.stat().st_size
        except FileNotFoundError:
            raise StoreError(self._damaged(one, "no such file")) from None

    def _manifest(self, link: Manifest) -> bytes:
        content = read(self._source, link.path) or b""
        if hashlib.sha256(content).hexdigest() != link.chain_sha256:
            raise StoreError(f"{self._source.shown(link.path)}: was changed while it was copied; nothing after it was")
        return content

    def _hash_there(self, name: str) -> str:
        digest = hashlib.sha256()
        with self._target.open(name) as stream:
            for chunk in chunks(stream):
                digest.update(chunk)
        return digest.hexdigest()

    def _damaged(self, one: Named, found: str) -> str:
        place = self._source.shown(one.name)
        return (
            f"{place}: expected SHA-256 {one.sha256}, found {found}; `tieout archive verify` says what to do, then give"
            " the same command again: what was copied is not copied twice"
        )

    def _write(self, name: str, content: bytes, there: dict[str, int]) -> None:
        if name in there and read(self._target, name) == content:
            return
        path = self._folder / "small"
        path.write_bytes(content)
        self._target.put(name, path)
