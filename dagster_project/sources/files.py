"""The files connector: `<root>/<object>/<any name>.{csv,csv.gz,jsonl,jsonl.gz,parquet}`, one file = one batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dagster_project.sources.connector import Delivery, Format, Listing

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
    """The landing folder of one source."""

    root: Path

    def is_reachable(self) -> bool:
        """Whether the folder exists."""
        return self.root.is_dir()

    def describe(self) -> str:
        """The folder."""
        return f"folder {self.root}"

    def offers(self, objects: Iterable[str]) -> Listing:
        """Files in the order of their names; unknown folders and endings become notes: nothing is lost unseen."""
        known = tuple(objects)
        if not self.is_reachable():
            return Listing((), (f"{self.root}: no such folder",))
        deliveries: list[Delivery] = []
        notes = list(self._strangers(known))
        for name in known:
            folder = self.root / name
            if not folder.exists():
                continue
            try:
                files = sorted(folder.iterdir())
            except OSError:
                # Opening it tells the reason, and makes it a dead letter of this object like any unreadable file.
                deliveries.append(FileDelivery(name, f"{name}/", "csv", False, folder))
                continue
            for file in files:
                self._sort_out(name, file, deliveries, notes)
            if not any(delivery.object == name for delivery in deliveries):
                notes.append(f"{name}/: the folder is empty; expected files ending in {', '.join(ENDINGS)}")
        return Listing(tuple(deliveries), tuple(notes))

    def _strangers(self, known: tuple[str, ...]) -> Iterator[str]:
        for entry in sorted(self.root.iterdir()):
            if entry.name in known or _is_hidden(entry):
                continue
            kind = "folder" if entry.is_dir() else "file"
            yield f"{entry.name}: {kind} not read; expected folders named {', '.join(known)}"

    def _sort_out(self, name: str, file: Path, deliveries: list[Delivery], notes: list[str]) -> None:
        place = f"{name}/{file.name}"
        lower = file.name.lower()
        if _is_hidden(file):
            return
        if lower.endswith(SIDECAR):
            if not file.with_name(file.name[: -len(SIDECAR)]).exists():
                notes.append(f"{place}: describes a file that is not there")
            return
        ending = next((known for known in sorted(ENDINGS, key=len, reverse=True) if lower.endswith(known)), None)
        if ending is None or file.is_dir():
            notes.append(f"{place}: not read; expected a file ending in {', '.join(ENDINGS)}")
            return
        deliveries.append(FileDelivery(name, place, *ENDINGS[ending], file))


def _is_hidden(entry: Path) -> bool:
    return entry.name.startswith(".")
