"""The sheets of a pack's workbook: what each shows, in the words of who reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    """One sheet: its query, and per column a heading, a width and whether it is an amount in minor units.

    The query's last column is the number of decimals of the row's currency; it is not shown.
    """

    name: str
    query: str
    columns: tuple[tuple[str, int, bool], ...]
    when_empty: str = "Nothing to show for this period."


def _bridge(name: str, totals: str, amount: str) -> Sheet:
    """A bridge per entity, currency, leg and cause, in the currency of its documents."""
    return Sheet(
        name,
        f"""
        select b.legal_entity_code, b.currency_code, b.leg, b.cause_code, b.amount_minor, coalesce(k.exponent, 0)
        from read_parquet('{{folder}}/totals/{totals}.parquet') as b
        left join seeds.currencies as k on b.currency_code = k.currency_code
        order by b.legal_entity_code, b.currency_code, b.leg, b.cause_code
        """,
        (("Entity", 9, False), ("Currency", 9, False), ("Leg", 6, False), ("Cause", 8, False), (amount, 20, True)),
    )


TOTALS = Sheet(
    "Totals",
    """
    select t.code, c.title, t.source_instance, t.currency_code, t.status, t.row_count, t.delta_minor,
           t.absolute_delta_minor, c.owner_role, coalesce(k.exponent, 0)
    from read_parquet('{folder}/totals/control_totals.parquet') as t
    left join marts.controls as c on t.code = c.code
    left join seeds.currencies as k on t.currency_code = k.currency_code
    order by t.code, t.source_instance, t.currency_code, t.status
    """,
    (("Control", 9, False), ("What is compared", 46, False), ("Source", 12, False), ("Currency", 9, False),
     ("Status", 14, False), ("Rows", 10, False), ("Net difference", 18, True), ("Absolute difference", 18, True),
     ("Owner", 20, False)),
)  # fmt: skip
BREAKS = Sheet(
    "Breaks",
    """
    select e.code, e.match_key, e.severity, e.owner_role, e.legal_entity_code, e.customer_id, e.period,
           e.currency_code, e.delta_minor, e.cause_code, e.reason, coalesce(k.exponent, 0)
    from read_parquet('{folder}/exceptions.parquet') as e
    left join seeds.currencies as k on e.currency_code = k.currency_code
    order by e.severity, e.code, e.match_key
    """,
    (("Control", 9, False), ("Record", 32, False), ("Severity", 9, False), ("Owner", 18, False), ("Entity", 8, False),
     ("Customer", 14, False), ("Period", 9, False), ("Currency", 9, False), ("Difference", 18, True),
     ("Cause", 8, False), ("Reason", 90, False)),
    "No open break of this period: every control that could be tested ties out.",
)  # fmt: skip
BRIDGE = _bridge("Bridge", "bridge_totals", "Amount")
BRIDGE_TAX = _bridge("Tax bridge", "bridge_tax_totals", "Tax")
SOURCES = Sheet(
    "Sources",
    "select source_instance, object, status, reason, 0 from marts.source_health order by all",
    (("Source", 14, False), ("Object", 26, False), ("Status", 14, False), ("In words", 110, False)),
)
BRIDGE_REPORTING = Sheet(
    "Bridge, group",
    """
    select b.legal_entity_code, b.reporting_currency_code, b.leg, b.cause_code, b.reporting_minor,
           coalesce(k.exponent, 0)
    from read_parquet('{folder}/totals/bridge_reporting_totals.parquet') as b
    left join seeds.currencies as k on b.reporting_currency_code = k.currency_code
    order by b.legal_entity_code, b.leg, b.cause_code
    """,
    (("Entity", 9, False), ("Reporting currency", 12, False), ("Leg", 6, False), ("Cause", 12, False),
     ("Amount", 20, True)),
)  # fmt: skip
BRIDGE_PERIODS = Sheet(
    "Bridge by period",
    """
    select b.legal_entity_code, b.period, b.currency_code, b.leg, b.cause_code, b.amount_minor, coalesce(k.exponent, 0)
    from read_parquet('{folder}/totals/bridge_period_totals.parquet') as b
    left join seeds.currencies as k on b.currency_code = k.currency_code
    where b.amount_minor <> 0
    union all
    select b.legal_entity_code, b.period, b.base_currency_code, b.leg, b.cause_code, b.base_minor,
           coalesce(k.exponent, 0)
    from read_parquet('{folder}/totals/bridge_period_totals.parquet') as b
    left join seeds.currencies as k on b.base_currency_code = k.currency_code
    where b.base_minor <> 0
    order by all
    """,
    (("Entity", 9, False), ("Period", 9, False), ("Currency", 9, False), ("Leg", 6, False), ("Cause", 8, False),
     ("Amount", 20, True)),
    "What was billed in the period is posted in the period, at the policy's rates.",
)  # fmt: skip
TIMING = Sheet(
    "Timing items",
    """
    select r.legal_entity_code, r.currency_code, r.leg, r.opening_minor, r.created_minor, r.reversed_minor,
           r.closing_minor, coalesce(k.exponent, 0)
    from read_parquet('{folder}/totals/bridge_rollforward_totals.parquet') as r
    left join seeds.currencies as k on r.currency_code = k.currency_code
    where r.period = '{period}'
    order by r.legal_entity_code, r.currency_code, r.leg
    """,
    (("Entity", 9, False), ("Currency", 9, False), ("Leg", 6, False), ("Opening", 20, True), ("Created", 20, True),
     ("Ended", 20, True), ("Closing", 20, True)),
)  # fmt: skip
TOLERANCES = Sheet(
    "Tolerances",
    """
    select b.code, b.legal_entity_code, b.currency_code, b.differences, b.net_minor, b.absolute_minor, b.state,
           coalesce(k.exponent, 0)
    from read_parquet('{folder}/results/tolerance_budget.parquet') as b
    left join seeds.currencies as k on b.currency_code = k.currency_code
    order by b.code, b.legal_entity_code, b.currency_code
    """,
    (("Control", 9, False), ("Entity", 9, False), ("Currency", 9, False), ("Number", 10, False), ("Net", 18, True),
     ("Absolute", 18, True), ("Against the cap", 16, False)),
    "No difference was let pass by a tolerance, in any period.",
)  # fmt: skip
TRANSACTIONS = Sheet(
    "Transactions",
    """
    select t.workflow, t.state, t.currency_code, t.row_count, t.effect_minor, coalesce(k.exponent, 0)
    from read_parquet('{folder}/totals/transaction_totals.parquet') as t
    left join seeds.currencies as k on t.currency_code = k.currency_code
    order by t.workflow, t.state, t.currency_code
    """,
    (
        ("Workflow", 30, False),
        ("State", 12, False),
        ("Currency", 9, False),
        ("Number", 10, False),
        ("Amount", 20, True),
    ),
)
SHEETS = (
    TOTALS,
    BREAKS,
    BRIDGE,
    BRIDGE_TAX,
    BRIDGE_REPORTING,
    BRIDGE_PERIODS,
    TIMING,
    TOLERANCES,
    TRANSACTIONS,
    SOURCES,
)
