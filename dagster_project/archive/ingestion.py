"""Takes what the sources offer into the archive: for every object, or for one that a Dagster asset asks for."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from dagster_project.archive.chain import Chain
from dagster_project.archive.engine import scratch, store_faults
from dagster_project.archive.intake import Intake
from dagster_project.archive.lock import exclusive
from dagster_project.archive.meter import Tell
from dagster_project.archive.parsing import currencies
from dagster_project.archive.report import BatchReport, IngestReport, ObjectReport
from dagster_project.archive.rows import Terms
from dagster_project.errors import InputError
from dagster_project.observability import telemetry
from dagster_project.settings import Settings, Source, environment
from dagster_project.sources import mapping as mappings
from dagster_project.sources.connect import connector_for, places_beside
from dagster_project.sources.connector import Listing, Note, Pull
from dagster_project.sources.contracts import Contract, contracts_of

Progress = Tell


def ingest(
    settings: Settings,
    domain: str | None = None,
    object: str | None = None,
    *,
    now: datetime | None = None,
    progress: Progress | None = None,
    wait_seconds: float = 0,
) -> IngestReport:
    """Archives every new batch of the sources (of one domain, of one object) and reports each batch.

    `now` is when deliveries count as received, never before those that the archive holds; `progress` hears
    `source/file` as each begins. Raises HomeInUse when another run is at work, StoreError when the archive cannot be
    written, InputError when a source's place does not exist and nothing of it was ever received. Faults of files raise
    nothing: they are refused batches of the report.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    with (
        store_faults(settings.archive_path),
        exclusive(settings, wait_seconds),
        scratch(settings.archive_path / "tmp") as con,
    ):
        currencies.register(con)
        chain = Chain(settings)
        intake = Intake(settings, chain, con, _after_the_last(chain, moment), progress)
        try:
            reports: list[ObjectReport] = []
            notes: list[str] = []
            for source in settings.sources:
                if domain in (None, source.domain):
                    found, remarks = _source(intake, source, object, progress)
                    reports += found
                    notes += remarks
        finally:
            intake.chain.anchor()
    return IngestReport(tuple(reports), tuple(notes))


def _after_the_last(chain: Chain, moment: datetime) -> datetime:
    """The moment, or one just after the newest delivery where the clock has gone back since: what was received last
    must never look as if it had been known before what it follows or mends."""
    newest = max((link.received_at for link in chain.links), default=moment)
    return moment if moment >= newest else newest + timedelta(microseconds=1)


def _source(
    intake: Intake, source: Source, object: str | None, progress: Progress | None
) -> tuple[list[ObjectReport], list[str]]:
    contracts = contracts_of(source.domain)
    wanted = [contract for contract in contracts if object in (None, contract.name)]
    pull = _pull(intake, source, wanted, progress)
    connector = connector_for(source, pull, places_beside(intake.settings, source))
    if fault := connector.fault():
        return _not_there(intake, source, f"{connector.describe()} {fault}", wanted), []
    mapping = mappings.load(source, intake.settings.mapping_place(source.name))
    listing = connector.offers(contract.name for contract in contracts)
    reports = [_object(intake, source, Terms(contract, mapping), listing, progress) for contract in wanted]
    return reports, [_told(source, note) for note in listing.notes]


def _told(source: Source, note: Note) -> str:
    return f"source {source.name!r}: {note.words}"


def _not_there(intake: Intake, source: Source, fault: str, wanted: list[Contract]) -> list[ObjectReport]:
    """A place that is gone is an outage, and no silence of the source. It names no file that could be a dead letter:
    what the archive holds counts until it is stale. Where it holds nothing, the place is a wrong configuration."""
    where = intake.settings.place_of("sources", intake.settings.sources.index(source), "connector", "path")
    named = f"{where}: source {source.name!r}: {fault}"
    if not any(link.source_instance == source.name for link in intake.chain.links):
        raise InputError(f"{named}, and nothing was ever received from it; expected the place of its landing files")
    words = f"{named}; expected the folder that deliveries came from, also when it is empty; what came before counts"
    return [
        ObjectReport(source.name, source.domain, source.vendor, one.name, one.optional, 0, source_failed=words)
        for one in wanted
    ]


def _pull(intake: Intake, source: Source, wanted: list[Contract], progress: Progress | None) -> Pull:
    return Pull(
        folder=intake.settings.checkpoints_path / source.name,
        now=intake.now,
        since=lambda name: intake.chain.newest_extraction(source.name, name),
        wanted=tuple(contract.name for contract in wanted),
        tell=lambda words: progress(f"{source.name}/{words}") if progress else None,
        secret=environment,
    )


def _object(intake: Intake, source: Source, terms: Terms, listing: Listing, progress: Progress | None) -> ObjectReport:
    contract = terms.contract
    started = time.monotonic()
    taken: list[BatchReport] = []
    for delivery in listing.of(contract.name):
        if progress:
            progress(f"{source.name}/{delivery.name}")
        with telemetry.span("batch", source_instance=source.name, object=contract.name) as span:
            report = intake.take(source, terms, delivery)
            span.note(batch_id=report.batch_id, status=report.status, received_rows=report.received_rows)
            span.note(parsed_rows=report.parsed_rows, quarantined_rows=report.quarantined_rows, bytes=report.bytes)
        if report.source_failed is None:
            delivery.taken()
        taken.append(report)
    seconds = time.monotonic() - started
    # what may be meant for any object is told with each: none of them is known to be whole
    notes = tuple(_told(source, note) for note in listing.notes if note.object in (contract.name, None))
    return ObjectReport(
        source.name, source.domain, source.vendor, contract.name, contract.optional, seconds, tuple(taken), notes
    )
