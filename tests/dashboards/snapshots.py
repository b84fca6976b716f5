"""Small published snapshots in the public shapes, made by code: three currencies, figures too large for a double."""

from __future__ import annotations

from pathlib import Path

import duckdb

BIG = 9_007_199_254_740_993
"""2**53 + 1: the first whole number that a double cannot hold."""

NAME = '=HYPERLINK("x") <b>Søn & Co</b>'
"""A customer's name as an attacker would choose it."""


SCHEMA = """
create schema config; create schema marts; create schema canonical; create schema landed; create schema quality;
create schema seeds;
create table config.parameters (as_of timestamp, reporting_currency varchar, authority_model varchar, company varchar);
create table config.instance_links (source_instance varchar, domain varchar, linked_instance varchar);
create table config.sources (source_instance varchar, domain varchar, vendor varchar, freshness_limit_hours integer);
create table marts.controls (code varchar, name varchar, title varchar, severity varchar, owner_role varchar,
    tolerance varchar, timing_window varchar, objects varchar, words varchar, next_step varchar, model_name varchar);
create table marts.reconciliation_results (code varchar, source_instance varchar, match_key varchar,
    legal_entity_code varchar, customer_id varchar, currency_code varchar, period varchar, left_value decimal(38,9),
    right_value decimal(38,9), delta_minor bigint, delta_quantity decimal(38,9), status varchar, cause_code varchar,
    failure_class varchar, reason varchar, left_ref varchar, right_ref varchar, due_at timestamp);
create table marts.exceptions (exception_key varchar, code varchar, source_instance varchar, match_key varchar,
    cause_code varchar, delta_minor bigint, delta_quantity decimal(38,9), currency_code varchar,
    legal_entity_code varchar, customer_id varchar, period varchar, severity varchar, owner_role varchar, state varchar,
    reason varchar, next_step varchar, failure_class varchar, due_at timestamp, left_ref varchar, right_ref varchar,
    first_seen_at timestamp, root_exception_key varchar, root_reason varchar);
create table marts.bridge_cells (legal_entity_code varchar, customer_id varchar, subscription_id varchar, sku varchar,
    service_period_start date, currency_code varchar, expected_minor bigint, metered_minor bigint, billed_minor bigint,
    posted_minor bigint, settled_minor bigint);
create table marts.bridge_allocation (legal_entity_code varchar, customer_id varchar, subscription_id varchar, sku varchar,
    service_period_start date, currency_code varchar, leg varchar, cause_code varchar, amount_minor bigint,
    left_ref varchar, right_ref varchar, order_version varchar);
create table marts.close_status (source_instance varchar, legal_entity_code varchar, legal_entity_name varchar,
    period varchar, start_date date, end_date date, period_state varchar, readiness varchar, gate_source_health varchar,
    gate_interface varchar, gate_receivables varchar, gate_deferred_revenue varchar, gate_control_account varchar,
    gate_unexplained varchar, gate_open_s1 varchar,
    blocking_gates varchar, base_currency_code varchar, revenue_minor decimal(38,0), unexplained_minor decimal(38,0),
    unexplained_threshold_minor decimal(38,0), unexplained_breaks bigint, open_s1_exceptions bigint, known_at timestamp,
    oldest_extracted_at timestamp, oldest_freshness_hours bigint, note varchar);
create table marts.source_health (source_instance varchar, domain varchar, object varchar, is_optional boolean,
    status varchar, reason varchar, last_extracted_at timestamp, freshness_hours bigint, freshness_limit_hours bigint,
    accepted_rows bigint, quarantined_rows bigint, owner_role varchar, is_stale boolean, newest_record_at timestamp,
    transport_rows bigint, business_rule_rows bigint, accounting_control_rows bigint, run_batches bigint,
    run_refused_batches bigint, run_received_rows bigint, run_duplicate_rows bigint, run_quarantined_rows bigint);
create table marts.lags (workflow varchar, step varchar, source_instance varchar, period varchar, arrived_count bigint,
    late_count bigint, waiting_count bigint, missing_count bigint, failed_count bigint, p50_minutes bigint,
    p95_minutes bigint, max_minutes bigint, oldest_open_minutes bigint, owner_role varchar);
create table landed.batches (source_instance varchar, domain varchar, vendor varchar, object varchar, batch_id varchar,
    file_name varchar, sha256 varchar, bytes bigint, extracted_at timestamp, received_at timestamp, state varchar,
    received_rows bigint, accepted_rows bigint, duplicate_rows bigint, quarantined_rows bigint, refusal_reason varchar);
create table landed.not_read (source_instance varchar, words varchar);
create table marts.dead_letters (dead_letter_id varchar, source_instance varchar, domain varchar, object varchar,
    kind varchar, key_text varchar, column_name varchar, reason varchar, failure_class varchar, state varchar,
    owner_role varchar, next_step varchar, amount_minor bigint, currency_code varchar, legal_entity_code varchar,
    payload_sha256 varchar, run_attempts bigint, run_copies bigint, run_batch_id varchar, run_file_name varchar,
    run_row_number bigint, run_line_number bigint, run_replayed_at timestamp);
create table seeds.currencies (currency_code varchar, exponent integer, name varchar);
create table canonical.legal_entity (source_instance varchar, legal_entity_code varchar, name varchar,
    base_currency_code varchar);
create table canonical.billing_customer (source_instance varchar, customer_id varchar, name varchar);
create table canonical.erp_customer (source_instance varchar, erp_customer_id varchar, billing_customer_id varchar);
create table canonical.invoice (source_instance varchar, invoice_id varchar, number varchar, customer_id varchar,
    legal_entity_code varchar, currency_code varchar, issue_date date, status varchar, net_amount_minor bigint,
    tax_amount_minor bigint, total_amount_minor bigint);
create table canonical.invoice_line (source_instance varchar, line_id varchar, invoice_id varchar, subscription_id varchar,
    sku varchar, kind varchar, quantity decimal(21,9), discount_amount_minor bigint, amount_minor bigint,
    tax_amount_minor bigint, service_start date, service_end date, invoice_number varchar, invoice_status varchar,
    issue_date date, currency_code varchar, legal_entity_code varchar, customer_id varchar);
create table canonical.credit_note (source_instance varchar, credit_note_id varchar, invoice_id varchar);
create table canonical.ar_document (source_instance varchar, document_id varchar, document_type varchar,
    external_id varchar, number varchar, erp_customer_id varchar, legal_entity_code varchar, currency_code varchar,
    document_date date, posting_date date, period varchar, net_amount_minor bigint, tax_amount_minor bigint,
    total_amount_minor bigint, open_amount_minor bigint, status varchar, external_object varchar,
    billing_instance varchar);
create table canonical.cash_application (source_instance varchar, application_id varchar, receipt_id varchar,
    document_id varchar, amount_minor bigint, applied_at timestamp, period varchar, legal_entity_code varchar,
    currency_code varchar);
"""

