"""Whether what the bridge calls an error is somebody's case."""

from __future__ import annotations

import duckdb

ROUNDING = ("B10", "C13", "D12")
CELLS = """
    select leg, cause_code, customer_id, subscription_id, sku, service_period_start, currency_code,
        cast(sum(amount_minor) as bigint) as amount_minor
    from marts.bridge_allocation as cells
    where nature = 'error' and amount_minor <> 0 and not exists (
        select 1
        from marts.reconciliation_results as results
        left join marts.exceptions as cases
            on cases.code = results.code and cases.source_instance = results.source_instance
            and cases.match_key = results.match_key
        where results.customer_id = cells.customer_id
            -- R28 compares who still asks for the money; that it is late is the bridge's word for it
            and results.cause_code = case when cells.cause_code = 'D02' then 'status lag' else cells.cause_code end
            -- an invoice follows its service by a month, its cash that by some; a contract is of no period
            and coalesce(date_diff(
                'month', cells.service_period_start, strptime(results.period || '-01', '%Y-%m-%d')
            ), 0) between -1 and case when cells.leg = 'D' then 3 else 1 end
            and (
                cases.owner_role is not null and cases.next_step is not null
                or results.status = 'in_tolerance' and cells.cause_code in (select unnest(?))
            )
    ) and not (cause_code = 'D02' and exists (
        -- both books ask for it, so nothing differs: it is only late
        select 1
        from marts.reconciliation_results as results
        inner join canonical.ar_document_line as lines
            on contains(results.right_ref || ',', ':' || lines.document_id || ',')
        where results.code = 'R28' and results.status = 'matched' and results.right_value > 0
            and cells.left_ref = 'ar_document_line:' || lines.document_line_id
    ))
    group by all order by all"""


def untold(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The cells of the bridge whose error no open break of its customer, cause and time tells, in words; rounding within
    its tolerance is told by the result that tolerates it."""
    return [" ".join(str(one) for one in row) for row in con.execute(CELLS, [list(ROUNDING)]).fetchall()]
