"""Takes one delivery into the archive: raw bytes, Parquet, quarantine, and then the manifest that makes it exist."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.archive import store
from dagster_project.archive.chain import Chain, Identity
from dagster_project.archive.engine import room_for
from dagster_project.archive.manifest import Manifest, Refusal, SidecarRecord
from dagster_project.archive.meter import Tell, metering
from dagster_project.archive.parsing.faults import FileFault
from dagster_project.archive.parsing.parse import Origin, Parsed, parse, write_rejects, write_rows
from dagster_project.archive.parsing.rawfile import RawFile
from dagster_project.archive.report import BatchReport
from dagster_project.settings import Settings, Source
from dagster_project.sources import sidecar as sidecars
from dagster_project.sources.connector import Delivery
from dagster_project.sources.contracts import Contract
from dagster_project.sources.retry import SourceFailed

_CHUNK = 1 << 22


class Unreadable(Exception):
    """The source does not give the bytes; its message says why, `failed` is the failure of a source that was asked."""

    def __init__(self, why: str, expected: str = "a file that this user may read", failed: str | None = None) -> None:
        super().__init__(why)
        self.expected, self.failed = expected, failed


@dataclass
class Intake:
    """One ingestion at work: `con` is scratch, `now` (UTC) is when its deliveries count as received.

    `tell` hears how far a large delivery has come.
    """

    settings: Settings
    chain: Chain
    con: duckdb.DuckDBPyConnection
    now: datetime
    tell: Tell | None = None

    def take(self, source: Source, contract: Contract, delivery: Delivery) -> BatchReport:
        """Archives the delivery unless it is known; faults of the file make a refused batch, of the store an error."""
        common = self._common(source, contract, delivery)
        try:
            identity = _identify(source, contract, delivery, lambda chunk: None)
            sidecar = self._sidecar(delivery)
            known = self.chain.batch(identity.batch_id)
            if known is None:
                identity = self._keep_raw(source, contract, delivery, identity)
                known = self.chain.batch(identity.batch_id)
        except Unreadable as error:
            return self._unreadable(common, delivery, error)
        if known is not None:
            return self._known(source, contract, delivery, known, sidecar)
        return self._new(source, contract, delivery, identity, sidecar)

    def _common(self, source: Source, contract: Contract, delivery: Delivery) -> dict[str, Any]:
        return {
            "source_instance": source.name,
            "domain": source.domain,
            "vendor": source.vendor,
            "object": contract.name,
            "file_name": delivery.name,
            "received_at": self.now,
            "contract_version": contract.version,
        }

    def _keep_raw(self, source: Source, contract: Contract, delivery: Delivery, expected: Identity) -> Identity:
        path = store.raw_path(self.settings, expected.sha256)
        if path.exists():
            return expected
        with store.replacing(path) as scratch, scratch.open("wb") as file:
            identity = _identify(source, contract, delivery, file.write)
            if identity.sha256 != expected.sha256:
                raise Unreadable("the file changed while it was read; it is taken when it has come to rest")
        return identity

    def _sidecar(self, delivery: Delivery) -> SidecarRecord | None:
        try:
            content = delivery.sidecar()
        except OSError as error:
            words = f"{delivery.name}: its sidecar cannot be read ({error.strerror or error})"
            return SidecarRecord(sha256=hashlib.sha256(words.encode()).hexdigest(), fault=words)
        if content is None:
            return None
        sha256 = hashlib.sha256(content).hexdigest()
        store.write_once(store.raw_path(self.settings, sha256), content)
        try:
            report = sidecars.read(content)
        except sidecars.MalformedSidecar as error:
            return SidecarRecord(sha256=sha256, fault=f"{delivery.name}: its sidecar is malformed: {error}")
        return SidecarRecord(
            sha256=sha256,
            extracted_at=report.extracted_at,
            row_count=report.row_count,
            control_totals=report.control_totals,
            schema_version=report.schema_version,
        )

    def _unreadable(self, common: dict[str, Any], delivery: Delivery, fault: Unreadable) -> BatchReport:
        """No bytes: the batch is named by what could not be read, and why; the same fault again is the same batch.

        After a delivery of that name was read, the same fault is another one: the data is older than that.
        """
        read = self.chain.last_loaded(common["source_instance"], common["object"], delivery.name)
        named = [common["source_instance"], common["object"], "unreadable", delivery.name, str(fault)]
        named += [str(read)] if read else []
        batch_id = hashlib.sha256("\0".join(named).encode()).hexdigest()[:16]
        refusal = Refusal(
            reason=f"{delivery.name}: {fault}; expected {fault.expected}",
            expected=fault.expected,
            failure_class="transport",
        )
        if self.chain.batch(batch_id) is None:
            self.chain.append(kind="batch", batch_id=batch_id, state="refused", refusal=refusal, **common)
        return BatchReport(batch_id, delivery.name, "refused", 0, 0, 0, 0, refusal.reason, source_failed=fault.failed)

    def _known(
        self, source: Source, contract: Contract, delivery: Delivery, known: Manifest, sidecar: SidecarRecord | None
    ) -> BatchReport:
        """The same bytes again. A new sidecar is recorded: they were extracted again, and are as fresh as that."""
        is_new = sidecar is not None and not self.chain.has_sidecar(known.batch_id, sidecar.sha256)
        if is_new:
            common = self._common(source, contract, delivery)
            self.chain.append(
                kind="sidecar",
                batch_id=known.batch_id,
                sha256=known.sha256,
                state=known.state,
                sidecar=sidecar,
                **common,
            )
        if known.state == "loaded" and not self._is_whole(known):
            self._parse(source, contract, delivery, known.sha256 or "", known.batch_id, known.sidecar)
        return _report(known, delivery, "refused" if known.state == "refused" else "seen", is_new)

    def _is_whole(self, link: Manifest) -> bool:
        """Parquet beside the raw bytes can be made again from them."""
        quarantine = store.quarantine_path(self.settings, link)
        return store.parquet_path(self.settings, link).exists() and (not link.quarantined_rows or quarantine.exists())

    def _new(
        self, source: Source, contract: Contract, delivery: Delivery, identity: Identity, sidecar: SidecarRecord | None
    ) -> BatchReport:
        common = self._common(source, contract, delivery) | {
            "kind": "batch",
            "batch_id": identity.batch_id,
            "sha256": identity.sha256,
            "bytes": identity.bytes,
            "sidecar": sidecar,
        }
        try:
            parsed = self._parse(source, contract, delivery, identity.sha256, identity.batch_id, sidecar)
        except FileFault as fault:
            link = self.chain.append(state="refused", refusal=fault.refusal, **common)
            return _report(link, delivery, "refused")
        figures = parsed.figures
        link = self.chain.append(
            **common,
            received_rows=figures.received,
            parsed_rows=figures.parsed,
            quarantined_rows=figures.rejected,
            columns=parsed.columns,
            received_totals={
                name: column.total for name, column in figures.columns.items() if column.total is not None
            },
            nulls={name: column.nulls for name, column in figures.columns.items()},
            smallest_key=figures.smallest_key,
            largest_key=figures.largest_key,
            drift=parsed.drift,
        )
        return _report(link, delivery, "new")

    def _parse(
        self,
        source: Source,
        contract: Contract,
        delivery: Delivery,
        sha256: str,
        batch_id: str,
        sidecar: SidecarRecord | None,
    ) -> Parsed:
        is_empty = sidecar is not None and sidecar.row_count == 0
        raw = store.raw_path(self.settings, sha256)
        name = f"{source.name}/{delivery.name}"
        with metering(name, raw.stat().st_size, delivery.format, self.con, self.tell) as meter:
            file = RawFile(delivery.name, raw, delivery.format, delivery.is_gzip, is_empty, meter)
            with room_for(self.con, self.settings.archive_path / "tmp", file.text_bytes):
                return self._write(source, contract, file, batch_id, sidecar)

    def _write(
        self, source: Source, contract: Contract, file: RawFile, batch_id: str, sidecar: SidecarRecord | None
    ) -> Parsed:
        parsed = parse(self.con, file, contract)
        extracted_at = (
            sidecar.extracted_at.replace(tzinfo=None).isoformat() if sidecar and sidecar.extracted_at else None
        )
        origin = Origin(source.name, source.domain, source.vendor, contract.name, batch_id, extracted_at)
        name = f"{batch_id}.parquet"
        rows = self._beside("parquet", source, contract) / name
        file.meter.enter("write")
        with store.replacing(rows) as scratch:
            write_rows(self.con, contract, origin, scratch)
        if parsed.figures.rejected:
            with store.replacing(self._beside("quarantine", source, contract) / name) as scratch:
                write_rejects(self.con, origin, scratch)
        return parsed

    def _beside(self, room: str, source: Source, contract: Contract) -> Path:
        return self.settings.archive_path / room / source.name / contract.name


def _report(link: Manifest, delivery: Delivery, status: Any, has_new_sidecar: bool = False) -> BatchReport:
    return BatchReport(
        link.batch_id,
        delivery.name,
        status,
        link.received_rows,
        link.parsed_rows,
        link.quarantined_rows,
        link.bytes,
        link.refusal.reason if link.refusal else None,
        has_new_sidecar,
    )


def _identify(source: Source, contract: Contract, delivery: Delivery, sink: Callable[[bytes], Any]) -> Identity:
    batch = hashlib.sha256(f"{source.name}\0{contract.name}\0".encode())
    raw = hashlib.sha256()
    size = 0
    for chunk in _chunks(source, delivery):
        batch.update(chunk)
        raw.update(chunk)
        size += len(chunk)
        sink(chunk)
    return Identity(batch.hexdigest()[:16], raw.hexdigest(), size)


def _chunks(source: Source, delivery: Delivery) -> Iterator[bytes]:
    """Faults of the source are told from faults of the store, which the same loop writes to."""
    try:
        stream = delivery.open()
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror or error})") from None
    except SourceFailed as error:
        failed = f"{source.name}{'' if error.is_whole_source else f', {delivery.object}'}: {error}"
        raise Unreadable(str(error), error.expected, f"{failed}; expected {error.expected}") from None
    with stream:
        while True:
            try:
                chunk = stream.read(_CHUNK)
            except OSError as error:
                raise Unreadable(f"cannot be read to its end ({error.strerror or error})") from None
            if not chunk:
                return
            yield chunk
