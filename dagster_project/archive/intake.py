"""Takes one delivery into the archive: raw bytes, Parquet, quarantine, and then the manifest that makes it exist."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.archive import store
from dagster_project.archive.agreement import agreed
from dagster_project.archive.at_hand import have_at_hand
from dagster_project.archive.chain import Chain, Identity
from dagster_project.archive.engine import room_for
from dagster_project.archive.files import sha256_of
from dagster_project.archive.manifest import Manifest, Refusal, SidecarRecord
from dagster_project.archive.meter import Tell, metering
from dagster_project.archive.named import Named, raw_files
from dagster_project.archive.parsing.faults import FileFault
from dagster_project.archive.parsing.parse import Origin, Parsed, parse, write_rejects, write_rows
from dagster_project.archive.parsing.rawfile import RawFile
from dagster_project.archive.releases import Releases, keep
from dagster_project.archive.report import BatchReport
from dagster_project.errors import StoreError
from dagster_project.settings import Settings, Source
from dagster_project.sources import sidecar as sidecars
from dagster_project.sources.connector import Delivery
from dagster_project.sources.contracts import Contract
from dagster_project.sources.retry import SourceFailed

_CHUNK = 1 << 22
_OF_ROWS = ("parsed_rows", "quarantined_rows", "received_totals")


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
    releases: Releases = field(init=False)

    def __post_init__(self) -> None:
        self.releases = Releases(self.settings, self.chain.links)

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
            "contract_version": self.releases.current(source.domain).version,
        }

    def _keep_raw(self, source: Source, contract: Contract, delivery: Delivery, expected: Identity) -> Identity:
        path = store.raw_path(self.settings, expected.sha256)
        if path.exists() and sha256_of(path) == expected.sha256:
            return expected
        with store.replacing(self.settings, path) as scratch, scratch.open("wb") as file:
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
        store.write_once(self.settings, store.raw_path(self.settings, sha256), content)
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
            self._make_again(source, contract, delivery, known)
        return _report(known, delivery, "refused" if known.state == "refused" else "seen", is_new)

    def _make_again(self, source: Source, contract: Contract, delivery: Delivery, known: Manifest) -> None:
        """Lost Parquet from the raw bytes: other rows are refused, and other bytes of the same rows are a link."""
        contract = self.releases.by_sha256(source.domain, known.contract_sha256).object(contract.name)
        have_at_hand(self.settings, (Named(name, sha256, known) for name, sha256 in raw_files(known)))
        with self._parsed(source, contract, delivery, known.sha256 or "", known.sidecar) as parsed:
            figures = _figures(contract, parsed)
            if any(getattr(known, name) != value for name, value in figures.items() if name in _OF_ROWS):
                raise StoreError(
                    f"{store.parquet_path(self.settings, known)}: is missing, and {known.file_name} parsed again gives"
                    f" other rows than on {known.received_at:%Y-%m-%d} (contract {known.contract_version}); restore the"
                    " file from a backup or another copy"
                )
            files = self._write(source, contract, known.batch_id, known.sidecar, parsed)
        if known.files and not self.chain.has_files(files):
            common = self._common(source, contract, delivery) | figures
            self.chain.append(
                kind="remade", batch_id=known.batch_id, sha256=known.sha256, bytes=known.bytes, files=files, **common
            )

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
            raw = RawFile(
                delivery.name, store.raw_path(self.settings, identity.sha256), delivery.format, delivery.is_gzip
            )
            version = agreed(self.con, self.releases, source.domain, contract.name, raw, sidecar)
            keep(self.settings, version)
            common |= {"contract_version": version.version, "contract_sha256": version.sha256}
            contract = version.object(contract.name)
            with self._parsed(source, contract, delivery, identity.sha256, sidecar) as parsed:
                files = self._write(source, contract, identity.batch_id, sidecar, parsed)
        except FileFault as fault:
            link = self.chain.append(state="refused", refusal=fault.refusal, **common)
            return _report(link, delivery, "refused")
        link = self.chain.append(**common, **_figures(contract, parsed), drift=parsed.drift, files=files)
        return _report(link, delivery, "new")

    @contextmanager
    def _parsed(
        self, source: Source, contract: Contract, delivery: Delivery, sha256: str, sidecar: SidecarRecord | None
    ) -> Iterator[Parsed]:
        """The rows of a delivery, to be written while the context lasts: a large one is held in a file till then."""
        is_empty = sidecar is not None and sidecar.row_count == 0
        raw = store.raw_path(self.settings, sha256)
        name = f"{source.name}/{delivery.name}"
        with metering(name, raw.stat().st_size, delivery.format, self.con, self.tell) as meter:
            file = RawFile(delivery.name, raw, delivery.format, delivery.is_gzip, is_empty, meter)
            with room_for(self.con, self.settings.archive_path / "tmp", file.text_bytes):
                parsed = parse(self.con, file, contract)
                meter.enter("write")
                yield parsed

    def _write(
        self, source: Source, contract: Contract, batch_id: str, sidecar: SidecarRecord | None, parsed: Parsed
    ) -> dict[str, str]:
        """Parquet and quarantine of what was parsed last: their names below the archive, and their hashes."""
        extracted_at = (
            sidecar.extracted_at.replace(tzinfo=None).isoformat() if sidecar and sidecar.extracted_at else None
        )
        origin = Origin(source.name, source.domain, source.vendor, contract.name, batch_id, extracted_at)
        files = self._made("parquet", origin, lambda scratch: write_rows(self.con, contract, origin, scratch))
        if parsed.figures.rejected:
            files |= self._made("quarantine", origin, lambda scratch: write_rejects(self.con, origin, scratch))
        return files

    def _made(self, room: str, origin: Origin, write: Callable[[Path], None]) -> dict[str, str]:
        name = f"{room}/{origin.source_instance}/{origin.object}/{origin.batch_id}.parquet"
        with store.replacing(self.settings, self.settings.archive_path / name) as scratch:
            write(scratch)
            return {name: sha256_of(scratch)}


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


def _figures(contract: Contract, parsed: Parsed) -> dict[str, Any]:
    """What a manifest says of the rows."""
    figures = parsed.figures
    return {
        "received_rows": figures.received,
        "parsed_rows": figures.parsed,
        "quarantined_rows": figures.rejected,
        "columns": parsed.columns,
        "key_columns": contract.key,
        "received_totals": {name: one.total for name, one in figures.columns.items() if one.total is not None},
        "parsed_totals": {
            name: one.parsed_total for name, one in figures.columns.items() if one.parsed_total is not None
        },
        "nulls": {name: column.nulls for name, column in figures.columns.items()},
        "smallest_key": figures.smallest_key,
        "largest_key": figures.largest_key,
    }


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
