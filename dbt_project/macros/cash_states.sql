{#-
  The words of the source systems for cash that did not move. The contract takes any status of refunds and receipts;
  docs/landing.md lists what is read here, and a `mapping:` brings other words to it.
-#}

{#- True where a refund has not left, or will not: no money went back. -#}
{% macro is_unpaid_refund(status) -%}
  coalesce(lower({{ status }}) in (
    'failed', 'failure', 'error', 'declined', 'rejected', 'canceled', 'cancelled', 'void', 'voided', 'pending',
    'processing', 'in_progress', 'requires_action'
  ), false)
{%- endmacro %}


{#- True where the ERP took a receipt back: it is kept, and no money stands behind it. -#}
{% macro is_void_receipt(status) -%}
  coalesce(lower({{ status }}) in ('reversed', 'void', 'voided', 'deleted', 'canceled', 'cancelled'), false)
{%- endmacro %}
