"""Kills, neighbours, broken files and schedules through `tieout run` to the marts. `make soak`: each close takes a minute."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from pathlib import Path

import duckdb
import pytest

import sample_data
from dagster_project import dagster_home, publish
from dagster_project.archive import store
from dagster_project.evidence import verify_pack
from dagster_project.settings import load
from tests.command import COMMAND, tieout
from tests.e2e.test_bad_input import rewrite
from tests.faults import schedules
from tests.faults.broken_files import broken
from tests.faults.scale import some
from tests.faults.test_broken_files import INTERNALS
from tests.faults.test_history import ENDED
from tests.marts import mart_hashes

pytestmark = [pytest.mark.soak, pytest.mark.slow]
CLOSED = (0, 1)


def smallest(folder: Path) -> Path:
    """The smallest company that every control finds something in, without one receipt, so that something breaks."""
    sample_data.generate(folder, seed=3, customers=5, events=200, clean=True)
    rewrite(folder, "erp/cash_receipts", lambda rows: rows[: rows.rstrip().rfind(b"\n") + 1])
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> tuple[Path, float]:
    """The smallest company's close, and its seconds. Two others try to run meanwhile, and must not be seen in it."""
    folder = smallest(tmp_path_factory.mktemp("whole") / "undisturbed")
    began = time.monotonic()
    with _begun(folder) as first:
        _wait_for(first, "Preparing the run")
        others = [tieout("run", "--config", folder / "tieout.yml")]
        _wait_for(first, "Checking deliveries")
        others.append(tieout("run", "--config", folder / "tieout.yml"))
        first.communicate()
    for other in others:
        assert other.code == 3, other.text
        assert f"another run (process {first.pid}) is at work here" in other.err
    assert first.returncode == 1
    return folder, time.monotonic() - began


@pytest.mark.parametrize("seed", some(10))
def test_a_close_killed_at_any_moment_gives_the_same_marts_when_run_again(undisturbed, tmp_path, seed, counted):
    whole, seconds = undisturbed
    # every other kill falls into a home that has a close already
    folder = (
        Path(shutil.copytree(whole, tmp_path / "killed", symlinks=True)) if seed % 2 else smallest(tmp_path / "killed")
    )
    with _begun(folder) as killed:
        time.sleep(random.Random(seed).uniform(0, seconds))
        killed.kill()
        killed.communicate()
    if (folder / ".tieout/published/current.duckdb").exists():
        assert mart_hashes(publish.current(load(folder / "tieout.yml"))) == _marts(whole), "half a close is visible"
    again = tieout("run", "--config", folder / "tieout.yml")
    assert again.code == 1, again.text
    counted("kills through tieout run", 1)
    assert _marts(folder) == _marts(whole)
    settings = load(folder / "tieout.yml")
    assert store.chain_faults(store.read_manifests(settings)) == []
    assert [str(file) for file in settings.home.rglob("*.tmp")] == []
    for pack in settings.evidence_path.iterdir():
        assert verify_pack(pack).faults == ()
    with dagster_home.opened(dagster_home.prepare(settings)) as instance:
        assert {run.status for run in instance.get_runs()} <= ENDED


def test_broken_files_beside_good_ones_are_told_and_every_row_is_accounted_for(tmp_path, counted):
    folder = smallest(tmp_path / "broken")
    files = [broken(1_000_000 + seed) for seed in some(20)]
    for file in files:
        path = folder / "data" / file.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    ran = tieout("run", "--config", folder / "tieout.yml")
    counted("broken files through tieout run", len(files))
    assert ran.code in CLOSED, ran.text
    assert INTERNALS.findall(ran.text.replace(str(folder), "")) == []
    with duckdb.connect(str(publish.current(load(folder / "tieout.yml"))), read_only=True) as con:
        told = {name for (name,) in con.execute("select file_name from landed.batches").fetchall()}
        wrong = con.execute(
            "select file_name from landed.batches where state = 'loaded'"
            " and received_rows <> accepted_rows + duplicate_rows + quarantined_rows"
        ).fetchall()
    assert {file.file.partition("/")[2] for file in files} <= told
    assert wrong == []


@pytest.fixture(scope="module")
def delivered_whole(tmp_path_factory) -> Path:
    """The sample company, each object in one file."""
    folder = _company(tmp_path_factory.mktemp("schedules") / "whole")
    schedules.lay(folder, schedules.whole(schedules.tables()))
    ran = tieout("run", "--config", folder / "tieout.yml")
    assert ran.code == 1, ran.text
    return folder


@pytest.mark.parametrize("seed", some(3))
def test_any_schedule_of_deliveries_ends_in_the_same_marts(delivered_whole, tmp_path, seed, counted):
    folder = _company(tmp_path / "scheduled")
    runs, files = schedules.schedule(1_000 + seed, schedules.tables())
    schedules.lay(folder, [file for file in files if file.run < runs // 2])
    with _begun(folder) as killed:
        time.sleep(random.Random(seed).uniform(10, 60))
        killed.kill()
        killed.communicate()
    schedules.lay(folder, [file for file in files if file.run < runs - 1])
    ran = tieout("run", "--config", folder / "tieout.yml")
    assert ran.code in CLOSED, ran.text
    schedules.lay(folder, files)
    ran = tieout("run", "--config", folder / "tieout.yml")
    counted("schedules through tieout run", 1)
    assert ran.code == 1, ran.text
    found, expected = _marts(folder), _marts(delivered_whole)
    assert {name: found[name] for name in found if found[name] != expected[name]} == {}


def _company(folder: Path) -> Path:
    folder.mkdir(parents=True)
    shutil.copyfile(schedules.SAMPLE.parent / "tieout.yml", folder / "tieout.yml")
    for domain in ("product", "billing", "crm", "erp", "hub"):
        (folder / "data" / domain).mkdir(parents=True)
    return folder


def _marts(folder: Path) -> dict[str, tuple[int, int]]:
    return mart_hashes(publish.current(load(folder / "tieout.yml")))


def _begun(folder: Path) -> subprocess.Popen[str]:
    command = [*COMMAND, "run", "--config", str(folder / "tieout.yml")]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _wait_for(process: subprocess.Popen[str], stage: str) -> None:
    """Returns when the stage has ended."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(stage):
            return
    raise AssertionError(f"the run ended before {stage!r} had")
