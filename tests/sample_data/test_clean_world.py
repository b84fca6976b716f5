"""The clean world is consistent in itself. Every control is scored against it: if its own journals did not balance or its
invoices did not re-rate, a break found there would be blamed on the control."""

from __future__ import annotations

import pytest

from tests.sample_data.landing import load


@pytest.fixture(scope="module")
def world(clean_files):
    con = load(clean_files)
    yield con
    con.close()


def none_of(con, query: str) -> None:
    """Asserts that a query for violations returns nothing, and shows the first few when it does."""
    relation = con.sql(query)
    rows = relation.limit(5).fetchall()
    assert not rows, f"{relation.columns}: {rows}"


def some_of(con, query: str) -> None:
    assert con.execute(f"select count(*) from ({query})").fetchall()[0][0] > 0, f"nothing to test: {query}"


def test_the_company_is_the_one_described(world):
    def count(query: str) -> int:
        return world.execute(query).fetchall()[0][0]

    assert count("select count(*) from erp.legal_entities") == 5
    assert count("select count(distinct currency) from billing.invoices") >= 5
    assert count("select count(*) from billing.customers") == 400
    assert count("select count(*) from billing.skus") == 24
    assert count("select count(distinct period) from erp.accounting_periods") >= 14
    assert count("select count(distinct parent_customer_id) from billing.customers") == 40
    assert count("select count(distinct scheme) from billing.prices") == 5
    assert count("select count(distinct aggregation) from product.meters") == 3
    assert 40_000 <= count("select count(*) from product.usage_events") <= 60_000


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("product.usage_events", "event_id"), ("product.metered_usage", "meter_record_id"),
        ("billing.invoice_lines", "line_id"), ("billing.credit_note_lines", "credit_note_line_id"),
        ("erp.journal_lines", "journal_id, line_number"), ("erp.ar_document_lines", "document_line_id"),
        ("erp.cash_applications", "application_id"),
    ],
)  # fmt: skip
def test_a_fact_is_landed_once(world, table, key):
    none_of(world, f"select {key}, count(*) from {table} group by all having count(*) > 1")


def test_journals_balance_in_document_and_in_base_currency(world):
    none_of(
        world,
        """select journal_id, currency, sum(debit) - sum(credit) as document, sum(base_debit) - sum(base_credit) as base
           from erp.journal_lines group by all
           having sum(debit) <> sum(credit) or sum(base_debit) <> sum(base_credit)""",
    )


def test_the_subledger_equals_the_control_account_in_every_period(world):
    none_of(
        world,
        """with ledger as (
             select j.legal_entity_code, j.currency, j.period, sum(j.debit - j.credit) as amount
             from erp.journal_lines j join erp.gl_accounts a using (account_number)
             where a.control = 'receivable' group by all),
           documents as (
             select legal_entity_code, currency, period,
                    case document_type when 'invoice' then total_amount else -total_amount end as amount
             from erp.ar_documents),
           reversals as (
             select d.legal_entity_code, d.currency, min(j.period) as period,
                    any_value(case d.document_type when 'invoice' then -d.total_amount else d.total_amount end) as amount
             from erp.ar_documents d join erp.journal_lines j on j.document_id = d.document_id and j.reversal_of is not null
             where d.status = 'reversed' group by d.document_id, d.legal_entity_code, d.currency),
           cash as (
             select r.legal_entity_code, r.currency, a.period, -a.amount as amount
             from erp.cash_applications a join erp.cash_receipts r using (receipt_id)),
           subledger as (
             select legal_entity_code, currency, period, sum(amount) as amount
             from (from documents union all from reversals union all from cash) group by all)
           select coalesce(l.legal_entity_code, s.legal_entity_code), coalesce(l.currency, s.currency),
                  coalesce(l.period, s.period), l.amount as ledger, s.amount as subledger
           from ledger l full join subledger s
             on (l.legal_entity_code, l.currency, l.period) = (s.legal_entity_code, s.currency, s.period)
           where coalesce(l.amount, 0) <> coalesce(s.amount, 0)""",
    )


