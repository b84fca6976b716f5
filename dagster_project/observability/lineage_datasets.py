"""The datasets of a run as OpenLineage names them: source objects in, marts out, each with its columns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attr
import duckdb
from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    DatasetFacet,
    dataset_version_dataset,
    input_statistics_input_dataset,
    output_statistics_output_dataset,
    schema_dataset,
)

from dagster_project.dbt import manifest
from dagster_project.settings import Settings
from dagster_project.sources.contracts import Contract, contracts_of

SHOWN = 200
"""Deliveries that an event names; a longer list is in `landed.batches`, its hash is in the version all the same."""

_BATCHES = """
    select batch_id, sha256, state, accepted_rows, bytes
    from landed.batches
    where source_instance = ? and object = ?
    order by extracted_at desc nulls last, batch_id
"""


@attr.define
class Delivery:
    """One delivery of a source object: `batchId` is that of `landed.batches`, `sha256` that of the bytes received."""

    batchId: str
    sha256: str | None
    state: str
    rowCount: int


@attr.define
class DeliveriesDatasetFacet(DatasetFacet):
    """The deliveries that an object consists of, the newest first."""

    deliveries: list[Delivery]
    deliveryCount: int

    @staticmethod
    def _get_schema() -> str:
        return "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/DatasetFacet"


def configured(settings: Settings) -> list[InputDataset]:
    """Every object that a configured source may deliver, with the columns of its contract."""
    return [_input(settings, source, contract) for source, contract in _objects(settings)]


def delivered(settings: Settings, published: Path) -> list[InputDataset]:
    """Every object that was delivered, with its rows, bytes and deliveries as the published snapshot has them."""
    with duckdb.connect(str(published), read_only=True) as con:
        found = [(one, con.execute(_BATCHES, [one[0], one[1].name]).fetchall()) for one in _objects(settings)]
    return [_delivered(settings, source, contract, batches) for (source, contract), batches in found if batches]


def marts(settings: Settings, published: Path) -> list[OutputDataset]:
    """Every public mart of the published snapshot, with its columns, their meaning and its rows."""
    described = {
        node["alias"]: node["columns"]
        for node in manifest.parsed().as_dict()["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }
    with duckdb.connect(str(published), read_only=True) as con:
        columns = con.execute(
            "select table_name, column_name, data_type from information_schema.columns where table_schema = 'marts'"
            " order by table_name, ordinal_position"
        ).fetchall()
        names = dict.fromkeys(table for table, _, _ in columns)
        counts = {table: con.execute(f'select count(*) from marts."{table}"').fetchall()[0][0] for table in names}
    return [
        OutputDataset(
            namespace=settings.openlineage.namespace,
            name=f"marts.{table}",
            facets={"schema": _schema([(n, t) for of, n, t in columns if of == table], described.get(table, {}))},
            outputFacets={
                "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                    rowCount=counts[table]
                )
            },
        )
        for table in names
    ]


def _objects(settings: Settings) -> Iterator[tuple[str, Contract]]:
    for source in settings.sources:
        for contract in contracts_of(source.domain):
            yield source.name, contract


def _input(settings: Settings, source: str, contract: Contract) -> InputDataset:
    columns = [(column.name, column.sql_type) for column in contract.columns]
    return InputDataset(
        namespace=settings.openlineage.namespace, name=f"{source}.{contract.name}", facets={"schema": _schema(columns)}
    )


def _delivered(settings: Settings, source: str, contract: Contract, batches: list[Any]) -> InputDataset:
    dataset = _input(settings, source, contract)
    loaded = [batch for batch in batches if batch[2] == "loaded"]
    digest = hashlib.sha256("\n".join(sorted(str(batch[1]) for batch in loaded)).encode()).hexdigest()
    named = [Delivery(batchId=one[0], sha256=one[1], state=one[2], rowCount=one[3]) for one in batches[:SHOWN]]
    dataset.facets = {
        **(dataset.facets or {}),
        "version": dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=digest),
        "tieout_deliveries": DeliveriesDatasetFacet(deliveries=named, deliveryCount=len(batches)),
    }
    dataset.inputFacets = {
        "inputStatistics": input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
            rowCount=sum(batch[3] for batch in loaded), size=sum(batch[4] for batch in loaded), fileCount=len(loaded)
        )
    }
    return dataset


def _schema(
    columns: list[tuple[str, str]], described: Mapping[str, Mapping[str, Any]] | None = None
) -> schema_dataset.SchemaDatasetFacet:
    return schema_dataset.SchemaDatasetFacet(
        fields=[
            schema_dataset.SchemaDatasetFacetFields(
                name=name, type=kind, description=(described or {}).get(name, {}).get("description") or None
            )
            for name, kind in columns
        ]
    )
