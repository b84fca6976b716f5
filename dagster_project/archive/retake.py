"""Takes deliveries of an archive again, into a scratch home: as other contracts or another mapping would have had them.

The bytes come from the archive, never from the source, and nothing is written outside the scratch home.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from dagster_project.archive import rows, store
from dagster_project.archive.at_hand import have_raw_at_hand
from dagster_project.archive.chain import Chain
from dagster_project.archive.engine import scratch, store_faults
from dagster_project.archive.intake import Intake
from dagster_project.archive.lock import exclusive
from dagster_project.archive.manifest import Manifest
from dagster_project.archive.parsing import currencies
from dagster_project.archive.releases import Releases
from dagster_project.archive.rows import Terms
from dagster_project.settings import Settings, Source
from dagster_project.sources import mapping as mappings
from dagster_project.sources.connector import Format
from dagster_project.sources.contracts import load_contracts
from dagster_project.sources.mapping import SourceMapping


@dataclass(frozen=True)
class Archived:
    """A delivery as the archive holds it."""

    object: str
    name: str
    format: Format
    is_gzip: bool
    path: Path
    sidecar_path: Path | None

    def open(self) -> BinaryIO:
        """The bytes as received."""
        return self.path.open("rb")

    def sidecar(self) -> bytes | None:
        """The source's own report as received."""
        return self.sidecar_path.read_bytes() if self.sidecar_path else None

    def taken(self) -> None:
        """Nothing: the archive held it already."""


def archived(settings: Settings, link: Manifest) -> Archived | None:
    """The delivery behind a link whose raw files are at hand; None where its bytes could not be read when they came."""
    if link.sha256 is None:
        return None
    raw = rows.raw_file(settings, link)
    report = store.raw_path(settings, link.sidecar.sha256) if link.sidecar else None
    sidecar = report if report and report.exists() else None
    return Archived(link.object, link.file_name, raw.format, raw.is_gzip, raw.path, sidecar)


def retake(
    settings: Settings,
    target: Settings,
    links: Iterable[Manifest],
    releases: Releases,
    progress: Callable[[str], None] = lambda name: None,
) -> dict[str, Manifest]:
    """Takes the deliveries behind `links` into the empty home of `target` under `releases`; returns the batches by id.

    What `target` says about the sources (such as their mapping) counts. Raises StoreError for lost or changed bytes.
    """
    contracts = load_contracts()
    read: dict[str, SourceMapping | None] = {}
    with store_faults(target.archive_path), exclusive(target), scratch(target.archive_path / "tmp") as con:
        currencies.register(con)
        intake = Intake(target, Chain(target), con, datetime.now(UTC))
        intake.releases = releases
        for link in links:
            have_raw_at_hand(settings, [link])
            delivery = archived(settings, link)
            if delivery is None:
                continue
            progress(f"{link.source_instance}/{link.file_name}")
            intake.now = link.received_at
            source = _source(target, link)
            if source.name not in read:
                read[source.name] = mappings.load(source, target.mapping_place(source.name))
            intake.take(source, Terms(contracts[link.domain, link.object], read[source.name]), delivery)
        intake.chain.anchor()
        return {link.batch_id: link for link in intake.chain.links if link.kind == "batch"}


def _source(settings: Settings, link: Manifest) -> Source:
    """As it is configured now; of one that is configured no longer only what the archive tells."""
    configured = next((source for source in settings.sources if source.name == link.source_instance), None)
    return configured or Source.model_construct(
        name=link.source_instance, domain=link.domain, vendor=link.vendor, mapping=None
    )
