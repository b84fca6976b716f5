{#-
  The control models, in catalogue order; `reconciliation_results` is their union.
  dbt resolves `ref` before it knows the project, so the list is written here once;
  tests/dbt/test_control_list.py fails, and says what to do, when this list and the folder differ.
-#}
{% macro control_models() -%}
  {{ return([
    'r01_entitlement_to_contract',
    'r02_entitlement_to_status',
    'r03_raw_to_metered_usage',
    'r04_usage_cutoff',
    'r05_metered_to_billed_quantity',
    'r06_rerated_to_billed_amount',
    'r07_prepaid_drawdown',
    'r08_unbilled_receivable',
    'r09_contract_to_subscription',
    'r10_amendment_four_way',
    'r11_applied_to_approved_discount',
    'r12_billed_after_end',
    'r13_one_invoice_per_period',
    'r14_invoice_to_receivable',
    'r15_tax_to_tax',
    'r16_credit_to_reversal',
    'r17_status_semantics',
    'r18_number_sequence',
    'r19_duplicates',
    'r20_orphans',
    'r21_posting_cutoff',
    'r22_interface_completeness',
    'r23_item_mapping',
    'r24_payment_to_application',
    'r25_payout_to_cash',
    'r26_refund_to_credit',
    'r27_dispute_to_receivable',
    'r28_paid_to_open_balance',
    'r29_fx_rate',
    'r30_schedule_to_contract',
    'r31_deferred_rollforward',
    'r32_proof_of_revenue',
    'r33_subledger_to_control',
    'r34_manual_journals',
    'r35_intercompany',
    'r36_customer_drift',
    'r37_catalogue_drift',
    'r38_source_health',
  ]) }}
{%- endmacro %}


{#- The `meta` of every control model, in the order of its code; empty while dbt only parses. -#}
{% macro control_catalogue() -%}
  {%- set found = [] -%}
  {%- if execute -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name in control_models() -%}
      {%- set meta = node.config.get('meta') or node.get('meta') or {} -%}
      {%- if not meta.get('code') -%}
        {{ exceptions.raise_compiler_error('control model ' ~ node.name ~ ' has no meta.code; expected the meta of docs/architecture.md, "One control, one model"') }}
      {%- endif -%}
      {%- do found.append(dict(meta, model=node.name)) -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return(found | sort(attribute='code')) }}
{%- endmacro %}


{#- A SQL string literal of any text; null for none. -#}
{% macro text_literal(value) -%}
  {%- if value is none -%}cast(null as {{ dbt.type_string() }})
  {%- else -%}'{{ (value | string | trim).replace("'", "''") }}'{%- endif -%}
{%- endmacro %}
