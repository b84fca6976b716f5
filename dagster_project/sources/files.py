"""The files connector: `<root>/<object>/<any name>.{csv,csv.gz,jsonl,jsonl.gz,parquet}`, one file = one batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dagster_project.sources import unread
from dagster_project.sources.connector import Delivery, Format, Listing, Note

ENDINGS: dict[str, tuple[Format, bool]] = {
    ".csv": ("csv", False),
    ".csv.gz": ("csv", True),
    ".jsonl": ("jsonl", False),
    ".jsonl.gz": ("jsonl", True),
    ".parquet": ("parquet", False),
}
SIDECAR = ".manifest.json"


@dataclass(frozen=True)
class FileDelivery:
    """One file below the object's folder."""

    object: str
    name: str
    format: Format
    is_gzip: bool
    path: Path

    def open(self) -> BinaryIO:
        """The file's bytes."""
        return self.path.open("rb")

    def sidecar(self) -> bytes | None:
        """The bytes of `<file>.manifest.json`."""
        try:
            return self.path.with_name(self.path.name + SIDECAR).read_bytes()
        except FileNotFoundError:
            return None

    def taken(self) -> None:
        """Nothing: the file is the source's own."""


@dataclass(frozen=True)
class FilesConnector:
    """The landing folder of one source; what lies there of `elsewhere` is another's, and no file of this one."""

    root: Path
    elsewhere: frozenset[Path] = frozenset()

    def fault(self) -> str | None:
        """Why the folder cannot be listed, None where it can."""
        try:
            with os.scandir(self.root):
                return None
        except FileNotFoundError:
            return "does not exist"
        except NotADirectoryError:
            return "is a file and no folder"
        except OSError as error:
            return f"cannot be listed ({error.strerror or error})"

    def describe(self) -> str:
        """The folder."""
        return f"folder {self.root}"

    def offers(self, objects: Iterable[str]) -> Listing:
        """Files in the order of their names; what else lies there becomes notes: nothing is lost unseen."""
        known = tuple(objects)
        if fault := self.fault():
            return Listing((), (Note(None, f"{self.root} {fault}"),))
        deliveries: list[Delivery] = []
        notes = list(unread.in_root(self._strangers(known), known))
        for name in known:
            folder = self.root / name
            if not folder.exists() or folder.is_file():
                continue
            try:
                files = sorted(folder.iterdir())
            except OSError:
                # Opening it tells the reason, and makes it a dead letter of this object like any unreadable file.
                deliveries.append(FileDelivery(name, f"{name}/", "csv", False, folder))
                continue
            found = [_delivery(name, file) for file in files]
            deliveries += [one for one in found if one is not None]
            others = [file for file, one in zip(files, found, strict=True) if one is None]
            notes += _lone_sidecars(name, others)
            notes += unread.in_folder(name, (file for file in others if not _is_sidecar(file)), ENDINGS)
        return Listing(tuple(deliveries), tuple(notes))

    def _strangers(self, known: tuple[str, ...]) -> Iterator[Path]:
        for entry in sorted(self.root.iterdir()):
            is_of_this = entry.name in known and not entry.is_file()
            place = entry.resolve()
            if not is_of_this and not any(place in (other, *other.parents) for other in self.elsewhere):
                yield entry


def _delivery(name: str, file: Path) -> FileDelivery | None:
    """The landing file, None where it is none. A pipe or device would fail or wait for ever; a link to nowhere is told
    when it is read."""
    lower = file.name.lower()
    ending = next((known for known in sorted(ENDINGS, key=len, reverse=True) if lower.endswith(known)), None)
    if ending is None or lower.startswith(".") or (file.exists() and not file.is_file()):
        return None
    return FileDelivery(name, f"{name}/{file.name}", *ENDINGS[ending], file)


def _lone_sidecars(name: str, files: list[Path]) -> Iterator[Note]:
    for file in files:
        if _is_sidecar(file) and not file.with_name(file.name[: -len(SIDECAR)]).exists():
            yield Note(name, f"{name}/{file.name}: describes a file that is not there")


def _is_sidecar(file: Path) -> bool:
    return file.name.lower().endswith(SIDECAR) and not file.name.startswith(".")
