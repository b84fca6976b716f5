"""A channel of alerts: a web hook on this machine, named by a variable of the environment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alerts.receiver_of_alerts import VARIABLE
from tests.receiver import Receiver, receiving


@pytest.fixture
def channel(monkeypatch) -> Iterator[Receiver]:
    """What the channel of VARIABLE takes comes to its path /hook."""
    with receiving() as receiver:
        monkeypatch.setenv(VARIABLE, f"json://user:hush@{receiver.address}/hook")
        yield receiver
