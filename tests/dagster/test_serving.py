"""What `tieout dagster` refuses before it serves: two daemons over one home would each begin what is queued."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from dagster_project import serving
from dagster_project.settings import Settings, load
from tests.command import COMMAND, tieout
from tests.mounts import NOT_ALLOWED, in_own_namespace

COMPANY = (
    "company: Borealis\nreporting_currency: USD\nsources:\n"
    "  - {name: billing, domain: billing, connector: {type: files, path: data}}\n"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "tieout.yml").write_text(COMPANY, encoding="utf-8")
    return load(tmp_path / "tieout.yml")


@pytest.mark.parametrize("options", [(), ("--no-ui",)], ids=["ui", "daemon"])
def test_a_second_daemon_over_a_home_is_refused(settings, options):
    """It would go on beside the first, and both would launch the same queued runs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with serving.only_daemon(settings):
        ran = tieout("dagster", *options, "--port", port, "--config", settings.config_path)
    assert ran.code == 2, ran.text
    assert f"{settings.home}: `tieout dagster` (process " in ran.err
    assert "already serves this home" in ran.err


def test_a_port_that_is_taken_is_refused(settings):
    """The web server would end in its log, and the daemon go on without anybody who sees it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ran = tieout("dagster", "--port", port, "--config", settings.config_path)
    assert ran.code == 2, ran.text
    assert f"port {port} cannot be used" in ran.err and "--port" in ran.err


def test_a_home_that_cannot_be_written_is_told_as_a_run_tells_it(settings):
    """Called a defect of Tieout, nobody would look at the rights of the folder."""
    settings.home.mkdir()
    command = " ".join(f"'{word}'" for word in COMMAND)
    config = f"--config {settings.config_path}"
    done = in_own_namespace(
        f"mount --bind {settings.home} {settings.home} || exit {NOT_ALLOWED}\n"
        f"mount -o remount,ro,bind {settings.home} || exit {NOT_ALLOWED}\n"
        f"{command} run --quiet {config}; echo run $?\n{command} dagster --no-ui {config}; echo dagster $?"
    )
    assert done.stdout.split() == ["run", "3", "dagster", "3"], done.stderr
    assert done.stderr.count("cannot be written (Read-only file system); give this user write access to `home`") == 2