def test_invoices_credit_notes_and_documents_are_the_sum_of_their_lines(world):
    none_of(
        world,
        """select i.invoice_id, i.net_amount, sum(l.amount), i.tax_amount, sum(l.tax_amount), i.total_amount
           from billing.invoices i left join billing.invoice_lines l using (invoice_id) group by all
           having i.net_amount <> coalesce(sum(l.amount), 0) or i.tax_amount <> coalesce(sum(l.tax_amount), 0)
               or i.total_amount <> i.net_amount + i.tax_amount""",
    )
    none_of(
        world,
        """select c.credit_note_id from billing.credit_notes c
           left join billing.credit_note_lines l using (credit_note_id)
           group by c.credit_note_id, c.net_amount, c.tax_amount, c.total_amount
           having c.net_amount <> coalesce(sum(l.amount), 0) or c.tax_amount <> coalesce(sum(l.tax_amount), 0)
               or c.total_amount <> c.net_amount + c.tax_amount""",
    )
    none_of(
        world,
        """select d.document_id from erp.ar_documents d left join erp.ar_document_lines l using (document_id)
           group by d.document_id, d.net_amount, d.tax_amount, d.total_amount
           having d.net_amount <> coalesce(sum(l.amount), 0) or d.tax_amount <> coalesce(sum(l.tax_amount), 0)
               or d.total_amount <> d.net_amount + d.tax_amount""",
    )


def test_tax_is_rounded_once_per_line(world):
    none_of(
        world,
        """select l.line_id, l.amount, l.tax_rate, l.tax_amount from billing.invoice_lines l join billing.invoices i using (invoice_id)
           where l.tax_amount <> case
               when i.currency = 'JPY' then round(l.amount * l.tax_rate / 100, 0)
               when i.currency = 'BHD' then round(l.amount * l.tax_rate / 100, 3)
               else round(l.amount * l.tax_rate / 100, 2) end::decimal(38, 9)""".replace(
            "l.amount * l.tax_rate / 100", "l.amount::decimal(18, 4) * l.tax_rate::decimal(9, 4) * 0.01"
        ),
    )


def test_every_live_invoice_and_credit_is_posted_once_with_the_same_amounts(world):
    none_of(
        world,
        """select i.invoice_id, count(d.document_id) from billing.invoices i
           left join erp.ar_documents d on d.external_id = i.invoice_id and d.document_type = 'invoice'
             and d.net_amount = i.net_amount and d.tax_amount = i.tax_amount and d.currency = i.currency
             and d.legal_entity_code = i.legal_entity_code and d.status <> 'reversed'
           where i.status in ('open', 'paid', 'uncollectible') and i.finalized_at < timestamptz '2026-10-11 20:00:00Z'
           group by all having count(d.document_id) <> 1""",
    )
    some_of(world, "select 1 from billing.credit_notes where status = 'issued'")
    none_of(
        world,
        """select c.credit_note_id, count(d.document_id) from billing.credit_notes c
           left join erp.ar_documents d on d.external_id = c.credit_note_id and d.document_type = 'credit_memo'
             and d.net_amount = c.net_amount and d.tax_amount = c.tax_amount and d.currency = c.currency
           where c.status = 'issued' group by all having count(d.document_id) <> 1""",
    )


def test_open_amounts_are_what_is_left_after_cash_and_applied_credit(world):
    """Per customer and currency: credits applied to an invoice lower its open amount, so only the sum is compared."""
    none_of(
        world,
        """with documents as (
             select erp_customer_id, currency,
                    sum(case document_type when 'invoice' then open_amount else -open_amount end) as open_amount,
                    sum(case when status = 'reversed' then 0 when document_type = 'invoice' then total_amount else -total_amount end) as total
             from erp.ar_documents group by all),
           cash as (
             select d.erp_customer_id, d.currency, sum(a.amount) as applied
             from erp.cash_applications a join erp.ar_documents d using (document_id) group by all)
           select d.*, c.applied from documents d left join cash c using (erp_customer_id, currency)
           where d.open_amount <> d.total - coalesce(c.applied, 0)""",
    )


