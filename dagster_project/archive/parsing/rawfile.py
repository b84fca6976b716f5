"""One archived file on its way through the parser: opened as often as needed, scanned once for faults of its bytes."""

from __future__ import annotations

import codecs
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from dagster_project.archive.parsing.faults import FileFault
from dagster_project.sources.connector import Format

_CHUNK = 1 << 22
_PACKED = 8
_CONTROLS = (b"\x1f", b"\x1e", b"\x1d", b"\x1c", b"\x01")
_SIGNATURES = {
    codecs.BOM_UTF16_LE: "the encoding is UTF-16",
    codecs.BOM_UTF16_BE: "the encoding is UTF-16",
    b"\x1f\x8b": "the content is gzip, though the name does not end in .gz",
    b"PAR1": "the content is Parquet, though the name does not end in .parquet",
}


@dataclass(frozen=True)
class RawFile:
    """The bytes at `path`, under the name by which the source knows them.

    `is_reported_empty`: the source itself reports that the file has no row.
    """

    name: str
    path: Path
    format: Format
    is_gzip: bool
    is_reported_empty: bool = False

    @property
    def text_bytes(self) -> int:
        """About how many bytes its rows are as text."""
        return self.path.stat().st_size * (_PACKED if self.is_gzip or self.format == "parquet" else 1)

    def open(self) -> BinaryIO:
        """The bytes, decompressed."""
        return cast(BinaryIO, gzip.open(self.path, "rb")) if self.is_gzip else self.path.open("rb")


@dataclass(frozen=True)
class TextShape:
    """What the scan of a text file found.

    Physical lines (a last one without line end counts), quote characters, and a control character that is not in it.
    """

    lines: int
    quotes: int
    unused_control: str | None


def scan(file: RawFile) -> TextShape:
    """Raises FileFault for an empty, truncated or wrongly encoded file, with the line up to which it is good."""
    found = _Scan(file)
    try:
        with file.open() as stream:
            while chunk := stream.read(_CHUNK):
                found.add(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        words = f"the gzip stream is truncated or damaged ({error})"
        expected = "a complete gzip file: send it again"
        raise FileFault(file.name, words, expected, line=found.ends + 1, is_transport=True) from None
    return found.shape()


class _Scan:
    def __init__(self, file: RawFile) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._unused = list(_CONTROLS)
        self._last = b""
        self._quotes = 0
        self.ends = 0

    def add(self, chunk: bytes) -> None:
        if not self._last:
            self._refuse_signature(chunk)
        self._refuse_undecodable(chunk)
        self._quotes += chunk.count(b'"')
        self._unused = [control for control in self._unused if control not in chunk]
        self.ends += _line_ends(self._last + chunk) - _line_ends(self._last)
        self._last = chunk[-1:]

    def shape(self) -> TextShape:
        if not self._last:
            raise FileFault(self._file.name, "the file is empty (0 bytes)", "at least a header row", is_transport=True)
        self._refuse_undecodable(b"", final=True)
        lines = self.ends + (0 if self._last in b"\r\n" else 1)
        return TextShape(lines, self._quotes, self._unused[0].decode() if self._unused else None)

    def _refuse_signature(self, head: bytes) -> None:
        found = next((words for signature, words in _SIGNATURES.items() if head.startswith(signature)), None)
        if found:
            expected = f"{self._file.format.upper()} text in UTF-8"
            raise FileFault(self._file.name, found, expected, line=1, is_transport=True)

    def _refuse_undecodable(self, chunk: bytes, final: bool = False) -> None:
        place = chunk.find(b"\0")
        found = "a NUL byte (UTF-16 without byte order mark, or a damaged file)"
        if place < 0:
            try:
                self._decoder.decode(chunk, final)
                return
            except UnicodeDecodeError as error:
                place = min(error.start, len(chunk))
                found = f"byte 0x{error.object[error.start]:02X} is not UTF-8"
        line = self.ends + _line_ends(chunk[:place]) + 1
        raise FileFault(self._file.name, found, "text in UTF-8", line=line, is_transport=True)


def _line_ends(chunk: bytes) -> int:
    return chunk.count(b"\n") + chunk.count(b"\r") - chunk.count(b"\r\n")
