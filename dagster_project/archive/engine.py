"""DuckDB with bounded memory and no downloads, and its faults and those of the disk in words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.errors import StoreError, is_out_of_space, no_space

MEMORY_LIMIT = "3GB"
INTAKE_MEMORY_LIMIT = "400MB"
"""What DuckDB may hold while a delivery is taken: with Python, Arrow and what no engine counts it stays below 1 GB."""

THREADS = 2
LARGE = 1 << 26
"""Bytes of text from which the tables of a delivery lie in a file."""


def limits(temporary: Path, memory: str = MEMORY_LIMIT) -> dict[str, Any]:
    """Options of every connection: memory and threads bounded, spilling to `temporary`, nothing ever downloaded."""
    return {
        "memory_limit": memory,
        "threads": THREADS,
        "temp_directory": str(temporary),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


@contextmanager
def scratch(temporary: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that spills to `temporary`, for taking deliveries; all times are UTC."""
    con = duckdb.connect(":memory:", config=limits(temporary, INTAKE_MEMORY_LIMIT))
    try:
        con.execute("set TimeZone = 'UTC'")
        con.execute("set enable_progress_bar = true")  # kept, not shown: the meter asks for it
        con.execute("set enable_progress_bar_print = false")
        yield con
    finally:
        con.close()


@contextmanager
def one_after_another(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A table made in the context lies in blocks that follow from its rows alone.

    Several threads that read a stream join its batches as they happen to end, and what is written from that table as
    Parquet would be cut elsewhere each time: the same rows in other bytes.
    """
    con.execute("set threads = 1")
    try:
        yield
    finally:
        con.execute(f"set threads = {THREADS}")


@contextmanager
def room_for(con: duckdb.DuckDBPyConnection, temporary: Path, text_bytes: int) -> Iterator[None]:
    """Lets tables made in the context lie in a file of `temporary` where `text_bytes` are many: in memory where few.

    A file is compressed and written once, in order: a fifth of the disk and half the time of memory that spills. It is
    no good for small deliveries, each of whose tables would wait for the disk.
    """
    if text_bytes < LARGE:
        yield
        return
    temporary.mkdir(parents=True, exist_ok=True)
    file = temporary / "delivery.duckdb"
    _remove(file)
    place = str(file).replace("'", "''")
    con.execute(f"attach '{place}' as room")
    con.execute("set force_compression = 'zstd'")  # to find the best for each column costs more than to write them
    try:
        con.execute("use room")
        yield
    finally:
        with suppress(duckdb.Error):  # after a full disk nothing more can be said to the database
            con.execute("set force_compression = 'auto'")
            con.execute("use memory")
            con.execute("detach room")
        _remove(file)


def _remove(file: Path) -> None:
    """The file and its log; a killed run leaves them behind."""
    for path in (file, file.with_name(f"{file.name}.wal")):
        path.unlink(missing_ok=True)


@contextmanager
def store_faults(path: Path) -> Iterator[None]:
    """Turns faults of disk and database at `path` into one StoreError that says what to do."""
    try:
        yield
    except OSError as error:
        raise StoreError(_of_disk(path, error)) from error
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.SerializationException) as error:
        raise StoreError(_of_database(path, str(error))) from error


def _of_disk(path: Path, error: OSError) -> str:
    place = error.filename or path
    if is_out_of_space(error):
        return str(no_space(place))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{place}: cannot be written ({error.strerror}); give this user write access to `home` and run again"
    return f"{place}: {error.strerror or error}"


def _of_database(path: Path, message: str) -> str:
    first = message.strip().splitlines()[0]
    if "lock" in message.lower():
        return f"{path}: in use by another process; wait until it has ended, or end it, and run again"
    if is_out_of_space(Exception(message)):
        return f"{no_space(path)} ({first})"
    if "not a valid DuckDB" in message or "erializ" in message:
        return f"{path}: damaged; it is a cache: delete it and run again ({first})"
    if "ermission denied" in message or "ead-only file system" in message:
        return f"{path}: cannot be written; give this user write access to `home` and run again ({first})"
    return f"{path}: {first}"