def test_metered_usage_is_the_valid_events_of_its_month(world):
    none_of(
        world,
        """with events as (
             select e.subscription_id, e.meter_code, date_trunc('month', e.occurred_at)::date as period_start,
                    case m.aggregation when 'sum' then sum(e.quantity) when 'max' then max(e.quantity)
                         else count(distinct json_extract_string(e.properties, '$.key')) end * m.unit_multiplier as quantity,
                    count(*) as events
             from product.usage_events e join product.tenants t using (tenant_id)
             join product.meters m on m.meter_code = e.meter_code and e.occurred_at::date >= m.effective_from
                  and (m.effective_to is null or e.occurred_at::date < m.effective_to)
             where not t.is_test
             group by 1, 2, 3, m.aggregation, m.unit_multiplier),
           metered as (
             select r.subscription_id, r.meter_code, r.period_start, m.sku,
                    case m.aggregation when 'sum' then sum(r.quantity) else arg_max(r.quantity, r.computed_at) end as quantity,
                    case m.aggregation when 'sum' then sum(r.event_count) else arg_max(r.event_count, r.computed_at) end as events
             from product.metered_usage r join product.meters m on m.meter_code = r.meter_code
               and r.period_start >= m.effective_from and (m.effective_to is null or r.period_start < m.effective_to)
             group by 1, 2, 3, 4, m.aggregation)
           select coalesce(e.subscription_id, m.subscription_id) as subscription_id, e.period_start, m.period_start, e.quantity, m.quantity, e.events, m.events
           from events e full join metered m
             on (e.subscription_id, e.meter_code, e.period_start) = (m.subscription_id, m.meter_code, m.period_start)
           where coalesce(e.period_start, m.period_start) < date '2026-10-01'
             and (round(coalesce(e.quantity, 0), 9) <> coalesce(m.quantity, 0) or coalesce(e.events, 0) <> coalesce(m.events, 0))""",
    )


def test_billed_usage_is_the_metered_quantity(world):
    none_of(
        world,
        """with billed as (
             select l.subscription_id, l.sku, l.service_start, sum(l.quantity) as quantity
             from billing.invoice_lines l join billing.invoices i using (invoice_id)
             where l.kind = 'usage' and i.status in ('open', 'paid', 'uncollectible') group by all),
           metered as (
             select subscription_id, sku, period_start as service_start, sum(quantity) as quantity
             from (
             select r.subscription_id, r.meter_code, r.period_start, m.sku,
                    case m.aggregation when 'sum' then sum(r.quantity) else arg_max(r.quantity, r.computed_at) end as quantity,
                    case m.aggregation when 'sum' then sum(r.event_count) else arg_max(r.event_count, r.computed_at) end as events
             from product.metered_usage r join product.meters m on m.meter_code = r.meter_code
               and r.period_start >= m.effective_from and (m.effective_to is null or r.period_start < m.effective_to)
             group by 1, 2, 3, 4, m.aggregation)
             group by all)
           select * from billed b full join metered m
             on (b.subscription_id, b.sku, b.service_start) = (m.subscription_id, m.sku, m.service_start)
           where coalesce(b.quantity, 0) <> coalesce(m.quantity, 0)""",
    )


def test_revenue_schedules_sum_to_the_deferred_revenue_that_was_posted(world):
    """Deferred by documents, less prepaid grants (they have no schedule), per entity and currency."""
    none_of(
        world,
        """with deferred as (
             select j.legal_entity_code, j.currency, sum(j.credit - j.debit) as balance
             from erp.journal_lines j join erp.gl_accounts a using (account_number)
             where a.control = 'deferred_revenue' and j.document_id is not null group by all),
           grants as (
             select c.legal_entity_code, g.currency, sum(g.amount) as amount
             from billing.prepaid_grants g join billing.subscriptions s using (subscription_id)
             join billing.customers c using (customer_id) group by all),
           schedules as (
             select legal_entity_code, currency, sum(amount) as amount from erp.revenue_schedules
             where status <> 'reversed' group by all)
           select * from deferred d full join schedules s using (legal_entity_code, currency)
           left join grants g using (legal_entity_code, currency)
           where coalesce(d.balance, 0) - coalesce(g.amount, 0) <> coalesce(s.amount, 0)""",
    )


