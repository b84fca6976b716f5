"""Kills, neighbours, broken files and schedules through `tieout run` to the marts, as few closes as show it."""

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
from tests.faults.outcomes import archived
from tests.faults.scale import some
from tests.faults.test_broken_files import INTERNALS
from tests.faults.test_history import ENDED
from tests.marts import mart_hashes

pytestmark = [pytest.mark.faults, pytest.mark.slow]
CLOSED = (0, 1)
KILLS = 10


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


@pytest.mark.parametrize("seed", some(KILLS))
def test_a_close_killed_at_any_moment_gives_the_same_marts_when_run_again(request, tmp_path, seed, counted):
    """By turns: the sample company after its warehouse was lost, a first close, and the first run of a schedule."""
    folder, schedule = tmp_path / "killed", None
    if seed % 3 == 0:
        whole = request.getfixturevalue("planted").folder
        seconds = _without_warehouse(folder, whole)
    else:
        whole, seconds = request.getfixturevalue("undisturbed")
        if seed % 3 == 1:
            smallest(folder)
        else:
            schedule = _scheduled(folder, whole, seed)
    with _begun(folder) as killed:
        time.sleep(random.Random(seed).uniform(0, seconds))
        killed.kill()
        killed.communicate()
    if schedule is None and (folder / ".tieout/published/current.duckdb").exists():
        assert _differing(folder, whole) == [], "half a close is visible"
    if schedule:
        _deliver_the_rest(folder, *schedule)
        counted("schedules through tieout run", 1)
    again = tieout("run", "--config", folder / "tieout.yml")
    assert again.code == 1, again.text
    counted("kills through tieout run", 1)
    assert _differing(folder, whole) == []
    settings = load(folder / "tieout.yml")
    if seed % 3 == 0:
        assert archived(folder) == archived(whole), "what was rebuilt from the archive changed it"
    assert store.chain_faults(store.read_manifests(settings)) == []
    assert [str(file) for file in settings.home.rglob("*.tmp")] == []
    for pack in settings.evidence_path.iterdir():
        assert verify_pack(pack).faults == ()
    with dagster_home.opened(dagster_home.prepare(settings)) as instance:
        assert {run.status for run in instance.get_runs()} <= ENDED


def _without_warehouse(folder: Path, whole: Path) -> float:
    """A closed company of which only archive and published marts are left; returns the seconds that its close took."""
    shutil.copytree(whole, folder, symlinks=True)
    shutil.rmtree(folder / ".tieout" / "warehouse")
    with dagster_home.opened(dagster_home.prepare(load(folder / "tieout.yml"))) as instance:
        (record,) = instance.get_run_records()
    return (record.end_time or 0) - (record.start_time or 0)


def _scheduled(folder: Path, whole: Path, seed: int) -> tuple[int, list[schedules.File]]:
    """The company of `whole` with what its first run is to find; returns the number of runs and all deliveries."""
    runs, files = schedules.schedule(6_000 + seed, schedules.tables(data=whole / "data"))
    for domain in (whole / "data").iterdir():
        (folder / "data" / domain.name).mkdir(parents=True)
    shutil.copyfile(whole / "tieout.yml", folder / "tieout.yml")
    schedules.lay(folder, [file for file in files if file.run < runs // 2])
    return runs, files


def _deliver_the_rest(folder: Path, runs: int, files: list[schedules.File]) -> None:
    """The others come before the last run; those of a schedule of many runs to a close of their own before it."""
    if runs > 2:
        schedules.lay(folder, [file for file in files if file.run < runs - 1])
        ran = tieout("run", "--config", folder / "tieout.yml")
        assert ran.code in CLOSED, ran.text
    schedules.lay(folder, files)


@pytest.mark.soak
def test_broken_files_beside_good_ones_are_told_and_every_row_is_accounted_for(planted, tmp_path, counted):
    folder = Path(shutil.copytree(planted.folder, tmp_path / "broken", symlinks=True))
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


def _differing(folder: Path, whole: Path) -> list[str]:
    """Names of the marts that two closes do not have in common."""
    found, expected = _marts(folder), _marts(whole)
    return sorted(name for name in found.keys() | expected if found.get(name) != expected.get(name))


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
