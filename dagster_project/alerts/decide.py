"""What is news to somebody: findings as they are, against what was told before. Pure, so that its laws can be tested.

Laws: while nothing changes nothing is told, whatever the number of runs; every change is told once; what ends is told
to have ended, and only where it was told to have begun.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from dagster_project.alerts.finding import Amounts, Finding
from dagster_project.observability.options import AlertKind, Alerts

Event = Literal["opened", "changed", "reminder", "resolved"]


@dataclass(frozen=True)
class Told:
    """The last thing that was said about a finding, and when (the run's clock, UTC without offset)."""

    finding: Finding
    told_at: datetime


@dataclass(frozen=True)
class News:
    """One thing to say; `before` is what was said last, None where it is the first time."""

    event: Event
    finding: Finding
    before: Finding | None = None


@dataclass(frozen=True)
class Decision:
    """What to say, and the keys to forget without a word because the settings no longer want them."""

    news: tuple[News, ...]
    forgotten: tuple[str, ...]


def decide(
    told: Mapping[str, Told],
    found: Iterable[Finding],
    now: datetime,
    options: Alerts,
    looked_at: Collection[AlertKind],
) -> Decision:
    """The decision at `now`: news in the order of the findings, what has ended last.

    `looked_at` are the kinds that this run could see: only of these does absence mean that something has ended.
    """
    findings = {finding.key: finding for finding in found}
    wanted = {key for key, finding in findings.items() if is_wanted(finding, options)}
    known = {key for key, one in told.items() if is_wanted(one.finding, options)}
    absent = {key for key, one in told.items() if key not in findings and one.finding.kind in looked_at}
    news = [
        one
        for key, finding in findings.items()
        if key in wanted | known and (one := _of(finding, told.get(key), now, options))
    ]
    ended = [News("resolved", told[key].finding, told[key].finding) for key in sorted(absent & known)]
    muted = {key for key in told if key in absent or key in findings} - wanted - known
    return Decision((*news, *ended), tuple(sorted(muted)))


def _of(finding: Finding, told: Told | None, now: datetime, options: Alerts) -> News | None:
    if told is None:
        return News("opened", finding)
    before = told.finding
    if (finding.state, finding.severity, finding.owner_role) != (before.state, before.severity, before.owner_role):
        return News("changed", finding, before)
    if _moved(before.amounts, finding.amounts, options.amount_change_percent):
        return News("changed", finding, before)
    if options.reminder_hours and now - told.told_at >= timedelta(hours=options.reminder_hours):
        return News("reminder", finding, before)
    return None


def is_wanted(finding: Finding, options: Alerts) -> bool:
    """Whether a channel of these settings is to hear of it: by kind, severity and owner."""
    is_of_owner = not options.owners or finding.owner_role in options.owners
    return is_of_owner and finding.kind in options.about and finding.severity <= options.min_severity


def _moved(before: Amounts, now: Amounts, percent: int) -> bool:
    """Whether any currency's amount moved by at least `percent` of what was told; measured against that and not
    against the last run, so that a slow drift is told too."""
    old, new = dict(before), dict(now)
    return any(
        old.get(currency, 0) != new.get(currency, 0)
        and abs(new.get(currency, 0) - old.get(currency, 0)) * 100 >= percent * abs(old.get(currency, 0))
        for currency in old.keys() | new.keys()
    )
