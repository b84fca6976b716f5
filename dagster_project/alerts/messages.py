"""News in words for people: what, where, how much, why, whose it is, what to do, where to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dagster_project.alerts.decide import News
from dagster_project.alerts.finding import Amounts, Finding, amounts
from dagster_project.money import major
from dagster_project.words import counted

SHOWN = 10
"""Findings that a digest spells out; the rest is counted and stands on the page."""
_EVENTS = {"opened": "", "changed": "Changed: ", "reminder": "Still open: ", "resolved": "Resolved: "}
_KINDS = {
    "gate": ("closed gate", "closed gates"),
    "unexplained": ("limit on the unexplained exceeded", "limits on the unexplained exceeded"),
    "sla": ("overdue problem", "overdue problems"),
    "stale": ("stale source", "stale sources"),
    "run": ("failed run", "failed runs"),
}


@dataclass(frozen=True)
class Message:
    """One message: `news` is what it tells, `is_good` that it only tells of ends."""

    title: str
    body: str
    is_good: bool
    news: tuple[News, ...]


@dataclass(frozen=True)
class Context:
    """What every message names: whose books, how the dashboard is reached, and each currency's decimals."""

    company: str
    dashboard: str
    command: str
    exponents: Mapping[str, int]

    def where_to_look(self, page: str) -> str:
        """A link where the dashboard's address is configured, else the command that opens it."""
        return f"{self.dashboard}/{page}" if self.dashboard else self.command

    def money(self, sums: Amounts) -> str:
        """`12.34 USD and 500 JPY`, or that there is no amount."""
        known = [f"{major(minor, self.exponents.get(currency, 2))} {currency}" for currency, minor in sums]
        return " and ".join(known) or "no amount"


def messages(news: Sequence[News], context: Context, digest_above: int) -> list[Message]:
    """A message each, or one per owner role where there are more than `digest_above`."""
    if len(news) <= digest_above:
        return [_single(one, context) for one in news]
    owners = dict.fromkeys(one.finding.owner_role for one in news)
    grouped = [(owner, tuple(one for one in news if one.finding.owner_role == owner)) for owner in owners]
    return [_single(some[0], context) if len(some) == 1 else _digest(owner, some, context) for owner, some in grouped]


def _single(one: News, context: Context) -> Message:
    finding = one.finding
    lines = [
        f"What: {_EVENTS[one.event]}{finding.title}",
        f"Where: {finding.where}",
        f"How much: {_how_much(one, context)}",
        f"Why: {finding.reason}",
        f"Who acts: {_who(one)}",
        f"Next: {'nothing' if one.event == 'resolved' else finding.next_step}",
        f"Look: {context.where_to_look(finding.page)}",
    ]
    place = f", {finding.where}" if finding.kind in ("gate", "unexplained") else ""
    title = f"{context.company} {finding.severity}: {_EVENTS[one.event]}{finding.title}{place}"
    return Message(title, "\n".join(lines), one.event == "resolved", (one,))


def _how_much(one: News, context: Context) -> str:
    now = context.money(one.finding.amounts)
    if one.event == "changed" and one.before and one.before.amounts != one.finding.amounts:
        return f"{now}, told before: {context.money(one.before.amounts)}"
    return f"it was {now}" if one.event == "resolved" and one.finding.amounts else now


def _who(one: News) -> str:
    owner, before = one.finding.owner_role, one.before.owner_role if one.before else ""
    return f"{owner}, told before: {before}" if one.event == "changed" and before != owner else owner


def _digest(owner: str, news: tuple[News, ...], context: Context) -> Message:
    opened = [one for one in news if one.event != "resolved"]
    ended = [one for one in news if one.event == "resolved"]
    lines = [f"Open: {_counted(opened, context)}."] if opened else []
    if ended:
        lines.append(f"Resolved: {_counted(ended, context)}.")
    ranks = _ranks(news)
    ordered = sorted(news, key=lambda one: (one.event == "resolved", one.finding.severity, ranks[one.finding.key]))
    lines += [f"- {_line(one, context)}" for one in ordered[:SHOWN]]
    if len(ordered) > SHOWN:
        lines.append(f"... and {len(ordered) - SHOWN:,} more")
    lines += [f"Who acts: {owner}", f"Look: {context.where_to_look('')}"]
    worst = min(one.finding.severity for one in news)
    title = f"{context.company} {worst}: {len(news):,} findings for {owner}"
    return Message(title, "\n".join(lines), not opened, news)


def _line(one: News, context: Context) -> str:
    finding = one.finding
    return (
        f"{finding.severity} {_EVENTS[one.event]}{finding.title}; {finding.where};"
        f" {context.money(finding.amounts)}. Next: {finding.next_step}"
    )


def _ranks(news: Sequence[News]) -> dict[str, int]:
    """Place of each finding among those of its currency, the largest amount first: yen must not crowd out dollars only
    because there are more of them to a meal. What has no amount comes last."""
    ranks = {one.finding.key: len(news) for one in news}
    for currency in {currency for one in news for currency, _ in one.finding.amounts}:
        held = [(minor, one.finding.key) for one in news for code, minor in one.finding.amounts if code == currency]
        for rank, (_, key) in enumerate(sorted(held, key=lambda part: (-part[0], part[1]))):
            ranks[key] = min(ranks[key], rank)
    return ranks


def _counted(news: Sequence[News], context: Context) -> str:
    return ", ".join(
        _of_kind(kind, [one.finding for one in news if one.finding.kind == kind], context)
        for kind in dict.fromkeys(one.finding.kind for one in news)
    )


def _of_kind(kind: str, findings: Sequence[Finding], context: Context) -> str:
    """Only problems are added up: each is told once, while one break may stand behind several gates."""
    parts = [{"currency_code": code, "amount_minor": minor} for one in findings for code, minor in one.amounts]
    worth = f" of {context.money(amounts(parts))}" if kind == "sla" and parts else ""
    return f"{counted(len(findings), *_KINDS[kind])}{worth}"
