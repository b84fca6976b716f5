"""A disk that is really full: if this failed, a half-written figure could be read, or a controller get a traceback."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import COMMAND

SMALL, ROOMY = "40m", "2g"


@pytest.fixture(scope="module")
def company(tmp_path_factory) -> Path:
    """A small clean company whose home is an empty folder, to be mounted over."""
    world = tmp_path_factory.mktemp("full") / "company"
    generate = [sys.executable, "-m", "sample_data", "generate", "--out", str(world)]
    subprocess.run([*generate, "--clean", "--customers", "60", "--events", "2000"], check=True, capture_output=True)
    (world / ".tieout").mkdir()
    return world


def test_a_full_disk_is_one_clear_error_and_with_space_the_same_command_closes_the_company(company):
    """Mounts a disk of 40 MB in a namespace of its own, fills it by a run, then enlarges it and runs again."""
    home = company / ".tieout"
    run = " ".join(f"'{word}'" for word in [*COMMAND, "run", "--quiet", "--config", str(company / "tieout.yml")])
    script = f"""
        mount -t tmpfs -o size={SMALL} tmpfs {home} || exit 77
        {run}; echo "first exit $?"
        ls {home}/published 2>/dev/null; echo "first listed"
        mount -o remount,size={ROOMY} {home}
        {run}; echo "second exit $?"
    """
    done = _in_own_namespace(script)
    if done.returncode == 77:
        pytest.skip("this machine lets nobody mount a disk in a namespace of its own")
    text = done.stdout + done.stderr
    first, second = done.stdout.split("first listed")
    assert "Traceback" not in text
    assert "no space left; free some and run again, nothing half-written is visible" in done.stderr
    assert "first exit 3" in first and "tieout-" not in first, "a snapshot was published on a full disk"
    assert "no open break" in second and "second exit 0" in second, text[-3000:]


def _in_own_namespace(script: str) -> subprocess.CompletedProcess[str]:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("this machine has no unshare")
    arguments = [unshare, "--user", "--map-root-user", "--mount", "sh", "-c", script]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=False)
    if "unshare" in done.stderr and not done.stdout:
        pytest.skip(f"this machine allows no namespace: {done.stderr.strip()}")
    return done
