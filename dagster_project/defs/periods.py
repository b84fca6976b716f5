"""The accounting periods as partitions: a close and its evidence pack belong to one."""

from datetime import datetime, timedelta

import dagster as dg

ACCOUNTING_PERIODS = dg.DynamicPartitionsDefinition(name="accounting_period")
DEFAULTED_TAG = "tieout/period_defaulted"


def last_ended(as_of: datetime) -> str:
    """`YYYY-MM` of the calendar month that ended last before `as_of`: what a close is about when nothing is said."""
    return f"{as_of.replace(day=1) - timedelta(days=1):%Y-%m}"


def register(instance: dg.DagsterInstance, periods: list[str]) -> None:
    """Makes these periods known as partitions; those that are known already stay as they are."""
    known = set(instance.get_dynamic_partitions(str(ACCOUNTING_PERIODS.name)))
    new = [period for period in periods if period not in known]
    if new:
        instance.add_dynamic_partitions(str(ACCOUNTING_PERIODS.name), new)
