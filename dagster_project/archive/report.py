"""What one ingestion did, per source and object: for the command, for Dagster's metadata, for a log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class BatchReport:
    """One delivery. `seen` = in the archive before, nothing changed; a refused one stays `refused` until it is mended.

    Rows are those of the file: received = parsed + quarantined; duplicates among them are found when landing.
    `source_failed` says in words why a server gave nothing, None where it did or none was asked.
    """

    batch_id: str
    file_name: str
    status: Literal["new", "seen", "refused"]
    received_rows: int
    parsed_rows: int
    quarantined_rows: int
    bytes: int
    reason: str | None = None
    has_new_sidecar: bool = False
    source_failed: str | None = None


@dataclass(frozen=True)
class ObjectReport:
    """One object of one source; `is_absent` when the source offers no file for it.

    `source_failed` says in words why the whole source could not be asked, None where it could.
    """

    source_instance: str
    domain: str
    vendor: str
    object: str
    is_optional: bool
    seconds: float
    batches: tuple[BatchReport, ...] = ()
    notes: tuple[str, ...] = ()
    source_failed: str | None = None

    @property
    def is_absent(self) -> bool:
        return not self.batches

    @property
    def new(self) -> tuple[BatchReport, ...]:
        """Batches that this run added."""
        return tuple(batch for batch in self.batches if batch.status == "new")

    @property
    def seen(self) -> tuple[BatchReport, ...]:
        """Batches that were in the archive before."""
        return tuple(batch for batch in self.batches if batch.status == "seen")

    @property
    def refused(self) -> tuple[BatchReport, ...]:
        """Dead letters."""
        return tuple(batch for batch in self.batches if batch.status == "refused")

    @property
    def received_rows(self) -> int:
        """Rows in the new batches."""
        return sum(batch.received_rows for batch in self.new)

    @property
    def accepted_rows(self) -> int:
        """Rows of the new batches that keep the contract."""
        return sum(batch.parsed_rows for batch in self.new)

    @property
    def quarantined_rows(self) -> int:
        """Rows of the new batches that do not."""
        return sum(batch.quarantined_rows for batch in self.new)

    @property
    def bytes(self) -> int:
        """Bytes of the new batches."""
        return sum(batch.bytes for batch in self.new)


@dataclass(frozen=True)
class IngestReport:
    """Every object asked for, and notes on what the sources offer beyond their contracts."""

    objects: tuple[ObjectReport, ...]
    notes: tuple[str, ...] = ()

    @property
    def refused(self) -> tuple[BatchReport, ...]:
        """Every dead letter, in the order of sources and objects."""
        return tuple(batch for report in self.objects for batch in report.refused)
