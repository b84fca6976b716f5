-- Currencies whose decimals in messages and tolerances differ from the seed: their amounts would read a factor of ten
-- wrong.
select
  currency_code,
  exponent
from {{ ref('currencies') }}
where exponent <> {{ currency_exponent('currency_code') }}
