"""Checks every file that the links name, and the rows in it: hash, bytes, batch, rows, keys and control totals."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb

from dagster_project.archive.files import chunks, sha256_of
from dagster_project.archive.findings import MAKE_AGAIN, RESTORE, Checked, Fault, Verification
from dagster_project.archive.manifest import Manifest
from dagster_project.archive.named import Named, named
from dagster_project.archive.recount import row_faults
from dagster_project.archive.storage import Folder, Storage, on_disk

_COUNTED = ("batch", "remade")
"""Kinds whose files hold the rows that their figures speak of; the files of others are checked by their hash."""

Progress = Callable[[str, int, int], None]
"""Hears what is being done, how many files are done, and of how many."""


class Contents:
    """One verification at work: streams every file, holds none in memory, and puts remote Parquet into `temporary`."""

    def __init__(
        self, storage: Storage, con: duckdb.DuckDBPyConnection, temporary: Path, links: list[Manifest]
    ) -> None:
        self._storage, self._con, self._temporary = storage, con, temporary
        self._links = links
        self._named = named(links)
        self._of_link: dict[int, list[Named]] = defaultdict(list)
        for one in self._named.values():
            self._of_link[one.link.sequence].append(one)
        self._batches: dict[str, list[Manifest]] = defaultdict(list)
        for link in links:
            if link.kind == "batch" and link.sha256:
                self._batches[f"raw/{link.sha256[:2]}/{link.sha256}"].append(link)

    @property
    def names(self) -> set[str]:
        """Every file that a link names."""
        return set(self._named)

    def check(self, into: Verification, progress: Progress | None = None) -> None:
        """Adds counts and faults in the order of the chain."""
        done = 0
        for link in self._links:
            counted = into.objects.setdefault((link.source_instance, link.object), Checked())
            counted.links += 1
            files = len(self._of_link[link.sequence])
            if progress:
                progress("Checking", done, len(self._named))
            done += files
            counted.files += files
            into.faults += self._link(link, counted)

    def _link(self, link: Manifest, counted: Checked) -> Iterator[Fault]:
        with ExitStack() as kept:
            whole: dict[str, Path] = {}
            for one in self._of_link[link.sequence]:
                if one.name.startswith("raw/"):
                    yield from self._raw(one, counted)
                    continue
                path = self._local(one.name, kept)
                found = sha256_of(path) if path else None
                if path and (one.sha256 is None or found == one.sha256):
                    whole[one.name] = path
                    counted.bytes += path.stat().st_size
                else:
                    yield self._damaged(one, found)
            if whole and link.kind in _COUNTED and set(whole) >= set(link.files):
                for name, expected, what in row_faults(self._con, link, whole, counted):
                    yield self._fault(link, name, expected, what)

    def _raw(self, one: Named, counted: Checked) -> Iterator[Fault]:
        batches = self._batches.get(one.name, [])
        prefixes = {link.batch_id: f"{link.source_instance}\0{link.object}\0".encode() for link in batches}
        ids = {batch_id: hashlib.sha256(prefix) for batch_id, prefix in prefixes.items()}
        raw, size = hashlib.sha256(), 0
        try:
            with self._storage.open(one.name) as stream:
                for chunk in chunks(stream):
                    size += len(chunk)
                    for digest in (raw, *ids.values()):
                        digest.update(chunk)
        except FileNotFoundError:
            yield self._damaged(one, None)
            return
        counted.bytes += size
        if raw.hexdigest() != one.sha256:
            yield self._damaged(one, raw.hexdigest())
            return
        for link in batches:
            if size != link.bytes:
                yield self._fault(link, one.name, f"{link.bytes:,} bytes", f"{size:,}")
            if (found := ids[link.batch_id].hexdigest()[:16]) != link.batch_id:
                yield self._fault(link, one.name, f"the bytes of batch {link.batch_id}", f"those of {found}")

    def _local(self, name: str, kept: ExitStack) -> Path | None:
        try:
            return kept.enter_context(on_disk(self._storage, name, self._temporary))
        except FileNotFoundError:
            return None

    def _damaged(self, one: Named, found: str | None) -> Fault:
        is_made = not one.name.startswith("raw/") and isinstance(self._storage, Folder)
        remedy = MAKE_AGAIN if is_made else RESTORE
        was = f"SHA-256 {found}" if found else "no such file"
        return self._fault(one.link, one.name, f"SHA-256 {one.sha256}" if one.sha256 else "a file", was, remedy)

    def _fault(self, link: Manifest, name: str, expected: str, found: str, remedy: str = RESTORE) -> Fault:
        words = f"{link.source_instance}/{link.object}/{link.batch_id}"
        return Fault(link.sequence, words, name, self._storage.shown(name), expected, found, remedy)
