"""What every connector gives: deliveries that can be opened as a stream of bytes, each with the source's own report.

A connector for SQL or REST offers one delivery per object; opening it pulls it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

Format = Literal["csv", "jsonl", "parquet"]


class Delivery(Protocol):
    """One batch of one object as the source offers it; `name` is the same wherever the source is mounted."""

    @property
    def object(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def format(self) -> Format: ...

    @property
    def is_gzip(self) -> bool: ...

    def open(self) -> BinaryIO:
        """The bytes from their beginning; OSError or SourceFailed when they cannot be had."""

    def sidecar(self) -> bytes | None:
        """The source's own report (extraction time, row count, control totals), None where there is none."""

    def taken(self) -> None:
        """Hears that the archive holds the bytes: what was kept to resume a pull is no longer needed."""


@dataclass(frozen=True)
class Note:
    """What was found and not read, in words; `object` is the one it lies with or may be meant for, None any."""

    object: str | None
    words: str


@dataclass(frozen=True)
class Listing:
    """What a source offers now: deliveries in a fixed order, and notes on what is not understood."""

    deliveries: tuple[Delivery, ...]
    notes: tuple[Note, ...] = ()

    def of(self, name: str) -> tuple[Delivery, ...]:
        """The deliveries of one object."""
        return tuple(delivery for delivery in self.deliveries if delivery.object == name)


@dataclass(frozen=True)
class Pull:
    """What a connector that asks a server needs to know of the run.

    `folder` keeps what was pulled until the archive holds it; `now` (UTC) is when the pull counts as begun; `since`
    gives the newest extraction of an object that the archive holds; `wanted` are the objects of this run; `tell` hears
    how far a pull has come; `secret` gives the value of an environment variable.
    """

    folder: Path
    now: datetime
    since: Callable[[str], datetime | None]
    wanted: tuple[str, ...]
    tell: Callable[[str], None]
    secret: Callable[[str], str | None]


class Connector(Protocol):
    """Access to one source instance."""

    def fault(self) -> str | None:
        """Why the place that the configuration names cannot be looked into, None where it can."""

    def describe(self) -> str:
        """The place, as a user would look for it."""

    def offers(self, objects: Iterable[str]) -> Listing:
        """What is offered for the objects of the contracts, and notes on everything else."""
