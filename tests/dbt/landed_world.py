"""A warehouse as ingestion leaves it, made by hand: schemas landed and config with the rows that a test states."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.sources.contracts import Contract, load_contracts
from dagster_project.warehouse import copies

Row = Mapping[str, Any]
BATCHES = """
create table if not exists landed.batches
(source_instance varchar, domain varchar, object varchar, batch_id varchar, state varchar, parsed_rows bigint)"""
LANDED = "source_instance VARCHAR, batch_id VARCHAR, row_number BIGINT, content_hash VARCHAR, extracted_at TIMESTAMP"


class LandedWorld:
    """Writes landed rows with the contract's types; every object exists from the start, empty.

    `links` are (source_instance, domain, linked_instance); `instances` maps each domain to its instances, and without
    links every source may refer to all instances of another domain.
    """

    def __init__(self, path: Path, instances: Mapping[str, Iterable[str]], links: Iterable[tuple[str, str, str]] = ()):
        self.connection = duckdb.connect(str(path))
        self.contracts = load_contracts()
        self.connection.execute("set timezone = 'UTC'; create schema landed; create schema config")
        for contract in self.contracts.values():
            columns = ", ".join(f'"{column.name}" {column.sql_type}' for column in contract.columns)
            self.connection.execute(f"create table {_relation(contract)} ({columns}, {LANDED})")
        self._write_links(instances, list(links))

    def add(self, source: str, domain: str, name: str, *rows: Row, batch: str = "b1") -> None:
        """Adds rows to one object, after those its batch has; columns left out are null. Equal content has an equal hash, as when landed."""
        contract = self.contracts[domain, name]
        counted = f"select count(*) from {_relation(contract)} where source_instance = ? and batch_id = ?"
        before = self.connection.execute(counted, [source, batch]).fetchall()[0][0]
        for number, row in enumerate(rows, start=before + 1):
            unknown = set(row) - {column.name for column in contract.columns}
            assert not unknown, f"{domain}.{name} has no column {unknown}"
            values = [row.get(column.name) for column in contract.columns]
            content = [row.get(column.name) for column in contract.columns if column.name not in contract.not_content]
            digest = hashlib.sha256(repr(content).encode()).hexdigest()
            marks = ", ".join("?" * (len(values) + 5))
            self.connection.execute(
                f"insert into {_relation(contract)} values ({marks})", [*values, source, batch, number, digest, None]
            )

    def close(self) -> None:
        """Closes the file, so that dbt may open it."""
        self.connection.close()

    def _write_links(self, instances: Mapping[str, Iterable[str]], links: list[tuple[str, str, str]]) -> None:
        self.connection.execute(
            "create table config.instance_links (source_instance VARCHAR, domain VARCHAR, linked_instance VARCHAR)"
        )
        declared = {(source, domain) for source, domain, _ in links}
        for own, sources in instances.items():
            for source in sources:
                links.append((source, own, source))
                for domain, others in instances.items():
                    if domain != own and (source, domain) not in declared:
                        links += [(source, domain, other) for other in others]
        self.connection.executemany("insert into config.instance_links values (?, ?, ?)", links)


def find_copies(connection: duckdb.DuckDBPyConnection) -> None:
    """Brings what landing knows of batches and copies of usage events up to date, however they came to lie there."""
    contract = load_contracts()["product", "usage_events"]
    counted = f"select source_instance, batch_id, count(*)::varchar from {_relation(contract)} group by all"
    rows = {(source, batch): held for source, batch, held in connection.execute(counted).fetchall()}
    copies.find(connection, [("generic", contract, rows)])
    connection.execute(BATCHES)
    connection.execute("delete from landed.batches where domain = 'product' and object = 'usage_events'")
    connection.execute(
        "insert into landed.batches by name select source_instance, 'product' as domain, 'usage_events' as object,"
        f" batch_id, 'loaded' as state, count(*) as parsed_rows from {_relation(contract)} group by all"
    )


def _relation(contract: Contract) -> str:
    return f"landed.generic__{contract.domain}__{contract.name}"
