"""What of each object is landed and what of it is staged: rows that count, and the amounts of those in force.

Both are counted again where an object's rows, the copies among them, the code or the view that stages them changed;
what was counted before holds otherwise. Where staging is no view (Spark built the books) every run counts both.
"""

from __future__ import annotations

import hashlib

import duckdb

from dagster_project.archive.parsing.content import is_on_demand
from dagster_project.settings import Settings
from dagster_project.sources.contracts import Contract, load_contracts
from dagster_project.version import code_version
from dagster_project.warehouse.contents import digests
from expectations.suites.distinct import find_delivered
from expectations.suites.relations import find_surplus, landed
from expectations.suites.sql import identifier, literal, names

_KEPT = """
create schema if not exists state;
create table if not exists state.staged_totals (
    fingerprint varchar, source_instance varchar, domain varchar, object varchar,
    landed_rows bigint, staged_rows bigint, landed_total decimal(38, 4), staged_total decimal(38, 4)
)"""
_FILLED = "select distinct domain, object from landed.batches where state = 'loaded' order by all"
_STAGED = """
select view_name, sql from duckdb_views()
where database_name = current_database() and schema_name = 'staging'
union all
select table_name, null from duckdb_tables()
where database_name = current_database() and schema_name = 'staging'"""


def find_staged_totals(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Writes `outcome_staging`: per source instance and object, landed against staged, of what is built."""
    connection.execute(_KEPT)
    rests_on = digests(connection, settings.archive_path)
    views: dict[str, str | None] = dict(connection.execute(_STAGED).fetchall())
    found: list[str] = []
    for domain, name in connection.execute(_FILLED).fetchall():
        contract, staged = load_contracts()[domain, name], f"stg_generic__{domain}__{name}"
        if staged in views:
            fingerprint = _fingerprint(contract, views[staged], rests_on)
            found.append(fingerprint)
            if views[staged] is None or not _is_kept(connection, fingerprint):
                connection.execute("delete from state.staged_totals where fingerprint = ?", [fingerprint])
                counted = _staging_sql(connection, contract)
                connection.execute(f"insert into state.staged_totals select '{fingerprint}', * from ({counted})")
    connection.execute("delete from state.staged_totals where not list_contains(?::varchar[], fingerprint)", [found])
    connection.execute(
        "create or replace temp table outcome_staging as select * exclude (fingerprint) from state.staged_totals"
    )


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """All objects are counted when the outcome is judged next."""
    connection.execute("drop table if exists state.staged_totals")


def _is_kept(connection: duckdb.DuckDBPyConnection, fingerprint: str) -> bool:
    query = "select 1 from state.staged_totals where fingerprint = ? limit 1"
    return connection.execute(query, [fingerprint]).fetchone() is not None


def _fingerprint(contract: Contract, view: str | None, rests_on: dict[str, str]) -> str:
    """Of the code, the view's text, and every landed table that it or the surplus among the object's rows reads."""
    read = {"landed.conflicts", landed(contract)}
    read |= {relation for relation in rests_on if relation.split(".")[1] in (view or "")}
    parts = [f"{contract.domain}.{contract.name}", code_version(), f"duckdb {duckdb.__version__}", view or ""]
    parts += [f"{relation}={rests_on.get(relation)}" for relation in sorted(read)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _staging_sql(connection: duckdb.DuckDBPyConnection, contract: Contract) -> str:
    """Rows that count (every version of an upsert object) and the amounts of those in force, on both sides."""
    columns = {column.name for column in contract.columns}
    version = names((*contract.key, "updated_at")) if contract.mode == "upsert" else names(contract.key)
    amounts = [column.name for column in contract.columns if column.kind == "money" and column.required]
    total = " + ".join(f"cast({identifier(amount)} as decimal(38, 4))" for amount in amounts)
    current = "is_current" if contract.mode == "upsert" and "updated_at" in columns else "true"
    rows = landed(contract)
    if amounts or contract.mode == "full":
        rows += f" anti join {find_surplus(connection, contract)} using (source_instance, batch_id, row_number)"
    counted = rows if contract.mode == "full" else landed(contract)
    in_force = f"select source_instance, sum({total}) as total from {rows} group by source_instance"
    if not amounts:
        total, in_force = "null::decimal(38, 4)", "select '' as source_instance, null::decimal(38, 4) as total"
    delivered = (
        f"select source_instance, count(distinct row({version})) as row_count from {counted} group by source_instance"
    )
    if is_on_demand(contract):
        find_delivered(connection, contract)
        delivered = "from outcome_delivered"
    return f"""
        select
            coalesce(l.source_instance, s.source_instance),
            {literal(contract.domain)},
            {literal(contract.name)},
            coalesce(l.row_count, 0),
            coalesce(s.row_count, 0),
            f.total,
            s.total,
        from ({delivered}) as l
        left join ({in_force}) as f using (source_instance)
        full join (
            select source_instance, count(*) as row_count, sum({total}) filter (where {current}) as total
            from staging.stg_generic__{contract.domain}__{contract.name} group by source_instance
        ) as s using (source_instance)
    """
