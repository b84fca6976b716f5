"""SIGKILL at random moments and at every write boundary of an ingestion: the next one ends where an undisturbed one does."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.faults import deliveries, processes, victims
from tests.faults.boundaries import needing_space
from tests.faults.outcomes import archived, faults_visible_to_readers, landed
from tests.faults.scale import some

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def waiting(tmp_path_factory) -> Path:
    """A company with deliveries waiting; copied for every kill."""
    return deliveries.every_kind(tmp_path_factory.mktemp("kills") / "waiting")


@pytest.fixture(scope="module")
def undisturbed(waiting) -> tuple[Path, processes.Ending]:
    """The same company when nothing happens."""
    folder = copy(waiting, waiting.with_name("undisturbed"))
    return folder, processes.run(victims.take, folder)


def copy(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to, symlinks=True))


def test_a_kill_at_any_write_boundary_loses_and_doubles_nothing(waiting, undisturbed, tmp_path, counted):
    folder, ending = undisturbed
    expected = archived(folder), landed(folder)
    faults = []
    chosen = some(len(ending.passed))
    for at in chosen:
        killed = copy(waiting, tmp_path / str(at))
        assert processes.run(victims.take, killed, at).was_killed
        faults += [f"boundary {at}, {ending.passed[at]}: {fault}" for fault in after(killed, expected)]
    counted("write boundaries", len(chosen))
    assert not faults, "\n".join(faults)


def test_a_kill_at_a_random_moment_loses_and_doubles_nothing(waiting, undisturbed, tmp_path, counted):
    folder, ending = undisturbed
    expected = archived(folder), landed(folder)
    faults = []
    chosen = some(200)
    for seed in chosen:
        killed = copy(waiting, tmp_path / str(seed))
        seconds = random.Random(seed).uniform(0, ending.seconds)
        processes.kill_after(victims.take, killed, seconds)
        faults += [f"seed {seed}, after {seconds:.3f} s: {fault}" for fault in after(killed, expected)]
    counted("kills", len(chosen))
    assert not faults, "\n".join(faults)


def test_a_disk_that_fills_at_any_write_boundary_is_said_and_loses_nothing(waiting, undisturbed, tmp_path, counted):
    folder, ending = undisturbed
    expected = archived(folder), landed(folder)
    faults = []
    places = needing_space(ending.passed)
    chosen = [places[position] for position in some(len(places))]
    for at in chosen:
        full = copy(waiting, tmp_path / str(at))
        words = processes.run(victims.take, full, at, fault="full").words
        found = [] if "no space left; free some and run again" in words else [f"the full disk is told as {words!r}"]
        faults += [f"boundary {at}, {ending.passed[at]}: {fault}" for fault in found + after(full, expected)]
    counted("full disks", len(chosen))
    assert not faults, "\n".join(faults)


def after(killed: Path, expected: tuple[dict, dict]) -> list[str]:
    """What is wrong right after the kill, and after the next run."""
    faults = faults_visible_to_readers(killed)
    words = processes.run(victims.take, killed).words
    if words:
        return [*faults, f"the next run says {words}"]
    faults += faults_visible_to_readers(killed)
    for found, wanted in zip((archived(killed), landed(killed)), expected, strict=True):
        faults += [f"{name} differs" for name in sorted(found.keys() | wanted) if found.get(name) != wanted.get(name)]
    shutil.rmtree(killed)
    return faults
