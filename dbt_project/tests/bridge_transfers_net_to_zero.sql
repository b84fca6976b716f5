-- If this fails, a transfer lost or made something on the way: usage moved to another subscription or month (A06, A07,
-- in quantity per meter), a posting in other books (C09, document currency without tax), cash on another document (D05,
-- D11, document currency gross).
{{ config(meta={"dagster": {"ref": {"name": "bridge_claim"}}}) }}
with usage as (
  select * from {{ ref('usage_difference') }} where untestable_reason is null
),

transfers as (
  select 'A06' as cause_code, product_instance as source_instance, meter_code as subject, own_surplus as amount
  from usage
  where cause_code = 'A06'
  union all
  select
    'A07' as cause_code, product_instance as source_instance, meter_code as subject,
    metered_quantity - in_time_quantity as amount
  from usage
  where is_moved
  union all
  select 'C09' as cause_code, source_instance, currency_code as subject, cast(amount_minor as decimal(38, 9)) as amount
  from {{ ref('bridge_claim') }}
  where cause_code = 'C09'
  union all
  select
    balances.cause_code, balances.erp_instance as source_instance, documents.currency_code as subject,
    cast(case when balances.side = 'memo' then -balances.amount_minor else balances.amount_minor end as decimal(38, 9))
      as amount
  from {{ ref('bridge_open_balance') }} as balances
  inner join {{ ref('ar_document') }} as documents
    on documents.source_instance = balances.erp_instance and documents.document_id = balances.document_id
  where balances.cause_code in ('D05', 'D11')
)

select cause_code, source_instance, subject, sum(amount) as difference
from transfers
group by cause_code, source_instance, subject
having sum(amount) <> 0
