"""The floor: the fewest plain DuckDB statements that tie usage, metered, billed, posted and paid from landing files.

    python -m tests.benchmarks.floor FOLDER [--threads 2] [--memory 3GB]

FOLDER holds product/, billing/ and erp/ in the landing contract, all as Parquet. Exact deduplication by event id is part
of the work. It explains nothing, controls nothing and keeps nothing, so a close takes longer; how much is the ratio that
every benchmark states.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import duckdb

STEPS = {
    "usage": """
create table used as
select subscription_id, meter_code, date_trunc('month', occurred_at) as month, sum(quantity) as quantity, count(*) as events
from (
    select
        any_value(subscription_id) as subscription_id, any_value(meter_code) as meter_code,
        any_value(quantity) as quantity, any_value(occurred_at) as occurred_at
    from {product}/usage_events/*.parquet')
    group by event_id
)
group by all""",
    "metered": """
create table metered as
select subscription_id, meter_code, date_trunc('month', period_start) as month, sum(quantity) as quantity
from {product}/metered_usage/*.parquet')
group by all""",
    "billed": """
create table billed as
select lines.line_id, lines.subscription_id, lines.sku, lines.service_start, lines.quantity, lines.amount, invoices.currency
from {billing}/invoice_lines/*.parquet') as lines
inner join {billing}/invoices/*.parquet') as invoices using (invoice_id)
where invoices.status <> 'draft'""",
    "posted": """
create table posted as
select lines.source_line_id as line_id, sum(lines.amount) as amount
from {erp}/ar_document_lines/*.parquet') as lines
inner join {erp}/ar_documents/*.parquet') as documents using (document_id)
group by all""",
    "paid": """
create table paid as
select document_id, sum(amount) as amount from {erp}/cash_applications/*.parquet') group by all""",
    "tie": """
create table tied as
select 'used to metered' as leg, count(*) as compared, count(*) filter (used.quantity is distinct from metered.quantity) as differ
from used full join metered using (subscription_id, meter_code, month)
union all
select 'billed to posted', count(*), count(*) filter (billed.amount is distinct from posted.amount)
from billed full join posted using (line_id)
union all
select
    'posted to paid', count(*),
    count(*) filter (documents.total_amount - coalesce(paid.amount, 0) <> documents.open_amount)
from {erp}/ar_documents/*.parquet') as documents
left join paid using (document_id)""",
}


def tie(con: duckdb.DuckDBPyConnection, data: Path) -> dict[str, float]:
    """Leaves `used`, `metered`, `billed`, `posted`, `paid` and `tied` in the connection; gives seconds per step."""
    places = {name: f"read_parquet('{data / name}" for name in ("product", "billing", "erp")}
    seconds = {}
    for name, sql in STEPS.items():
        began = time.monotonic()
        con.execute(sql.format(**places))
        seconds[name] = time.monotonic() - began
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="3GB")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.data.parent) as spill:
        config = {"threads": asked.threads, "memory_limit": asked.memory, "temp_directory": spill}
        with duckdb.connect(config=config) as con:
            seconds = tie(con, asked.data)
            legs = con.execute("select leg, compared, differ from tied").fetchall()
            (events,) = con.execute("select sum(events)::bigint from used").fetchone() or (0,)
    print(json.dumps({"seconds": seconds, "legs": legs, "events": events}))  # noqa: T201


if __name__ == "__main__":
    main()
