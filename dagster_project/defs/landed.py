"""The landed relations: what the archive holds, and the settings as data. One transaction, so one step for all."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from dagster_project import progress, warehouse
from dagster_project.defs.faults import in_words
from dagster_project.defs.measures import row_counts
from dagster_project.defs.published import catch_up
from dagster_project.defs.resources import WRITER_POOL, Tieout
from dagster_project.errors import InputError
from dagster_project.sources.contracts import Contract
from dagster_project.trouble import trouble_in_words
from dagster_project.warehouse.landing import VENDORS, Landed
from expectations.policy.data_quality import load_policy

LEDGERS = {
    "batches": "One row per archived batch: file, hash, rows received and quarantined, loaded or refused and why.",
    "batch_totals": "One row per control total of a sidecar: as reported by the source and as received.",
    "conflicts": "One row per parsed row that does not count: a repeated key, with equal or other content.",
    "usage_copies": "One row per delivery of a usage event whose id was delivered more than once.",
    "not_read": "One row per file, folder or source that was not read or does not count, in words.",
    "quarantine": "One row per rejected row and refused batch: what is wrong where, what was expected, its state.",
    "replays": "One row per replay of a batch: when, by which contract and mapping, rows rescued and refused again.",
    "schema_drift": "One row per column that differs from the contract.",
}
BATCHES = dg.AssetKey(["landed", "batches"])
CONFIGURATION = {
    "parameters": "One row: the run's clock, reporting currency, authority model and every threshold and window.",
    "sources": "The configured sources.",
    "source_objects": "Every object that a configured source must or may deliver.",
    "instance_links": "Where the references of a source may resolve.",
    "dimensions": "The dimension that lines of a revenue account's items must carry.",
    "authority": "Who owns which field from when: one row per rule of the authority policy, field and follower.",
    "first_seen": "When each break was first seen, kept from run to run.",
}


def landed_key(vendor: str, domain: str, name: str) -> dg.AssetKey:
    """The key of a landed relation: [schema, table], as dbt's source names it."""
    return dg.AssetKey(["landed", f"{vendor}__{domain}__{name}"])


def landed_specs(contracts: Mapping[tuple[str, str], Contract]) -> list[dg.AssetSpec]:
    """A spec per landed relation, each depending on the source object it holds; the batch books depend on all."""
    sources = [dg.AssetKey([domain, name]) for domain, name in contracts]
    relations = [
        dg.AssetSpec(
            landed_key(vendor, domain, name),
            deps=[dg.AssetKey([domain, name])],
            group_name="landed",
            owners=[f"team:{load_policy().owner_of(domain, name)}"],
            description=f"Every archived row of {domain} {name} ({vendor}), all deliveries: {contract.description}",
        )
        for vendor in VENDORS
        for (domain, name), contract in contracts.items()
    ]
    ledgers = [
        dg.AssetSpec(["landed", name], deps=sources, group_name="landed", description=words)
        for name, words in LEDGERS.items()
    ]
    configuration = [
        dg.AssetSpec(["config", name], group_name="configuration", description=words)
        for name, words in CONFIGURATION.items()
    ]
    return [*relations, *ledgers, *configuration]


def build_landed(contracts: Mapping[tuple[str, str], Contract]) -> dg.AssetsDefinition:
    """The definition that lands everything the archive holds."""

    @dg.multi_asset(specs=landed_specs(contracts), name="land", pool=WRITER_POOL)
    def land(context: dg.AssetExecutionContext, tieout: Tieout) -> Iterator[dg.MaterializeResult]:
        progress.announce(progress.LANDING)
        began = time.monotonic()
        with in_words():
            catch_up(tieout.settings)
            landed = warehouse.land(tieout.settings, as_of=tieout.settings.as_of)
            with warehouse.connect(tieout.settings) as con:
                keys = [(key.path[0], key.path[1]) for key in context.selected_asset_keys]
                counts = row_counts(con, keys)
                versions = warehouse.digests(con, tieout.settings.archive_path)
                trouble = trouble_in_words(con)
        common: dict[str, Any] = {
            "seconds for all relations": round(time.monotonic() - began, 3),
            "as_of": landed.as_of.isoformat(),
        }
        for words in landed.left_out:
            context.log.warning(words)
        told = {"note": "\n".join(landed.left_out)} if landed.left_out else {}
        for key in sorted(context.selected_asset_keys):
            rows = counts.get((key.path[0], key.path[1]))
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={
                    **common,
                    **({} if rows is None else {"dagster/row_count": rows}),
                    **(told if key == BATCHES else {}),
                },
                data_version=dg.DataVersion(versions[".".join(key.path)]),  # landed anew, and yet the same
            )
        with in_words():
            refuse_nothing(landed, trouble)

    return land


def refuse_nothing(landed: Landed, trouble: Sequence[str]) -> None:
    """Raises InputError when no delivery was accepted: a reconciliation of nothing would look like a clean one."""
    if landed.loaded_batches == 0:
        words = (
            "no source delivered a file that could be used, so there is nothing to reconcile; expected landing files at"
            " <path>/<object>/<name>.csv, .jsonl or .parquet (also .gz) for the sources of tieout.yml"
        )
        raise InputError("\n".join([words, *trouble]))
