"""Tells every channel what is news to it. Whatever goes wrong here is a note of the run, never its failure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from dagster_project.alerts import ledger
from dagster_project.alerts.channels import ChannelFault, send
from dagster_project.alerts.decide import Decision, decide, is_wanted
from dagster_project.alerts.finding import Finding
from dagster_project.alerts.findings import Found, read
from dagster_project.alerts.messages import Context, Message, messages
from dagster_project.errors import TieoutError
from dagster_project.observability.options import AlertKind, Alerts
from dagster_project.settings import Settings
from dagster_project.words import counted

EVERY_KIND: tuple[AlertKind, ...] = get_args(AlertKind)


@dataclass(frozen=True)
class Report:
    """What came of telling: messages taken by a channel, and in `notes` what a person should know."""

    sent: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Planned:
    """What a channel would be told now; `note` where it would be told nothing, and why."""

    channel: str
    messages: tuple[Message, ...]
    decision: Decision
    note: str = ""


def tell(settings: Settings) -> Report:
    """Tells the channels what the published snapshot holds that is news to them; does nothing without channels."""
    if not settings.alerts.channels:
        return Report(0, ())
    return _without_harm(lambda: _tell(settings, read(settings), EVERY_KIND))


def tell_failure(settings: Settings, step: str, words: str, now: datetime) -> Report:
    """Tells the channels that a run whose clock is `now` stopped at `step`, and why."""
    if not settings.alerts.channels:
        return Report(0, ())
    finding = Finding(
        key=f"run|{step}",
        kind="run",
        state="failed",
        severity="S1",
        owner_role="IntegrationOps",
        title=f"The run stopped at {step}",
        where="every entity",
        amounts=(),
        reason=words,
        next_step="Mend what the message names and run `tieout run` again; what was published before stays as it was.",
    )
    return _without_harm(lambda: _tell(settings, Found((finding,), now.replace(tzinfo=None), {}), looked_at=()))


def plan(
    settings: Settings, found: Found, channel: str, options: Alerts, looked_at: Collection[AlertKind] = EVERY_KIND
) -> Planned:
    """What a channel of these options would be told.

    A run that looks at the past tells nothing: what it misses has not ended.
    """
    heard = ledger.heard(settings, channel)
    if heard is not None and found.as_of < heard:
        note = (
            f"alerts: {channel} was told nothing: it has heard how things stood on {heard:%Y-%m-%d %H:%M} UTC, and this"
            f" run looks at {found.as_of:%Y-%m-%d %H:%M} UTC"
        )
        return Planned(channel, (), Decision((), ()), note)
    decision = decide(ledger.told(settings, channel), found.findings, found.as_of, options, looked_at)
    said = messages(decision.news, context(settings, found), settings.alerts.digest_above)
    return Planned(channel, tuple(said), decision)


def unheard(alerts: Alerts, found: Found) -> tuple[str, ...]:
    """A note where findings are kept from every channel by its `owners` alone: nobody would know that they exist."""
    channels = alerts.by_channel().values()
    open_to_all = [options.model_copy(update={"owners": ()}) for options in channels]
    kept = [
        finding.owner_role
        for finding in found.findings
        if any(is_wanted(finding, options) for options in open_to_all)
        and not any(is_wanted(finding, options) for options in channels)
    ]
    if not kept:
        return ()
    roles = ", ".join(sorted(set(kept)))
    some = counted(len(kept), "finding")
    return (f"alerts: no channel hears of {some} of {roles}; name them in the `owners` of a channel",)


def context(settings: Settings, found: Found) -> Context:
    """What the messages of these settings name."""
    command = f"tieout dashboard --config {settings.config_path}"
    return Context(settings.company, settings.alerts.dashboard_url or "", command, found.exponents)


def _without_harm(tell: Callable[[], Report]) -> Report:
    try:
        return tell()
    except TieoutError as error:
        return Report(0, (f"alerts: nothing more was sent: {error}",))
    except Exception as error:  # noqa: BLE001 - a message that fails must not take the close with it
        return Report(0, (f"alerts: nothing more was sent: unexpected {type(error).__name__}; please report it",))


def _tell(settings: Settings, found: Found, looked_at: Collection[AlertKind]) -> Report:
    sent, notes = 0, [*unheard(settings.alerts, found)]
    for channel, options in settings.alerts.by_channel().items():
        planned = plan(settings, found, channel, options, looked_at)
        if planned.note:
            notes.append(planned.note)
            continue
        try:
            for message in planned.messages:
                send(channel, message)
                ledger.record(settings, channel, message.news, found.as_of)
                sent += 1
        except ChannelFault as fault:
            waiting = counted(len(planned.messages), "message waits", "messages wait")
            notes.append(f"alerts: {waiting} for the next run: {fault}")
            continue
        ledger.finish(settings, channel, planned.decision.forgotten, found.as_of)
    return Report(sent, tuple(notes))
