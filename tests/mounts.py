"""Disks of a test's own: full or read-only for the processes of one script, and for nobody else."""

from __future__ import annotations

import shutil
import subprocess

import pytest

NOT_ALLOWED = 77


def in_own_namespace(script: str) -> subprocess.CompletedProcess[str]:
    """Runs a shell script that may mount; one that cannot ends with NOT_ALLOWED, where a machine allows it to nobody."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("this machine has no unshare")
    arguments = [unshare, "--user", "--map-root-user", "--mount", "sh", "-c", script]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode == NOT_ALLOWED or ("unshare" in done.stderr and not done.stdout):
        pytest.skip(f"this machine lets nobody mount a disk in a namespace of its own: {done.stderr.strip()}")
    return done
