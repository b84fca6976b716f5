{#-
  rate: amounts of many priced quantities at once, exact, rounded once at the end of each.

  requests: relation or CTE, one row per amount, with
      rate_id            unique
      billing_instance, price_id   find the tiers
      scheme             flat, per_unit, graduated, volume, package
      unit_amount, package_size    of the price (or of what one wants to try instead)
      quantity           billed units, before the included quantity
      included_quantity  taken off first; null = 0
      discount_percent   the discount that applies on this service start; null = 0
      active_days, interval_days   proration; null = the whole interval
      exponent           decimals of the currency
  steps: relation `price_step`: billing_instance, price_id, tier_number, tier_from, up_to, unit_amount, flat_amount,
      is_usable.
  Returns a query: rate_id, rated_minor (BIGINT; null when price, tier or currency is unknown or from 10^18 on).

  Scale: a quantity and a price are whole billionths, their product has 18 decimals; the discount adds six, and one rounded
  division at the end takes all of them off. Rounding a tier or the discount on its own would drift by a cent per line.
-#}
{% macro rate(requests, steps=none) %}
{%- set steps = steps or ref('price_step') -%}
{%- set whole = whole() -%}
select
  rate_id,
  -- ten times the widest amount that a record may have: what is wider is never billed, and differences of what is fit BIGINT
  case when abs(rounded) < 1000000000000000000 then cast(rounded as bigint) end as rated_minor
from (
  select
    rate_id,
    {{ mul_div_round('gross', 'numerator', 'denominator') }} as rounded
  from (
    select
      rate_id,
      case scheme
        when 'flat' then unit_price * cast(1000000000 as {{ whole }})
        when 'per_unit' then {{ product_or_null('units', 'unit_price') }}
        when 'package' then {{ product_or_null('packages * 1000000000', 'unit_price') }}
        when 'graduated' then case when units = 0 then 0 when step_units = units then step_total end
        when 'volume' then case when step_count = 1 then step_total end
      end as gross,
      cast(discount_factor * active as {{ whole }}) as numerator,
      cast(
        cast(1000000000000 as {{ whole }}) * 100000000
        * case exponent when 0 then 10000 when 1 then 1000 when 2 then 100 when 3 then 10 when 4 then 1 end
        * interval_length as {{ whole }}
      ) as denominator
    from (
      select
        sized.rate_id,
        max(sized.scheme) as scheme,
        max(sized.units) as units,
        max(sized.unit_price) as unit_price,
        max(sized.packages) as packages,
        max(sized.discount_factor) as discount_factor,
        max(sized.active) as active,
        max(sized.interval_length) as interval_length,
        max(sized.exponent) as exponent,
        count(steps.tier_number) as step_count,
        case when sum(case when steps.is_usable then 0 else 1 end) = 0 then sum(steps.units_in_step) end as step_units,
        case
          when sum(case when steps.is_usable and steps.amount is not null then 0 else 1 end) = 0 then sum(steps.amount)
        end as step_total
      from ({{ rate__sized(requests) }}) as sized
      left join ({{ rate__steps(requests, steps) }}) as steps on steps.rate_id = sized.rate_id
      group by sized.rate_id
    ) as summed
  ) as scaled
) as rated
{% endmacro %}


{#- Requests as whole numbers: billionths of quantity and price, packages begun, the discount in millionths. -#}
{% macro rate__sized(requests) %}
  select
    rate_id,
    billing_instance,
    price_id,
    scheme,
    units,
    unit_price,
    case
      when package_units > 0 then {{ whole_div('units + package_units - 1', 'package_units') }}
    end as packages,
    discount_factor,
    active,
    interval_length,
    exponent
  from (
    select
      rate_id,
      billing_instance,
      price_id,
      scheme,
      -- not greatest(): it would turn an unknown quantity into none
      case
        when {{ billionths('quantity') }} > coalesce({{ billionths('included_quantity') }}, 0)
          then {{ billionths('quantity') }} - coalesce({{ billionths('included_quantity') }}, 0)
        when {{ billionths('quantity') }} is not null or scheme = 'flat' then cast(0 as {{ whole() }})
      end as units,
      {{ billionths('unit_amount') }} as unit_price,
      {{ billionths('package_size') }} as package_units,
      1000000 - cast(coalesce(discount_percent, 0) * 10000 as bigint) as discount_factor,
      coalesce(active_days, 1) as active,
      case when active_days is null then 1 else interval_days end as interval_length,
      exponent
    from {{ requests }}
    where quantity >= 0 or scheme = 'flat'
  ) as whole_numbers
{% endmacro %}


{#- The tiers each tiered request touches: units and amount (18 decimals) within each. -#}
{% macro rate__steps(requests, steps) %}
  select
    rate_id,
    tier_number,
    is_usable,
    units_in_step,
    {{ product_or_null('units_in_step', 'step_price') }} + step_flat * cast(1000000000 as {{ whole() }}) as amount
  from (
    select
      sized.rate_id,
      tiers.tier_number,
      tiers.is_usable,
      case
        when sized.scheme = 'volume' then sized.units
        else least(sized.units, coalesce({{ billionths('tiers.up_to') }}, sized.units)) - {{ billionths('tiers.tier_from') }}
      end as units_in_step,
      {{ billionths('tiers.unit_amount') }} as step_price,
      {{ billionths('tiers.flat_amount') }} as step_flat
    from ({{ rate__sized(requests) }}) as sized
    inner join {{ steps }} as tiers
      on
        tiers.billing_instance = sized.billing_instance
        and tiers.price_id = sized.price_id
        and (
          (sized.scheme = 'graduated' and (sized.units > {{ billionths('tiers.tier_from') }}))
          or (
            sized.scheme = 'volume'
            and (sized.units > {{ billionths('tiers.tier_from') }} or tiers.tier_from = 0)
            and (tiers.up_to is null or sized.units <= {{ billionths('tiers.up_to') }})
          )
        )
  ) as touched
{% endmacro %}


{#- a x b for whole numbers; null from 10^36 on (10^18 in money), so that a sum of tiers cannot overflow either. -#}
{% macro product_or_null(a, b) -%}
  case
    when {{ b }} = 0 then cast(0 as {{ whole() }})
    when {{ product_is_at_most('abs(' ~ a ~ ')', 'abs(' ~ b ~ ')', '1000000000000000000000000000000000000') }}
      then ({{ a }}) * ({{ b }})
  end
{%- endmacro %}


{#- The discount that applies: its percentage while `until` is open or on or after the service start, else 0. -#}
{% macro discount_in_force(percent, until, service_start) -%}
  case when {{ until }} is null or {{ until }} >= {{ service_start }} then coalesce({{ percent }}, cast(0 as decimal(7, 4))) else cast(0 as decimal(7, 4)) end
{%- endmacro %}


{#- The top-up to a usage item's minimum: what the rounded usage line falls short of it, never negative. -#}
{% macro minimum_top_up(minimum_minor, rated_minor) -%}
  case
    when coalesce({{ minimum_minor }}, 0) > {{ rated_minor }} then coalesce({{ minimum_minor }}, 0) - {{ rated_minor }}
    when {{ rated_minor }} is not null then 0
  end
{%- endmacro %}
