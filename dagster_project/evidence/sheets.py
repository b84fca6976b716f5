"""The sheets of a pack's workbook: what each shows, in the words of who reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dagster_project.close.terms import BY_OBJECT, KEEPER, cause, leg, owner, plain
from dagster_project.sql import listed

LINE_HEIGHT = 15  # points


@dataclass(frozen=True)
class Column:
    """A heading, the width in characters, whether it is an amount in minor units, the words for a code, and whether a
    longer text goes on in the next line."""

    heading: str
    width: int
    is_amount: bool = False
    words: Callable[[str], str] = str
    wraps: bool = False


@dataclass(frozen=True)
class Sheet:
    """One sheet: its query and its columns.

    The query's last column is the number of decimals of the row's currency; it is not shown.
    """

    name: str
    query: str
    columns: tuple[Column, ...]
    when_empty: str = "Nothing to show for this period."


CONTROL, SOURCE, ENTITY, PERIOD, CURRENCY = (
    Column(heading, width)
    for heading, width in (("Control", 12), ("Source", 14), ("Entity", 11), ("Period", 11), ("Currency", 13))
)
LEG, CAUSE = Column("Stage", 25, words=leg), Column("Cause", 46, words=cause)
OWNER, NUMBER = Column("Owner", 25, words=owner), Column("Number", 12)


def _amount(heading: str) -> Column:
    return Column(heading, max(20, len(heading) + 4), is_amount=True)


def _bridge(name: str, totals: str, amount: str) -> Sheet:
    """A bridge per entity, currency, leg and cause, in the currency of its documents."""
    return Sheet(
        name,
        f"""
        select b.legal_entity_code, b.currency_code, b.leg, b.cause_code, b.amount_minor, coalesce(k.exponent, 0)
        from read_parquet('{{folder}}/totals/{totals}.parquet') as b
        left join read_parquet('{{folder}}/results/currencies.parquet') as k on b.currency_code = k.currency_code
        order by b.legal_entity_code, b.currency_code, b.leg, b.cause_code
        """,
        (ENTITY, CURRENCY, LEG, CAUSE, _amount(amount)),
    )


TOTALS = Sheet(
    "Totals",
    f"""
    select t.code, c.title, t.source_instance, t.currency_code, t.status, t.row_count, t.delta_minor,
           t.absolute_delta_minor, case when t.code in ({listed(BY_OBJECT)}) then '{KEEPER}' else c.owner_role end,
           coalesce(k.exponent, 0)
    from read_parquet('{{folder}}/totals/control_totals.parquet') as t
    left join read_parquet('{{folder}}/results/controls.parquet') as c on t.code = c.code
    left join read_parquet('{{folder}}/results/currencies.parquet') as k on t.currency_code = k.currency_code
    order by t.code, t.source_instance, t.currency_code, t.status
    """,
    (
        CONTROL,
        Column("What is compared", 46),
        SOURCE,
        CURRENCY,
        Column("Status", 14, words=plain),
        NUMBER,
        _amount("Net difference"),
        _amount("Absolute difference"),
        OWNER,
    ),
)
BREAKS = Sheet(
    "Breaks",
    """
    select e.code, e.match_key, e.severity, e.owner_role, e.legal_entity_code, e.customer_id, e.period,
           e.currency_code, e.delta_minor, e.cause_code, e.reason, e.next_step, coalesce(k.exponent, 0)
    from read_parquet('{folder}/exceptions.parquet') as e
    left join read_parquet('{folder}/results/currencies.parquet') as k on e.currency_code = k.currency_code
    order by e.severity, e.code, e.match_key
    """,
    (
        CONTROL,
        Column("Record", 28, wraps=True),
        Column("Severity", 12),
        Column("Owner", 20, words=owner, wraps=True),
        ENTITY,
        Column("Customer", 14),
        PERIOD,
        CURRENCY,
        _amount("Difference"),
        Column("Cause", 27, words=cause, wraps=True),
        Column("Reason", 70, wraps=True),
        Column("Next", 50, wraps=True),
    ),
    "No open break of this period: every control that could be tested ties out.",
)
EARLIER_BREAKS = replace(
    BREAKS,
    name="Earlier breaks",
    query=BREAKS.query.replace("/exceptions.parquet", "/exceptions_of_earlier_periods.parquet"),
    when_empty="No break of an earlier period is still open.",
)
BRIDGE = _bridge("Bridge", "bridge_totals", "Amount")
BRIDGE_TAX = _bridge("Tax bridge", "bridge_tax_totals", "Tax")
SOURCES = Sheet(
    "Sources",
    """
    select source_instance, object, status, reason, 0
    from read_parquet('{folder}/results/source_health.parquet')
    order by all
    """,
    (SOURCE, Column("Object", 26), Column("Status", 14, words=plain), Column("In words", 110, wraps=True)),
)
BRIDGE_REPORTING = Sheet(
    "Bridge, group",
    """
    select b.legal_entity_code, b.reporting_currency_code, b.leg, b.cause_code, b.reporting_minor,
           coalesce(k.exponent, 0)
    from read_parquet('{folder}/totals/bridge_reporting_totals.parquet') as b
    left join read_parquet('{folder}/results/currencies.parquet') as k on b.reporting_currency_code = k.currency_code
    order by b.legal_entity_code, b.leg, b.cause_code
    """,
    (ENTITY, Column("Reporting currency", 22), LEG, CAUSE, _amount("Amount")),
)
BRIDGE_PERIODS = Sheet(
    "Bridge by period",
    """
    select b.legal_entity_code, b.period, b.currency_code, b.leg, b.cause_code, b.amount_minor, coalesce(k.exponent, 0)
    from read_parquet('{folder}/totals/bridge_period_totals.parquet') as b
    left join read_parquet('{folder}/results/currencies.parquet') as k on b.currency_code = k.currency_code
    where b.amount_minor <> 0
    union all
    select b.legal_entity_code, b.period, b.base_currency_code, b.leg, b.cause_code, b.base_minor,
           coalesce(k.exponent, 0)
    from read_parquet('{folder}/totals/bridge_period_totals.parquet') as b
    left join read_parquet('{folder}/results/currencies.parquet') as k on b.base_currency_code = k.currency_code
    where b.base_minor <> 0
    order by all
    """,
    (ENTITY, PERIOD, CURRENCY, LEG, CAUSE, _amount("Amount")),
    "What was billed in the period is posted in the period, at the policy's rates.",
)
TIMING = Sheet(
    "Timing items",
    """
    select r.legal_entity_code, r.currency_code, r.leg, r.opening_minor, r.created_minor, r.reversed_minor,
           r.closing_minor, coalesce(k.exponent, 0)
    from read_parquet('{folder}/totals/bridge_rollforward_totals.parquet') as r
    left join read_parquet('{folder}/results/currencies.parquet') as k on r.currency_code = k.currency_code
    where r.period = '{period}'
    order by r.legal_entity_code, r.currency_code, r.leg
    """,
    (
        ENTITY,
        CURRENCY,
        LEG,
        *map(_amount, ("Opening", "Created", "Ended", "Closing")),
    ),
)
TOLERANCES = Sheet(
    "Tolerances",
    """
    select b.code, b.legal_entity_code, b.currency_code, b.differences, b.net_minor, b.absolute_minor, b.state,
           coalesce(k.exponent, 0)
    from read_parquet('{folder}/results/tolerance_budget.parquet') as b
    left join read_parquet('{folder}/results/currencies.parquet') as k on b.currency_code = k.currency_code
    order by b.code, b.legal_entity_code, b.currency_code
    """,
    (
        CONTROL,
        ENTITY,
        CURRENCY,
        NUMBER,
        _amount("Net"),
        _amount("Absolute"),
        Column("Against the cap", 19, words=plain),
    ),
    "No difference was let pass by a tolerance, in any period.",
)
TRANSACTIONS = Sheet(
    "Transactions",
    """
    select t.workflow, t.state, t.currency_code, t.row_count, t.effect_minor, coalesce(k.exponent, 0)
    from read_parquet('{folder}/totals/transaction_totals.parquet') as t
    left join read_parquet('{folder}/results/currencies.parquet') as k on t.currency_code = k.currency_code
    order by t.workflow, t.state, t.currency_code
    """,
    (
        Column("Workflow", 30, words=plain),
        Column("State", 12, words=plain),
        CURRENCY,
        NUMBER,
        _amount("Amount"),
    ),
)
SHEETS = (
    TOTALS,
    BREAKS,
    EARLIER_BREAKS,
    BRIDGE,
    BRIDGE_TAX,
    BRIDGE_REPORTING,
    BRIDGE_PERIODS,
    TIMING,
    TOLERANCES,
    TRANSACTIONS,
    SOURCES,
)
