"""Dates, service intervals and times of day. Times that decide a period lie around noon UTC,
so that every entity's own calendar gives the same day."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta

from sample_data.config import AS_OF, UTC


def at(day: date, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)


def period_of(day: date) -> str:
    return f"{day.year}-{day.month:02d}"


def month_start(period: str) -> date:
    return date(int(period[:4]), int(period[5:]), 1)


def add_months(day: date, months: int, anchor: int | None = None) -> date:
    """`months` later on the anchor's day, or the month's last day where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(anchor or day.day, calendar.monthrange(year, month + 1)[1]))


def month_end(period: str) -> date:
    return add_months(month_start(period), 1) - timedelta(days=1)


def next_period(period: str) -> str:
    return period_of(add_months(month_start(period), 1))


def intervals(start: date, every: str, end: date | None) -> list[tuple[date, date]]:
    """Service intervals counted from `start` that have begun at the as-of date."""
    step, found, index = (1 if every == "month" else 12), [], 0
    while (begin := add_months(start, index * step)) <= AS_OF.date() and (end is None or begin < end):
        found.append((begin, add_months(start, (index + 1) * step)))
        index += 1
    return found


def months_between(start: date, end: date) -> list[tuple[str, int]]:
    """Calendar months of [start, end), each with its number of days."""
    found, day = [], start
    while day < end:
        following = min(end, add_months(day.replace(day=1), 1))
        found.append((period_of(day), (following - day).days))
        day = following
    return found


def business_day(day: date) -> date:
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day
