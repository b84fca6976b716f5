"""A published snapshot with as many results as are asked for: the books of one company many times over, side by side.

Copies have keys and customers of their own, so that every page has as much to group, search and turn over as it would have;
entities, periods and currencies stay those that they are. Totals are the company's own, as many times.
"""

from __future__ import annotations

import duckdb

_BREAKS = 1000  # one equal result in so many is made a break: the company of the benchmark is a clean one
_KEYS = (
    "application_id", "credit_note_id", "customer_id", "billing_customer_id", "document_id", "erp_customer_id",
    "exception_key", "external_id", "invoice_id", "left_ref", "line_id", "match_key", "receipt_id", "right_ref",
    "root_exception_key", "subscription_id",
)  # fmt: skip
_TABLES = (
    "marts.reconciliation_results",
    "marts.exceptions",
    "marts.bridge_cells",
    "marts.bridge_allocation",
    "canonical.billing_customer",
    "canonical.erp_customer",
    "canonical.invoice",
    "canonical.invoice_line",
    "canonical.credit_note",
    "canonical.ar_document",
    "canonical.cash_application",
)
_MADE = f"""
insert into marts.exceptions by name
select
    md5(concat_ws('|', code, source_instance, match_key)) as exception_key, code, source_instance, match_key,
    'C99' as cause_code, 1 as delta_minor, currency_code, legal_entity_code, customer_id, period, 'S2' as severity,
    'AR' as owner_role, 'new' as state, 'Made for the benchmark' as reason, 'None' as next_step, left_ref, right_ref,
    exception_key as root_exception_key
from marts.reconciliation_results
where status = 'matched' and hash(code, match_key) % {_BREAKS} = 0"""
_BROKEN = f"""
update marts.reconciliation_results
set status = 'break', cause_code = 'C99', delta_minor = 1, reason = 'Made for the benchmark'
where status = 'matched' and hash(code, match_key) % {_BREAKS} = 0"""
_MONEY = ("break_net", "break_absolute", "tolerance_net", "tolerance_absolute", "timing_net")
_COUNTS = ("compared", "matched", "in_tolerance", "timing", "breaks", "not_testable")


def inflate(con: duckdb.DuckDBPyConnection, rows: int) -> int:
    """Makes breaks in the snapshot and copies it until it holds at least so many results; gives how many times it does."""
    con.execute(_MADE)
    con.execute(_BROKEN)
    (there,) = con.execute("select count(*) from marts.reconciliation_results").fetchone() or (1,)
    times = max(1, -(-rows // there))
    for table in _TABLES:
        _copy(con, table, times)
    _count_again(con)
    return times


def _copy(con: duckdb.DuckDBPyConnection, table: str, times: int) -> None:
    """The copies of a control's results lie beside its own, as a mart that unites controls has them."""
    columns = [name for name, *_ in con.execute(f"describe {table}").fetchall()]
    own = ", ".join(f"{name} || '#' || n as {name}" for name in columns if name in _KEYS)
    small = f"{table.split('.')[0]}.small"
    con.execute(f"alter table {table} rename to small")
    con.execute(f"create table {table} as from {small} limit 0")
    codes = con.execute(f"select distinct code from {small} order by 1").fetchall() if "code" in columns else [(None,)]
    for (code,) in codes:
        of = f"where code = '{code}'" if code else ""
        con.execute(f"insert into {table} from {small} {of}")
        con.execute(
            f"insert into {table} select held.* replace ({own}) from {small} as held, range(1, {times}) as t(n) {of}"
        )
    con.execute(f"drop table {small}")


def _count_again(con: duckdb.DuckDBPyConnection) -> None:
    """The summary of the results as they now are, in the shape that it has."""
    columns = {name for name, *_ in con.execute("describe marts.reconciliation_summary").fetchall()}
    statuses = {"breaks": "break", "break_net": "break", "break_absolute": "break", "timing_net": "timing"}
    sums = ["count(*) as compared"]
    sums += [f"count(*) filter (status = '{statuses.get(name, name)}') as {name}" for name in _COUNTS[1:]]
    for name in _MONEY:
        status = statuses.get(name, "in_tolerance")
        amount = "abs(delta_minor)" if name.endswith("absolute") else "delta_minor"
        sums.append(f"coalesce(sum({amount}) filter (status = '{status}'), 0)::decimal(38, 0) as {name}_minor")
    problems = ", null::bigint as problems" if "problems" in columns else ""
    con.execute(
        "create or replace table marts.reconciliation_summary as select code, source_instance, legal_entity_code,"
        f" currency_code, period, {', '.join(sums)}{problems} from marts.reconciliation_results group by all"
    )
