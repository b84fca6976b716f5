"""Two runs at once, and an archive that may not be written: each is said in words and leaves everything as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.settings import load
from tests.command import COMMAND, tieout
from tests.faults import deliveries, processes, victims
from tests.faults.outcomes import archived
from tests.mounts import NOT_ALLOWED, in_own_namespace

pytestmark = [pytest.mark.slow, pytest.mark.faults]
HOLDER = (
    "import sys; from pathlib import Path; from dagster_project import archive; from dagster_project.settings import load\n"
    "with archive.exclusive(load(Path(sys.argv[1]))): print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture(scope="module")
def waiting(tmp_path_factory) -> Path:
    """A company with deliveries waiting."""
    return deliveries.every_kind(tmp_path_factory.mktemp("neighbours") / "waiting")


def test_the_second_of_two_runs_says_so_and_leaves(waiting):
    before = archived(waiting), _warehouse(waiting)
    holding = [sys.executable, "-c", HOLDER, str(waiting / "tieout.yml")]
    with subprocess.Popen(holding, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        second = tieout("run", "--config", waiting / "tieout.yml")
        first.kill()
    assert second.code == 3, second.text
    assert f"another run (process {first.pid}) is at work here; wait until it has ended" in second.err
    assert (archived(waiting), _warehouse(waiting)) == before
    assert processes.run(victims.take, waiting).words == "", "the lock of a killed process blocks nobody"


def _warehouse(folder: Path) -> bytes:
    return load(folder / "tieout.yml").warehouse_path.read_bytes()


def test_a_read_only_archive_is_said_in_words(tmp_path):
    folder = deliveries.every_kind(tmp_path / "company")
    before = archived(folder)
    archive = folder / "home" / "archive"
    mount = f"mount --bind {archive} {archive} && mount -o remount,ro,bind {archive} || exit {NOT_ALLOWED}"
    run = " ".join(f"'{word}'" for word in [*COMMAND, "run", "--quiet", "--config", str(folder / "tieout.yml")])
    done = in_own_namespace(f"{mount}\n{run}; echo exit $?")
    assert done.stdout.strip() == "exit 3", done.stdout + done.stderr
    assert (
        "cannot be written (Read-only file system); give this user write access to `home` and run again" in done.stderr
    )
    assert str(archive) in done.stderr
    assert "Traceback" not in done.stderr
    assert archived(folder) == before


def test_a_read_only_home_is_said_in_words(tmp_path):
    folder = deliveries.every_kind(tmp_path / "company")
    home = folder / "home"
    mount = f"mount --bind {home} {home} && mount -o remount,ro,bind {home} || exit {NOT_ALLOWED}"
    take = "import sys; from pathlib import Path; from tests.faults.processes import words_of; from tests.faults.victims import take;"
    take += "print(words_of(take, Path(sys.argv[1])))"
    done = in_own_namespace(f"{mount}\ncd {Path.cwd()}; '{sys.executable}' -c '{take}' '{folder}'")
    assert "cannot be written (Read-only file system); give this user write access to `home`" in done.stdout, (
        done.stderr
    )
