"""The policy as rows: every rule spelled out per field and follower, with its dates; SQL only has to look it up.

Which rule wins for a value is decided where the value is: of the rules whose dates contain the date of the value, the
one with the lowest rank. Rows of the past stay when the model changes: a figure of last year keeps last year's owner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from expectations.policy.authority.rules import (
    Change,
    Default,
    Follower,
    Overlay,
    Override,
    Rule,
    minutes,
    shipped,
    vocabulary,
)  # fmt: skip

BEGIN = date(1970, 1, 1)
RANKS = {"entity": 1, "field": 2, "domain": 3, "default": 4}
Span = tuple[date, date | None]


class PolicyRow(NamedTuple):
    """One rule for one field and follower. `follower_system` None: nobody follows. Dates are half-open."""

    model: str
    rank: int
    legal_entity_code: str | None
    domain: str
    field: str
    owner_system: str
    owner_name: str
    follower_system: str | None
    from_system: str | None
    via_system: str | None
    allowed_lag_minutes: int | None
    is_until_soft_close: bool
    normaliser: str
    tolerance: str
    severity: str
    is_finance: bool
    approver: str
    valid_from: date
    valid_to: date | None


def policy_rows(model: str, overlay: Overlay) -> list[PolicyRow]:
    """All rows of a company's policy: the shipped rules while their model is in force, and its overrides."""
    rows: list[PolicyRow] = []
    spans = list(_model_spans(model, overlay.changes))
    starts = _override_starts(overlay.overrides)
    for name, approver, span in spans:
        found = shipped(name)
        by = approver or found.approver
        for domain in vocabulary().domains:
            rule = Rule(domain=domain, owner=found.default.owner, via=found.default.via)
            rows += _rows(name, found.default, rule, "default", by, span)
        for rule in found.rules:
            kept = _until(span, starts.get((None, rule.domain, rule.field)))
            if kept:
                rows += _rows(name, found.default, rule, "field" if rule.field else "domain", by, kept)
    for override in overlay.overrides:
        scope = (override.legal_entity, override.domain, override.field)
        later = [start for start in starts[scope] if start > override.effective_from]
        for name, _, span in spans:
            own = _overlap(span, (override.effective_from, min(later, default=None)))
            if own:
                kind = "entity" if override.legal_entity else "field" if override.field else "domain"
                rows += _rows(name, shipped(name).default, override, kind, override.approver, own)
    return rows


def in_force(model: str, changes: Sequence[Change], on: date) -> str:
    """The model in force on a date."""
    return next(name for name, _, (start, end) in _model_spans(model, changes) if start <= on and (not end or on < end))


def _model_spans(model: str, changes: Sequence[Change]) -> Iterator[tuple[str, str | None, Span]]:
    ordered = sorted(changes, key=lambda change: change.effective_from)
    ends = [change.effective_from for change in ordered] + [None]
    yield model, None, (BEGIN, ends[0])
    for change, end in zip(ordered, ends[1:], strict=True):
        yield change.model, change.approver, (change.effective_from, end)


def _override_starts(overrides: Sequence[Override]) -> dict[tuple[str | None, str, str | None], list[date]]:
    starts: dict[tuple[str | None, str, str | None], list[date]] = {}
    for one in overrides:
        starts.setdefault((one.legal_entity, one.domain, one.field), []).append(one.effective_from)
    return starts


def _until(span: Span, starts: list[date] | None) -> Span | None:
    return _overlap(span, (BEGIN, min(starts, default=None))) if starts else span


def _overlap(one: Span, other: Span) -> Span | None:
    start = max(one[0], other[0])
    end = min((date_ for date_ in (one[1], other[1]) if date_), default=None)
    return None if end and end <= start else (start, end)


def _rows(model: str, default: Default, rule: Rule, kind: str, approver: str, span: Span) -> Iterator[PolicyRow]:
    words = vocabulary()
    domain = words.domains[rule.domain]
    owner = words.landed(rule.owner)
    holders = dict.fromkeys(words.landed(holder) for holder in domain.holders)
    followers = rule.followers
    if followers is None:
        followers = {holder: Follower() for holder in holders if holder != owner}
    reached: list[tuple[str | None, Follower]] = [
        (words.landed(name), follower) for name, follower in followers.items()
    ]
    reached = reached or [(None, Follower())]
    for name, field in domain.fields.items():
        if rule.field not in (None, name):
            continue
        for system, follower in reached:
            lag = (
                follower.lag
                or rule.lags.get(system or "")
                or rule.allowed_lag
                or default.lags.get(system or "")
                or default.allowed_lag
            )
            yield PolicyRow(
                model=model,
                rank=RANKS[kind],
                legal_entity_code=getattr(rule, "legal_entity", None),
                domain=rule.domain,
                field=name,
                owner_system=owner,
                owner_name=rule.owner,
                follower_system=system,
                from_system=words.landed(follower.source or rule.owner) if system else None,
                via_system=rule.via or default.via,
                allowed_lag_minutes=minutes(lag),
                is_until_soft_close=minutes(lag) is None,
                normaliser=rule.normaliser or field.normaliser,
                tolerance=rule.tolerance,
                severity=rule.severity or field.severity,
                is_finance=field.is_finance,
                approver=approver,
                valid_from=span[0],
                valid_to=span[1],
            )
