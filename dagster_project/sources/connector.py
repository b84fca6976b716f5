"""What every connector gives: deliveries that can be opened as a stream of bytes, each with the source's own report.

A connector for SQL or REST offers one delivery per extraction, in one of the same formats.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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
        """The bytes from their beginning; OSError when they cannot be read."""

    def sidecar(self) -> bytes | None:
        """The source's own report (extraction time, row count, control totals), None where there is none."""


@dataclass(frozen=True)
class Listing:
    """What a source offers now: deliveries in a fixed order, and in `notes` what was found but is not understood."""

    deliveries: tuple[Delivery, ...]
    notes: tuple[str, ...] = ()

    def of(self, name: str) -> tuple[Delivery, ...]:
        """The deliveries of one object."""
        return tuple(delivery for delivery in self.deliveries if delivery.object == name)


class Connector(Protocol):
    """Access to one source instance."""

    def is_reachable(self) -> bool:
        """False when the place that the configuration names does not exist."""

    def describe(self) -> str:
        """The place, as a user would look for it."""

    def offers(self, objects: Iterable[str]) -> Listing:
        """What is offered for the objects of the contracts, and notes on everything else."""
