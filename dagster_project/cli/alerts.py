"""`tieout alerts`: try the channels, and see what they would be told now."""

from __future__ import annotations

import typer

from dagster_project import settings as configuration
from dagster_project.cli.console import ConfigOption, complain, out
from dagster_project.errors import InputError, StoreError
from dagster_project.settings import Settings
from dagster_project.words import counted

_NONE = "no channel is configured; name the variables that hold them under `alerts: {{channels: [...]}}` of {file}"


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Try the channels of the alerts, or see what they would be told.", no_args_is_help=True)

    @group.command()
    def test(config: ConfigOption = None) -> None:
        """Send a test message to every channel. Exit: 0 all took it, 2 none is configured, 3 one did not."""
        raise typer.Exit(_try(configuration.load(config)))

    @group.command()
    def preview(config: ConfigOption = None) -> None:
        """Show what each channel would be told now; sends and remembers nothing."""
        _preview(configuration.load(config))

    app.add_typer(group, name="alerts")


def _try(settings: Settings) -> int:
    from dagster_project.alerts.channels import ChannelFault, send
    from dagster_project.alerts.messages import Message

    if not settings.alerts.channels:
        raise InputError(_NONE.format(file=settings.config_path))
    message = Message(
        f"{settings.company}: test message of Tieout", "This channel works. Nothing is to be done.", True, ()
    )
    faults = 0
    for channel in settings.alerts.by_channel():
        try:
            send(channel, message)
            out.print(f"{channel}: took the message", markup=False)
        except ChannelFault as fault:
            complain(f"{channel}: {fault}")
            faults += 1
    return StoreError.exit_code if faults else 0


def _preview(settings: Settings) -> None:
    from dagster_project.alerts.findings import read
    from dagster_project.alerts.telling import plan, unheard

    found = read(settings)
    channels = settings.alerts.by_channel() or {"a channel that heard nothing yet": settings.alerts}
    for channel, options in channels.items():
        planned = plan(settings, found, channel, options)
        told = planned.note or f"{channel}: {counted(len(planned.messages), 'message')}"
        out.print(told, markup=False, soft_wrap=True)
        for message in planned.messages:
            out.print(f"\n{message.title}", style="bold", markup=False, soft_wrap=True)
            out.print(message.body, markup=False, soft_wrap=True)
    for note in unheard(settings.alerts, found):
        out.print(note, markup=False, soft_wrap=True)
    if not settings.alerts.channels:
        out.print(_NONE.format(file=settings.config_path), markup=False, soft_wrap=True)
