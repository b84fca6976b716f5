"""One asset per source object: its snapshot taken into the archive, over every configured instance of its domain."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import dagster as dg

from dagster_project import progress
from dagster_project.archive import store
from dagster_project.archive.batches import Batch, batches
from dagster_project.archive.ingestion import ingest
from dagster_project.archive.manifest import Manifest
from dagster_project.archive.report import ObjectReport
from dagster_project.defs.faults import in_words
from dagster_project.defs.resources import WRITER_POOL, Tieout
from dagster_project.settings import Settings
from dagster_project.sources.contracts import Contract
from dagster_project.sources.unconnected import unconnected
from expectations.policy.data_quality import load_policy

Key = tuple[str, str]
SOURCE_FAILED = "source failed"
"""Metadata of an object's asset: why servers gave nothing, in words; the run goes on and its command returns 3."""

NOT_READ = "not read"
"""Metadata of an object's asset: what lies with its files and is none, or may be meant for it; the command tells it."""


def build_sources(contracts: Mapping[Key, Contract]) -> list[dg.AssetsDefinition]:
    """A definition per domain; any of its objects can be taken alone."""
    domains = dict.fromkeys(domain for domain, _ in contracts)
    return [build_domain(domain, [c for c in contracts.values() if c.domain == domain]) for domain in domains]


def build_domain(domain: str, contracts: Sequence[Contract]) -> dg.AssetsDefinition:
    """The assets [domain, object]; empty, and saying so, where no source of the domain is configured."""

    specs = [source_spec(contract) for contract in contracts]

    @dg.multi_asset(specs=specs, name=f"take_{domain}", can_subset=True, pool=WRITER_POOL)
    def take(context: dg.AssetExecutionContext, tieout: Tieout) -> Iterator[dg.MaterializeResult]:
        wanted = [contract.name for contract in contracts if source_key(contract) in context.selected_asset_keys]
        with in_words():
            taken = snapshot(tieout.settings, domain, wanted, is_whole=len(wanted) == len(contracts))
        for note in dict.fromkeys(words for name in wanted for words in taken[name].get(NOT_READ, ())):
            context.log.warning(note)
        for name in wanted:
            yield dg.MaterializeResult(asset_key=[domain, name], metadata=taken[name])

    return take


def source_key(contract: Contract) -> dg.AssetKey:
    """[domain, object]."""
    return dg.AssetKey([contract.domain, contract.name])


def source_spec(contract: Contract) -> dg.AssetSpec:
    """What the object is, who answers for it, how it is delivered and what identifies a row of it."""
    return dg.AssetSpec(
        source_key(contract),
        group_name=contract.domain,
        owners=[f"team:{load_policy().owner_of(contract.domain, contract.name)}"],
        description=contract.description,
        metadata={"mode": contract.mode, "key": ", ".join(contract.key), "optional": contract.optional},
    )


def snapshot(settings: Settings, domain: str, wanted: Sequence[str], is_whole: bool) -> dict[str, dict[str, Any]]:
    """Archives what the domain's instances deliver of the wanted objects; metadata per object."""
    progress.announce(progress.SNAPSHOTS, domain)
    beside = list(unconnected(settings, domain))
    if not any(source.domain == domain for source in settings.sources):
        empty = {"dagster/row_count": 0, "state": f"no source of domain {domain} is configured; nothing was taken"}
        return dict.fromkeys(wanted, empty | ({NOT_READ: beside} if beside else {}))
    began = time.monotonic()
    reports: list[ObjectReport] = []
    for name in [None] if is_whole else wanted:
        taken = ingest(settings, domain, name, progress=partial(progress.announce, progress.SNAPSHOTS))
        reports += taken.objects
    known = batches(store.read_manifests(settings))
    seconds = round(time.monotonic() - began, 3)
    return {
        name: {
            **describe([one for one in reports if one.object == name], known, beside),
            f"seconds of {domain}": seconds,
        }
        for name in wanted
    }


def describe(reports: Sequence[ObjectReport], known: Iterable[Batch], beside: Sequence[str] = ()) -> dict[str, Any]:
    """Rows, control totals, bytes and batches of one object over its instances, as it stands in the archive now.

    `beside` says what no source reads, which may hold some of it.
    """
    ids = {batch.batch_id for report in reports for batch in report.batches}
    now = [batch.now for batch in known if batch.manifest.batch_id in ids]
    reasons = [f"{batch.file_name}: {batch.reason}" for report in reports for batch in report.refused]
    failures = [[report.source_failed, *(batch.source_failed for batch in report.batches)] for report in reports]
    failed = [words for of_one in failures for words in of_one if words]
    unread = [*beside, *(note for report in reports for note in report.notes)]
    absent = [report.source_instance for report in reports if report.is_absent and not report.source_failed]
    return {
        "dagster/row_count": sum(link.parsed_rows for link in now if link.state == "loaded"),
        "quarantined rows": sum(link.quarantined_rows for link in now),
        "bytes": sum(link.bytes for link in now),
        "new batches": sum(len(report.new) for report in reports),
        "batches seen before": sum(len(report.seen) for report in reports),
        "control totals": control_totals(now),
        "seconds": round(sum(report.seconds for report in reports), 3),
        **({"refused": reasons} if reasons else {}),
        **({SOURCE_FAILED: failed} if failed else {}),
        **({"nothing delivered by": absent} if absent else {}),
        **({NOT_READ: unread} if unread else {}),
    }


def control_totals(links: Iterable[Manifest]) -> dict[str, str]:
    """Sum of every money and quantity column over the loaded batches, exact, as text in major units."""
    sums: dict[str, Decimal] = {}
    for link in links:
        for column, total in link.received_totals.items() if link.state == "loaded" else ():
            sums[column] = sums.get(column, Decimal(0)) + Decimal(total)
    return {column: f"{total:f}" for column, total in sorted(sums.items())}