ROWS = """
insert into config.parameters values ('2026-10-12 00:00:00', 'USD', 'billing_led', 'Borealis');
insert into config.instance_links values
    ('billing', 'erp', 'erp'), ('billing', 'billing', 'billing'), ('erp', 'erp', 'erp'), ('erp', 'billing', 'billing');
insert into config.sources values ('billing', 'billing', 'generic', 26), ('erp', 'erp', 'generic', 26);
insert into marts.close_status values
    ('erp', 'US', 'Borealis Inc', '2026-09', '2026-09-01', '2026-09-30', 'soft_closed', 'blocked', 'passed', 'passed',
     'failed', 'passed', 'passed', 'failed', 'failed', 'Receivables: 1 invoice not posted as billed (R14). Unexplained: 12.34 USD.', 'USD',
     500000, 1234, 94, 1, 1, '2026-10-11 20:00:00', '2026-10-11 18:00:00', 6,
     'Differences within tolerance add up to more than the cap of a run: R14 in USD: 1.00 USD against a cap of 0.94 USD.'),
    ('erp', 'JP', 'Borealis KK', '2026-09', '2026-09-01', '2026-09-30', 'open', 'blocked', 'passed', 'passed',
     'failed', 'passed', 'not_testable', 'passed', 'failed', 'Receivables: 1 invoice not posted as billed (R14).', 'JPY',
     500000, 0, 94, 0, 1, '2026-10-11 20:00:00', '2026-10-11 18:00:00', 6, null),
    ('erp', 'BH', 'Borealis WLL', '2026-09', '2026-09-01', '2026-09-30', 'hard_closed', 'ready', 'passed', 'passed',
     'passed', 'passed', 'passed', 'passed', 'passed', null, 'BHD', 500000, 9007199254740993, 9007199254740994, 0, 0, '2026-10-11 20:00:00',
     '2026-10-11 18:00:00', 6, null),
    ('erp', 'US', 'Borealis Inc', '2026-10', '2026-10-01', '2026-10-31', 'open', 'running', 'passed', 'passed', 'passed',
     'passed', 'passed', 'passed', 'passed', null, 'USD', 0, 0, 0, 0, 0, '2026-10-11 20:00:00', '2026-10-11 18:00:00', 6, null);
insert into marts.source_health values
    ('billing', 'billing', 'invoices', false, 'ok', null, '2026-10-11 20:00:00', 4, 26, 3, 0,
     'BillingOps', false, '2026-10-11 19:00:00', 0, 0, 0, 2, 0, 6, 3, 0),
    ('billing', 'billing', 'payments', false, 'note', 'A new column `channel` was kept.', '2026-10-11 20:00:00', 4, 26, 1, 1,
     'AR', false, '2026-10-09 08:00:00', 0, 1, 0, 1, 0, 2, 0, 1),
    ('erp', 'erp', 'ar_documents', false, 'failing', 'Stale: 30 hours old, the limit is 26.', '2026-10-10 18:00:00', 30, 26,
     2, 0, 'AR', true, '2026-10-10 17:00:00', 0, 0, 0, 2, 1, 2, 0, 0),
    ('erp', 'erp', 'fx_rates', false, 'not_testable', 'No sidecar says when it was extracted.', null, null, 26, 2, 0,
     'Treasury', null, null, 0, 0, 0, 1, 0, 2, 0, 0);
insert into marts.lags values
    ('usage_to_invoice', 'ingested', 'product', '2026-09', 4283, 0, 0, 0, 0, 0, 1, 269, null, 'ProductData'),
    ('invoice_to_posting', 'posted', 'billing', '2026-09', 40, 2, 1, 1, 1, 80, 200, 1500, 11520, 'AR'),
    ('invoice_to_posting', 'posted', 'billing', '2026-10', 1, 0, 3, 0, 0, 75, 75, 75, null, 'AR');
insert into landed.batches values
    ('billing', 'billing', 'generic', 'invoices', 'b1', 'invoices/a.csv', 'aa', 10, '2026-10-11 20:00:00',
     '2026-10-11 21:00:00', 'loaded', 3, 3, 0, 0, null),
    ('billing', 'billing', 'generic', 'invoices', 'b2', 'invoices/b.csv', 'bb', 10, '2026-10-11 20:00:00',
     '2026-10-11 22:00:00', 'loaded', 3, 0, 3, 0, null),
    ('erp', 'erp', 'generic', 'ar_documents', 'b3', 'ar_documents/torn.csv', 'cc', 10, null, '2026-10-10 19:00:00', 'refused',
     0, 0, 0, 0, 'ar_documents/torn.csv: the file ends within a row; expected a whole file');
insert into marts.dead_letters values
    ('l1', 'billing', 'billing', 'payments', 'row', 'P-1', 'status', 'column status is ''paied'', expected one of paid',
     'business_rule', 'open', 'AR', 'Correct the record at its source.', 9007199254740993, 'USD', 'US', 'p1', 1, 1, 'b7',
     'payments/a.csv', 1, 2, null),
    ('l2', 'billing', 'billing', 'payments', 'row', 'P-2', 'status', 'column status is ''paied'', expected one of paid',
     'business_rule', 'open', 'AR', 'Correct the record at its source.', 500, 'JPY', 'JP', 'p2', 1, 1, 'b7',
     'payments/a.csv', 2, 3, null),
    ('l3', 'billing', 'billing', 'payments', 'row', null, 'status', 'column status is ''paied'', expected one of paid',
     'business_rule', 'open', 'AR', 'Correct the record at its source.', null, null, null, 'p3', 1, 1, 'b7',
     'payments/a.csv', 3, 4, null),
    ('l4', 'erp', 'erp', 'ar_documents', 'file', null, null, 'ar_documents/torn.csv: the file ends within a row',
     'transport', 'refused_again', 'IntegrationOps', 'Have the file sent again.', null, null, null, 'cc', 2, 1, 'b3',
     'ar_documents/torn.csv', null, null, null),
    ('l5', 'erp', 'erp', 'journal_lines', 'row', 'J-1|1', 'debit', 'column debit is ''-1'', expected at least 0',
     'accounting_control', 'mended_at_source', 'GL', 'Nothing: the source has delivered it again.', 100, 'USD', 'US', 'p5',
     1, 1, 'b9', 'journal_lines/a.csv', 1, 2, null);
insert into seeds.currencies values ('USD', 2, 'US dollar'), ('JPY', 0, 'Yen'), ('BHD', 3, 'Dinar');
insert into canonical.legal_entity values
    ('erp', 'US', 'Borealis Inc', 'USD'), ('erp', 'JP', 'Borealis KK', 'JPY'), ('erp', 'BH', 'Borealis WLL', 'BHD');
insert into marts.controls values
    ('R14', 'invoice_to_receivable', 'Billing invoice to receivable', 'S1', 'AR', 'T1: rounding only',
     'Wp: 4 hours after the invoice is final', 'billing.invoices, erp.ar_documents',
     'An invoice is missing in the receivables or differs.', 'Read the interface message, then resend.', 'r14'),
    ('R05', 'metered_to_billed_quantity', 'Metered to billed quantity', 'S1', 'BillingOps', 'T0: exact',
     'Wg: 3 days', 'product.metered_usage, billing.invoice_lines', 'Usage was not billed as metered.',
     'Issue a supplemental line.', 'r05');
insert into canonical.invoice values
    ('billing', 'IN-1', 'US-1', 'C1', 'US', 'USD', '2026-09-01', 'open', 123450, 0, 123450),
    ('billing', 'IN-2', 'JP-1', 'C2', 'JP', 'JPY', '2026-09-01', 'open', 5000, 500, 5500);
insert into canonical.invoice_line values
    ('billing', 'L-1', 'IN-1', 'S1', 'API', 'usage', 10, 0, 123450, 0, '2026-08-01', '2026-09-01', 'US-1', 'open',
     '2026-09-01', 'USD', 'US', 'C1'),
    ('billing', 'L-2', 'IN-2', 'S2', 'API', 'usage', 10, 0, 5000, 500, '2026-08-01', '2026-09-01', 'JP-1', 'open',
     '2026-09-01', 'JPY', 'JP', 'C2');
insert into canonical.erp_customer values ('erp', 'E1', 'C1'), ('erp', 'E2', 'C2');
insert into canonical.ar_document values
    ('erp', 'D-1', 'invoice', 'IN-1', 'D1', 'E1', 'US', 'USD', '2026-09-01', '2026-09-01', '2026-09', 123400, 0, 123400, 0,
     'paid', 'invoice', 'billing'),
    ('erp', 'D-9', 'invoice', null, 'D9', 'E1', 'US', 'USD', '2026-08-05', '2026-08-05', '2026-08', 700, 0, 700, 700,
     'open', null, null);
insert into canonical.cash_application values
    ('erp', 'A-1', 'R-1', 'D-1', 123400, '2026-09-20 10:00:00', '2026-09', 'US', 'USD');
insert into marts.reconciliation_results values
    ('R14', 'billing', 'IN-1', 'US', 'C1', 'USD', '2026-09', 123450, 123400, 50, null, 'break', 'C14',
     'accounting_control', 'The ERP holds 0.50 less than billing.', 'invoice:IN-1', 'ar_document:D-1', '2026-09-01 04:00:00'),
    ('R14', 'billing', 'IN-2', 'JP', 'C2', 'JPY', '2026-09', 5500, null, 5500, null, 'break', 'C02', 'transport',
     'No document in the ERP.', 'invoice:IN-2', null, '2026-09-01 04:00:00'),
    ('R14', 'billing', 'IN-3', 'BH', 'C3', 'BHD', '2026-08', 12345, 13345, -1000, null, 'break', 'C14',
     'accounting_control', '=1+1 is what the source wrote.', 'invoice:IN-3', 'ar_document:D-3', '2026-08-01 04:00:00'),
    ('R14', 'billing', 'IN-4', 'US', 'C1', 'USD', '2026-08', 100, 100, 0, null, 'matched', null, null, null,
     'invoice:IN-4', 'ar_document:D-4', null),
    ('R05', 'billing', 'S9|API|2026-09-01', 'US', 'C1', 'USD', '2026-09', 10.5, 10, 125, 0.5, 'timing', 'B03', null,
     'Not due before 2026-10-06', null, null, '2026-10-06 00:00:00'),
    ('R05', 'billing', 'S8|API|2026-09-01', 'US', 'C1', 'USD', '2026-09', null, null, null, null, 'not_testable', null,
     null, 'Not tested: no terms', null, null, null);
insert into marts.bridge_cells values
    ('US', 'C1', 'S1', 'API', '2026-08-01', 'USD', 123460, 123460, 123450, 123400, 123400),
    ('JP', 'C2', 'S2', 'API', '2026-08-01', 'JPY', 5000, 5000, 5000, 0, 0),
    ('BH', 'C3', 'S3', 'API', '2026-08-01', 'BHD', 12345, 12345, 12345, 12345, 12345);
insert into marts.bridge_allocation values
    ('US', 'C1', 'S1', 'API', '2026-08-01', 'USD', 'B', 'B04', 10, null, null, '1'),
    ('US', 'C1', 'S1', 'API', '2026-08-01', 'USD', 'C', 'C14', 50, null, null, '1'),
    ('JP', 'C2', 'S2', 'API', '2026-08-01', 'JPY', 'C', 'C02', 5000, null, null, '1');
insert into canonical.billing_customer values ('billing', 'C2', 'Umi KK'), ('billing', 'C3', 'Delmon WLL');
"""

