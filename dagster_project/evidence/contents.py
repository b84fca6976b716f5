"""What of a snapshot goes into the pack of a period and entity: each table with its scope, and the totals over it."""

from __future__ import annotations

import duckdb

from dagster_project.evidence import totals
from dagster_project.evidence.tables import TableWriter
from dagster_project.sql import column

SOURCE_TABLES = ("landed.batches", "landed.batch_totals", "landed.quarantine", "landed.replays", "landed.schema_drift")
WHOLE_TABLES = ("marts.source_health", "marts.dead_letters", "marts.close_status", "marts.kpis",
                "marts.completeness",
                "matching.matches", "matching.searches", "matching.linkage_suggestions",
                "quality.boundary_results", "quality.outcome_results",
                "config.parameters", "config.sources", "config.instance_links", "seeds.currencies")  # fmt: skip
MACHINE_COLUMNS = ("received_at", "replayed_at", "run_at")

_ENTITY = "(? is null or legal_entity_code = ?)"
_PERIOD = f"period = ? and {_ENTITY}"

# the label of an accounting period says no date: which days an entity means by it, and the month of the middle one
_CALENDAR = """
    create or replace temp table calendar as
    select
        legal_entity_code, period, start_date, end_date,
        strftime(start_date + (end_date - start_date)::integer // 2, '%Y-%m') as month, period = ? as is_asked
    from canonical.accounting_period
    qualify source_instance = min(source_instance) over (partition by legal_entity_code)
"""


def _by_calendar(table: str, holds: str, month: str) -> str:
    """Rows of the period of their entity's calendar that `holds` them; by calendar month where none does."""
    return f"""coalesce((select min(calendar.period) from calendar
        where calendar.legal_entity_code = {table}.legal_entity_code and {holds}), {month}) = ? and {_ENTITY}"""


def _of_day(table: str) -> str:
    day = f"{table}.service_period_start"
    return _by_calendar(table, f"{day} between calendar.start_date and calendar.end_date", f"strftime({day}, '%Y-%m')")


def _of_month(table: str) -> str:
    return _by_calendar(table, f"calendar.month = {table}.period", f"{table}.period")


BRIDGES = {
    **{table: _of_day(table) for table in ("bridge_cells", "bridge_allocation", "bridge_tax", "bridge_reporting")},
    "bridge_periods": _PERIOD,
    # every month up to the period: its opening balance is what earlier ones left
    "bridge_rollforward": f"""period <= coalesce((select max(calendar.month) from calendar
        where calendar.legal_entity_code = bridge_rollforward.legal_entity_code and calendar.is_asked), ?)
        and {_ENTITY}""",
}
TRANSACTIONS = {table: _of_month(table) for table in ("business_transactions", "business_transaction_steps")}

# everything that the postings of the period go back to, whatever month it is of
_LINEAGE = """
    with recursive nodes as (
        select 'ar_document' as type, source_instance as instance, document_id as id
        from canonical.ar_document
        where {scope}
        union
        select 'journal', source_instance, journal_id
        from canonical.journal_line
        where {scope}
        union
        select edges.from_type, edges.from_instance, edges.from_id
        from marts.lineage_edges as edges
        inner join nodes
            on edges.to_type = nodes.type and edges.to_instance = nodes.instance and edges.to_id = nodes.id
    )
    select edges.*
    from marts.lineage_edges as edges
    semi join nodes
        on edges.to_type = nodes.type and edges.to_instance = nodes.instance and edges.to_id = nodes.id
"""

# a control that compares a state as of a day has results in that day's period alone: elsewhere its zeros say nothing
_CONTROLS = f"""
    select
        c.*,
        coalesce(held.results, 0) as results_in_pack,
        every.earliest_period,
        every.latest_period
    from marts.controls as c
    left join (select code, count(*) as results from in_scope group by code) as held on c.code = held.code
    left join (
        select code, min(period) as earliest_period, max(period) as latest_period
        from marts.reconciliation_results
        where {_ENTITY} or legal_entity_code is null
        group by code
    ) as every on c.code = every.code
"""


