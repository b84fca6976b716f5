"""Pages of a pull on disk, each whole or absent: a killed pull goes on where it was, and no half is delivered."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from dagster_project.errors import StoreError, is_out_of_space, no_space

Position = dict[str, str | int]
"""Where a page begins, in the words of its paging style; must be able to be written as JSON."""

_STATE = "pull.json"


@dataclass(frozen=True)
class PageHead:
    """The first line of a page's file: where the next page begins (None: this is the last), and what it holds."""

    at: Position
    next: Position | None
    records: int
    sha256: str
    reported_total: int | None = None


class Checkpoint:
    """The pages of one object; `query` names what was asked for, `started_at` when the pull began.

    Faults of the disk are StoreErrors: they are not the source's.
    """

    def __init__(self, folder: Path, query: str, now: datetime, longest: timedelta) -> None:
        self.folder = folder
        self.heads: list[PageHead] = []
        self.records = 0
        self.started_at = now
        self._query = query
        with _store(folder):
            begun = self._begun_at()
            if begun is not None and timedelta(0) <= now - begun <= longest:
                self.started_at = begun
                self.heads = list(self._read_heads())
                self.records = sum(head.records for head in self.heads)
            else:
                self._begin()

    @property
    def is_whole(self) -> bool:
        """Whether the last page is in."""
        return bool(self.heads) and self.heads[-1].next is None

    def add(self, records: list[bytes], at: Position, following: Position | None, total: int | None = None) -> PageHead:
        """Keeps a page; it exists when its file does."""
        head = PageHead(at, following, len(records), digest(records), total)
        lines = [json.dumps(vars(head)).encode(), *records]
        with _store(self.folder):
            _write(self._file(len(self.heads) + 1), b"\n".join(lines) + b"\n")
        self.heads.append(head)
        self.records += len(records)
        return head

    def restart(self, now: datetime) -> None:
        """Forgets every page: the server no longer knows where they ended."""
        self.heads, self.records, self.started_at = [], 0, now
        with _store(self.folder):
            self._begin()

    def open(self) -> BinaryIO:
        """The records of all pages as JSON lines."""
        files = [self._file(number) for number in range(1, len(self.heads) + 1)]
        return io.BufferedReader(_Pages(files), 1 << 20)

    def remove(self) -> None:
        """Deletes everything."""
        with _store(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)

    def _begin(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        state = {"query": self._query, "started_at": self.started_at.isoformat()}
        _write(self.folder / _STATE, json.dumps(state).encode())

    def _begun_at(self) -> datetime | None:
        """When the pull of this very query began; None where there is none."""
        try:
            state = json.loads((self.folder / _STATE).read_bytes())
        except FileNotFoundError:
            return None
        return datetime.fromisoformat(state["started_at"]) if state["query"] == self._query else None

    def _read_heads(self) -> Iterator[PageHead]:
        number = 1
        while (file := self._file(number)).exists():
            with file.open("rb") as stream:
                yield PageHead(**json.loads(stream.readline()))
            number += 1

    def _file(self, number: int) -> Path:
        return self.folder / f"page-{number:08d}.jsonl"


class _Pages(io.RawIOBase):
    """The files one after the other, each without its first line."""

    def __init__(self, files: list[Path]) -> None:
        self._left = files[::-1]
        self._stream: BinaryIO | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            if self._stream is None:
                if not self._left:
                    return 0
                self._stream = self._left.pop().open("rb")
                self._stream.readline()
            if count := self._stream.readinto(buffer):  # type: ignore[attr-defined]
                return count
            self._stream.close()
            self._stream = None

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        super().close()


def digest(records: list[bytes]) -> str:
    """Names the content of a page."""
    return hashlib.sha256(b"\n".join(records)).hexdigest()


def _write(path: Path, content: bytes) -> None:
    scratch = path.with_name(f".{path.name}.tmp")
    with scratch.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(scratch, path)


@contextmanager
def _store(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_out_of_space(error):
            raise no_space(folder) from error
        raise StoreError(f"{error.filename or folder}: cannot be written ({error.strerror or error})") from error
