"""Sends a message through Apprise to one address: mail, chat, pager or web hook, whatever its scheme says.

Imported only when channels are configured. Addresses are secrets: they are never logged and never in an error.
"""

from __future__ import annotations

from dagster_project.alerts.messages import Message
from dagster_project.settings import environment

EXTRA = "the package apprise is not installed; install tieout[alerts]"


class ChannelFault(Exception):
    """A channel could not be used; its message says why, without the address."""


def address(variable: str) -> str:
    """The address that the variable holds; ChannelFault when it holds none."""
    value = environment(variable)
    if value is None:
        raise ChannelFault(f"the environment variable {variable} is not set")
    return value


def send(variable: str, message: Message) -> None:
    """Sends, and once more where it failed; raises ChannelFault when it failed again."""
    try:
        import apprise
    except ImportError:
        raise ChannelFault(EXTRA) from None
    asset = apprise.AppriseAsset(
        app_id="Tieout", default_service_retry=1, async_mode=False, storage_mode=apprise.PersistentStoreMode.MEMORY
    )
    notifier = apprise.Apprise(asset=asset)
    if not notifier.add([address(variable)]):
        raise ChannelFault(f"the value of {variable} is no address that Apprise knows")
    kind = apprise.NotifyType.SUCCESS if message.is_good else apprise.NotifyType.WARNING
    if not notifier.notify(
        title=message.title, body=message.body, notify_type=kind, body_format=apprise.NotifyFormat.TEXT
    ):
        raise ChannelFault(f"the channel of {variable} did not take the message, twice; the run's log says more")
