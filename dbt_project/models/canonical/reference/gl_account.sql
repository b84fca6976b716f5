-- One row per general ledger account: what does it control?
with

gl_accounts as (

  {{ vendor_union('erp', 'gl_accounts', current_only=true) }}

)

select
  source_instance,
  account_number,
  name,
  type,
  control,
  updated_at,
  content_hash
from gl_accounts
