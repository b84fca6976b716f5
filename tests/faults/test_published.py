"""SIGKILL at every write boundary of publishing and of an evidence pack: a reader sees whole things, before and after."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from dagster_project import publish
from dagster_project.close import first_seen
from dagster_project.defs import landed
from dagster_project.defs.resources import RESOURCE_KEY, Tieout
from dagster_project.errors import InputError
from dagster_project.evidence import verify_pack
from dagster_project.settings import load
from dagster_project.sources.contracts import load_contracts
from tests.faults import processes, victims
from tests.faults.boundaries import needing_space
from tests.faults.scale import some
from tests.faults.small_warehouse import small_warehouse
from tests.marts import mart_hashes

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def closed(planted, tmp_path_factory) -> Path:
    """A company whose controls were run, and whose former close is published."""
    return small_warehouse(tmp_path_factory.mktemp("published") / "closed", planted.published)


def test_a_kill_while_publishing_or_packing_shows_nothing_half_done(closed, tmp_path, counted):
    passed = processes.run(victims.publish_and_give_evidence, _copy(closed, tmp_path / "undisturbed")).passed
    expected = _state(tmp_path / "undisturbed")
    faults = []
    chosen = some(len(passed))
    for at in chosen:
        killed = _copy(closed, tmp_path / str(at))
        assert processes.run(victims.publish_and_give_evidence, killed, at).was_killed
        found = _half_done(killed, expected)
        words = processes.run(victims.publish_and_give_evidence, killed).words
        found += [words] if words else []
        found += [f"{name} is left behind" for name in _scratch(killed)]
        found += [] if _state(killed) == expected else ["what is published, known or packed differs afterwards"]
        faults += [f"boundary {at}, {passed[at]}: {fault}" for fault in found]
        shutil.rmtree(killed)
    counted("write boundaries", len(chosen))
    assert not faults, "\n".join(faults)


def test_a_break_that_was_published_before_a_kill_keeps_its_age(closed, tmp_path):
    """The next run would call it new, and its clock would begin again."""
    folder = _copy(closed, tmp_path / "undisturbed")
    passed = processes.run(victims.publish_and_give_evidence, folder).passed
    expected = first_seen.read(load(folder / "tieout.yml"))
    unrecorded = next(at for at, what in enumerate(passed) if what.startswith("sqlite"))
    killed = _copy(closed, tmp_path / "killed")
    assert processes.run(victims.publish_and_give_evidence, killed, unrecorded).was_killed
    settings = load(killed / "tieout.yml")
    assert first_seen.read(settings) == [] != expected
    later = Tieout(config_path=str(settings.config_path), as_of="2026-12-01T00:00:00+00:00")
    land = landed.build_landed(load_contracts())
    dg.materialize([land], resources={RESOURCE_KEY: later}, raise_on_error=False)  # nothing was delivered here
    assert first_seen.read(settings) == expected


def test_a_disk_that_fills_while_publishing_or_packing_is_said_in_words(closed, tmp_path, counted):
    passed = processes.run(victims.publish_and_give_evidence, _copy(closed, tmp_path / "undisturbed")).passed
    expected = _state(tmp_path / "undisturbed")
    faults = []
    places = needing_space(passed)
    chosen = [places[position] for position in some(len(places))]
    for at in chosen:
        full = _copy(closed, tmp_path / str(at))
        words = processes.run(victims.publish_and_give_evidence, full, at, fault="full").words
        found = [] if "no space left; free some and run again" in words else [f"the full disk is told as {words!r}"]
        found += _half_done(full, expected)
        faults += [f"boundary {at}, {passed[at]}: {fault}" for fault in found]
        shutil.rmtree(full)
    counted("full disks", len(chosen))
    assert not faults, "\n".join(faults)


def _copy(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to, symlinks=True))


def _state(folder: Path) -> tuple:
    settings = load(folder / "tieout.yml")
    packs = {one.name: verify_pack(one).faults for one in sorted(settings.evidence_path.iterdir())}
    return mart_hashes(publish.current(settings)), first_seen.read(settings), packs


def _half_done(folder: Path, expected: tuple) -> list[str]:
    """What a reader could take for whole and is not."""
    settings = load(folder / "tieout.yml")
    faults = []
    try:
        if mart_hashes(publish.current(settings)) != expected[0]:
            faults.append("current.duckdb does not hold the marts")
    except duckdb.Error as error:
        faults.append(f"current.duckdb does not open: {error}")
    for pack in settings.evidence_path.glob("*"):
        is_scratch = pack.name.startswith(".")
        try:
            is_whole = verify_pack(pack).faults == expected[2].get(pack.name)
        except InputError:
            is_whole = False
        if not is_whole and not is_scratch:
            faults.append(f"{pack.name} is a half pack under the name of a whole one")
    return faults


def _scratch(folder: Path) -> list[str]:
    home = load(folder / "tieout.yml").home
    return [str(file.relative_to(home)) for file in home.rglob("*") if ".tmp" in file.name]
