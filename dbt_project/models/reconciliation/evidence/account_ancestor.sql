-- One row per account and each account above it: who may pay whose debts? Each round doubles the levels, so five rounds
-- reach 32, as far as `account` climbs.
{% set rounds = 5 %}
with above_0 as (
  select account_key, parent_account_key as ancestor_key
  from {{ ref('account') }}
  where parent_account_key is not null and not is_circular
),

{% for round in range(1, rounds + 1) %}
above_{{ round }} as (
  select account_key, ancestor_key
  from above_{{ round - 1 }}
  union
  select lower_accounts.account_key, upper_accounts.ancestor_key
  from above_{{ round - 1 }} as lower_accounts
  inner join above_{{ round - 1 }} as upper_accounts on upper_accounts.account_key = lower_accounts.ancestor_key
){{ ',' if not loop.last }}

{% endfor %}
select account_key, ancestor_key
from above_{{ rounds }}
