"""What looks like a duplicate or a missing link without being certain: matching's suggestions, never exceptions."""

from __future__ import annotations

from dashboards.queries.scope import Scope, where
from dashboards.snapshot import Row, Snapshot

_MASTERS = {
    "billing.customers": ("canonical.billing_customer", "customer_id"),
    "crm.accounts": ("canonical.crm_account", "account_id"),
    "erp.customers": ("canonical.erp_customer", "erp_customer_id"),
}


def likely_one(db: Snapshot, scope: Scope, link: str) -> list[Row]:
    """Pairs of masters that are likely one, the likeliest first; `link` is duplicate or crosswalk."""
    conditions, values = where(("s.legal_entity_code = ?", scope.entity))
    names = " union all ".join(
        f"select '{kind}:' || {key} as ref, source_instance, name from {table}"
        for kind, (table, key) in _MASTERS.items()
        if "name" in db.columns(table)
    )
    return db.rows(
        f"""
        with names as ({names or "select null as ref, null as source_instance, null as name"})
        select
            s.left_ref, s.left_instance, l.name as left_name, s.right_ref, s.right_instance, r.name as right_name,
            s.legal_entity_code, s.probability_basis_points, s.explanation
        from matching.linkage_suggestions as s
        left join names as l on l.ref = s.left_ref and l.source_instance = s.left_instance
        left join names as r on r.ref = s.right_ref and r.source_instance = s.right_instance
        where s.link = ? and {conditions}
        order by s.probability_basis_points desc, s.left_ref, s.right_ref, s.left_instance
        """,
        (link, *values),
    )


def receipt_copies(db: Snapshot, scope: Scope) -> list[Row]:
    """Receipts that name no payment beside those of the same customer, amount and days that do; the newest first."""
    conditions, values = where(("m.legal_entity_code = ?", scope.entity), ("m.currency_code = ?", scope.currency))
    return db.rows(
        f"""
        with receipts as (
            select
                m.group_id, m.side, m.record_id, m.legal_entity_code, m.customer_id, m.currency_code, m.amount_minor,
                c.received_date, c.external_id
            from matching.matches as m
            left join canonical.cash_receipt as c
                on c.source_instance = m.record_instance and c.receipt_id = m.record_id
            where m.purpose = 'receipt_copy' and {conditions}
        )
        select
            legal_entity_code, customer_id, currency_code, amount_minor,
            string_agg(record_id, ', ' order by record_id) filter (side = 'right') as nameless,
            string_agg(record_id, ', ' order by record_id) filter (side = 'left') as named,
            string_agg(external_id, ', ' order by record_id) filter (side = 'left') as payments,
            max(received_date) filter (side = 'right') as nameless_date,
            max(received_date) filter (side = 'left') as named_date
        from receipts
        group by group_id, legal_entity_code, customer_id, currency_code, amount_minor
        order by nameless_date desc, nameless
        """,
        values,
    )