DERIVED = """
insert into marts.exceptions
select md5(code || match_key), code, source_instance, match_key, cause_code, delta_minor, delta_quantity, currency_code,
    legal_entity_code, customer_id, period, 'S1', case when failure_class = 'transport' then 'IntegrationOps' else 'AR' end,
    'new', reason, 'Resend the message.', failure_class, timestamp '2026-10-12 04:00:00', left_ref, right_ref,
    timestamp '2026-10-12 00:00:00', md5(code || match_key), null
from marts.reconciliation_results where status = 'break';
create table marts.reconciliation_summary as
select code, source_instance, legal_entity_code, currency_code, period,
    count(*) as compared,
    count(*) filter (status = 'matched') as matched,
    count(*) filter (status = 'in_tolerance') as in_tolerance,
    count(*) filter (status = 'timing') as timing,
    count(*) filter (status = 'break') as breaks,
    count(*) filter (status = 'not_testable') as not_testable,
    cast(coalesce(sum(delta_minor) filter (status = 'break'), 0) as decimal(38,0)) as break_net_minor,
    cast(coalesce(sum(abs(delta_minor)) filter (status = 'break'), 0) as decimal(38,0)) as break_absolute_minor,
    cast(0 as decimal(38,0)) as tolerance_net_minor,
    cast(0 as decimal(38,0)) as tolerance_absolute_minor,
    cast(0 as decimal(38,0)) as timing_net_minor
from marts.reconciliation_results group by all;
"""

