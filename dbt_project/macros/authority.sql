{#-
  A query: the rules of the authority policy that hold for each row of `relation`, the most specific one, a row per follower.

  relation   has the columns of `keys`, legal_entity_code (null: no entity's own rule applies), field and compared_on (the
             date of the compared value: a change of model never rewrites what happened before it)
  domains    the policy domains that the fields are of
  Returns the keys and field with model, owner_system, owner_name, via_system, follower_system, from_system,
  allowed_lag_minutes (null: until soft close), is_until_soft_close, severity, is_finance, approver, valid_from.
-#}
{% macro authority_of(relation, keys, domains) %}
  select
    {% for key in keys -%}
    judged.{{ key }},
    {% endfor -%}
    judged.field,
    policy.domain,
    policy.model,
    policy.owner_system,
    policy.owner_name,
    policy.via_system,
    policy.follower_system,
    policy.from_system,
    policy.allowed_lag_minutes,
    policy.is_until_soft_close,
    policy.severity,
    policy.is_finance,
    policy.approver,
    policy.valid_from as policy_from
  from {{ relation }} as judged
  inner join {{ source('config', 'authority') }} as policy
    on
      policy.domain in ('{{ domains | join("', '") }}')
      and policy.field = judged.field
      and policy.valid_from <= judged.compared_on
      and (policy.valid_to is null or policy.valid_to > judged.compared_on)
      and (policy.legal_entity_code is null or policy.legal_entity_code = judged.legal_entity_code)
  qualify
    rank() over (
      partition by {% for key in keys %}judged.{{ key }}, {% endfor %}judged.field
      order by policy.rank
    ) = 1
{% endmacro %}


{#- How a system is called in a sentence. -#}
{% macro system_words(system) -%}
  case {{ system }}
    when 'crm' then 'the CRM' when 'erp' then 'the ERP' when 'hub' then 'the hub' when 'psp' then 'the payment provider'
    when 'catalogue' then 'the catalogue' when 'product' then 'the product' else {{ system }}
  end
{%- endmacro %}


{#- The record of a customer in a system, as references to it begin. -#}
{% macro customer_object(system) -%}
  case {{ system }} when 'crm' then 'crm_account:' when 'billing' then 'billing_customer:' else 'erp_customer:' end
{%- endmacro %}
