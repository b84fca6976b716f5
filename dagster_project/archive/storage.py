"""Where an archive lies: a folder, or an address that fsspec reaches. Both hold files by name and write them whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from dagster_project.archive.engine import store_faults
from dagster_project.archive.files import is_scratch, replacing
from dagster_project.settings import Settings, is_address


class Storage(Protocol):
    """Files by their names in an archive, such as `raw/ab/<sha256>`; every method raises StoreError when it fails."""

    @property
    def place(self) -> str:
        """The path or address, as a user writes it."""

    def names(self, folder: str = "") -> dict[str, int]:
        """Name and bytes of every file below `folder`, without what killed writes left; empty where there is none."""

    def open(self, name: str) -> BinaryIO:
        """The bytes as a stream; FileNotFoundError where there is no such file."""

    def read_many(self, names: Iterable[str]) -> dict[str, bytes]:
        """The bytes of small files, many at a time where the place can; those that are not there are left out."""

    def fetch(self, wanted: Mapping[str, Path]) -> None:
        """Copies each file to its path; FileNotFoundError where one is not there."""

    def put(self, name: str, path: Path) -> None:
        """Keeps the bytes of `path` under the name: whole or not at all, in the place of what was there."""

    def create(self, name: str, content: bytes) -> bool:
        """Keeps the content under the name unless there is such a file: then False, and nothing was changed."""

    def delete(self, name: str) -> None:
        """Removes a lock; nothing else of an archive is ever removed."""

    def shown(self, name: str) -> str:
        """Where the file lies, as a user would look for it."""


def storage_at(place: str, options: Mapping[str, Any] | None = None) -> Storage:
    """The storage at a path or an address; StoreError when what reaches such an address is not installed."""
    if not is_address(place):
        return Folder(Path(place))
    from dagster_project.archive.remote import Remote

    return Remote(place, dict(options or {}))


def storage_of(settings: Settings) -> Storage:
    """The archive itself, whatever the working copy holds."""
    if not settings.archive.is_remote:
        return Folder(settings.archive_path)
    return _remote(
        settings.archive.url or "", json.dumps(settings.archive.storage_options, sort_keys=True, default=str)
    )


@cache
def _remote(address: str, options: str) -> Storage:
    """One per address: each would open connections of its own."""
    return storage_at(address, json.loads(options))


def read(storage: Storage, name: str) -> bytes | None:
    """The bytes of a small file, None where it is not."""
    return storage.read_many([name]).get(name)


@contextmanager
def on_disk(storage: Storage, name: str, temporary: Path) -> Iterator[Path]:
    """The file on a disk of this machine while the context lasts; FileNotFoundError where it is missing."""
    if isinstance(storage, Folder):
        path = storage.root / name
        if not path.is_file():
            raise FileNotFoundError(str(path))
        yield path
        return
    path = temporary / name.replace("/", "-")
    try:
        storage.fetch({name: path})
        yield path
    finally:
        path.unlink(missing_ok=True)


class Folder:
    """An archive in a folder of a disk that this machine mounts."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def place(self) -> str:
        return str(self.root)

    def names(self, folder: str = "") -> dict[str, int]:
        sizes: dict[str, int] = {}
        with store_faults(self.root):
            for path in sorted((self.root / folder).rglob("*")):
                name = path.relative_to(self.root).as_posix()
                with suppress(FileNotFoundError):  # a run at work may have renamed it since
                    if path.is_file() and not is_scratch(name):
                        sizes[name] = path.stat().st_size
        return sizes

    def open(self, name: str) -> BinaryIO:
        path = self.root / name
        if not path.is_file():
            raise FileNotFoundError(str(path))
        with store_faults(path):
            return path.open("rb")

    def read_many(self, names: Iterable[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name in names:
            with suppress(FileNotFoundError), self.open(name) as stream:
                found[name] = stream.read()
        return found

    def fetch(self, wanted: Mapping[str, Path]) -> None:
        for name, path in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with self.open(name) as stream, store_faults(path), path.open("wb") as file:
                shutil.copyfileobj(stream, file)

    def put(self, name: str, path: Path) -> None:
        with store_faults(self.root / name), replacing(self.root / name) as scratch:
            shutil.copyfile(path, scratch)

    def create(self, name: str, content: bytes) -> bool:
        path = self.root / name
        with store_faults(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            except FileExistsError:
                return False
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
        return True

    def delete(self, name: str) -> None:
        with store_faults(self.root / name):
            (self.root / name).unlink(missing_ok=True)

    def shown(self, name: str) -> str:
        return str(self.root / name)
