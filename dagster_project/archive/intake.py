"""Takes one delivery into the archive: raw bytes, Parquet, quarantine, and then the manifest that makes it exist."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from dagster_project.archive import rows, store
from dagster_project.archive.agreement import agreed
from dagster_project.archive.at_hand import have_raw_at_hand
from dagster_project.archive.chain import Chain, Identity
from dagster_project.archive.files import sha256_of
from dagster_project.archive.manifest import Manifest, Refusal, SidecarRecord
from dagster_project.archive.meter import Tell
from dagster_project.archive.parsing.faults import FileFault
from dagster_project.archive.releases import Releases
from dagster_project.archive.report import BatchReport
from dagster_project.archive.rows import Terms
from dagster_project.settings import Settings, Source
from dagster_project.sources import sidecar as sidecars
from dagster_project.sources.connector import Delivery
from dagster_project.sources.retry import SourceFailed

_CHUNK = 1 << 22
_WITH_ROWS = ("batch", "replay")


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

    def take(self, source: Source, terms: Terms, delivery: Delivery) -> BatchReport:
        """Archives the delivery unless it is known; faults of the file make a refused batch, of the store an error."""
        common = self._common(source, terms, delivery)
        name = terms.contract.name
        try:
            identity = _identify(source, name, delivery, lambda chunk: None)
            sidecar = self._sidecar(delivery)
            known = self.chain.batch(identity.batch_id)
            if known is None:
                identity = self._keep_raw(source, name, delivery, identity)
                known = self.chain.batch(identity.batch_id)
        except Unreadable as error:
            return self._unreadable(common, delivery, error)
        if known is not None:
            return self._known(common, terms, delivery, known, sidecar)
        identified = {"batch_id": identity.batch_id, "sha256": identity.sha256, "bytes": identity.bytes}
        return self._new(common | identified, terms, delivery, sidecar)

    def _common(self, source: Source, terms: Terms, delivery: Delivery) -> dict[str, Any]:
        return {
            "source_instance": source.name,
            "domain": source.domain,
            "vendor": source.vendor,
            "object": terms.contract.name,
            "file_name": delivery.name,
            "received_at": self.now,
            "contract_version": self.releases.current(source.domain).version,
            "mapping_sha256": terms.mapping_sha256,
            "format": delivery.format,
            "is_gzip": delivery.is_gzip,
        }

    def _keep_raw(self, source: Source, name: str, delivery: Delivery, expected: Identity) -> Identity:
        path = store.raw_path(self.settings, expected.sha256)
        if path.exists() and sha256_of(path) == expected.sha256:
            return expected
        with store.replacing(self.settings, path) as scratch, scratch.open("wb") as file:
            identity = _identify(source, name, delivery, file.write)
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
            report = sidecars.read(content, max(self.now, self.settings.clock))
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
        self,
        common: dict[str, Any],
        terms: Terms,
        delivery: Delivery,
        known: Manifest,
        sidecar: SidecarRecord | None,
    ) -> BatchReport:
        """The same bytes again. A new sidecar is recorded: they were extracted again, and are as fresh as that."""
        now = self.chain.current(known.batch_id)
        is_new = sidecar is not None and not self.chain.has_sidecar(known.batch_id, sidecar.sha256)
        if is_new:
            same = {"batch_id": known.batch_id, "sha256": known.sha256, "state": now.state}
            self.chain.append(kind="sidecar", sidecar=sidecar, **same, **common)
        for link in tuple(self.chain.links):
            if link.batch_id == known.batch_id and link.kind in _WITH_ROWS and not rows.is_whole(self.settings, link):
                self._make_again(common, terms, link)
        return _report(now, delivery, "refused" if now.state == "refused" else "seen", is_new)

    def _make_again(self, common: dict[str, Any], terms: Terms, link: Manifest) -> None:
        """Lost Parquet from the raw bytes: other rows are refused, and other bytes of the same rows are a link."""
        have_raw_at_hand(self.settings, [link])
        version = self.releases.by_sha256(link.domain, link.contract_sha256)
        files, figures = rows.restore(self.con, self.settings, link, terms.under(version))
        if link.files and not self.chain.has_files(files):
            named = {"batch_id": link.batch_id, "sha256": link.sha256, "bytes": link.bytes, "files": files}
            self.chain.append(kind="remade", **(common | figures | named))

    def _new(
        self, common: dict[str, Any], terms: Terms, delivery: Delivery, sidecar: SidecarRecord | None
    ) -> BatchReport:
        draft = self.chain.draft(kind="batch", sidecar=sidecar, **common)
        rows.keep(self.settings, terms)
        try:
            with rows.opened(self.con, self.settings, draft, self.tell) as file:
                terms = terms.under(agreed(self.con, self.settings, self.releases, draft, terms))
                rows.keep(self.settings, terms)
                draft = draft.model_copy(update=terms.stamp)
                parsed = rows.parse_raw(self.con, self.settings, draft, terms, file)
                link = draft.model_copy(update=rows.figures_of(parsed, terms.contract))
                file.meter.enter("write")
                files = rows.write(self.con, self.settings, link, terms.contract)
                link = link.model_copy(update={"files": files})
        except FileFault as fault:
            link = self.chain.add(draft.model_copy(update={"state": "refused", "refusal": fault.refusal}))
            return _report(link, delivery, "refused")
        return _report(self.chain.add(link), delivery, "new")


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


def _identify(source: Source, name: str, delivery: Delivery, sink: Callable[[bytes], Any]) -> Identity:
    batch = hashlib.sha256(f"{source.name}\0{name}\0".encode())
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