SUGGESTIONS = """
create schema matching;
create table matching.linkage_suggestions (link varchar, left_ref varchar, left_instance varchar, right_ref varchar,
    right_instance varchar, legal_entity_code varchar, probability_basis_points bigint, explanation varchar);
create table matching.matches (purpose varchar, group_id varchar, side varchar, record_instance varchar, record_id varchar,
    legal_entity_code varchar, customer_id varchar, currency_code varchar, amount_minor bigint, status varchar);
create table canonical.cash_receipt (source_instance varchar, receipt_id varchar, external_id varchar, received_date date);
insert into marts.controls values
    ('R19', 'duplicates', 'Duplicates', 'S1', 'BillingOps', 'T0: exact', 'W0: none', null,
     'A record is there once too often.', 'Reverse the surplus record.', 'r19'),
    ('R36', 'customer_drift', 'Customer masters against the authority policy', 'S2', 'MasterData', 'T0: exact',
     'Wm: 24 hours', 'billing.customers', 'A field differs from its owner.', 'Correct the follower.', 'r36');
insert into canonical.billing_customer values ('billing', 'C9', 'Umi Kabushiki');
insert into matching.linkage_suggestions values
    ('duplicate', 'billing.customers:C1', 'billing', 'billing.customers:C3', 'billing', 'US', 5100,
     'equal: name; different: email, tax id; not known on both sides: country'),
    ('duplicate', 'billing.customers:C2', 'billing', 'billing.customers:C9', 'billing', 'JP', 9705,
     'equal: tax id, country; alike: name'),
    ('crosswalk', 'crm.accounts:A-1', 'crm', 'erp.customers:E-77', 'erp', 'US', 9990, 'equal: name, tax id');
insert into matching.matches values
    ('receipt_copy', 'g', 'right', 'erp', 'R-LOOSE', 'JP', 'C2', 'JPY', 5500, 'suggested'),
    ('receipt_copy', 'g', 'left', 'erp', 'R-7', 'JP', 'C2', 'JPY', 5500, 'suggested'),
    ('receipt_copy', 'g', 'left', 'erp', 'R-8', 'JP', 'C2', 'JPY', 5500, 'suggested'),
    ('cash', 'h', 'left', 'erp', 'R-9', 'JP', 'C2', 'JPY', 9, 'suggested');
insert into canonical.cash_receipt values
    ('erp', 'R-LOOSE', null, '2026-09-03'), ('erp', 'R-7', 'P-7', '2026-09-02'), ('erp', 'R-8', 'P-8', '2026-09-03');
"""
"""What `write` needs as `extra` for a company with doubtful duplicates."""


def write(folder: Path, rows: bool = True, extra: str = "", number: int = 1) -> Path:
    """A home below `folder` with one published snapshot, and its `tieout.yml`; returns the yml."""
    published = folder / ".tieout" / "published"
    published.mkdir(parents=True, exist_ok=True)
    file = published / f"tieout-{number:06d}.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute(SCHEMA)
        if rows:
            con.execute(ROWS)
            con.execute("insert into canonical.billing_customer values ('billing', 'C1', ?)", [NAME])
        con.execute(DERIVED)
        if extra:
            con.execute(extra)
    link = published / "current.duckdb"
    link.unlink(missing_ok=True)
    link.symlink_to(file.name)
    return configuration(folder)


def configuration(folder: Path) -> Path:
    """A `tieout.yml` in the folder."""
    file = folder / "tieout.yml"
    file.write_text(
        "company: Borealis\nhome: .tieout\nas_of: 2026-10-12T00:00:00Z\nreporting_currency: USD\nsources:\n"
        "  - {name: billing, domain: billing, vendor: generic, connector: {type: files, path: data/billing}}\n"
        "  - {name: erp, domain: erp, vendor: generic, connector: {type: files, path: data/erp}}\n",
        encoding="utf-8",
    )
    return file
