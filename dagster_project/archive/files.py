"""Files on a disk: written whole or not at all, and hashed without holding them in memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_CHUNK = 1 << 22


@contextmanager
def replacing(path: Path, before: Callable[[Path], None] | None = None) -> Iterator[Path]:
    """A scratch path that becomes `path` when the body ends well: flushed to disk, then renamed; removed otherwise.

    `before` is given the scratch file when it is complete and not yet visible.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield scratch
        flush(scratch)
        if before:
            before(scratch)
        os.replace(scratch, path)
        flush(path.parent)
    finally:
        scratch.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Has the system write a file, or the names in a folder, to the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_scratch(name: str) -> bool:
    """Whether a file is what a killed write left behind: no part of an archive."""
    base = name.rpartition("/")[2]
    return base.startswith(".") and base.endswith(".tmp")


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The stream in pieces that fit in memory, whatever its length."""
    while chunk := stream.read(_CHUNK):
        yield chunk


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in chunks(stream):
            digest.update(chunk)
    return digest.hexdigest()
