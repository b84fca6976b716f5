"""Which failures pass by themselves, how long one waits for that, and what is said of those that do not."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import tenacity

from dagster_project.connections import Retry

T = TypeVar("T")
Sleep = Callable[[float], None]

TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class SourceFailed(Exception):
    """A source does not give an object: its message says why and names no secret, `expected` says what to do.

    `is_whole_source` says that its other objects would fail alike and need not be asked for.
    """

    def __init__(self, words: str, expected: str, *, is_whole_source: bool = False) -> None:
        super().__init__(words)
        self.expected = expected
        self.is_whole_source = is_whole_source


class Transient(Exception):
    """A failure that may pass; `retry_after` are the seconds that the source asks to wait."""

    def __init__(self, words: str, *, retry_after: float = 0, is_whole_source: bool = False) -> None:
        super().__init__(words)
        self.retry_after = retry_after
        self.is_whole_source = is_whole_source


def persist(attempt: Callable[[], T], policy: Retry, sleep: Sleep = time.sleep) -> T:
    """What `attempt` returns, tried again after each Transient; SourceFailed when attempts or time are used up.

    Anything else that it raises is permanent and passes through at once.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Transient),
        wait=lambda state: _wait(policy, state),
        stop=tenacity.stop_after_attempt(policy.attempts) | tenacity.stop_before_delay(policy.deadline_seconds),
        sleep=sleep,
        reraise=True,
    )
    try:
        return retrying(attempt)
    except Transient as error:
        raise _given_up(error, policy) from error


def _wait(policy: Retry, state: tenacity.RetryCallState) -> float:
    """Full jitter: a whole company's jobs must not come back in the same second. A server's own wish goes first."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, Transient) else 0
    highest = min(policy.first_wait_seconds * 2 ** (state.attempt_number - 1), policy.longest_wait_seconds)
    return max(random.uniform(0, highest), asked)


def _given_up(error: Transient, policy: Retry) -> SourceFailed:
    if error.retry_after > policy.deadline_seconds:
        words = f"{error}, and asks to wait longer than the deadline of {policy.deadline_seconds:g} s"
    else:
        words = f"{error}, until attempts ({policy.attempts}) or time ({policy.deadline_seconds:g} s) were used up"
    expected = "the source to answer: see whether it is in order, then run again; what was pulled so far is kept"
    return SourceFailed(words, expected, is_whole_source=error.is_whole_source)


def seconds_to_wait(retry_after: str | None, now: datetime) -> float:
    """What a `Retry-After` header asks for, as seconds from `now`: it holds seconds or an HTTP date (RFC 9110)."""
    if not retry_after:
        return 0
    try:
        return max(float(retry_after), 0)
    except ValueError:
        pass
    try:
        return max((parsedate_to_datetime(retry_after) - now).total_seconds(), 0)
    except (TypeError, ValueError):
        return 0
