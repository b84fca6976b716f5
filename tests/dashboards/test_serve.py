"""The dashboard leaves nothing behind: a server that outlived its command would hold the port with another company's
figures."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import suppress

import pytest

from tests.command import COMMAND


@pytest.mark.slow
def test_a_command_that_is_terminated_takes_its_server_with_it(books):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--config", str(books), "--port", str(port), "--headless"]
    with subprocess.Popen([*COMMAND, "dashboard", *options], stdout=subprocess.DEVNULL) as command:
        assert _until(lambda: _answers(port))
        command.terminate()
    assert command.returncode == 128 + 15
    assert _until(lambda: not _answers(port)), "the server is still there"


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _until(holds) -> bool:
    for _ in range(120):
        if holds():
            return True
        time.sleep(0.5)
    return False
