-- One row per cell of the revenue controls (legal entity, currency, accounting period) of which a record did not come
-- through: a journal line, a document line, a revenue schedule or a part of a prepaid grant. A part of the key that the
-- record does not tell may be any.
with records as (
  select
    records.source_instance,
    records.object,
    records.legal_entity_code,
    records.currency_code,
    records.period,
    records.key_text is null as is_any,
    records.account_number,
    'a row of ' || records.object || coalesce(' ' || records.key_text, ' whose key cannot be read') || ' '
    || records.reason as reason
  from {{ ref('untestable_record') }} as records
  where
    records.domain = 'erp'
    and records.object in ('journal_lines', 'ar_document_lines', 'ar_documents', 'revenue_schedules')
),

relevant as (
  select records.*
  from records
  left join {{ ref('gl_account') }} as accounts
    on accounts.source_instance = records.source_instance and accounts.account_number = records.account_number
  where accounts.account_number is null or accounts.control in ('deferred_revenue', 'revenue', 'unbilled')
),

cells as (
  select distinct source_instance, legal_entity_code, currency_code, period
  from {{ ref('revenue_ledger') }}
  union
  select distinct source_instance, legal_entity_code, currency_code, period
  from {{ ref('deferred_movement') }}
),

prepaid as (
  select
    links.linked_instance as source_instance,
    'a row of ' || records.object || coalesce(' ' || records.key_text, ' whose key cannot be read') || ' '
    || records.reason as reason
  from {{ ref('untestable_record') }} as records
  inner join {{ source('config', 'instance_links') }} as links
    on links.source_instance = records.source_instance and links.domain = 'erp'
  where records.domain = 'billing' and records.object in ('prepaid_grants', 'prepaid_drawdowns')
),

found as (
  select
    cells.source_instance, cells.legal_entity_code, cells.currency_code, cells.period, relevant.reason,
    relevant.object
  from cells
  inner join relevant
    on
      relevant.source_instance = cells.source_instance
      and (
        relevant.is_any
        or (
          coalesce(relevant.legal_entity_code, cells.legal_entity_code) = cells.legal_entity_code
          and coalesce(relevant.currency_code, cells.currency_code) = cells.currency_code
          and coalesce(relevant.period, cells.period) = cells.period
        )
      )
  union all
  select
    cells.source_instance, cells.legal_entity_code, cells.currency_code, cells.period, prepaid.reason,
    'prepaid' as object
  from cells
  inner join prepaid on prepaid.source_instance = cells.source_instance
)

select
  source_instance,
  legal_entity_code,
  currency_code,
  period,
  min(reason) as deferred_reason,
  min(case when object = 'journal_lines' then reason end) as ledger_reason
from found
group by source_instance, legal_entity_code, currency_code, period