def test_payouts_are_payments_less_fees_refunds_and_disputes(world):
    some_of(world, "from billing.payouts")
    none_of(
        world,
        """with flows as (
             select payout_id, amount - fee_amount as amount from billing.payments where status = 'succeeded'
             union all select payout_id, -amount from billing.refunds where status = 'succeeded'
             union all select payout_id, -amount from billing.disputes where status in ('open', 'lost'))
           select p.payout_id, p.amount, sum(f.amount) from billing.payouts p left join flows f using (payout_id)
           group by all having p.amount <> coalesce(sum(f.amount), 0)""",
    )


def test_both_sides_of_intercompany_agree_in_the_document_currency(world):
    some_of(world, "from erp.journal_lines where source = 'intercompany'")
    none_of(
        world,
        """with sides as (
             select legal_entity_code as entity, counterparty_entity_code as counterparty, currency, period,
                    sum(debit - credit) as amount
             from erp.journal_lines j join erp.gl_accounts a using (account_number)
             where a.control = 'intercompany' and j.source = 'intercompany' group by all)
           select l.*, r.amount from sides l left join sides r
             on l.entity = r.counterparty and l.counterparty = r.entity and l.currency = r.currency and l.period = r.period
           where l.amount + coalesce(r.amount, 0) <> 0""",
    )


def test_invoice_numbers_have_no_gap_and_no_double(world):
    none_of(
        world,
        """select legal_entity_code, series, number, count(*) from billing.invoices where number is not null
           group by all having count(*) > 1""",
    )


@pytest.mark.parametrize(
    ("child", "column", "parent", "key"),
    [
        ("product.usage_events", "subscription_id", "billing.subscriptions", "subscription_id"),
        ("product.usage_events", "tenant_id", "product.tenants", "tenant_id"),
        ("product.usage_events", "meter_code", "product.meters", "meter_code"),
        ("billing.subscriptions", "contract_id", "crm.contracts", "contract_id"),
        ("billing.subscription_items", "contract_line_id", "crm.contract_lines", "contract_line_id"),
        ("billing.subscription_items", "price_id", "billing.prices", "price_id"),
        ("billing.invoice_lines", "invoice_id", "billing.invoices", "invoice_id"),
        ("billing.invoice_lines", "item_id", "billing.subscription_items", "item_id"),
        ("billing.credit_notes", "invoice_id", "billing.invoices", "invoice_id"),
        ("billing.payments", "invoice_id", "billing.invoices", "invoice_id"),
        ("billing.payments", "payout_id", "billing.payouts", "payout_id"),
        ("billing.refunds", "payment_id", "billing.payments", "payment_id"),
        ("billing.customers", "crm_account_id", "crm.accounts", "account_id"),
        ("crm.contract_lines", "contract_id", "crm.contracts", "contract_id"),
        ("erp.customers", "billing_customer_id", "billing.customers", "customer_id"),
        ("erp.ar_documents", "erp_customer_id", "erp.customers", "erp_customer_id"),
        ("erp.ar_document_lines", "document_id", "erp.ar_documents", "document_id"),
        ("erp.ar_document_lines", "source_line_id", "billing.invoice_lines", "line_id"),
        ("erp.ar_document_lines", "account_number", "erp.gl_accounts", "account_number"),
        ("erp.ar_document_lines", "item_code", "erp.items", "item_code"),
        ("erp.journal_lines", "account_number", "erp.gl_accounts", "account_number"),
        ("erp.journal_lines", "document_id", "erp.ar_documents", "document_id"),
        ("erp.cash_applications", "receipt_id", "erp.cash_receipts", "receipt_id"),
        ("erp.cash_applications", "document_id", "erp.ar_documents", "document_id"),
        ("erp.revenue_schedules", "contract_id", "crm.contracts", "contract_id"),
    ],
)
def test_every_reference_resolves(world, child, column, parent, key):
    also = " union all select credit_note_line_id from billing.credit_note_lines" if column == "source_line_id" else ""
    none_of(
        world,
        f"select {column} from {child} where {column} is not null and {column} not in (select {key} from {parent}{also})",
    )
