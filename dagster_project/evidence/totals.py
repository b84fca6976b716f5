"""The totals of a pack and how they follow from its tables: the one definition for writing and for verifying.

Amounts are minor units of the row's currency, `reporting_minor` of the reporting currency.
"""

from __future__ import annotations

STATUSES = ("matched", "in_tolerance", "timing", "break", "not_testable")


def _sums(rows: str, grain: str, **sums: str) -> str:
    added = ", ".join(f"cast(sum({column}) as decimal(38, 0)) as {name}" for name, column in sums.items())
    return f"select {grain}, count(*) as row_count, {added} from {{{rows}}} group by {grain}"


TOTALS = {
    # left and right are money where a difference in money stands alone, else what the control counts
    "control_totals": """
        select
            code,
            source_instance,
            currency_code,
            status,
            count(*) as row_count,
            cast(sum(delta_minor) as decimal(38, 0)) as delta_minor,
            cast(sum(abs(delta_minor)) as decimal(38, 0)) as absolute_delta_minor,
            cast(sum(left_value) as decimal(38, 9)) as left_value,
            cast(sum(right_value) as decimal(38, 9)) as right_value,
            case
                when count(coalesce(left_value, right_value)) = 0 then null
                when bool_and(delta_minor is not null and delta_quantity is null)
                    filter (left_value is not null or right_value is not null) then 'minor units'
                when bool_or(delta_minor is not null and delta_quantity is null)
                    filter (left_value is not null or right_value is not null) then 'both'
                else 'quantities'
            end as values_in
        from {population}
        group by code, source_instance, currency_code, status
    """,
    "bridge_totals": """
        select
            legal_entity_code,
            currency_code,
            leg,
            cause_code,
            cast(sum(amount_minor) as decimal(38, 0)) as amount_minor
        from {bridge_allocation}
        group by legal_entity_code, currency_code, leg, cause_code
    """,
    "bridge_tax_totals": _sums(
        "bridge_tax", "legal_entity_code, currency_code, leg, cause_code", amount_minor="amount_minor"
    ),
    "bridge_reporting_totals": _sums(
        "bridge_reporting",
        "legal_entity_code, reporting_currency_code, leg, cause_code",
        reporting_minor="reporting_minor",
    ),
    "bridge_period_totals": _sums(
        "bridge_periods",
        "legal_entity_code, period, currency_code, leg, cause_code, base_currency_code",
        amount_minor="amount_minor",
        base_minor="base_minor",
    ),
    # opening and closing follow from what was created and reversed, never from the balances stated
    "bridge_rollforward_totals": """
        with months as (
            select
                legal_entity_code, currency_code, leg, period,
                cast(sum(created_minor) as decimal(38, 0)) as created_minor,
                cast(sum(reversed_minor) as decimal(38, 0)) as reversed_minor
            from {bridge_rollforward}
            group by legal_entity_code, currency_code, leg, period
        ),
        rolled as (
            select
                *,
                cast(
                    sum(created_minor - reversed_minor)
                    over (partition by legal_entity_code, currency_code, leg order by period) as decimal(38, 0)
                ) as closing_minor
            from months
        )
        select
            legal_entity_code, currency_code, leg, period,
            cast(closing_minor - created_minor + reversed_minor as decimal(38, 0)) as opening_minor,
            created_minor, reversed_minor, closing_minor
        from rolled
    """,
    "transaction_totals": _sums("business_transactions", "workflow, state, currency_code", effect_minor="effect_minor"),
    "tolerance_totals": """
        select
            code,
            coalesce(legal_entity_code, 'unknown') as legal_entity_code,
            coalesce(currency_code, 'unknown') as currency_code,
            count(*) as differences,
            cast(sum(delta_minor) as decimal(38, 0)) as net_minor,
            cast(sum(abs(delta_minor)) as decimal(38, 0)) as absolute_minor
        from {in_tolerance}
        where delta_minor is not null
        group by all
    """,
    "lineage_totals": _sums(
        "lineage_edges", "relation, from_type, to_type, currency_code", amount_minor="amount_minor"
    ),
}
"""Query of every total, over the named tables of the pack."""

SCOPED = {
    "bridge_totals": "bridge_allocation",
    "bridge_tax_totals": "bridge_tax",
    "bridge_reporting_totals": "bridge_reporting",
    "bridge_period_totals": "bridge_periods",
    "bridge_rollforward_totals": "bridge_rollforward",
    "transaction_totals": "business_transactions",
}
"""Totals over one table of the period's scope."""
