"""The totals of a pack and how they follow from its populations: the one definition for writing and for verifying."""

from __future__ import annotations

STATUSES = ("matched", "in_tolerance", "timing", "break", "not_testable")

TOTALS = """
    select
        code,
        source_instance,
        currency_code,
        status,
        count(*) as row_count,
        cast(sum(delta_minor) as decimal(38, 0)) as delta_minor,
        cast(sum(abs(delta_minor)) as decimal(38, 0)) as absolute_delta_minor,
        cast(sum(left_value) as decimal(38, 9)) as left_value,
        cast(sum(right_value) as decimal(38, 9)) as right_value
    from {population}
    group by code, source_instance, currency_code, status
"""
"""Grain: control, instance, currency, status. Minor units; quantity controls carry quantities in left and right."""

BRIDGE_LEGS = """
    select
        legal_entity_code,
        currency_code,
        leg,
        cause_code,
        cast(sum(amount_minor) as decimal(38, 0)) as amount_minor
    from {allocation}
    group by legal_entity_code, currency_code, leg, cause_code
"""
"""Grain: entity, currency, leg, cause. Minor units."""