def write_contents(con: duckdb.DuckDBPyConnection, tables: TableWriter, period: str, entity: str | None) -> None:
    """Writes every table of the pack and every total that `verify` recomputes from them."""
    con.execute(_CALENDAR, [period])
    _populations(con, tables, period, entity)
    parameters: list[object] = [period, entity, entity]
    for folder, parts in (("bridge", BRIDGES), ("results", TRANSACTIONS)):
        for table, scope in parts.items():
            tables.write(f"{folder}/{table}", f"select * from marts.{table} where {scope}", parameters)
    _tolerances(tables, entity)
    con.execute(f"create or replace temp table lineage as {_LINEAGE.format(scope=_PERIOD)}", parameters * 2)
    tables.write("results/lineage_edges", "from lineage")
    tables.write("totals/lineage_totals", totals.TOTALS["lineage_totals"].format(lineage_edges="lineage"))
    for name, table in totals.SCOPED.items():
        rows = f"(select * from marts.{table} where {(BRIDGES | TRANSACTIONS)[table]})"
        tables.write(f"totals/{name}", totals.TOTALS[name].format(**{table: rows}), parameters)
    for name in (*SOURCE_TABLES, *WHOLE_TABLES):
        _whole(con, tables, name)


def _populations(con: duckdb.DuckDBPyConnection, tables: TableWriter, period: str, entity: str | None) -> None:
    """Per control and status every row; a result without a period (a source's health) belongs to every pack."""
    scope = "(period = ? or period is null) and (? is null or legal_entity_code = ? or legal_entity_code is null)"
    parameters: list[object] = [period, entity, entity]
    # set apart once: every status of every control is asked of it
    con.execute(
        f"create or replace temp table in_scope as select * from marts.reconciliation_results where {scope}", parameters
    )
    held = set(con.execute("select distinct code, status from in_scope").fetchall())
    for code in column(con, "select code from marts.controls order by code"):
        for status in totals.STATUSES:
            name = f"populations/{code}/{status}"
            if (code, status) in held:
                tables.write(name, "from in_scope where code = ? and status = ?", [code, status])
            else:
                tables.write_none(name, "from in_scope")
    tables.write("totals/control_totals", totals.TOTALS["control_totals"].format(population="in_scope"))
    tables.write("results/controls", _CONTROLS, parameters[1:])
    still_open = "state not in ('closed', 'verified', 'auto_resolved')"
    tables.write("exceptions", f"select * from marts.exceptions where {scope} and {still_open}", parameters)
    tables.write(
        "exceptions_of_earlier_periods",
        "select * from marts.exceptions where period < ? and (? is null or legal_entity_code = ?"
        f" or legal_entity_code is null) and {still_open}",
        parameters,
    )


def _tolerances(tables: TableWriter, entity: str | None) -> None:
    """The budget of a run is of all periods, and so are the differences that use it up."""
    parameters: list[object] = [entity, entity]
    tables.write("results/tolerance_budget", f"select * from marts.tolerance_budget where {_ENTITY}", parameters)
    tolerated = f"select * from marts.reconciliation_results where status = 'in_tolerance' and {_ENTITY}"
    tables.write("results/in_tolerance", tolerated, parameters)
    tables.write("totals/tolerance_totals", totals.TOTALS["tolerance_totals"].format(in_tolerance=f"({tolerated})"),
                 parameters)  # fmt: skip


def _whole(con: duckdb.DuckDBPyConnection, tables: TableWriter, name: str) -> None:
    """A whole table without the columns that tell of this machine; a table that a run did not make is left out."""
    schema, table = name.split(".")
    present = column(
        con,
        "select column_name from information_schema.columns"
        " where table_catalog = 'snapshot' and table_schema = ? and table_name = ? order by ordinal_position",
        [schema, table],
    )
    columns = [name for name in present if name not in MACHINE_COLUMNS and not name.startswith("run_")]
    if columns:
        folder = "sources" if schema == "landed" else "results"
        tables.write(f"{folder}/{table}", f"select {', '.join(columns)} from {name}")
