"""Results of controls, the exceptions they opened, and the two records that each compared."""

from __future__ import annotations

from typing import Any

from dashboards.queries.scope import CUSTOMER_TEXT, Scope, where
from dashboards.snapshot import DOWNLOAD_LIMIT, Row, Snapshot

_KEYS = {
    "ar_document": "document_id",
    "ar_document_line": "document_line_id",
    "cash_application": "application_id",
    "cash_receipt": "receipt_id",
    "credit_note": "credit_note_id",
    "contract": "contract_id",
    "contract_line": "contract_line_id",
    "credit_note_line": "credit_note_line_id",
    "crm_account": "account_id",
    "dispute": "dispute_id",
    "entitlement": "entitlement_id",
    "erp_customer": "erp_customer_id",
    "gl_account": "account_number",
    "invoice": "invoice_id",
    "invoice_line": "line_id",
    "item": "item_code",
    "journal_line": "journal_id",
    "legal_entity": "legal_entity_code",
    "metered_usage": "meter_record_id",
    "opportunity": "opportunity_id",
    "payment": "payment_id",
    "payout": "payout_id",
    "prepaid_grant": "grant_id",
    "refund": "refund_id",
    "sku": "sku",
    "subscription": "subscription_id",
    "subscription_item": "item_id",
}
RECORDS = {
    **{name: (name, key, "source_instance") for name, key in _KEYS.items()},
    "ar_documents": ("ar_document", "document_id", "source_instance"),
    "cash_receipts": ("cash_receipt", "receipt_id", "source_instance"),
    "customer": ("billing_customer", "customer_id", "source_instance"),
    "customers": ("billing_customer", "customer_id", "source_instance"),
    "fx_rate": (
        "fx_rate",
        "concat_ws('|', base_currency_code, quote_currency_code, rate_date, rate_type)",
        "source_instance",
    ),
    "invoices": ("invoice", "invoice_id", "source_instance"),
    "journal": ("journal_line", "journal_id", "source_instance"),
    "message": ("interface_message", "message_id", "source_instance"),
    "prepaid_balance": ("prepaid_balance", "concat_ws('|', subscription_id, sku, period)", "source_instance"),
    "revenue_schedule": ("revenue_schedule", "concat_ws('|', contract_id, sku)", "source_instance"),
    "terms": ("terms", "terms_id", "billing_instance"),
    "usage_month": ("usage_month", "concat_ws('|', subscription_id, meter_code, service_month)", "source_instance"),
}
"""What a reference such as `invoice:IN-7` names: canonical table, its key and the instance that issues the key."""

_OF_SERVICE_MONTH = """(
    period = ? or match_key in (
        select unnest([invoice_id, line_id]) from canonical.invoice_line where strftime(service_start, '%Y-%m') = ?
    )
)"""
"""Usage of August is invoiced in September: a service month's results are its own and those of its invoices."""

_HOLDING = """
    select found.code, found.source_instance, found.match_key
    from marts.close_status as status
    inner join config.instance_links as links
        on links.domain = 'erp' and links.linked_instance = status.source_instance
    inner join marts.exceptions as found
        on
            found.source_instance = links.source_instance
            and coalesce(found.legal_entity_code, status.legal_entity_code) = status.legal_entity_code
            and (
                found.period = status.period
                or (
                    found.period is null and status.period_state <> 'hard_closed'
                    and status.start_date <= (select as_of from config.parameters)
                )
            )
    where found.severity = 'S1' and found.code <> 'R38' and {conditions}
"""
"""What `close_status.open_s1_exceptions` counts: of no entity or no period it holds all that may still change."""

_COLUMNS = """
    code, source_instance, match_key, legal_entity_code, customer_id, currency_code, period, left_value, right_value,
    delta_minor, delta_quantity, status, cause_code, failure_class, reason, left_ref, right_ref, due_at
"""
_ORDER = """
    case {0}.status
        when 'break' then 1 when 'timing' then 2 when 'not_testable' then 3 when 'in_tolerance' then 4 else 5
    end,
    {0}.currency_code, abs({0}.delta_minor) desc nulls last, {0}.code, {0}.match_key, {0}.source_instance
"""


def count(db: Snapshot, scope: Scope, code: str = "", status: str = "") -> int:
    """How many results the scope holds."""
    conditions, values = _in_results(scope, code, status)
    return int(db.row(f"select count(*) as n from marts.reconciliation_results where {conditions}", values)["n"])


def page(db: Snapshot, scope: Scope, code: str, status: str, limit: int, offset: int) -> list[Row]:
    """A page of results, largest difference first per currency, with the exception that each break opened."""
    conditions, values = _in_results(scope, code, status)
    return db.rows(_sql(conditions, "limit ? offset ?"), (*values, limit, offset))


def blocking_by_owner(db: Snapshot, scope: Scope) -> list[Row]:
    """How many open S1 breaks hold the closes of the scope's entity and period, and how many problems they go back to:
    first all of them, with `owner_role` empty, then those of each who has to act. No row where there is none."""
    holding, values = _holding(scope)
    return db.rows(
        f"""
        select
            coalesce(owner_role, '') as owner_role, count(*) as n, count(distinct root_exception_key) as problems
        from marts.exceptions
        where (code, source_instance, match_key) in ({holding})
        group by grouping sets ((), (owner_role)) having count(*) > 0
        order by grouping(owner_role) desc, n desc, owner_role
        """,
        values,
    )


