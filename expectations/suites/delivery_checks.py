"""The checks of what was delivered: files, rows, sums, shape and age of every object, from what the archive reports.

They look at the archive's accounts (`landed.batches` and its neighbours), which hold all objects: each is one
expectation over all of them, told apart by object afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from dagster_project.sources.contracts import Contract
from expectations.policy import load_policy
from expectations.suites.model import Check, Expectation, Suite
from expectations.suites.sql import literal

SUITE = "boundary.deliveries"
RELATION = "boundary__deliveries"
_SAME = "using (source_instance, domain, object)"
_BATCHES = f"from landed.batches as b semi join (select * from {{batch}}) as d {_SAME}"
_TOTALS = (
    "from landed.batch_totals as t inner join landed.batches as b using (batch_id, source_instance, object) "
    f"semi join (select * from {{batch}}) as d {_SAME}"
)
_AGES = (
    "select d.source_instance, d.domain, d.object, max(b.extracted_at) as newest_extracted_at, "
    "any_value(p.as_of) as as_of, any_value(s.freshness_limit_hours) as freshness_limit_hours "
    f"from (select * from {{batch}}) as d inner join landed.batches as b {_SAME} "
    "inner join config.sources as s on d.source_instance = s.source_instance cross join config.parameters as p "
    "where b.state = 'loaded' and b.extracted_at is not null group by d.source_instance, d.domain, d.object"
)


@dataclass(frozen=True)
class DeliveryRule:
    """`failing` returns the failing rows of all objects, with source_instance, domain and object; `evaluated` what was
    looked at, in the same columns; where it must not be empty for the check to be testable, `needs_evidence`."""

    name: str
    failing: str
    evaluated: str
    needs_evidence: bool = False
    counted: str = "count(*)"


RULES = (
    DeliveryRule(
        "columns_as_contracted",
        "select d.source_instance, e.*, c.data_type as found_type from (select * from {batch}) as d "
        "inner join boundary_columns as e using (domain, object) "
        "left join (select table_name, column_name, data_type from duckdb_columns() where schema_name = 'landed' "
        "and database_name = current_database()) as c "
        "on c.table_name = 'generic__' || e.domain || '__' || e.object and c.column_name = e.column_name "
        "where c.data_type is distinct from e.contracted_type",
        "select d.source_instance, e.domain, e.object from (select * from {batch}) as d "
        "inner join boundary_columns as e using (domain, object)",
    ),
    DeliveryRule(
        "delivered",
        "select d.* from (select * from {batch}) as d "
        f"anti join (select * from landed.batches where state = 'loaded') as b {_SAME} where not d.is_optional",
        "select source_instance, domain, object from {batch}",
    ),
    DeliveryRule(
        "batches_loaded",
        f"select b.* {_BATCHES} where b.state = 'refused'",
        f"select b.source_instance, b.domain, b.object {_BATCHES}",
    ),
    DeliveryRule(
        "rows_accepted",
        f"select q.* from landed.quarantine as q semi join (select * from {{batch}}) as d {_SAME} "
        "where q.row_number is not null and q.state in ('open', 'refused_again')",
        f"select b.source_instance, b.domain, b.object, b.received_rows {_BATCHES} where b.state = 'loaded'",
        counted="sum(received_rows)",
    ),
    DeliveryRule(
        "row_count_as_reported",
        f"select b.* {_BATCHES} where b.state = 'loaded' and b.reported_row_count <> b.received_rows",
        f"select b.source_instance, b.domain, b.object {_BATCHES} "
        "where b.state = 'loaded' and b.reported_row_count is not null",
        needs_evidence=True,
    ),
    DeliveryRule(
        "control_totals_as_reported",
        "select b.domain, b.file_name, t.*, t.reported_total - coalesce(t.received_total, 0) as missing_total "
        f"{_TOTALS} where b.state = 'loaded' and t.reported_total is distinct from coalesce(t.received_total, 0)",
        f"select t.source_instance, b.domain, t.object {_TOTALS} where b.state = 'loaded'",
        needs_evidence=True,
    ),
    DeliveryRule(
        "no_breaking_drift",
        f"select s.* from landed.schema_drift as s semi join (select * from {{batch}}) as d {_SAME} "
        "where s.is_breaking",
        f"select b.source_instance, b.domain, b.object {_BATCHES}",
    ),
    DeliveryRule(
        "fresh",
        f"select * from ({_AGES}) where newest_extracted_at < as_of - to_hours(freshness_limit_hours)",
        f"select source_instance, domain, object from ({_AGES})",
        needs_evidence=True,
    ),
)


def find_deliveries(connection: duckdb.DuckDBPyConnection, contracts: Iterable[Contract]) -> None:
    """Writes the temporary relations that the suite runs on: configured objects, and the contracted columns."""
    connection.execute(
        f"create or replace temp view {RELATION} as "
        "select source_instance, domain, object, is_optional from config.source_objects where vendor = 'generic'"
    )
    rows = ", ".join(
        f"({literal(contract.domain)}, {literal(contract.name)}, {literal(column.name)}, {literal(column.sql_type)})"
        for contract in contracts
        for column in contract.columns
    )
    connection.execute(
        f"create or replace temp table boundary_columns as from (values {rows}) "
        "as t (domain, object, column_name, contracted_type)"
    )


def delivery_suite(contracts: Iterable[Contract]) -> Suite:
    """The suite over all objects; its checks are one per object and rule, in that order."""
    checks = tuple(check for contract in contracts for check in delivery_checks(contract))
    return Suite(SUITE, RELATION, checks)


def delivery_checks(contract: Contract) -> tuple[Check, ...]:
    """The delivery checks of one object."""
    return tuple(_check(contract, rule) for rule in RULES)


def _check(contract: Contract, rule: DeliveryRule) -> Check:
    policy = load_policy()
    routing = policy.boundary[rule.name]
    mine = f"domain = {literal(contract.domain)} and object = {literal(contract.name)}"
    evaluated = f"select source_instance, {rule.counted}, domain || '.' || object from ({rule.evaluated}) group by all"
    return Check(
        name=rule.name,
        rule=rule.name,
        expectation=Expectation(rule.name, "no_rows", {"unexpected_rows_query": rule.failing}),
        failing_sql=f"select * from ({rule.failing}) where {mine}",
        asset_key=(contract.domain, contract.name),
        routing=routing,
        owner_role=routing.owner_role or policy.owner_of(contract.domain, contract.name),
        evaluated_sql=evaluated,
        needs_evidence=rule.needs_evidence,
    )
