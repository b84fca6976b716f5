-- One row per entity, currency and period: how much of what is posted rests on an unbroken chain from the ledger over
-- invoice and rated line to usage events or a contract?
{% set measure = [
  'kpi', 'legal_entity_code', 'currency_code', 'period', 'numerator', 'denominator', 'scale', 'formula', 'reason',
] %}
with journalised as (
  select distinct source_instance, document_id
  from {{ ref('journal_line') }}
  where source = 'billing' and document_id is not null
),

credited as (
  select source_instance, credit_note_line_id, invoice_line_id, credit_note_id, credit_note_is_live
  from {{ ref('credit_note_line') }}
),

posted as (
  select
    lines.legal_entity_code, lines.currency_code, lines.period, lines.billing_instance,
    abs(lines.amount_minor) as amount_minor,
    case when lines.external_object = 'credit_note' then credited.invoice_line_id else lines.source_line_id end
      as line_id,
    case
      when lines.external_object = 'credit_note'
        then coalesce(credited.credit_note_id = lines.external_id and credited.credit_note_is_live, false)
      else lines.external_object = 'invoice'
    end as is_billed,
    case when lines.external_object = 'invoice' then lines.external_id end as invoice_id,
    journalised.document_id is not null as is_journalised
  from {{ ref('ar_document_line') }} as lines
  left join journalised
    on journalised.source_instance = lines.source_instance and journalised.document_id = lines.document_id
  left join credited
    on
      credited.source_instance = lines.billing_instance
      and credited.credit_note_line_id = lines.source_line_id
      and lines.external_object = 'credit_note'
  where lines.document_status <> 'reversed'
),

metered as (
  select
    metered.billing_instance, metered.subscription_id, metered.sku, metered.service_month,
    min(case when metered.quantity = 0 or usages.valid_count > 0 then 1 else 0 end) as has_events
  from {{ ref('metered_month') }} as metered
  left join {{ ref('usage_month') }} as usages
    on
      usages.source_instance = metered.source_instance
      and usages.subscription_id = metered.subscription_id
      and usages.meter_code = metered.meter_code
      and usages.service_month = metered.service_month
  where metered.billing_instance is not null
  group by metered.billing_instance, metered.subscription_id, metered.sku, metered.service_month
),

rated as (
  select
    lines.billing_instance, lines.line_id, lines.invoice_id,
    case
      when lines.kind = 'usage' then coalesce(metered.has_events, 0) = 1
      else coalesce(lines.basis = 'contract', false)
    end as is_rooted
  from {{ ref('line_expected') }} as lines
  left join metered
    on
      metered.billing_instance = lines.billing_instance
      and metered.subscription_id = lines.subscription_id
      and metered.sku = lines.sku
      and metered.service_month = lines.service_month
  where lines.terms_id is not null and lines.untestable_reason is null
),

traced as (
  select
    posted.legal_entity_code, posted.currency_code, posted.period, posted.amount_minor,
    coalesce(
      posted.is_journalised
      and posted.is_billed
      and rated.is_rooted
      and (posted.invoice_id is null or posted.invoice_id = rated.invoice_id),
      false
    ) as is_unbroken
  from posted
  left join rated on rated.billing_instance = posted.billing_instance and rated.line_id = posted.line_id
),

traceability as (
  select
    'traceability_percent' as kpi, legal_entity_code, currency_code, period,
    sum(case when is_unbroken then amount_minor else 0 end) as numerator,
    sum(amount_minor) as denominator, 100 as scale,
    'posted amount with an unbroken chain GL - invoice - rated line - event or contract / posted amount, minor units'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from traced
  group by legal_entity_code, currency_code, period
)

{% for part in [
  'traceability',
] %}
select {{ measure | join(', ') }} from {{ part }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