def blocking(db: Snapshot, scope: Scope, owner: str, limit: int, offset: int) -> list[Row]:
    """A page of them, of one owner or all, as `page` gives results."""
    conditions, values = _holds(scope, owner)
    return db.rows(_sql(conditions, "limit ? offset ?"), (*values, limit, offset))


def download_blocking(scope: Scope, owner: str) -> tuple[str, tuple[Any, ...]]:
    """All of them, as `download` gives results."""
    conditions, values = _holds(scope, owner)
    return _sql(conditions, "limit ?"), (*values, DOWNLOAD_LIMIT)


def download(scope: Scope, code: str = "", status: str = "") -> tuple[str, tuple[Any, ...]]:
    """All results of the scope, as many as a file holds: a query for `Snapshot.stream`."""
    conditions, values = _in_results(scope, code, status)
    return _sql(conditions, "limit ?"), (*values, DOWNLOAD_LIMIT)


def one(db: Snapshot, code: str, source_instance: str, match_key: str) -> Row:
    """One result; empty when the snapshot does not hold it."""
    conditions, values = where(
        ("code = ?", code), ("source_instance = ?", source_instance), ("match_key = ?", match_key)
    )
    return db.row(_sql(conditions, "limit 1"), values)


def echoes(db: Snapshot, exception_key: str | None, limit: int = 20) -> list[Row]:
    """The other breaks that are the same problem as this one, which they go back to."""
    return db.rows(
        "select code, source_instance, match_key, root_reason from marts.exceptions"
        " where root_exception_key = ? and exception_key <> ? order by code, match_key limit ?",
        (exception_key, exception_key, limit),
    ) if exception_key else []  # fmt: skip


def records(db: Snapshot, reference: str | None, source_instance: str, limit: int = 5) -> list[Row]:
    """The canonical rows that a reference `object:key, key` names, in the instances that the result's own is linked to.

    A reference may name several kinds, `object:key; object:key`. None when it names a computed side.
    """
    return [row for part in (reference or "").split("; ") for row in _of_kind(db, part, source_instance, limit)][:limit]


def _of_kind(db: Snapshot, reference: str, source_instance: str, limit: int) -> list[Row]:
    kind, _, keys = reference.partition(":")
    table, key, instance = RECORDS.get(kind, ("", "", ""))
    if not keys or not table or not db.has(f"canonical.{table}"):
        return []
    return db.rows(
        f"""
        select * from canonical."{table}"
        where list_contains(string_split(?, ', '), {key})
            and {instance} in (select linked_instance from config.instance_links where source_instance = ?)
        order by all
        limit ?
        """,
        (keys, source_instance, limit),
    )


def _holding(scope: Scope, owner: str = "") -> tuple[str, tuple[Any, ...]]:
    conditions, values = where(
        ("status.legal_entity_code = ?", scope.entity),
        ("status.period = ?", scope.period),
        ("found.owner_role = ?", owner),
    )
    return _HOLDING.format(conditions=conditions), values


def _holds(scope: Scope, owner: str) -> tuple[str, tuple[Any, ...]]:
    holding, values = _holding(scope, owner)
    return f"status = 'break' and (code, source_instance, match_key) in ({holding})", values


def _in_results(scope: Scope, code: str, status: str) -> tuple[str, tuple[Any, ...]]:
    return where(
        ("code = ?", code),
        ("status = ?", status),
        ("legal_entity_code = ?", scope.entity),
        ("currency_code = ?", scope.currency),
        ("period = ?", scope.period),
        ("customer_id = ?", scope.customer),
        (CUSTOMER_TEXT, scope.customer_text),
        (_OF_SERVICE_MONTH, scope.service_month),
        (
            "contains(lower(concat_ws(' ', match_key, customer_id, cause_code, left_ref, right_ref)), lower(?))",
            scope.search,
        ),
    )


def _sql(conditions: str, page_of: str) -> str:
    # cut before the joins, and by row numbers: of ten million results only the words of those that are shown are read
    return f"""
        with cut as (
            select r.rowid as place from marts.reconciliation_results as r
            where {conditions} order by {_ORDER.format("r")} {page_of}
        ),
        picked as (
            select {_COLUMNS} from marts.reconciliation_results where rowid in (select place from cut)
        )
        select
            picked.*,
            c.title,
            coalesce(e.severity, c.severity) as severity,
            coalesce(e.owner_role, c.owner_role) as owner_role,
            coalesce(e.next_step, c.next_step) as next_step,
            e.exception_key,
            e.state,
            e.first_seen_at,
            e.due_at as resolve_by,
            e.root_reason,
            root.code as root_code,
            root.match_key as root_match_key,
            root.source_instance as root_instance
        from picked
        left join marts.controls as c on c.code = picked.code
        left join marts.exceptions as e
            on e.code = picked.code and e.source_instance = picked.source_instance and e.match_key = picked.match_key
            and picked.status = 'break'
        left join marts.exceptions as root
            on root.exception_key = e.root_exception_key and root.exception_key <> e.exception_key
        order by {_ORDER.format("picked")}
        """
