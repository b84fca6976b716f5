"""A landed world made by hand: the relations that suites read, without archive, files or dbt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from dagster_project.settings import FilesConnector, Settings, Source
from dagster_project.sources.contracts import Contract, load_contracts
from dagster_project.warehouse import configuration, copies, deliveries
from expectations.suites.boundary import run_boundary
from expectations.suites.model import SuiteResult

AS_OF = datetime(2026, 10, 12, tzinfo=UTC)
EXTRACTED = "2026-10-11 23:00:00"
DOMAINS = ("product", "billing", "crm", "erp", "hub")


def settings(
    home: Path, sources: Mapping[str, str] | None = None, links: Mapping[str, tuple[str, ...]] | None = None
) -> Settings:
    """Settings of a company with the sources {name: domain}; all five by default."""
    chosen = sources or {domain: domain for domain in DOMAINS}
    made = tuple(
        Source(
            name=name,
            domain=domain,  # type: ignore[arg-type]
            connector=FilesConnector(type="files", path=home / name),
            links=(links or {}).get(name, ()),
        )
        for name, domain in chosen.items()
    )
    return Settings(company="Borealis", home=home, as_of=AS_OF, reporting_currency="USD", sources=made)


@dataclass
class World:
    """A warehouse in memory with every landed relation, empty until `land` fills them."""

    settings: Settings
    con: duckdb.DuckDBPyConnection

    def land(
        self,
        domain: str,
        name: str,
        rows: Iterable[Mapping[str, Any]],
        instance: str | None = None,
        batch: str = "b1",
        reported_rows: int | None = None,
        extracted_at: str | None = EXTRACTED,
        state: str = "loaded",
    ) -> None:
        """Adds one batch; values are texts as in a landing file, absent columns are null."""
        contract = load_contracts()[domain, name]
        source = instance or domain
        full = [{column.name: _text(row.get(column.name)) for column in contract.columns} for row in rows]
        count = reported_rows if reported_rows is not None else len(full)
        self.batch(domain, name, batch, source, len(full), count if extracted_at else None, extracted_at, state)
        if state == "loaded" and full:
            schema = pa.schema([(column.name, pa.string()) for column in contract.columns])
            self.con.register("incoming", pa.Table.from_pylist(full, schema=schema).append_column(
                "content_hash", pa.array([_hash(contract, row) for row in full])
            ))  # fmt: skip
            self._insert(contract, source, batch, extracted_at, "incoming", "content_hash")
            self.con.unregister("incoming")

    def land_file(self, domain: str, name: str, file: Path, source: str | None = None) -> None:
        """Adds one landing file (CSV or JSONL, plain or gz) with its sidecar."""
        contract = load_contracts()[domain, name]
        columns = {column.name: "VARCHAR" for column in contract.columns}
        if ".jsonl" in file.name:
            read = f"read_json('{file}', format = 'newline_delimited', columns = {json.dumps(columns)})".replace(
                '"', "'"
            )
        elif file.name.endswith(".parquet"):
            read = f"(select columns(*)::varchar from read_parquet('{file}'))"
        else:
            read = f"read_csv('{file}', header = true, all_varchar = true, nullstr = '')"
        present = {row[0] for row in self.con.execute(f"describe select * from {read}").fetchall()}
        listed = ", ".join(f'"{c}"' if c in present else f'null::varchar as "{c}"' for c in columns)
        content = ", ".join(f"""coalesce("{c.name}", '~')""" for c in contract.content_columns)
        sidecar = json.loads(file.with_name(file.name + ".manifest.json").read_text(encoding="utf-8"))
        extracted = sidecar["extracted_at"][:19].replace("T", " ")
        batch = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
        self.con.execute(
            f"create or replace temp table incoming as select *, md5(concat_ws('|', {content})) as content_hash "
            f"from (select {listed} from {read})"
        )
        (count,) = self.con.execute("select count(*) from incoming").fetchone() or (0,)
        self.batch(domain, name, batch, source or domain, count, sidecar["row_count"], extracted, "loaded")
        self._insert(contract, source or domain, batch, extracted, "incoming", "content_hash")
        for column, total in sidecar["control_totals"].items():
            received = f'(select sum("{column}"::decimal(38, 10)) from incoming)'
            self.con.execute(
                f"insert into landed.batch_totals select ?, ?, ?, ?, ?::decimal(38, 10), {received}",
                [batch, source or domain, name, column, total],
            )

    def batch(
        self,
        domain: str,
        name: str,
        batch: str,
        source: str,
        rows: int,
        reported: int | None,
        extracted: str | None,
        state: str,
    ) -> None:
        """Adds the account of one batch."""
        self.con.execute(
            "insert into landed.batches by name select ? as source_instance, ? as domain, 'generic' as vendor, ? as object, "
            "? as batch_id, ? as file_name, ?::timestamp as extracted_at, ? as state, ? as received_rows, ? as parsed_rows, "
            "0 as quarantined_rows, ? as reported_row_count",
            [source, domain, name, batch, f"{batch}.csv", extracted, state, rows, rows, reported],
        )

    def judge(self, run_id: str = "r1") -> list[SuiteResult]:
        """Runs the suites at the boundary, after landing has found the copies."""
        landed: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
        batches = "select domain, object, source_instance, batch_id, parsed_rows::varchar from landed.batches"
        for domain, name, source, batch, rows in self.con.execute(f"{batches} where state = 'loaded'").fetchall():
            landed.setdefault((domain, name), {})[source, batch] = rows
        copies.find(self.con, [("generic", one, landed.get(key, {})) for key, one in load_contracts().items()])
        return run_boundary(self.con, self.settings, self.settings.home / "runs" / run_id / "expectations")

    def total(self, name: str, column: str, reported: str, received: str, source: str, batch: str = "b1") -> None:
        """Adds one control total of a sidecar."""
        self.con.execute(
            "insert into landed.batch_totals values (?, ?, ?, ?, ?, ?)",
            [batch, source, name, column, reported, received],
        )

    def quarantine(
        self, domain: str, name: str, key: str | None, row: int | None = 7, source: str | None = None
    ) -> None:
        """Adds one rejected row, or a refused batch where `row` is None."""
        self.con.execute(
            "insert into landed.quarantine by name select ? as source_instance, ? as domain, 'generic' as vendor, "
            "? as object, 'b1' as batch_id, ?::bigint as row_number, ? as key_text, 'amount is not a number' as reason, 'open' as state",
            [source or domain, domain, name, row, key],
        )

    def _insert(
        self, contract: Contract, source: str, batch: str, extracted_at: str | None, relation: str, content: str
    ) -> None:
        values = ", ".join(_typed(column.name, column.sql_type) for column in contract.columns)
        first = f"(select count(*) from landed.generic__{contract.domain}__{contract.name} where batch_id = '{batch}')"
        self.con.execute(
            f"insert into landed.generic__{contract.domain}__{contract.name} select {values}, ?, ?, "
            f"{first} + row_number() over (), {content}, ?::timestamp from {relation}",
            [source, batch, extracted_at],
        )


def world(
    home: Path, sources: Mapping[str, str] | None = None, links: Mapping[str, tuple[str, ...]] | None = None
) -> World:
    """An empty world."""
    chosen = settings(home, sources, links)
    con = duckdb.connect(":memory:", config={"threads": 2})
    con.execute("set TimeZone = 'UTC'")
    con.execute("create schema landed")
    con.execute("create schema config")
    configuration.write(con, chosen, AS_OF)
    deliveries.write(con, chosen, [])
    for contract in load_contracts().values():
        columns = ", ".join(f'"{column.name}" {column.sql_type}' for column in contract.columns)
        con.execute(
            f"create table landed.generic__{contract.domain}__{contract.name} ({columns}, source_instance varchar, "
            "batch_id varchar, row_number bigint, content_hash varchar, extracted_at timestamp)"
        )
    return World(chosen, con)


def sample(home: Path, data: Path) -> World:
    """The files of a generated company, landed."""
    made = world(home)
    for domain, name in load_contracts():
        for file in sorted((data / domain / name).glob("*")):
            if not file.name.endswith(".manifest.json"):
                made.land_file(domain, name, file)
    return made


def _typed(name: str, kind: str) -> str:
    if kind == "TIMESTAMP":
        return f"""cast("{name}" as timestamptz) at time zone 'UTC'"""
    return f'cast("{name}" as {kind})'


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _hash(contract: Contract, row: Mapping[str, str | None]) -> str:
    content = json.dumps([row[column.name] for column in contract.content_columns])
    return hashlib.sha256(content.encode()).hexdigest()


def default_row(contract: Contract, **values: Any) -> dict[str, Any]:
    """A row that keeps the contract: every key and reference is `R1`, so that every reference of a full world resolves."""
    defaults = {
        "string": "R1", "json": '{"key": "a"}', "boolean": "false", "integer": "1", "date": "2026-01-01",
        "timestamp": "2026-09-30T12:00:00+00:00", "period": "2026-09", "currency": "USD", "money": "1.00",
        "quantity": "1", "unit_price": "1", "flat_price": "1", "rate": "1", "percent": "10",
    }  # fmt: skip
    row = {column.name: column.allowed[0] if column.allowed else defaults[column.kind] for column in contract.columns}
    return row | values


def land_defaults(made: World) -> None:
    """One valid row in every object of every configured source."""
    for source in made.settings.sources:
        for (domain, name), contract in load_contracts().items():
            if domain == source.domain:
                made.land(domain, name, [default_row(contract)], source.name, batch=f"default-{source.name}-{name}")


def results(made: World, table: str = "boundary_results") -> list[dict[str, Any]]:
    """The stored results as dictionaries."""
    return made.con.sql(f"select * from quality.{table}").pl().to_dicts()


def found(made: World, table: str = "boundary_results", **where: Any) -> list[dict[str, Any]]:
    """Stored results with these values."""
    return [row for row in results(made, table) if all(row[name] == value for name, value in where.items())]
