"""A disk that is really full: if this failed, a half-written figure could be read, or a controller get a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import COMMAND
from tests.mounts import NOT_ALLOWED, in_own_namespace

FULL = "no space left; free some and run again, nothing half-written is visible"


@pytest.fixture(scope="module")
def company(tmp_path_factory) -> Path:
    """A small clean company whose home is an empty folder, to be mounted over."""
    world = tmp_path_factory.mktemp("full") / "company"
    generate = [sys.executable, "-m", "sample_data", "generate", "--out", str(world)]
    subprocess.run([*generate, "--clean", "--customers", "60", "--events", "2000"], check=True, capture_output=True)
    (world / ".tieout").mkdir()
    return world


def test_a_full_disk_is_one_clear_error_and_publishes_nothing(company):
    """A disk of 8 MB in a namespace of its own, filled by a run."""
    done = in_own_namespace(f"{_mount(company, '8m')}\n{_run(company)}; echo exit $?; ls {company}/.tieout/published")
    assert "Traceback" not in done.stdout + done.stderr
    assert FULL in done.stderr
    assert done.stdout.strip() == "exit 3", "a snapshot was published on a full disk"


@pytest.mark.soak
def test_with_space_the_same_command_closes_the_company(company):
    """A disk of 40 MB is full in the middle of the controls; enlarged, the same command goes on."""
    more = f"mount -o remount,size=2g {company}/.tieout"
    run = f"{_run(company)}; echo exit $?"
    done = in_own_namespace(f"{_mount(company, '40m')}\n{run}\n{more}\n{run}")
    assert "Traceback" not in done.stdout + done.stderr
    assert FULL in done.stderr
    assert "exit 3" in done.stdout and "no open break" in done.stdout and "exit 0" in done.stdout, done.stderr[-3000:]


def _mount(company: Path, size: str) -> str:
    return f"mount -t tmpfs -o size={size} tmpfs {company}/.tieout || exit {NOT_ALLOWED}"


def _run(company: Path) -> str:
    return " ".join(f"'{word}'" for word in [*COMMAND, "run", "--quiet", "--config", str(company / "tieout.yml")])
