{#-
  The columns of every model that lists steps of a workflow (models/reconciliation/evidence/step_*.sql), in one order:
      started_at     what its lag is counted from: the event that the step follows
      is_there       the record of the step exists; occurred_at is when, is_time_known whether that is sure
      is_needed      false: nothing of it belongs there yet
      due_at         until when it is allowed; null where is_needed is false
      failure        what went wrong, in words; failure_class transport, business_rule or accounting_control
-#}
{% macro transaction_step_columns() -%}
  {{ return([
    'workflow', 'business_transaction_id', 'source_instance', 'correlation_id', 'step_number', 'step', 'system', 'document',
    'started_at', 'occurred_at', 'is_time_known', 'due_at', 'is_there', 'is_needed', 'failure', 'failure_class',
    'effect_minor', 'currency_code', 'legal_entity_code', 'customer_id', 'period', 'owner_role',
  ]) }}
{%- endmacro %}
