-- One row per ERP document: on which receivable account is it carried, and did its own journal reach one at all?
-- The journal decides; a document without a receivable line falls back to the entity's most used receivable account.
with control_accounts as (
  select source_instance, account_number
  from {{ ref('gl_account') }}
  where control = 'receivable'
),

receivable_lines as (
  select
    journals.source_instance,
    journals.legal_entity_code,
    journals.account_number,
    journals.document_id,
    journals.debit_minor + journals.credit_minor as moved_minor
  from {{ ref('journal_line') }} as journals
  inner join control_accounts
    on
      control_accounts.source_instance = journals.source_instance
      and control_accounts.account_number = journals.account_number
),

used as (
  select source_instance, legal_entity_code, account_number, count(*) as line_count
  from receivable_lines
  group by source_instance, legal_entity_code, account_number
),

usual_account as (
  select source_instance, legal_entity_code, account_number
  from used
  qualify
    row_number() over (partition by source_instance, legal_entity_code order by line_count desc, account_number asc) = 1
),

first_account as (
  select source_instance, min(account_number) as account_number
  from control_accounts
  group by source_instance
),

moved as (
  select source_instance, document_id, legal_entity_code, account_number, sum(moved_minor) as moved_minor
  from receivable_lines
  where document_id is not null
  group by source_instance, document_id, legal_entity_code, account_number
),

own_account as (
  select source_instance, document_id, legal_entity_code, account_number
  from moved
  qualify
    row_number() over (
      partition by source_instance, document_id order by moved_minor desc, account_number asc, legal_entity_code asc
    ) = 1
)

select
  documents.source_instance,
  documents.document_id,
  coalesce(
    case when own_account.legal_entity_code = documents.legal_entity_code then own_account.account_number end,
    usual_account.account_number,
    first_account.account_number
  ) as account_number,
  own_account.legal_entity_code as journal_legal_entity_code
from {{ ref('ar_document') }} as documents
inner join first_account on first_account.source_instance = documents.source_instance
left join usual_account
  on
    usual_account.source_instance = documents.source_instance
    and usual_account.legal_entity_code = documents.legal_entity_code
left join own_account
  on own_account.source_instance = documents.source_instance and own_account.document_id = documents.document_id
